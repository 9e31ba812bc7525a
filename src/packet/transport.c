/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transport.c - the ids of all protocols; TCP, UDP, UDP-Lite and SCTP headers
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "packet/parse_priv.h"

/* -- the rest of the tuple ---------------------------------------------------- */

static void parse_icmp_ids(struct cursor *c, struct tuple *t)
{
	struct tuple reply;
	uint16_t type_code, id;

	type_code = cursor_be16(c);
	cursor_skip(c, 2);
	id = cursor_be16(c);
	cursor_skip(c, 2);
	t->dst_id = htons(type_code);
	/* only a query and its answer have an identifier there */
	if (tuple_invert(t, &reply) == 0)
		t->src_id = htons(id);
}

/*
 * GRE, RFC 2784, 2890; version 1 is PPTP's, RFC 2637, 4.1:
 *
 *    0 flags, version (low 3 bits) | protocol
 *    4 payload length              | call id
 *
 * Version 1 gives the receiver's call id as its key; the sender's is told only by
 * PPTP's control connection, so it is 0 here. As in the kernel, anything else and
 * whatever is too short has no key, and a version 1 that carries no PPP is invalid.
 */
#define GRE_VERSION      0x0007
#define GRE_PROTOCOL_PPP 0x880b

static enum ctq_reason parse_gre_ids(struct cursor *c, uint32_t length, struct tuple *t)
{
	uint32_t available = length - c->offset;
	uint16_t flags, protocol, call_id;

	if (available < 4)
		return CTQ_REASON_NONE;
	flags = cursor_be16(c);
	protocol = cursor_be16(c);
	if ((flags & GRE_VERSION) != 1 || available < 8)
		return CTQ_REASON_NONE;
	cursor_skip(c, 2);
	call_id = cursor_be16(c);
	if (!cursor_ok(c))
		return CTQ_REASON_NONE;
	if (protocol != GRE_PROTOCOL_PPP)
		return CTQ_INVALID_GRE_HEADER;
	t->dst_id = htons(call_id);
	return CTQ_REASON_NONE;
}

enum ctq_reason parse_ids(struct cursor *c, uint32_t length, struct tuple *t)
{
	switch (t->l4) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		t->src_id = htons(cursor_be16(c));
		t->dst_id = htons(cursor_be16(c));
		return CTQ_REASON_NONE;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6: parse_icmp_ids(c, t); return CTQ_REASON_NONE;
	case IPPROTO_GRE: return parse_gre_ids(c, length, t);
	default: return CTQ_REASON_NONE;
	}
}

/* -- TCP ---------------------------------------------------------------------- */

/* Option kinds and sizes: RFC 9293, 3.1; RFC 7323; RFC 2018. */
enum {
	TCP_END = 0,
	TCP_NOP = 1,
	TCP_SCALE = 3,
	TCP_SACK_OK = 4,
	TCP_SACK = 5,
	TCP_TIME = 8
};
#define TCP_SCALE_MAX 14

/* Is @a behind @b in sequence space? */
static bool seq_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* Blocks of left and right edge; the tracker wants the right-most edge beyond the ack. */
static void read_sack(struct packet_tcp *tcp, struct cursor *c, uint8_t size)
{
	uint32_t right;

	tcp->has_sack = true;
	tcp->sack_right = tcp->ack;
	for (; size >= 8; size -= 8) {
		cursor_skip(c, 4);
		right = cursor_be32(c);
		if (seq_after(right, tcp->sack_right))
			tcp->sack_right = right;
	}
}

/* @c: the @size bytes behind kind and size. An option of another size than its own is
 * passed over, as the kernel does. */
static void read_option(struct packet_tcp *tcp, uint8_t kind, struct cursor *c,
                        uint8_t size)
{
	bool syn = tcp->flags & PACKET_TCP_SYN;

	if (kind == TCP_SCALE && size == 1 && syn) {
		tcp->has_scale = true;
		tcp->scale = cursor_u8(c);
		if (tcp->scale > TCP_SCALE_MAX)
			tcp->scale = TCP_SCALE_MAX;
	} else if (kind == TCP_SACK_OK && size == 0 && syn) {
		tcp->sack_permitted = true;
	} else if (kind == TCP_SACK && size >= 8 && size % 8 == 0 && !tcp->has_sack) {
		read_sack(tcp, c, size);
	} else if (kind == TCP_TIME && size == 8) {
		tcp->has_timestamp = true;
	}
}

