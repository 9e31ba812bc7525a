/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transition table, cell by cell, against a second writing of it: by segment, in
 * words, from the kernel's documentation of its states and RFC 9293. Each cell becomes a
 * flow in that state, with a segment whose numbers fit.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "play.h"

/*
 * "from>to": becomes, "from=": stays, "from~": ignored, "from@": another connection
 * begins. What is not named is INVALID.
 */
struct expectation {
	enum track_dir dir;
	const char *flags;
	const char *moves;
};

static const struct expectation expectations[] = {
	/* A client asks; again; again although both had asked; anew when all is over.
	 * What it sends into a living connection may be a new attempt or a forgery: not
	 * believed. */
	{ TRACK_ORIGINAL, "S",
	  "SYN_SENT= SYN_SENT2= SYN_RECV~ ESTABLISHED~ FIN_WAIT~ CLOSE_WAIT~ LAST_ACK~ "
	  "TIME_WAIT@ CLOSE@" },
	/* It answers a server's SYN, perhaps twice. */
	{ TRACK_ORIGINAL, "SA", "SYN_SENT2>SYN_RECV SYN_RECV=" },
	{ TRACK_ORIGINAL, "FA",
	  "SYN_RECV>FIN_WAIT ESTABLISHED>FIN_WAIT FIN_WAIT>LAST_ACK CLOSE_WAIT>LAST_ACK "
	  "LAST_ACK= TIME_WAIT= CLOSE=" },
	{ TRACK_ORIGINAL, "A",
	  "SYN_RECV>ESTABLISHED ESTABLISHED= FIN_WAIT>CLOSE_WAIT CLOSE_WAIT= "
	  "LAST_ACK>TIME_WAIT TIME_WAIT= CLOSE=" },
	{ TRACK_ORIGINAL, "RA",
	  "SYN_SENT>CLOSE SYN_SENT2>CLOSE SYN_RECV>CLOSE ESTABLISHED>CLOSE "
	  "FIN_WAIT>CLOSE CLOSE_WAIT>CLOSE LAST_ACK>CLOSE TIME_WAIT>CLOSE CLOSE=" },
	{ TRACK_ORIGINAL, "P", "" },

	/* Simultaneous open; or the server calls back after TIME_WAIT. */
	{ TRACK_REPLY, "S", "SYN_SENT>SYN_SENT2 SYN_SENT2= TIME_WAIT@" },
	/* It answers; later ones may answer a SYN that was not believed. */
	{ TRACK_REPLY, "SA",
	  "SYN_SENT>SYN_RECV SYN_SENT2>SYN_RECV SYN_RECV~ ESTABLISHED~ FIN_WAIT~ "
	  "CLOSE_WAIT~ LAST_ACK~ TIME_WAIT~ CLOSE~" },
	{ TRACK_REPLY, "FA",
	  "SYN_RECV>FIN_WAIT ESTABLISHED>FIN_WAIT FIN_WAIT>LAST_ACK CLOSE_WAIT>LAST_ACK "
	  "LAST_ACK= TIME_WAIT= CLOSE=" },
	/* Before its SYN/ACK: it holds an old connection, or challenges. */
	{ TRACK_REPLY, "A",
	  "SYN_SENT~ SYN_SENT2~ SYN_RECV= ESTABLISHED= FIN_WAIT>CLOSE_WAIT CLOSE_WAIT= "
	  "LAST_ACK>TIME_WAIT TIME_WAIT= CLOSE=" },
	{ TRACK_REPLY, "RA",
	  "SYN_SENT>CLOSE SYN_SENT2>CLOSE SYN_RECV>CLOSE ESTABLISHED>CLOSE "
	  "FIN_WAIT>CLOSE CLOSE_WAIT>CLOSE LAST_ACK>CLOSE TIME_WAIT>CLOSE CLOSE=" },
	{ TRACK_REPLY, "P", "" },
};

/* Seconds in each state, from the kernel's nf_conntrack-sysctl document. */
static const struct {
	const char *state;
	uint32_t timeout;
} timeouts[] = {
	{ "SYN_SENT", 120 },  { "SYN_SENT2", 120 }, { "SYN_RECV", 60 },
	{ "FIN_WAIT", 120 },  { "CLOSE_WAIT", 60 }, { "LAST_ACK", 30 },
	{ "TIME_WAIT", 120 }, { "CLOSE", 10 },      { "ESTABLISHED", 432000 },
};

static uint32_t timeout_of(const char *state)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(timeouts); i++)
		if (strcmp(timeouts[i].state, state) == 0)
			return timeouts[i].timeout;
	cr_assert_fail("no timeout for %s", state);
	return 0;
}

/* What becomes of @state: its mark ('>', '=', '~', '@'; 0: INVALID) and name in @to. */
static char expected_move(const char *moves, const char *state, char to[32])
{
	size_t length = strlen(state);
	const char *at;
	char mark;

	for (at = moves; (at = strstr(at, state)); at += length) {
		bool begins = at == moves || at[-1] == ' ';

		mark = at[length];
		if (!begins || !strchr(">=~@", mark))
			continue;
		strcpy(to, state);
		if (mark == '>')
			cr_assert_eq(sscanf(at + length + 1, "%31[A-Z0-9_]", to), 1);
		return mark;
	}
	return 0;
}

#define CLIENT_AT 5000u
#define SERVER_AT 90000u
#define WINDOW    4000

