/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations of TCP, segment by segment. The client's numbers begin at 1000, the
 * server's at 5000; most tables are played at several places of the sequence space.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "base/base.h"
#include "play.h"

#define BAD_STATE  CTQ_INVALID_TCP_STATE
#define BAD_WINDOW CTQ_INVALID_TCP_WINDOW
#define BAD_RST    CTQ_INVALID_TCP_RST

#define DAYS_5 432000

/* clang-format off */

/* Scaled by 128 both ways: the client may send up to 66161, the server up to 69257. */
#define HANDSHAKE \
	{ '>', "S",  1000, 0,    64240, 0, "w7s", OK, "SYN_SENT",    120,    "" }, \
	{ '<', "SA", 5000, 1001, 65160, 0, "w7s", OK, "SYN_RECV",    60,     "r" }, \
	{ '>', "A",  1001, 5001, 502,   0, "t",   OK, "ESTABLISHED", DAYS_5, "ra" }

/* 100 bytes and their ACK; the client may send up to 66253, the server up to 69257. */
#define EXCHANGE \
	{ '>', "PA", 1001, 5001, 502, 100, "t", OK, "ESTABLISHED", 300,    "ra" }, \
	{ '<', "A",  5001, 1101, 509, 0,   "t", OK, "ESTABLISHED", DAYS_5, "ra" }

static void play_anywhere(const struct tcp_row *rows)
{
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows_anywhere(&play, rows);
}

/* -- opening ---------------------------------------------------------------- */

Test(tcp, opens_with_three_segments)
{
	static const struct tcp_row rows[] = { HANDSHAKE, EXCHANGE, { 0 } };

	play_anywhere(rows);
}

Test(tcp, refused)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,     "SYN_SENT", 120, "" },
		{ '<', "RA", 0,    1001, 0,     0, NULL,  CLOSED, NULL,       0,   "" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* The kernel keeps the timeout, lest a client that asks for ever hold its NAT for ever. */
Test(tcp, syn_sent_again_refreshes_nothing)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,      "SYN_SENT",    120,    "" },
		{ '>', "S",  1000, 0,    64240, 0, "w7s", IGNORED, "SYN_SENT",    0,      "" },
		/* a new attempt with other numbers */
		{ '>', "S",  2000, 0,    64240, 0, "s",   IGNORED, "SYN_SENT",    0,      "" },
		{ '<', "SA", 5000, 2001, 65160, 0, "w7s", OK,      "SYN_RECV",    60,     "r" },
		{ '>', "A",  2001, 5001, 64240, 0, NULL,  OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, handshake_with_losses)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,      "SYN_SENT",    120,    "" },
		{ '<', "SA", 5000, 1001, 65160, 0, "w7s", OK,      "SYN_RECV",    60,     "r" },
		{ '<', "SA", 5000, 1001, 65160, 0, "w7s", IGNORED, "SYN_RECV",    0,      "r" },
		/* the client has not seen it: SYN and SYN/ACK once more, in step again */
		{ '>', "S",  1000, 0,    64240, 0, "w7s", IGNORED, "SYN_RECV",    0,      "r" },
		{ '<', "SA", 5000, 1001, 65160, 0, "w7s", OK,      "SYN_RECV",    60,     "r" },
		{ '<', "A",  5001, 1001, 509,   0, "t",   OK,      "SYN_RECV",    60,     "r" },
		{ '>', "A",  1001, 5001, 502,   0, "t",   OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ '<', "SA", 5000, 1001, 65160, 0, "w7s", IGNORED, "ESTABLISHED", 0,      "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, no_answer_no_data)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0,  "w7s", OK,        "SYN_SENT", 120, "" },
		{ '>', "A",  1001, 5001, 502,   0,  NULL,  BAD_STATE, "SYN_SENT", 0,   "" },
		{ '>', "PA", 1001, 5001, 502,   10, NULL,  BAD_STATE, "SYN_SENT", 0,   "" },
		{ '>', "FA", 1001, 5001, 502,   0,  NULL,  BAD_STATE, "SYN_SENT", 0,   "" },
		{ '<', "FA", 5001, 1001, 502,   0,  NULL,  BAD_STATE, "SYN_SENT", 0,   "" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, both_open_and_the_client_finishes)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,      "SYN_SENT",    120,    "" },
		{ '<', "S",  5000, 0,    65160, 0, "w7s", IGNORED, "SYN_SENT2",   0,      "r" },
		{ '>', "SA", 1000, 5001, 64240, 0, "w7s", OK,      "SYN_RECV",    60,     "r" },
		{ '<', "SA", 5000, 1001, 65160, 0, "w7s", IGNORED, "SYN_RECV",    0,      "r" },
		{ '>', "A",  1001, 5001, 502,   0, NULL,  OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, both_open_and_the_server_finishes)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,      "SYN_SENT",    120,    "" },
		{ '<', "S",  5000, 0,    65160, 0, "w7s", IGNORED, "SYN_SENT2",   0,      "r" },
		{ '>', "SA", 1000, 5001, 64240, 0, "w7s", OK,      "SYN_RECV",    60,     "r" },
		{ '>', "SA", 1000, 5001, 64240, 0, "w7s", OK,      "SYN_RECV",    60,     "r" },
		{ '<', "A",  5001, 1001, 509,   0, NULL,  OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* What a SYN grants is the last one's. */
Test(tcp, syn_sent_again_with_another_window)
{
	static const struct tcp_row rows[] = {
		{ '>', "S", 1000, 0, 100, 0, "w7s", OK,      "SYN_SENT", 120, "" },
		{ '>', "S", 2000, 0, 500, 0, "w7s", IGNORED, "SYN_SENT", 0,   "" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.state.tcp.side[0].td_maxwin, 500);
	cr_assert_eq(play.state.tcp.side[1].td_maxend, 500);
}

/* A later SYN without any option leaves what the first one offered. */
Test(tcp, syn_sent_again_without_options)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,      "SYN_SENT", 120, "" },
		{ '>', "S",  2000, 0,    64240, 0, NULL,  IGNORED, "SYN_SENT", 0,   "" },
		{ 0 },
	};
	static const struct tcp_row other_option[] = {
		{ '>', "S",  3000, 0,    64240, 0, "t",   IGNORED, "SYN_SENT", 0,   "" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.state.tcp.side[0].scale, 7);
	play_tcp_rows(&play, other_option);
	cr_assert_eq(play.state.tcp.side[0].scale, 0);
	cr_assert_eq(play.state.tcp.side[0].flags, 0);
}

