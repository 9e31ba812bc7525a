/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "play.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void play_init(struct play *play, uint8_t l4)
{
	memset(play, 0, sizeof(*play));
	track_config_init(&play->cfg);
	play->proto = track_proto_find(l4);
	play->now_ms = 1000000;
	play->confirmed = true;
}

static enum play_fate play_open(struct play *play, const struct packet *p)
{
	memset(&play->state, 0xee, sizeof(play->state)); /* open() must not rely on it */
	play->status = 0;
	track_open(play->proto, &play->state, p, &play->cfg, play->now_ms, &play->res);
	if (play->res.invalid)
		return (enum play_fate)play->res.invalid;
	play->open = true;
	play->status = play->res.set_status | (play->confirmed ? TRACK_CONFIRMED : 0);
	play->timeout_s = track_result_timeout(&play->res, 0, 0);
	return OK;
}

enum play_fate play_packet(struct play *play, enum track_dir dir, const struct packet *p)
{
	uint32_t timeout;

	if (!play->open)
		return play_open(play, p);
	track_packet(play->proto, &play->state, p, dir, play->status, &play->cfg,
	             play->now_ms, &play->res);
	timeout = track_result_timeout(&play->res, play->status, play->timeout_s);
	if (timeout)
		play->timeout_s = timeout;
	if (play->res.invalid)
		return (enum play_fate)play->res.invalid;
	if (play->res.reopen) {
		play_open(play, p);
		return REOPENED;
	}
	play->status |= play->res.set_status;
	if (play->res.close) {
		play->open = false;
		return CLOSED;
	}
	return play->res.ignored ? IGNORED : OK;
}

const char *play_status(const struct play *play)
{
	static const char *const texts[] = { "", "r", "a", "ra" };

	return texts[!!(play->status & TRACK_SEEN_REPLY) +
	             2 * !!(play->status & TRACK_ASSURED)];
}

static uint8_t tcp_flags(const char *text)
{
	static const char letters[] = "FSRPAUEC";
	uint8_t flags = 0;

	for (; *text; text++)
		flags |= (uint8_t)(1u << (strchr(letters, *text) - letters));
	return flags;
}

static void tcp_options(struct packet_tcp *tcp, const char *text)
{
	char *end;

	while (*text) {
		char option = *text++;
		unsigned long value = strtoul(text, &end, 10);

		text = end;
		switch (option) {
		case 'w':
			tcp->has_scale = true;
			tcp->scale = (uint8_t)value;
			break;
		case 's': tcp->sack_permitted = true; break;
		case 'k':
			tcp->has_sack = true;
			tcp->sack_right = (uint32_t)value;
			break;
		case 't': tcp->has_timestamp = true; break;
		default: cr_assert_fail("option '%c'", option);
		}
	}
}

struct packet tcp_packet(const char *flags, uint32_t seq, uint32_t ack, uint16_t window,
                         uint32_t length, const char *options)
{
	struct packet p = {
		.family = AF_INET,
		.l4_offset = 20,
		.payload_length = length,
		.l4_length = 20 + length + (options ? 12 : 0),
		.tuple = { .l3 = AF_INET, .l4 = IPPROTO_TCP },
		.has_tuple = true,
		.l4.tcp = { .seq = seq, .ack = ack, .window = window },
	};

	p.length = p.l4_offset + p.l4_length;
	p.l4.tcp.flags = tcp_flags(flags);
	if (options)
		tcp_options(&p.l4.tcp, options);
	return p;
}

/* 0 means something of its own in RST segments: it stays. */
static uint32_t moved(uint32_t number, uint32_t isn)
{
	return number ? number + isn : 0;
}

static struct packet tcp_fragment(uint32_t seq, uint32_t length)
{
	return (struct packet){
		.family = AF_INET,
		.l4_offset = 20,
		.l4_length = length,
		.length = 20 + length,
		.tuple = { .l3 = AF_INET, .l4 = IPPROTO_TCP },
		.has_tuple = true,
		.fragment = true,
		.later_fragment = true,
		.fragment_offset = 1480,
		.fragment_length = length,
		.l4.tcp.seq = seq,
	};
}

static struct packet row_packet(const struct play *play, const struct tcp_row *row,
                                enum track_dir dir)
{
	uint32_t seq = moved(row->seq, play->isn[dir]);
	struct packet p;

	if (*row->flags == '+')
		return tcp_fragment(seq, row->length);
	p = tcp_packet(row->flags, seq, moved(row->ack, play->isn[!dir]), row->window,
	               row->length, row->options);
	p.l4.tcp.sack_right = moved(p.l4.tcp.sack_right, play->isn[!dir]);
	return p;
}

static const char *state_of(const struct play *play)
{
	return play->open ? track_state_name(play->proto, &play->state) : "no flow";
}

static void check_row(const struct play *play, const struct tcp_row *row, int number,
                      int fate)
{
	const char *state = row->state ? row->state : "no flow";

	cr_assert_eq(fate, row->fate, "row %d (%c %s): fate %d, not %d; state %s", number,
	             row->dir, row->flags, fate, row->fate, state_of(play));
	cr_assert_str_eq(state_of(play), state, "row %d (%c %s): state %s, not %s",
	                 number, row->dir, row->flags, state_of(play), state);
	if (!row->state)
		return;
	cr_assert_str_eq(play_status(play), row->status,
	                 "row %d (%c %s): status \"%s\", not \"%s\"", number, row->dir,
	                 row->flags, play_status(play), row->status);
	cr_assert_eq(play->res.timeout_s, row->timeout,
	             "row %d (%c %s): timeout %u, not %u", number, row->dir, row->flags,
	             play->res.timeout_s, row->timeout);
}

void play_tcp_rows(struct play *play, const struct tcp_row *rows)
{
	const struct tcp_row *row;

	for (row = rows; row->flags; row++) {
		enum track_dir dir = row->dir == '>' ? TRACK_ORIGINAL : TRACK_REPLY;
		struct packet p = row_packet(play, row, dir);
		int fate;

		fate = play_packet(play, dir, &p);
		check_row(play, row, (int)(row - rows) + 1, fate);
	}
}

void play_tcp_rows_anywhere(const struct play *play, const struct tcp_row *rows)
{
	static const uint32_t isns[][2] = {
		{ 0, 0 },
		{ 0x7ffff000, 0xffffec00 },
		{ 0xfffffb80, 0x7fffec00 },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(isns); i++) {
		struct play copy = *play;

		copy.isn[0] = isns[i][0];
		copy.isn[1] = isns[i][1];
		play_tcp_rows(&copy, rows);
	}
}
