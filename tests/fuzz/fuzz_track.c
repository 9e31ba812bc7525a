/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_track.c - sequences of packets through the protocol machines
 *
 * Input: a byte that chooses the machine (low 3 bits: TCP, SCTP, UDP, UDP-Lite, ICMP,
 * ICMPv6, GRE, ESP) and switches (bit 3: not loose, 4: liberal, 5: ignore bad RSTs,
 * 6: flows are never confirmed, 7: fragments), then packets:
 *
 *   byte 0       bit 0: reply, bits 1-7: time since the one before, in 64 ms; with
 *                fragments bit 7: a later fragment
 *   TCP          flags, what (see tcp_record()), seq 2, ack 2, window 2, length 2, SACK 2
 *   SCTP         tag (0-3: a tag of the association, else a number), size, chunks
 *   ICMP         type
 *   all others   nothing
 *
 * A later fragment has TCP's fields, too: those for its number and length count.
 *
 * After each packet:
 *   the state is one of the table, and one that the table leads to from the one before
 *   a packet is one of invalid, ignored, reopening, closing, or refreshes the timeout
 *   a later fragment changes nothing but TCP's numbers, and begins nothing that has states
 *   bits are set once, and an assured flow was answered
 *   the same packet in the same state gives the same again
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "track/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