/* A malformed list ends at its fault; what stood before holds: the kernel does not mind. */
static void read_options(struct packet_tcp *tcp, struct cursor *c)
{
	struct cursor option;
	const uint8_t *body;
	uint8_t kind, size;

	while (cursor_left(c)) {
		kind = cursor_u8(c);
		if (kind == TCP_END)
			return;
		if (kind == TCP_NOP)
			continue;
		size = cursor_u8(c);
		body = size < 2 ? NULL : cursor_take(c, size - 2u);
		if (!body)
			return;
		option = cursor_of(body, size - 2u);
		read_option(tcp, kind, &option, size - 2);
	}
}

bool packet_tcp_flags_valid(uint8_t flags)
{
	switch (flags & ~(PACKET_TCP_PSH | PACKET_TCP_ECE | PACKET_TCP_CWR)) {
	case PACKET_TCP_SYN:
	case PACKET_TCP_SYN | PACKET_TCP_URG:
	case PACKET_TCP_SYN | PACKET_TCP_ACK:
	case PACKET_TCP_RST:
	case PACKET_TCP_RST | PACKET_TCP_ACK:
	case PACKET_TCP_FIN | PACKET_TCP_ACK:
	case PACKET_TCP_FIN | PACKET_TCP_ACK | PACKET_TCP_URG:
	case PACKET_TCP_ACK:
	case PACKET_TCP_ACK | PACKET_TCP_URG: return true;
	default: return false;
	}
}

/* RFC 9293, 3.1:
 *
 *    0 source port            | destination port
 *    4 sequence number
 *    8 acknowledgement number
 *   12 data offset (4 bits, of 4 bytes), reserved | flags | window
 *   16 checksum               | urgent pointer
 *   20 options, up to the data offset
 */
enum ctq_reason parse_tcp(struct packet *p, struct cursor *c)
{
	const uint8_t *h = cursor_take(c, PARSE_TCP_HEADER);
	struct packet_tcp *tcp = &p->l4.tcp;
	struct cursor options;
	const uint8_t *bytes;
	uint32_t header;

	if (!h)
		return CTQ_REASON_NONE;
	tcp->seq = bytes_be32(h + 4);
	tcp->ack = bytes_be32(h + 8);
	header = (uint32_t)(h[12] >> 4) * 4;
	tcp->flags = h[13];
	tcp->window = bytes_be16(h + 14);
	if (header < PARSE_TCP_HEADER || header > p->l4_length)
		return CTQ_INVALID_TCP_OFFSET;
	p->payload_length = p->l4_length - header;
	if (!packet_tcp_flags_valid(tcp->flags))
		return CTQ_INVALID_TCP_FLAGS;
	bytes = cursor_take(c, header - PARSE_TCP_HEADER);
	if (!bytes)
		return CTQ_REASON_NONE;
	options = cursor_of(bytes, header - PARSE_TCP_HEADER);
	read_options(tcp, &options);
	return CTQ_REASON_NONE;
}

/* -- UDP and UDP-Lite --------------------------------------------------------- */

/* RFC 768: source port | destination port | length | checksum. The length of a first
 * fragment's header is that of the whole datagram. */
enum ctq_reason parse_udp(struct packet *p, struct cursor *c)
{
	const uint8_t *h = cursor_take(c, PARSE_UDP_HEADER);
	uint16_t length;

	if (!h)
		return CTQ_REASON_NONE;
	length = bytes_be16(h + 4);
	if (length < PARSE_UDP_HEADER || (length > p->l4_length && !p->fragment))
		return CTQ_INVALID_UDP_LENGTH;
	p->payload_length = (p->fragment ? p->l4_length : length) - PARSE_UDP_HEADER;
	return CTQ_REASON_NONE;
}

/* RFC 3828: source port | destination port | coverage (0: all) | checksum, never 0. */
enum ctq_reason parse_udplite(struct packet *p, struct cursor *c)
{
	uint16_t coverage, checksum;

