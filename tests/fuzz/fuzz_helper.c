/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_helper.c - payloads of one flow through the helpers
 *
 * Input: a byte that chooses the helper (low 3 bits: its number less 1, as many as there are) and
 * switches (bit 3: IPv6, 4: loose, 5: NAT, 6: the flow was expected), then packets:
 *
 *   byte 0       bit 0: reply, 1: before the flow is established, 2: its sequence numbers do not
 *                follow, 3-7: bytes at its end that were not copied
 *   bytes 1, 2   bytes of payload
 *   payload
 *
 * After each packet:
 *   there are no more actions than fit, each of a class that the helper has
 *   an expectation is of the flow's family and zone, to a port, and what its mask leaves out is 0
 *   it is between the two ends of the flow, as each knows the other, unless the helper is told
 *   to believe others
 *   a packet that is dropped announces nothing
 *   the same packet in the same state gives the same again
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"
#include "track/helper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HELPERS_BUILTIN 3

/* CLIENT > SERVER; behind NAT the server knows the client as OUTER, and is INNER. */
static const struct {
	const char *client, *server, *outer, *inner;
} addresses[2] = {
	{ "192.0.2.1", "198.51.100.2", "203.0.113.7", "10.0.0.9" },
	{ "2001:db8::1", "2001:db8:1::2", "2001:db8:3::7", "fd00::9" },
};

struct subject {
	const struct helper *helper;
	uint64_t state[HELPER_STATE_SIZE / sizeof(uint64_t)];
	struct helper_input in;
	uint32_t next[2]; /* sequence numbers */
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void subject_init(struct subject *s, uint8_t setup)
{
	bool v6 = setup & 0x08;
	struct tuple *t = s->in.tuple;
	uint8_t l3 = v6 ? AF_INET6 : AF_INET;

	memset(s, 0, sizeof(*s));
	s->helper = helper_numbered((uint16_t)((setup & 7) % HELPERS_BUILTIN + 1));
	s->in.loose = setup & 0x10;
	s->in.status = setup & 0x40 ? TRACK_EXPECTED : 0;
	t[TRACK_ORIGINAL].l3 = l3;
	t[TRACK_ORIGINAL].l4 = s->helper->l4;
	t[TRACK_ORIGINAL].zone = 5;
	t[TRACK_ORIGINAL].src_id = htons(40000);
	t[TRACK_ORIGINAL].dst_id = htons(s->helper->ports[0]);
	inet_pton(l3, addresses[v6].client, t[TRACK_ORIGINAL].src);
	inet_pton(l3, addresses[v6].server, t[TRACK_ORIGINAL].dst);
	check(tuple_invert(&t[TRACK_ORIGINAL], &t[TRACK_REPLY]) == 0);
	if (setup & 0x20) {
		inet_pton(l3, addresses[v6].inner, t[TRACK_REPLY].src);
		inet_pton(l3, addresses[v6].outer, t[TRACK_REPLY].dst);
	}
}

/* ---- what must hold -------------------------------------------------------------------- */

static bool is_empty(const uint8_t *bytes, size_t length)
{
	while (length && !bytes[length - 1])
		length--;
	return length == 0;
}

static bool is_between(const struct helper_action *a, const struct tuple *t)
{
	return memcmp(a->tuple.src, t->src, sizeof(t->src)) == 0 &&
	       memcmp(a->tuple.dst, t->dst, sizeof(t->dst)) == 0;
}

static void check_expectation(const struct subject *s, const struct helper_action *a)
{
	const struct tuple *t = s->in.tuple;
	unsigned int size = tuple_address_size(t->l3);

	check(a->tuple.l3 == t->l3 && a->tuple.zone == t->zone && a->tuple.dst_id);
	check(a->tuple.l4 == IPPROTO_TCP || a->tuple.l4 == IPPROTO_UDP);
	check(a->tuple.src_id == 0 && a->mask.src_id == 0);
	check(is_empty(a->tuple.src + size, sizeof(a->tuple.src) - size));
	check(is_empty(a->tuple.dst + size, sizeof(a->tuple.dst) - size));
	if (is_empty(a->mask.src, sizeof(a->mask.src))) {
		check(s->in.loose && is_empty(a->tuple.src, sizeof(a->tuple.src)));
		return;
	}
	check(s->in.loose || is_between(a, &t[TRACK_ORIGINAL]) ||
	      is_between(a, &t[TRACK_REPLY]));
}

static void check_action(const struct subject *s, const struct helper_action *a)
{
	const unsigned int all = (1u << s->helper->classes_length) - 1;

	switch ((enum helper_action_kind)a->kind) {
	case HELPER_EXPECT:
		check(a->class < s->helper->classes_length);
		check_expectation(s, a);
		break;
	case HELPER_REFRESH:
		check(a->class < s->helper->classes_length && a->timeout_s);
		break;
	case HELPER_FLUSH:
	case HELPER_FLUSH_UNLESS_REFRESHED:
		check(a->classes && !(a->classes & ~all));
		break;
	default: check(false);
	}
}

static void check_result(const struct subject *s, const struct helper_result *res)
{
	unsigned int i;

	check(res->length <= HELPER_ACTIONS_MAX);
	check(!res->drop || res->length == 0);
	for (i = 0; i < res->length; i++)
		check_action(s, &res->actions[i]);
}

/* ---- one packet ------------------------------------------------------------------------------ */

static void look(struct subject *s, struct helper_result *res)
{
	memset(res, 0, sizeof(*res)); /* what is not written is equal, too */
	helper_look(s->helper, s->state, &s->in, res);
}

static void run_packet(struct subject *s, uint8_t control, const uint8_t *payload,
                       uint32_t length)
{
	uint32_t hidden = control >> 3;
	struct helper_result res, again;
	struct subject twin;
	uint8_t *exact;

	if (length <= hidden)
		return;
	exact = malloc(length - hidden); /* a sanitizer sees what is read behind it */
	check(exact != NULL);
	memcpy(exact, payload, length - hidden);
	s->in.data = exact;
	s->in.captured = length - hidden;
	s->in.length = length;
	s->in.dir = control & 1 ? TRACK_REPLY : TRACK_ORIGINAL;
	s->in.established = !(control & 2);
	s->in.seq = s->next[s->in.dir] + (control & 4 ? 7 : 0);
	s->next[s->in.dir] = s->in.seq + length;
	twin = *s;
	look(s, &res);
	look(&twin, &again);
	check(memcmp(&res, &again, sizeof(res)) == 0);
	check(memcmp(s->state, twin.state, sizeof(s->state)) == 0);
	check_result(s, &res);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subject s;
	size_t length;

	if (size == 0)
		return 0;
	subject_init(&s, data[0]);
	for (data++, size--; size > 3; data += length, size -= length) {
		length = (size_t)data[1] << 8 | data[2];
		if (length > size - 3)
			length = size - 3;
		run_packet(&s, data[0], data + 3, (uint32_t)length);
		data += 3;
		size -= 3;
	}
	return 0;
}