struct subject {
	struct track_config cfg;
	const struct track_proto *proto;
	union track_state state;
	uint32_t status;
	uint64_t now_ms;
	bool open, confirm;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static uint8_t take_u8(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static uint16_t take_u16(struct input *in)
{
	uint16_t high = take_u8(in);

	return (uint16_t)(high << 8 | take_u8(in));
}

/* -- packets ---------------------------------------------------------------- */

/* What of a TCP record: */
#define TCP_SEQ_ABSOLUTE 0x01 /* the numbers are as they stand, not relative to what */
#define TCP_ACK_ABSOLUTE 0x02 /* the sides have sent */
#define TCP_SCALE        0x04 /* window scale, taken from the seq's low bits */
#define TCP_SACK_PERM    0x08
#define TCP_SACK         0x10
#define TCP_OPTIONS      0x20
#define TCP_LONG         0x40 /* the length counts in 64 bytes */

static void take_tcp(struct input *in, const struct subject *s, enum track_dir dir,
                     struct packet *p)
{
	const struct track_tcp *tcp = &s->state.tcp;
	struct packet_tcp *out = &p->l4.tcp;
	uint8_t what;

	out->flags = take_u8(in);
	what = take_u8(in);
	out->seq = (uint32_t)(int16_t)take_u16(in);
	out->ack = (uint32_t)(int16_t)take_u16(in);
	out->scale = out->seq & 15;
	if (!(what & TCP_SEQ_ABSOLUTE))
		out->seq += tcp->side[dir].td_end;
	if (!(what & TCP_ACK_ABSOLUTE))
		out->ack += tcp->side[!dir].td_end;
	out->window = take_u16(in);
	p->payload_length = take_u16(in) * (what & TCP_LONG ? 64u : 1u);
	out->sack_right = out->ack + take_u16(in);
	out->has_scale = what & TCP_SCALE && out->scale <= 14;
	out->sack_permitted = what & TCP_SACK_PERM;
	out->has_sack = what & TCP_SACK;
	p->l4_length = p->payload_length + 20 + (what & TCP_OPTIONS ? 12 : 0);
}

#define IP_BYTES   20
#define SCTP_BYTES 12

static void take_sctp(struct input *in, const struct subject *s, enum track_dir dir,
                      struct packet *p, uint8_t bytes[IP_BYTES + SCTP_BYTES + 255])
{
	const struct track_sctp *sctp = &s->state.sctp;
	uint8_t tag = take_u8(in), size = take_u8(in);
	const uint32_t tags[] = { 0, sctp->vtag[dir], sctp->vtag[!dir], 0xffffffff };
	uint32_t vtag = tag < 4 ? tags[tag] : tag;

	if (size > in->size)
		size = (uint8_t)in->size;
	memset(bytes, 0, IP_BYTES + SCTP_BYTES);
	bytes[24] = (uint8_t)(vtag >> 24);
	bytes[25] = (uint8_t)(vtag >> 16);
	bytes[26] = (uint8_t)(vtag >> 8);
	bytes[27] = (uint8_t)vtag;
	memcpy(bytes + IP_BYTES + SCTP_BYTES, in->data, size);
	in->data += size;
	in->size -= size;

	bytes[0] = 0x45;
	bytes[2] = (uint8_t)((IP_BYTES + SCTP_BYTES + size) >> 8);
	bytes[3] = (uint8_t)(IP_BYTES + SCTP_BYTES + size);
	bytes[9] = IPPROTO_SCTP;
	/* all other words are 0, so the sum is short */
	vtag = 0x4500u + IP_BYTES + SCTP_BYTES + size + IPPROTO_SCTP;
	bytes[10] = (uint8_t)(~vtag >> 8);
	bytes[11] = (uint8_t)~vtag;
	p->data = bytes;
	p->family = AF_INET;
	p->length = p->captured = IP_BYTES + SCTP_BYTES + size;
	packet_parse(p);
}

static void make_later(struct packet *p)
{
	uint32_t seq = p->tuple.l4 == IPPROTO_TCP ? p->l4.tcp.seq : 0;

	p->fragment = p->later_fragment = true;
	p->fragment_length = p->payload_length;
	p->payload_length = 0;
	memset(&p->l4, 0, sizeof(p->l4));
	p->l4.tcp.seq = seq;
}

/* -- what must hold --------------------------------------------------------- */

#define STATE(name) (1u << TRACK_TCP_##name)

/* Where a TCP state may lead; SYN_RECV from everywhere: in step again. */
static const uint16_t tcp_leads_to[TRACK_TCP_STATES] = {
	[TRACK_TCP_NONE] = STATE(SYN_SENT) | STATE(ESTABLISHED),
	[TRACK_TCP_SYN_SENT] = STATE(SYN_SENT2) | STATE(SYN_RECV) | STATE(CLOSE),
	[TRACK_TCP_SYN_SENT2] = STATE(SYN_RECV) | STATE(CLOSE),
	[TRACK_TCP_SYN_RECV] = STATE(ESTABLISHED) | STATE(FIN_WAIT) | STATE(CLOSE),
	[TRACK_TCP_ESTABLISHED] = STATE(SYN_RECV) | STATE(FIN_WAIT) | STATE(CLOSE),
	[TRACK_TCP_FIN_WAIT] =
		STATE(SYN_RECV) | STATE(CLOSE_WAIT) | STATE(LAST_ACK) | STATE(CLOSE),
	[TRACK_TCP_CLOSE_WAIT] = STATE(SYN_RECV) | STATE(LAST_ACK) | STATE(CLOSE),
	[TRACK_TCP_LAST_ACK] = STATE(SYN_RECV) | STATE(TIME_WAIT) | STATE(CLOSE),
	[TRACK_TCP_TIME_WAIT] = STATE(SYN_RECV) | STATE(CLOSE),
	[TRACK_TCP_CLOSE] = STATE(SYN_RECV),
};

static unsigned int state_number(const struct subject *s)
{
	return s->proto->states ? s->proto->state_get(&s->state) : 0;
}

static void check_state(const struct subject *s, unsigned int before,
                        const struct track_result *res)
{
	unsigned int after = state_number(s);

	if (!s->proto->states)
		return;
	check(after < s->proto->states_length);
	if (res->invalid)
		check(after == before);
	else
		check(after != 0); /* NONE is for flows that are not there */
	if (after == before)
		return;
	check(res->changed);
	if (s->proto->l4 == IPPROTO_TCP)
		check(tcp_leads_to[before] & 1u << after);
}

static void check_tcp(const struct subject *s, unsigned int before,
                      const struct packet *p, const struct track_result *res)
{
	uint8_t flags = p->l4.tcp.flags;

	check(s->state.tcp.last_dir <= 1);
	if (res->reopen)
		check((before == TRACK_TCP_TIME_WAIT || before == TRACK_TCP_CLOSE) &&
		      flags & PACKET_TCP_SYN && !(flags & PACKET_TCP_ACK));
	if (res->close)
		check(flags & PACKET_TCP_RST && !(s->status & TRACK_SEEN_REPLY));
}

static void check_fragment(const struct subject *s, unsigned int before,
                           const struct track_result *res)
{
	const struct track_result nothing = { 0 };

	if (!s->open) {
		check(!s->proto->states || res->invalid == CTQ_INVALID_FRAGMENT);
		return;
	}
	check(memcmp(res, &nothing, sizeof(nothing)) == 0);
	check(!s->proto->states || state_number(s) == before);
}

static void check_result(const struct subject *s, const struct track_result *res)
{
	int fates = (res->invalid != 0) + res->ignored + res->reopen;

	check(fates <= 1);
	if (fates)
		check(!res->timeout_s);
	else
		check(res->timeout_s && res->timeout_s <= 432000);
	if (res->invalid || res->reopen)
		check(!res->set_status && !res->changed && !res->close);
	check(!(res->set_status & ~(TRACK_SEEN_REPLY | TRACK_ASSURED)));
	check(!(res->set_status & s->status));
	/* SCTP's rule is the kernel's: it asks for ESTABLISHED, not for an answer */
	if (res->set_status & TRACK_ASSURED && s->proto->l4 != IPPROTO_SCTP)
		check(s->status & TRACK_SEEN_REPLY);
}

/* -- one packet ------------------------------------------------------------- */

static void step(struct subject *s, const struct packet *p, enum track_dir dir,
                 struct track_result *res)
{
	if (s->open)
		track_packet(s->proto, &s->state, p, dir, s->status, &s->cfg, s->now_ms,
		             res);
	else
		track_open(s->proto, &s->state, p, &s->cfg, s->now_ms, res);
}

static void run_packet(struct subject *s, const struct packet *p, enum track_dir dir)
{
	unsigned int before = s->open ? state_number(s) : 0;
	struct track_result res, again;
	struct subject twin = *s;

	step(s, p, dir, &res);
	step(&twin, p, dir, &again);
	check(memcmp(&res, &again, sizeof(res)) == 0);
	check(memcmp(&s->state, &twin.state, sizeof(s->state)) == 0);

	if (p->later_fragment)
		check_fragment(s, before, &res);
	if (p->later_fragment && s->open)
		return;
	check_result(s, &res);
	check_state(s, before, &res);
	if (s->proto->l4 == IPPROTO_TCP && s->open)
		check_tcp(s, before, p, &res);
	if (res.reopen || res.close) {
		s->open = false;
		s->status = 0;
	} else if (!res.invalid) {
		s->status |= res.set_status | (s->confirm ? TRACK_CONFIRMED : 0);
		s->open = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t protos[8] = { IPPROTO_TCP,     IPPROTO_SCTP, IPPROTO_UDP,
		                           IPPROTO_UDPLITE, IPPROTO_ICMP, IPPROTO_ICMPV6,
		                           IPPROTO_GRE,     IPPROTO_ESP };
	static uint8_t bytes[IP_BYTES + SCTP_BYTES + 255];
	struct input in = { data, size };
	struct subject s = { .now_ms = 1000 };
	uint8_t setup = take_u8(&in);

	track_config_init(&s.cfg);
	s.proto = track_proto_find(protos[setup & 7]);
	s.cfg.tcp_loose = !(setup & 0x08);
	s.cfg.tcp_be_liberal = setup & 0x10;
	s.cfg.tcp_ignore_invalid_rst = setup & 0x20;
	s.confirm = !(setup & 0x40);
	while (in.size) {
		struct packet p = { .tuple = { .l3 = AF_INET, .l4 = s.proto->l4 } };
		uint8_t control = take_u8(&in);
		bool reply = s.open && control & 1;
		enum track_dir dir = reply ? TRACK_REPLY : TRACK_ORIGINAL;
		bool later = setup & control & 0x80;

		s.now_ms += ((later ? control & 0x7f : control) >> 1) * 64u;
		if (s.proto->l4 == IPPROTO_TCP)
			take_tcp(&in, &s, dir, &p);
		else if (s.proto->l4 == IPPROTO_SCTP)
			take_sctp(&in, &s, dir, &p, bytes);
		else if (s.proto->l4 == IPPROTO_ICMP || s.proto->l4 == IPPROTO_ICMPV6)
			p.icmp_type = take_u8(&in);
		if (later)
			make_later(&p);
		if (!p.invalid)
			run_packet(&s, &p, dir);
	}
	return 0;
}