	cursor_skip(c, 4);
	coverage = cursor_be16(c);
	checksum = cursor_be16(c);
	if (!cursor_ok(c))
		return CTQ_REASON_NONE;
	if (coverage && coverage < PARSE_UDP_HEADER)
		return CTQ_INVALID_UDPLITE_COVERAGE;
	if (coverage > p->l4_length && !p->fragment)
		return CTQ_INVALID_UDPLITE_COVERAGE;
	if (!checksum)
		return CTQ_INVALID_CHECKSUM;
	p->payload_length = p->l4_length - PARSE_UDP_HEADER;
	return CTQ_REASON_NONE;
}

/* -- SCTP --------------------------------------------------------------------- */

/* Chunk types, RFC 9260, 3.2. */
enum {
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_COOKIE_ECHO = 10,
	SCTP_COOKIE_ACK = 11,
	SCTP_SHUTDOWN_COMPLETE = 14,
};

/* Where the packet's chunks end, and where their copy does. */
static uint32_t sctp_end(const struct packet *p)
{
	return p->l4_offset + p->l4_length;
}

static uint32_t sctp_captured_end(const struct packet *p)
{
	return p->captured < sctp_end(p) ? p->captured : sctp_end(p);
}

/* RFC 9260, 3.2: type | flags | length without padding | value; INIT's and INIT ACK's
 * value begins with the initiate tag. */
bool packet_sctp_chunk_next(const struct packet *p, uint32_t *offset,
                            struct packet_sctp_chunk *chunk)
{
	uint32_t end = sctp_captured_end(p);
	struct cursor c = cursor_of(p->data, end);
	uint32_t advance;

	cursor_skip(&c, *offset);
	chunk->type = cursor_u8(&c);
	chunk->flags = cursor_u8(&c);
	chunk->length = cursor_be16(&c);
	if (!cursor_ok(&c))
		return false;
	chunk->init_tag = 0;
	if (chunk->type == SCTP_INIT || chunk->type == SCTP_INIT_ACK)
		chunk->init_tag = cursor_be32(&c);
	advance = (chunk->length + 3u) & ~3u;
	/* a length of 0 is malformed: nothing behind it can be found */
	*offset = advance ? *offset + advance : sctp_end(p);
	return true;
}

/* INIT, INIT ACK and SHUTDOWN COMPLETE stand alone, the cookies stand first. */
static bool chunk_is_misplaced(const struct packet_sctp_chunk *chunk, unsigned int n,
                               bool alone)
{
	bool first = chunk->type == SCTP_COOKIE_ECHO || chunk->type == SCTP_COOKIE_ACK;

	return n > 0 && (first || alone);
}

static enum ctq_reason read_chunks(struct packet *p)
{
	struct packet_sctp *sctp = &p->l4.sctp;
	struct packet_sctp_chunk chunk;
	uint32_t offset = sctp->offset;
	bool alone = false;
	unsigned int n;

	for (n = 0; packet_sctp_chunk_next(p, &offset, &chunk); n++) {
		alone |= chunk.type == SCTP_INIT || chunk.type == SCTP_INIT_ACK ||
		         chunk.type == SCTP_SHUTDOWN_COMPLETE;
		if (chunk_is_misplaced(&chunk, n, alone) || chunk.length == 0)
			return CTQ_INVALID_SCTP_CHUNK;
		if (chunk.type < 16)
			sctp->chunks |= (uint16_t)(1u << chunk.type);
	}
	sctp->cut = sctp_captured_end(p) < sctp_end(p) &&
	            offset + PARSE_SCTP_CHUNK <= sctp_end(p);
	return n > 0 || sctp->cut ? CTQ_REASON_NONE : CTQ_INVALID_SCTP_CHUNK;
}

/* RFC 9260, 3.1: source port | destination port | verification tag | checksum | chunks */
enum ctq_reason parse_sctp(struct packet *p, struct cursor *c)
{
	struct packet_sctp *sctp = &p->l4.sctp;

	cursor_skip(c, 4);
	sctp->vtag = cursor_be32(c);
	cursor_skip(c, 4);
	if (!cursor_ok(c))
		return CTQ_REASON_NONE;
	sctp->offset = (uint16_t)c->offset;
	return read_chunks(p);
}
