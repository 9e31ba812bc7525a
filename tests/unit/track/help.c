/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "help.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

static void set_address(uint8_t address[16], uint8_t l3, const char *v4, const char *v6)
{
	inet_pton(l3, l3 == AF_INET ? v4 : v6, address);
}

void help_init(struct help *h, const char *helper, uint8_t l3)
{
	struct tuple *t = &h->in.tuple[TRACK_ORIGINAL];

	memset(h, 0, sizeof(*h));
	h->helper = helper_named(helper);
	cr_assert_not_null(h->helper);
	set_address(t->src, l3, "192.0.2.1", "2001:db8::1");
	set_address(t->dst, l3, "198.51.100.2", "2001:db8:1::2");
	t->src_id = htons(40000);
	t->dst_id = htons(h->helper->ports[0]);
	t->l3 = l3;
	t->l4 = h->helper->l4;
	cr_assert_eq(tuple_invert(t, &h->in.tuple[TRACK_REPLY]), 0);
	h->in.established = true;
}

void help_packet(struct help *h, enum track_dir dir, const void *payload, size_t length)
{
	uint8_t *exact =
		malloc(length); /* so that a sanitizer sees what is read behind it */

	cr_assert(length > 0);
	memcpy(exact, payload, length);
	h->in.data = exact;
	h->in.captured = (uint32_t)length;
	h->in.dir = dir;
	helper_look(h->helper, h->state, &h->in, &h->res);
	free(exact);
}

static bool counts(const struct helper_mask *mask)
{
	static const uint8_t none[sizeof(mask->src)];

	return memcmp(mask->src, none, sizeof(none)) != 0;
}

static void print_action(FILE *out, const struct helper_action *a)
{
	char src[INET6_ADDRSTRLEN] = "*", dst[INET6_ADDRSTRLEN];

	if (a->kind == HELPER_FLUSH || a->kind == HELPER_FLUSH_UNLESS_REFRESHED) {
		fprintf(out, "flush %u%s", a->classes,
		        a->kind == HELPER_FLUSH ? "" : " unless refreshed");
		return;
	}
	inet_ntop(a->tuple.l3, a->tuple.dst, dst, sizeof(dst));
	if (counts(&a->mask))
		inet_ntop(a->tuple.l3, a->tuple.src, src, sizeof(src));
	cr_assert_eq(a->mask.src_id, 0);
	cr_assert_eq(a->tuple.src_id, 0);
	fprintf(out, "%s %s:* > %s:%u", a->kind == HELPER_EXPECT ? "expect" : "refresh",
	        src, dst, ntohs(a->tuple.dst_id));
	if (a->class)
		fprintf(out, " class %u", a->class);
	if (a->flags)
		fprintf(out, " flags %u", a->flags);
	if (a->timeout_s)
		fprintf(out, " for %u", a->timeout_s);
	if (a->helped)
		fprintf(out, " helped");
}

const char *help_actions(const struct help *h)
{
	static char text[2048];
	FILE *out = fmemopen(text, sizeof(text), "w");
	unsigned int i;

	text[0] = '\0'; /* what prints nothing is not flushed either */
	for (i = 0; i < h->res.length; i++) {
		fprintf(out, "%s", i ? "; " : "");
		print_action(out, &h->res.actions[i]);
	}
	if (h->res.drop)
		fprintf(out, "%sdrop", i ? "; " : "");
	fclose(out);
	return text;
}

void help_play_rows(struct help *h, const struct help_row *rows)
{
	const struct help_row *row;
	enum track_dir dir;
	size_t length;

	for (row = rows; row->payload; row++) {
		dir = row->dir == '<' ? TRACK_REPLY : TRACK_ORIGINAL;
		length = strlen(row->payload);
		h->in.seq = h->next[dir] + (uint32_t)row->skip;
		h->in.length = (uint32_t)length;
		help_packet(h, dir, row->payload, length - row->cut);
		cr_expect_str_eq(help_actions(h), row->actions,
		                 "row %td, \"%s\":\n\"%s\"", row - rows + 1, row->payload,
		                 help_actions(h));
		if (row->skip >= 0)
			h->next[dir] = h->in.seq + (uint32_t)length;
	}
}

void help_play_rows_anywhere(const struct help *h, const struct help_row *rows)
{
	static const uint32_t starts[] = { 0, 0x7ffffff0, 0xfffffff0 };
	struct help copy;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(starts); i++) {
		copy = *h;
		copy.next[TRACK_ORIGINAL] = starts[i];
		copy.next[TRACK_REPLY] = starts[i] + 7;
		help_play_rows(&copy, rows);
	}
}
