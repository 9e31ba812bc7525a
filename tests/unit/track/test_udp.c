/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols without states: what matters is who answered, and when. */
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "play.h"

struct row {
	char dir;          /* '>' original, '<' reply */
	uint32_t after_ms; /* since the first packet */
	uint32_t timeout;
	const char *status;
};

static void play_rows(struct play *play, const struct row *rows)
{
	const struct packet p = { .tuple = { .l4 = play->proto->l4 } };
	uint64_t start_ms = play->now_ms;
	const struct row *row;

	for (row = rows; row->dir; row++) {
		play->now_ms = start_ms + row->after_ms;
		cr_assert_eq(play_packet(play,
		                         row->dir == '<' ? TRACK_REPLY : TRACK_ORIGINAL,
		                         &p),
		             OK);
		cr_assert_eq(play->res.timeout_s, row->timeout, "row %td: timeout %u",
		             row - rows + 1, play->res.timeout_s);
		cr_assert_str_eq(play_status(play), row->status, "row %td: status \"%s\"",
		                 row - rows + 1, play_status(play));
		cr_assert(!play->res.changed);
	}
}

static void play_new(uint8_t l4, const struct row *rows)
{
	struct play play;

	play_init(&play, l4);
	play_rows(&play, rows);
}

Test(udp, unanswered)
{
	static const struct row rows[] = {
		{ '>', 0, 30, "" }, { '>', 1000, 30, "" }, { '>', 9000, 30, "" }, { 0 }
	};

	play_new(IPPROTO_UDP, rows);
}

/* A query and its answer: over at once, never assured. */
Test(udp, answered_at_once)
{
	static const struct row rows[] = {
		{ '>', 0, 30, "" }, { '<', 20, 30, "r" }, { '<', 30, 30, "r" }, { 0 }
	};

	play_new(IPPROTO_UDP, rows);
}

Test(udp, becomes_a_stream_after_two_seconds)
{
	static const struct row rows[] = {
		{ '>', 0, 30, "" },       { '<', 20, 30, "r" },
		{ '>', 2000, 30, "r" },   { '<', 2001, 120, "ra" },
		{ '>', 9000, 120, "ra" }, { 0 },
	};

	play_new(IPPROTO_UDP, rows);
}

/* The answer itself does not make the stream: it is the packet after. */
Test(udp, answered_late)
{
	static const struct row rows[] = { { '>', 0, 30, "" },
		                           { '<', 5000, 30, "r" },
		                           { '>', 5001, 120, "ra" },
		                           { 0 } };

	play_new(IPPROTO_UDP, rows);
}

Test(udp, not_assured_after_a_clash)
{
	static const struct row open[] = { { '>', 0, 30, "" },
		                           { '<', 20, 30, "r" },
		                           { 0 } };
	static const struct row rows[] = { { '>', 9000, 120, "r" }, { 0 } };
	struct play play;

	play_init(&play, IPPROTO_UDP);
	play_rows(&play, open);
	play.status |= TRACK_NAT_CLASH;
	play_rows(&play, rows);
}

Test(udplite, is_a_stream_at_once)
{
	static const struct row rows[] = {
		{ '>', 0, 30, "" }, { '<', 20, 30, "r" }, { '<', 21, 120, "ra" }, { 0 }
	};

	play_new(IPPROTO_UDPLITE, rows);
}

Test(gre, is_a_stream_once_answered)
{
	static const struct row rows[] = {
		{ '>', 0, 30, "" }, { '<', 20, 30, "r" }, { '>', 21, 180, "ra" }, { 0 }
	};

	play_new(IPPROTO_GRE, rows);
}

Test(gre, keeps_the_timeouts_that_it_began_with)
{
	static const struct row open[] = { { '>', 0, 30, "" },
		                           { '<', 20, 30, "r" },
		                           { 0 } };
	static const struct row rows[] = { { '>', 21, 180, "ra" }, { 0 } };
	struct play play;

	play_init(&play, IPPROTO_GRE);
	play_rows(&play, open);
	cr_assert_eq(track_config_set(&play.cfg, "gre_timeout_stream", 7), 0);
	play_rows(&play, rows);
}

Test(generic, is_never_assured)
{
	static const struct row rows[] = {
		{ '>', 0, 600, "" }, { '<', 20, 600, "r" }, { '>', 9000, 600, "r" }, { 0 }
	};

	play_new(IPPROTO_ESP, rows);
	play_new(IPPROTO_DCCP, rows);
	play_new(0, rows);
	play_new(255, rows);
}

/* -- ICMP ------------------------------------------------------------------- */

static int play_first_icmp(uint8_t l4, uint8_t type)
{
	struct packet p = { .tuple = { .l4 = l4 }, .icmp_type = type };
	struct play play;

	play_init(&play, l4);
	return (int)play_packet(&play, TRACK_ORIGINAL, &p);
}

Test(icmp, questions_open_flows)
{
	static const uint8_t questions[] = { 8, 13, 15, 17 };
	static const uint8_t answers[] = { 0, 14, 16, 18 };
	int type, i, expected;

	for (type = 0; type < 256; type++) {
		expected = CTQ_INVALID_ICMP_TYPE;
		for (i = 0; i < 4; i++) {
			if (questions[i] == type)
				expected = OK;
			if (answers[i] == type)
				expected = CTQ_INVALID_ICMP_UNSOLICITED;
		}
		cr_assert_eq(play_first_icmp(IPPROTO_ICMP, (uint8_t)type), expected,
		             "type %d", type);
	}
}

Test(icmpv6, questions_open_flows)
{
	int type, expected;

	for (type = 0; type < 256; type++) {
		expected = CTQ_INVALID_ICMP_TYPE;
		if (type == 128 || type == 139)
			expected = OK;
		if (type == 129 || type == 140)
			expected = CTQ_INVALID_ICMP_UNSOLICITED;
		cr_assert_eq(play_first_icmp(IPPROTO_ICMPV6, (uint8_t)type), expected,
		             "type %d", type);
	}
}

static void play_echo(uint8_t l4, uint8_t request, uint8_t reply, const char *setting)
{
	struct packet p = { .tuple = { .l4 = l4 }, .icmp_type = request };
	struct play play;

	play_init(&play, l4);
	cr_assert_eq(track_config_set(&play.cfg, setting, 45), 0);
	cr_assert_eq(play_packet(&play, TRACK_ORIGINAL, &p), OK);
	cr_assert_eq(play.res.timeout_s, 45);
	p.icmp_type = reply;
	cr_assert_eq(play_packet(&play, TRACK_REPLY, &p), OK);
	cr_assert_eq(play.res.timeout_s, 45);
	p.icmp_type = request;
	cr_assert_eq(play_packet(&play, TRACK_ORIGINAL, &p), OK);
	cr_assert_str_eq(play_status(&play), "r", "never assured");
}

Test(icmp, echo)
{
	play_echo(IPPROTO_ICMP, 8, 0, "icmp_timeout");
	play_echo(IPPROTO_ICMPV6, 128, 129, "icmpv6_timeout");
}