/* A RST with number 0 is of a host that knows nothing: what was guessed of it before
 * counts as its number. */
Test(tcp, refused_after_a_reset_that_did_not_fit)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000,  0,    64240, 0, "w7s", OK,         "SYN_SENT", 120, "" },
		{ '<', "RA", 70000, 9999, 0,     0, NULL,  BAD_WINDOW, "SYN_SENT", 0,   "" },
		{ '<', "RA", 0,     1001, 0,     0, NULL,  CLOSED,     NULL,       0,   "" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, both_open_and_the_client_begins_anew)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,      "SYN_SENT",  120, "" },
		{ '<', "S",  5000, 0,    65160, 0, "w7s", IGNORED, "SYN_SENT2", 0,   "r" },
		{ '>', "SA", 1000, 5001, 64240, 0, "w7s", OK,      "SYN_RECV",  60,  "r" },
		{ '>', "SA", 3000, 5001, 64240, 0, "w2s", OK,      "SYN_RECV",  60,  "r" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.state.tcp.side[0].td_end, 3001);
	cr_assert_eq(play.state.tcp.side[0].scale, 2);
}

/* A SYN of the server in whatever was guessed of it before: its numbers count. */
Test(tcp, both_open_after_a_reset_that_did_not_fit)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000,  0,    64240, 0, "w7s", OK,         "SYN_SENT",  120, "" },
		{ '<', "RA", 70000, 9999, 0,     0, NULL,  BAD_WINDOW, "SYN_SENT",  0,   "" },
		{ '<', "S",  90000, 0,    65160, 0, "w7s", IGNORED,    "SYN_SENT2", 0,   "r" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.state.tcp.side[1].td_end, 90001);
	cr_assert_eq(play.state.tcp.side[0].td_end, 1001);
	cr_assert_eq(play.state.tcp.side[1].td_maxend, 90001, "nothing granted yet");
	cr_assert_eq(play.state.tcp.side[0].td_maxend, 1001, "nor to the client");
}

/* -- picking up ------------------------------------------------------------- */