/* An answered flow in which everything is acknowledged and nothing happened lately. */
static void settle(struct play *play, const char *state)
{
	static const uint32_t at[2] = { CLIENT_AT, SERVER_AT };
	struct track_tcp *tcp = &play->state.tcp;
	int i;

	play_init(play, IPPROTO_TCP);
	play->open = true;
	play->status = TRACK_CONFIRMED | TRACK_SEEN_REPLY | TRACK_ASSURED;
	tcp->last_index = 5; /* none of the kinds that matter */
	tcp->last_window = WINDOW;
	for (i = 0; i < 2; i++) {
		tcp->side[i].td_end = at[i];
		tcp->side[i].td_maxend = at[i] + WINDOW;
		tcp->side[i].td_maxwin = WINDOW;
	}
	play->proto->state_set(&play->state,
	                       (unsigned int)track_state_parse(play->proto, state));
}

static enum play_fate play_fitting(struct play *play, const struct expectation *e)
{
	bool original = e->dir == TRACK_ORIGINAL;
	struct packet p = tcp_packet(e->flags, original ? CLIENT_AT : SERVER_AT,
	                             original ? SERVER_AT : CLIENT_AT, WINDOW, 0, NULL);

	return play_packet(play, e->dir, &p);
}

static void check_cell(const struct expectation *e, const char *state)
{
	char to[32] = "", what[80];
	char mark = expected_move(e->moves, state, to);
	struct play play;
	int fate;

	settle(&play, state);
	snprintf(what, sizeof(what), "%s + %s of %s", state, e->flags,
	         e->dir == TRACK_ORIGINAL ? "original" : "reply");
	if (mark == '@') { /* not before somebody closed it */
		cr_assert_eq(play_fitting(&play, e), IGNORED, "%s: not closed", what);
		cr_assert_str_eq(track_state_name(play.proto, &play.state), state, "%s",
		                 what);
		settle(&play, state);
		play.state.tcp.side[1].flags |= TRACK_TCP_CLOSE_INIT;
	}
	fate = play_fitting(&play, e);
	switch (mark) {
	case 0:
		cr_assert_eq(fate,
		             strcmp(e->flags, "P") == 0 ? CTQ_INVALID_TCP_FLAGS
		                                        : CTQ_INVALID_TCP_STATE,
		             "%s: fate %d", what, fate);
		strcpy(to, state);
		break;
	case '~': cr_assert_eq(fate, IGNORED, "%s: fate %d", what, fate); break;
	case '@':
		cr_assert_eq(fate, REOPENED, "%s: fate %d", what, fate);
		strcpy(to, "SYN_SENT");
		break;
	default:
		cr_assert_eq(fate, OK, "%s: fate %d", what, fate);
		cr_assert_eq(play.res.timeout_s, e->flags[0] == 'R' ? 10 : timeout_of(to),
		             "%s: timeout %u", what, play.res.timeout_s);
		cr_assert_eq(play.res.changed, strcmp(state, to) != 0, "%s: changed",
		             what);
	}
	cr_assert_str_eq(track_state_name(play.proto, &play.state), to, "%s: %s, not %s",
	                 what, track_state_name(play.proto, &play.state), to);
}

Test(tcp_table, every_cell_of_a_known_connection)
{
	size_t e, s;

	for (e = 0; e < BASE_ARRAY_LENGTH(expectations); e++)
		for (s = 0; s < BASE_ARRAY_LENGTH(timeouts); s++)
			check_cell(&expectations[e], timeouts[s].state);
}

Test(tcp_table, every_cell_of_no_connection)
{
	static const struct {
		const char *flags;
		int fate;
		const char *state;
	} firsts[] = {
		{ "S", OK, "SYN_SENT" },
		{ "A", OK, "ESTABLISHED" },
		{ "SA", CTQ_INVALID_TCP_STATE, NULL },
		{ "FA", CTQ_INVALID_TCP_STATE, NULL },
		{ "R", CTQ_INVALID_TCP_STATE, NULL },
		{ "RA", CTQ_INVALID_TCP_STATE, NULL },
		{ "P", CTQ_INVALID_TCP_FLAGS, NULL },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(firsts); i++) {
		struct packet p = tcp_packet(firsts[i].flags, 1000, 0, 1000, 0, NULL);
		struct play play;

		play_init(&play, IPPROTO_TCP);
		cr_assert_eq((int)play_packet(&play, TRACK_ORIGINAL, &p), firsts[i].fate,
		             "%s", firsts[i].flags);
		if (firsts[i].state)
			cr_assert_str_eq(track_state_name(play.proto, &play.state),
			                 firsts[i].state);
	}
}

/* RFC 9293 knows no segment with other combinations of SYN, FIN, RST, ACK, URG. */
Test(tcp_table, every_combination_of_flags)
{
	static const char *const sane[] = { "S",  "SU",  "SA", "R", "RA",
		                            "FA", "FAU", "A",  "AU" };
	unsigned int flags, i;

	for (flags = 0; flags < 256; flags++) {
		struct packet p = tcp_packet("", CLIENT_AT, SERVER_AT, WINDOW, 0, NULL);
		bool valid = false;
		struct play play;
		int fate;

		for (i = 0; i < BASE_ARRAY_LENGTH(sane); i++)
			valid |= tcp_packet(sane[i], 0, 0, 0, 0, NULL).l4.tcp.flags ==
			         (flags &
			          ~(PACKET_TCP_PSH | PACKET_TCP_ECE | PACKET_TCP_CWR));
		p.l4.tcp.flags = (uint8_t)flags;
		settle(&play, "ESTABLISHED");
		fate = play_packet(&play, TRACK_ORIGINAL, &p);
		cr_assert_eq(fate != CTQ_INVALID_TCP_FLAGS, valid, "flags 0x%02x", flags);
		play.open = false;
		fate = play_packet(&play, TRACK_ORIGINAL, &p);
		cr_assert_eq(fate != CTQ_INVALID_TCP_FLAGS, valid, "first, flags 0x%02x",
		             flags);
	}
}