Test(tcp, picked_up_in_the_middle)
{
	static const struct tcp_row rows[] = {
		{ '>', "PA", 1000, 5000, 100, 50, NULL, OK, "ESTABLISHED", 300,    "" },
		{ '<', "PA", 5000, 1050, 100, 50, NULL, OK, "ESTABLISHED", 300,    "r" },
		{ '>', "A",  1050, 5050, 100, 0,  NULL, OK, "ESTABLISHED", DAYS_5, "ra" },
		/* the scale is unknown: nothing is refused by its window */
		{ '>', "PA", 99999, 5050, 100, 10, NULL, OK, "ESTABLISHED", DAYS_5, "ra" },
		{ '<', "PA", 99999, 1050, 100, 10, NULL, OK, "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/*
 * A flow that a tool has made: state and status are known, numbers are not (td_maxwin is 0).
 * Whichever side is heard first is believed, then the other; from there on as ever.
 */
static void play_taken_over(const struct tcp_row *rows, uint8_t flags)
{
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play.cfg.tcp_loose = false;
	play.open = true;
	play.status = TRACK_CONFIRMED | TRACK_SEEN_REPLY | TRACK_ASSURED;
	play.proto->state_set(&play.state, TRACK_TCP_ESTABLISHED);
	play.state.tcp.side[0].flags = play.state.tcp.side[1].flags = flags;
	play_tcp_rows(&play, rows);
}

Test(tcp, taken_over_by_what_the_client_sends)
{
	static const struct tcp_row rows[] = {
		{ '>', "A",  3000, 9000, 1000, 0,   NULL, OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ '<', "PA", 9000, 3000, 2000, 500, NULL, OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "A",  3000, 9500, 1000, 0,   NULL, OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "A",  3000, 9501, 1000, 0,   NULL, BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ 0 },
	};

	play_taken_over(rows, 0);
}

Test(tcp, taken_over_by_what_the_server_sends)
{
	static const struct tcp_row rows[] = {
		{ '<', "PA", 9000, 3000, 2000, 500, NULL, OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "A",  3000, 9500, 1000, 0,   NULL, OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ '<', "PA", 9500, 3000, 2000, 500, NULL, OK,         "ESTABLISHED", 300,    "ra" },
		{ '<', "FA", 90000, 3000, 2000, 0,  NULL, BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ 0 },
	};

	play_taken_over(rows, 0);
}

/* As conntrackd makes them: the client acknowledges what went another way before. */
Test(tcp, taken_over_between_data_and_its_ack)
{
	static const struct tcp_row rows[] = {
		{ '<', "PA", 9000, 3000, 2000, 500, NULL, OK, "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "A",  3000, 9900, 1000, 0,   NULL, OK, "ESTABLISHED", DAYS_5, "ra" },
		{ '<', "PA", 9900, 3000, 2000, 500, NULL, OK, "ESTABLISHED", 300,  "ra" },
		{ '>', "A",  3000, 10400, 1000, 0,  NULL, OK, "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_taken_over(rows, TRACK_TCP_BE_LIBERAL | TRACK_TCP_SACK_PERM);
}

Test(tcp, not_picked_up_unless_loose)
{
	static const struct tcp_row rows[] = {
		{ '>', "A", 1000, 5000, 100, 0, NULL,  CTQ_INVALID_TCP_MIDSTREAM, NULL, 0, "" },
		{ '>', "S", 1000, 0,    100, 0, "w7s", OK, "SYN_SENT", 120, "" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	cr_assert_eq(track_config_set(&play.cfg, "tcp_loose", 0), 0);
	play_tcp_rows_anywhere(&play, rows);
}

/* A keep-alive repeats a byte, so that its answer acknowledges one more than was seen. */
Test(tcp, picked_up_at_a_keep_alive)
{
	static const struct tcp_row rows[] = {
		{ '>', "A", 999,  5000, 100, 0, NULL, OK, "ESTABLISHED", 300,    "" },
		{ '<', "A", 5000, 1000, 100, 0, NULL, OK, "ESTABLISHED", 300,    "r" },
		{ '>', "A", 1000, 5000, 100, 0, NULL, OK, "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.state.tcp.side[1].td_maxack, 1000, "the answer was believed");
}

/* -- closing ---------------------------------------------------------------- */

Test(tcp, closed_by_the_client_and_opened_again)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "FA", 1101, 5001, 502,   0, "t",   OK,       "FIN_WAIT",   120, "ra" },
		{ '<', "A",  5001, 1102, 509,   0, "t",   OK,       "CLOSE_WAIT", 60,  "ra" },
		{ '<', "FA", 5001, 1102, 509,   0, "t",   OK,       "LAST_ACK",   30,  "ra" },
		{ '>', "A",  1102, 5002, 502,   0, "t",   OK,       "TIME_WAIT",  120, "ra" },
		{ '<', "FA", 5001, 1102, 509,   0, "t",   OK,       "TIME_WAIT",  120, "ra" },
		{ '>', "A",  1102, 5002, 502,   0, "t",   OK,       "TIME_WAIT",  120, "ra" },
		{ '>', "S",  8000, 0,    64240, 0, "w7s", REOPENED, "SYN_SENT",   120, "" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, closed_by_the_server_who_calls_back)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "FA", 5001, 1101, 509,   0, "t",   OK,       "FIN_WAIT",  120, "ra" },
		{ '>', "FA", 1101, 5002, 502,   0, "t",   OK,       "LAST_ACK",  30,  "ra" },
		{ '>', "FA", 1101, 5002, 502,   0, "t",   OK,       "LAST_ACK",  30,  "ra" },
		{ '<', "A",  5002, 1102, 509,   0, "t",   OK,       "TIME_WAIT", 120, "ra" },
		{ '<', "S",  9000, 0,    65160, 0, "w7s", REOPENED, "SYN_SENT",  120, "" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, reset_and_opened_again_by_who_reset)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "RA", 1101, 5001, 0,     0, NULL,  OK,       "CLOSE",    10,  "ra" },
		{ '<', "A",  5001, 1101, 509,   0, "t",   OK,       "CLOSE",    10,  "ra" },
		/* somebody else was last: who knows */
		{ '>', "S",  8000, 0,    64240, 0, "w7s", IGNORED,  "CLOSE",    0,   "ra" },
		{ '>', "R",  1101, 0,    0,     0, NULL,  OK,       "CLOSE",    10,  "ra" },
		{ '>', "S",  8000, 0,    64240, 0, "w7s", REOPENED, "SYN_SENT", 120, "" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* -- out of step ------------------------------------------------------------ */

/* Both have forgotten the connection, the box has not. */
Test(tcp, a_new_handshake_in_an_old_connection)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "S",  70000, 0,     64240, 0, "w5s", IGNORED, "ESTABLISHED", 0,      "ra" },
		{ '<', "SA", 90000, 70001, 65160, 0, "w6s", OK,      "SYN_RECV",    60,     "ra" },
		{ '>', "A",  70001, 90001, 2000,  0, "t",   OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};
	struct play play;

	play_anywhere(rows);
	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.state.tcp.side[0].scale, 5);
	cr_assert_eq(play.state.tcp.side[1].scale, 6);
}

/* Only the server has forgotten it. */
Test(tcp, a_new_syn_that_is_reset)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "S",  70000, 0,     64240, 0, "w5s", IGNORED, "ESTABLISHED", 0,  "ra" },
		{ '<', "RA", 0,     70001, 0,     0, NULL,  OK,      "CLOSE",       10, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* Who sends a SYN and its RST himself resets nothing: anybody could. */
Test(tcp, a_new_syn_that_its_sender_resets)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "S",  70000, 0,     64240, 0, "w5s", IGNORED,    "ESTABLISHED", 0, "ra" },
		{ '>', "RA", 70001, 70001, 0,     0, NULL,  BAD_WINDOW, "ESTABLISHED", 0, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* RFC 5961, 4.2: the server answers by an ACK, and the client resets by its number. */
Test(tcp, a_new_syn_that_is_challenged)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "S", 70000, 0,    64240, 0, "w5s", IGNORED, "ESTABLISHED", 0,      "ra" },
		{ '<', "A", 5001,  1101, 509,   0, "t",   OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "R", 1101,  0,    0,     0, NULL,  OK,      "CLOSE",       10,     "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* In LAST_ACK the challenge must not be taken for the last ACK. */
Test(tcp, a_new_syn_that_is_challenged_in_last_ack)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "FA", 5001,  1101, 509,   0, "t",   OK,      "FIN_WAIT",  120, "ra" },
		{ '>', "FA", 1101,  5002, 502,   0, "t",   OK,      "LAST_ACK",  30,  "ra" },
		{ '>', "S",  70000, 0,    64240, 0, "w5s", IGNORED, "LAST_ACK",  0,   "ra" },
		{ '<', "A",  5002,  1102, 509,   0, "t",   IGNORED, "LAST_ACK",  0,   "ra" },
		{ '<', "A",  5002,  1102, 509,   0, "t",   OK,      "TIME_WAIT", 120, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* The server holds an old connection of these ports; its ACK tells the client so. */
Test(tcp, half_open)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,      "SYN_SENT", 120, "" },
		{ '<', "A",  7700, 3300, 509,   0, NULL,  IGNORED, "SYN_SENT", 0,   "r" },
		{ '>', "R",  3300, 0,    0,     0, NULL,  OK,      "CLOSE",    10,  "r" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, half_open_and_reset_with_an_ack)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,      "SYN_SENT", 120, "" },
		{ '<', "A",  7700, 3300, 509,   0, NULL,  IGNORED, "SYN_SENT", 0,   "r" },
		{ '>', "RA", 4444, 7700, 0,     0, NULL,  OK,      "CLOSE",    10,  "r" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* Only the RST of that very ACK closes. */
Test(tcp, half_open_and_reset_with_another_number)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s", OK,         "SYN_SENT", 120, "" },
		{ '<', "A",  7700, 3300, 509,   0, NULL,  IGNORED,    "SYN_SENT", 0,   "r" },
		{ '>', "R",  3301, 0,    0,     0, NULL,  BAD_WINDOW, "SYN_SENT", 0,   "r" },
		{ '>', "RA", 4444, 7701, 0,     0, NULL,  BAD_WINDOW, "SYN_SENT", 0,   "r" },
		{ '<', "R",  3300, 0,    0,     0, NULL,  OK,         "CLOSE",    10,  "r" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* -- RST -------------------------------------------------------------------- */

Test(tcp, rst_at_the_expected_number)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "R", 5001, 0, 0, 0, NULL, OK, "CLOSE", 10, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, rst_below_the_expected_number)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "R", 5000, 0, 0, 0, NULL, BAD_RST, "ESTABLISHED", 0, "ra" },
		{ '<', "R", 4000, 0, 0, 0, NULL, BAD_RST, "ESTABLISHED", 0, "ra" },
		{ '>', "R", 1100, 0, 0, 0, NULL, BAD_RST, "ESTABLISHED", 0, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* An ACK that was overtaken does not lower what is expected. */
Test(tcp, rst_below_after_a_late_ack)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "PA", 5001, 1101, 509, 100, "t",  OK,      "ESTABLISHED", 300,    "ra" },
		{ '>', "A",  1101, 5101, 502, 0,   "t",  OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "A",  1101, 5001, 502, 0,   "t",  OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ '<', "R",  5050, 0,    0,   0,   NULL, BAD_RST, "ESTABLISHED", 0,      "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, rst_below_is_let_pass_when_told_so)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "R", 5000, 0, 0, 0, NULL, OK, "ESTABLISHED", 10, "ra" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	cr_assert_eq(track_config_set(&play.cfg, "tcp_ignore_invalid_rst", 1), 0);
	play_tcp_rows_anywhere(&play, rows);
}

/* 0 is a number like any other once the connection stands. */
Test(tcp, rst_with_number_0)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "R", 0, 0, 0, 0, NULL, BAD_RST, "ESTABLISHED", 0, "ra" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
}

/* RFC 5961, 3.2: its receiver sends a challenge and lives on. */
Test(tcp, rst_above_the_expected_number)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "R", 5100,  0,    0,   0, NULL, OK,         "ESTABLISHED", 10,     "ra" },
		/* what the RST skipped counts as sent, and is waited for */
		{ '>', "A", 1101,  5001, 502, 0, "t",  OK,         "ESTABLISHED", 300,    "ra" },
		{ '<', "R", 5001,  0,    0,   0, NULL, OK,         "CLOSE",       10,     "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, rst_beyond_the_window)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "R", 205001, 0, 0, 0, NULL, BAD_WINDOW, "ESTABLISHED", 0, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* A server that answers and dies: data and RST travel together. */
Test(tcp, rst_behind_data)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "PA", 5001, 1101, 509, 19, "t",  OK, "ESTABLISHED", 300, "ra" },
		{ '<', "RA", 5020, 1101, 0,   0,  NULL, OK, "CLOSE",       10,  "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

#define SYN_AND_ANSWER \
	{ '>', "S",  1000, 0,    64240, 0, "w7s", OK, "SYN_SENT", 120, "" }, \
	{ '<', "SA", 5000, 1001, 65160, 0, "w7s", OK, "SYN_RECV", 60,  "r" }

/* Until the handshake is over there is no challenge: any number that fits will do. */
Test(tcp, rst_in_the_handshake)
{
	static const struct tcp_row rsts[] = {
		{ '>', "R",  1001, 0,    0, 0, NULL, OK,      "CLOSE",    10, "r" },
		{ '>', "R",  1050, 0,    0, 0, NULL, OK,      "CLOSE",    10, "r" },
		{ '>', "R",  900,  0,    0, 0, NULL, BAD_RST, "SYN_RECV", 0,  "r" },
		{ '<', "R",  5001, 0,    0, 0, NULL, OK,      "CLOSE",    10, "r" },
		{ '<', "RA", 5001, 1001, 0, 0, NULL, OK,      "CLOSE",    10, "r" },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(rsts); i++)
		play_anywhere((const struct tcp_row[]){ SYN_AND_ANSWER, rsts[i], { 0 } });
}

/* A host that knows nothing of the connection has no number to say. */
Test(tcp, rst_with_number_0_in_the_handshake)
{
	static const struct tcp_row rows[] = {
		SYN_AND_ANSWER,
		{ '>', "R", 0, 0, 0, 0, NULL, OK, "CLOSE", 10, "r" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
}

/* Nor is there in a connection that was picked up and is not assured yet. */
Test(tcp, rst_in_a_connection_that_is_not_assured)
{
	static const struct tcp_row rows[] = {
		{ '>', "A", 1000, 5000, 100, 0, NULL, OK, "ESTABLISHED", 300, "" },
		{ '<', "A", 5000, 1000, 100, 0, NULL, OK, "ESTABLISHED", 300, "r" },
		{ '>', "R", 1050, 0,    0,   0, NULL, OK, "CLOSE",       10,  "r" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* Once it is closing, any RST may end it: the ports may be in use anew. */
Test(tcp, rst_in_a_closing_connection)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "FA", 1101, 5001, 502, 0, "t",  OK, "FIN_WAIT", 120, "ra" },
		{ '<', "R",  3,    0,    0,   0, NULL, OK, "CLOSE",    10,  "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* -- windows ---------------------------------------------------------------- */

Test(tcp, begins_within_what_was_granted)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		/* at the edge; what crosses it widens the window that is believed */
		{ '>', "PA", 66253, 5001, 502, 0,  "t", OK,      "ESTABLISHED", 300, "ra" },
		{ '<', "A",  5001,  1101, 509, 0,  "t", OK,      "ESTABLISHED", 300, "ra" },
		/* a little more: suspicious, but its ACK must be right later on */
		{ '>', "PA", 66254, 5001, 502, 10, "t", IGNORED, "ESTABLISHED", 0,   "ra" },
		{ '<', "A",  5001, 66264, 509, 0,  "t", OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* Who ends beyond what was granted must know of a larger window. */
Test(tcp, ends_beyond_what_was_granted)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "PA", 66253, 5001, 502, 1000, "t", OK, "ESTABLISHED", 300, "ra" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.state.tcp.side[1].td_maxwin, 65160 + 1000);
}

Test(tcp, begins_far_beyond)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		/* its end may be a window beyond what was granted, not more */
		{ '>', "PA", 66253 + 65150, 5001, 502, 10, "t", BAD_WINDOW, "ESTABLISHED", 0, "ra" },
		{ '>', "PA", 66254,         5002, 502, 10, "t", BAD_WINDOW, "ESTABLISHED", 0, "ra" },
		{ '>', "PA", 66253 + 65149, 5001, 502, 10, "t", IGNORED,    "ESTABLISHED", 0, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, is_not_older_than_a_window)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "A", 1101u - 65160,     5001, 502, 0, "t", OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "A", 1101u - 65160 - 1, 5001, 502, 0, "t", IGNORED, "ESTABLISHED", 0,      "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* A window of 0 may be probed with a byte. */
Test(tcp, probes_a_closed_window)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "PA", 1101,  5001,  502, 65152, "t", OK, "ESTABLISHED", 300, "ra" },
		{ '<', "A",  5001,  66253, 0,   0,     "t", OK, "ESTABLISHED", 300, "ra" },
		{ '>', "PA", 66254, 5001,  502, 0,     "t", OK, "ESTABLISHED", 300, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, acknowledges_what_was_sent)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "A", 1101, 5002, 502, 0, "t",     BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ '>', "A", 1101, 5001, 502, 0, "k5002", BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ '>', "A", 1101, 5001, 502, 0, "k5001", OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, acknowledges_nothing_ancient)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "A", 1101, 5001u - 66000,     502, 0, "t", OK,      "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "A", 1101, 5001u - 66000 - 1, 502, 0, "t", IGNORED, "ESTABLISHED", 0,      "ra" },
		/* but SACK makes up for it */
		{ '>', "A", 1101, 5001u - 66000 - 1, 502, 0, "k5001", OK,  "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* SACK counts only towards who said that it is permitted. */
Test(tcp, sack_without_permission_is_not_read)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    64240, 0, "w7s",   OK, "SYN_SENT",    120,    "" },
		{ '<', "SA", 5000, 1001, 65160, 0, "w7",    OK, "SYN_RECV",    60,     "r" },
		{ '>', "A",  1001, 5001, 502,   0, "k9999", OK, "ESTABLISHED", DAYS_5, "ra" },
		{ '<', "A",  5001, 1001, 509,   0, "k9999", BAD_WINDOW, "ESTABLISHED", 0, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* Scaling is off unless both offered it: 502 is then 502 bytes, not 64256. */
Test(tcp, windows_are_scaled_only_if_both_offered_it)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000, 0,    500, 0,   "w7s", OK, "SYN_SENT",    120,    "" },
		{ '<', "SA", 5000, 1001, 500, 0,   "s",   OK, "SYN_RECV",    60,     "r" },
		{ '>', "A",  1001, 5001, 502, 0,   NULL,  OK, "ESTABLISHED", DAYS_5, "ra" },
		{ '<', "PA", 5503, 1001, 500, 1,   NULL,  OK, "ESTABLISHED", 300,    "ra" },
		{ '<', "PA", 6100, 1001, 500, 1,   NULL,  BAD_WINDOW, "ESTABLISHED", 0, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* A packet of the kernel's segmentation offload is longer than any on the wire. */
Test(tcp, counts_the_whole_of_a_large_packet)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "PA", 1101, 5001,  502, 65000, "t", OK,         "ESTABLISHED", 300,    "ra" },
		{ '<', "A",  5001, 66102, 509, 0,     "t", BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ '<', "A",  5001, 66101, 509, 0,     "t", OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* -- in fragments ------------------------------------------------------------ */

#define FRAGMENTED(flags, seq, ack, state, timeout, status) \
	{ '>', flags, seq, ack, 502, 1000, "t", OK, state, timeout, status }

/* What the first one cannot tell, the later ones do. */
Test(tcp, fragments_move_the_end_of_their_segment)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		FRAGMENTED("PA", 1101, 5001, "ESTABLISHED", 300, "ra"),
		{ '<', "A",  5001, 2102, 509, 0,    "t",  BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ '>', "+",  2101, 0,    0,   1480, NULL, OK,         "ESTABLISHED", 0,      "ra" },
		{ '>', "+",  3581, 0,    0,   20,   NULL, OK,         "ESTABLISHED", 0,      "ra" },
		{ '<', "A",  5001, 3602, 509, 0,    "t",  BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ '<', "A",  5001, 3601, 509, 0,    "t",  OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* The same segment again, or one that reaches further. */
Test(tcp, fragments_of_what_was_sent_before)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		FRAGMENTED("PA", 1101, 5001, "ESTABLISHED", 300, "ra"),
		{ '>', "+",  2101, 0,    0,   1000, NULL, OK,         "ESTABLISHED", 0,      "ra" },
		FRAGMENTED("PA", 1101, 5001, "ESTABLISHED", 300, "ra"),
		{ '>', "+",  2101, 0,    0,   1000, NULL, OK,         "ESTABLISHED", 0,      "ra" },
		{ '<', "A",  5001, 3102, 509, 0,    "t",  BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ '>', "+",  2101, 0,    0,   1001, NULL, OK,         "ESTABLISHED", 0,      "ra" },
		{ '<', "A",  5001, 3102, 509, 0,    "t",  OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, fragments_of_the_end)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		FRAGMENTED("FA", 1101, 5001, "FIN_WAIT", 120, "ra"),
		{ '>', "+",  2102, 0,    0,   500,  NULL, OK,         "FIN_WAIT",    0,      "ra" },
		{ '<', "A",  5001, 2603, 509, 0,    "t",  BAD_WINDOW, "FIN_WAIT",    0,      "ra" },
		{ '<', "A",  5001, 2602, 509, 0,    "t",  OK,         "CLOSE_WAIT",  60,     "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* A RST right behind it is one of those that close: rst_behind_data. */
Test(tcp, fragments_and_a_reset_behind_them)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		FRAGMENTED("A", 1101, 5001, "ESTABLISHED", 300, "ra"),
		{ '>', "+",  2101, 0,    0,   500,  NULL, OK,         "ESTABLISHED", 0,      "ra" },
		{ '>', "R",  2601, 0,    0,   0,    NULL, OK,         "CLOSE",       10,     "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

/* Nor does it matter that the last ones reach beyond what was granted: of a whole segment only
 * its beginning is looked at, and its end widens the window. */
Test(tcp, fragments_beyond_what_was_granted)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		FRAGMENTED("A", 66000, 5001, "ESTABLISHED", 300, "ra"),
		{ '>', "+",  67000, 0,     0,   500,  NULL, OK,       "ESTABLISHED", 0,      "ra" },
		{ '<', "A",  5001,  67500, 509, 0,    "t",  OK,       "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};
	static const struct tcp_row whole[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "A",  66000, 5001,  502, 1500, "t",  OK,       "ESTABLISHED", 300,    "ra" },
		{ '<', "A",  5001,  67500, 509, 0,    "t",  OK,       "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};
	struct play play, other;

	play_anywhere(rows);
	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	play_init(&other, IPPROTO_TCP);
	play_tcp_rows(&other, whole);
	cr_assert_arr_eq(play.state.bytes, other.state.bytes, sizeof(play.state.bytes));
}

/* The first one was ignored, so that nothing is believed of it. */
Test(tcp, fragments_of_a_segment_that_was_ignored)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "A", 60000,  4294906296, 502, 1000, "t",  IGNORED,    "ESTABLISHED", 0, "ra" },
		{ '>', "+", 61000,  0,          0,   500,  NULL, OK,         "ESTABLISHED", 0, "ra" },
		{ '<', "A", 5001,   61500,      509, 0,    "t",  BAD_WINDOW, "ESTABLISHED", 0, "ra" },
		{ 0 },
	};

	play_anywhere(rows);
}

Test(tcp, liberal_takes_everything)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '>', "PA", 2000000, 5001, 502, 10, "t", OK, "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "PA", 1101, 999999,  502, 10, "t", OK, "ESTABLISHED", DAYS_5, "ra" },
		/* but no RST below the expected number */
		{ '<', "R",  5000, 0,       0,   0, NULL, BAD_RST, "ESTABLISHED", 0, "ra" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	cr_assert_eq(track_config_set(&play.cfg, "tcp_be_liberal", 1), 0);
	play_tcp_rows_anywhere(&play, rows);
}

/* -- timeouts --------------------------------------------------------------- */

Test(tcp, retransmissions_shorten_the_timeout)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE,
		{ '>', "PA", 1001, 5001, 502, 100, "t", OK, "ESTABLISHED", 300,    "ra" },
		{ '>', "PA", 1001, 5001, 502, 100, "t", OK, "ESTABLISHED", 300,    "ra" },
		{ '>', "PA", 1001, 5001, 502, 100, "t", OK, "ESTABLISHED", 300,    "ra" },
		{ '>', "PA", 1001, 5001, 502, 100, "t", OK, "ESTABLISHED", 200,    "ra" },
		{ '<', "A",  5001, 1101, 509, 0,   "t", OK, "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	cr_assert_eq(track_config_set(&play.cfg, "tcp_timeout_max_retrans", 200), 0);
	play_tcp_rows_anywhere(&play, rows);
}

Test(tcp, a_closed_window_shortens_the_timeout)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE, EXCHANGE,
		{ '<', "A", 5001, 1101, 0,   0, "t", OK, "ESTABLISHED", 200,    "ra" },
		{ '<', "A", 5001, 1101, 509, 0, "t", OK, "ESTABLISHED", DAYS_5, "ra" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	cr_assert_eq(track_config_set(&play.cfg, "tcp_timeout_max_retrans", 200), 0);
	play_tcp_rows_anywhere(&play, rows);
}

/* The shorter timeout of data that waits is no state's but ESTABLISHED's. */
Test(tcp, a_short_timeout_of_unanswered_data)
{
	static const struct tcp_row rows[] = {
		{ '>', "S", 1000, 0,    64240, 0, "w7s", OK, "SYN_SENT", 120, "" },
		{ 0 },
	};
	static const struct tcp_row picked_up[] = {
		{ '>', "A", 1000, 5000, 100, 0, NULL, OK, "ESTABLISHED", 100, "" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	cr_assert_eq(track_config_set(&play.cfg, "tcp_timeout_unacknowledged", 100), 0);
	play_tcp_rows_anywhere(&play, rows);
	play_tcp_rows_anywhere(&play, picked_up);
}

/* The end of a connection, far from where the box believes both sides to be. */
#define SERVER_FIN { '<', "FA", 5001,   777777, 509, 0, "t",  BAD_WINDOW, "ESTABLISHED", 0, "ra" }
#define CLIENT_FIN { '>', "FA", 1101,   777777, 502, 0, "t",  BAD_WINDOW, "ESTABLISHED", 0, "ra" }
#define SERVER_RST { '<', "R",  205001, 0,      0,   0, NULL, BAD_WINDOW, "ESTABLISHED", 0, "ra" }
#define CLIENT_RST { '>', "R",  205001, 0,      0,   0, NULL, BAD_WINDOW, "ESTABLISHED", 0, "ra" }
#define CLIENT_ACK { '>', "A",  1101,   777777, 502, 0, "t",  BAD_WINDOW, "ESTABLISHED", 0, "ra" }

static struct play play_established(void)
{
	static const struct tcp_row rows[] = { HANDSHAKE, EXCHANGE, { 0 } };
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.timeout_s, DAYS_5);
	return play;
}

/* The kernel has carried the flow meanwhile. Each side's next segment counts, then its window. */
Test(tcp, goes_on_anywhere_when_it_is_resumed)
{
	static const struct tcp_row rows[] = {
		{ '<', "PA", 805001, 901101, 509, 100, "t", OK,         "ESTABLISHED", DAYS_5,   "ra" },
		{ '>', "A",  901101, 805101, 502, 0,   "t", OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "PA", 901101, 805101, 502, 100, "t", OK,         "ESTABLISHED", 300,    "ra" },
		{ '<', "A",  805101, 901201, 509, 0,   "t", OK,         "ESTABLISHED", DAYS_5, "ra" },
		{ '>', "A",  901201, 995101, 502, 0,   "t", BAD_WINDOW, "ESTABLISHED", 0,      "ra" },
		{ 0 },
	};
	struct play play = play_established();

	play.proto->resume(&play.state);
	play_tcp_rows(&play, rows);
}

/* FIN or RST of both sides, and neither fits: the flow leaves in minutes, not in days. */
Test(tcp, two_ends_that_do_not_fit_shorten_the_timeout)
{
	static const struct tcp_row ends[][3] = {
		{ SERVER_FIN, CLIENT_FIN, { 0 } }, { SERVER_FIN, CLIENT_RST, { 0 } },
		{ SERVER_RST, CLIENT_FIN, { 0 } }, { CLIENT_RST, SERVER_RST, { 0 } },
	};
	static const struct tcp_row harmless[][3] = {
		{ SERVER_FIN, SERVER_FIN, { 0 } }, { SERVER_RST, SERVER_FIN, { 0 } },
		{ SERVER_FIN, CLIENT_ACK, { 0 } }, { CLIENT_ACK, SERVER_RST, { 0 } },
	};
	struct play play;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(ends); i++) {
		play = play_established();
		play_tcp_rows(&play, ends[i]);
		cr_assert_eq(play.timeout_s, 300, "ends %zu", i);
		play = play_established();
		play_tcp_rows(&play, harmless[i]);
		cr_assert_eq(play.timeout_s, DAYS_5, "harmless %zu", i);
	}
}

Test(tcp, ends_that_do_not_fit_do_not_shorten_every_timeout)
{
	static const struct tcp_row ends[] = { SERVER_FIN, CLIENT_FIN, { 0 } };
	struct play soon = play_established(), fixed = play_established();

	soon.timeout_s = TRACK_SHRINK_FLOOR_S - 1;
	play_tcp_rows(&soon, ends);
	cr_assert_eq(soon.timeout_s, TRACK_SHRINK_FLOOR_S - 1);
	fixed.status |= TRACK_FIXED_TIMEOUT;
	play_tcp_rows(&fixed, ends);
	cr_assert_eq(fixed.timeout_s, DAYS_5);
}

/* A flow that is not assured leaves soon enough anyway. */
Test(tcp, ends_that_do_not_fit_in_a_flow_that_is_not_assured)
{
	static const struct tcp_row rows[] = {
		{ '>', "S",  1000,   0,    64240, 0, "w7s", OK,         "SYN_SENT", 120, "" },
		{ '<', "SA", 5000,   1001, 65160, 0, "w7s", OK,         "SYN_RECV", 60,  "r" },
		{ '<', "R",  205001, 0,    0,     0, NULL,  BAD_WINDOW, "SYN_RECV", 0,   "r" },
		{ '>', "R",  205001, 0,    0,     0, NULL,  BAD_WINDOW, "SYN_RECV", 0,   "r" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.res.shrink_timeout_s, 0);
}

/* clang-format on */

/* -- what tools see --------------------------------------------------------- */

Test(tcp, flags_of_the_sides_are_the_kernels)
{
	static const struct tcp_row rows[] = {
		HANDSHAKE,
		EXCHANGE,
		{ '>', "FA", 1101, 5001, 502, 0, "t", OK, "FIN_WAIT", 120, "ra" },
		{ 0 },
	};
	struct play play;

	play_init(&play, IPPROTO_TCP);
	play_tcp_rows(&play, rows);
	cr_assert_eq(play.state.tcp.side[0].flags, 0x01 | 0x02 | 0x04 | 0x10 | 0x20);
	cr_assert_eq(play.state.tcp.side[1].flags, 0x01 | 0x02 | 0x20);
	cr_assert_eq(play.state.tcp.side[0].scale, 7);
	cr_assert_eq(play.state.tcp.side[1].scale, 7);
}
