/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * play.h - a flow without a table: tests play packets to it, row by row
 *
 * The player does what a flow's owner does with a result (track.h), so that the tables
 * of the tests say what an operator would see: state, status, timeout, and what became
 * of the packet.
 */
#ifndef TESTS_UNIT_TRACK_PLAY_H
#define TESTS_UNIT_TRACK_PLAY_H

#include "track/track.h"

struct play {
	struct track_config cfg;
	const struct track_proto *proto;
	union track_state state;
	uint32_t status; /* TRACK_* */
	uint64_t now_ms;
	uint32_t timeout_s; /* what the last packet set; it does not run down by itself */
	bool open;          /* there is a flow */
	bool confirmed;     /* confirm flows at once (the default) */
	uint32_t isn[2];    /* added to each side's numbers, but 0, of play_tcp_rows() */
	struct track_result res;
};

/* What became of a packet. A number above 127 is an INVALID reason. */
enum play_fate { OK, IGNORED, REOPENED, CLOSED };

/** A player with the default configuration and no flow. */
void play_init(struct play *play, uint8_t l4);

/** Give @p to the flow, or open one with it. */
enum play_fate play_packet(struct play *play, enum track_dir dir, const struct packet *p);

/** "SEEN_REPLY ASSURED" as "ra"; only these two are of interest. */
const char *play_status(const struct play *play);

/* One TCP segment, and what it should do. */
struct tcp_row {
	char dir;          /* '>' original, '<' reply */
	const char *flags; /* of "FSRPAUEC"; or "+": a later fragment, of a segment whose
	                    * bytes (SYN and FIN, too) were known up to @seq */
	uint32_t seq, ack;
	uint16_t window;
	uint32_t length;     /* of the payload */
	const char *options; /* "w7" scale 7, "s" SACK permitted, "k900" SACK up to 900,
	                      * "t" none of these */
	/* expected */
	int fate;          /* enum play_fate or an INVALID reason */
	const char *state; /* NULL: there is no flow */
	uint32_t timeout;  /* that the packet set; 0: none */
	const char *status;
};

/** A parsed packet of these TCP fields. @options may be NULL: a header of 20 bytes. */
struct packet tcp_packet(const char *flags, uint32_t seq, uint32_t ack, uint16_t window,
                         uint32_t length, const char *options);

/** Play @rows up to one without flags, and check each. */
void play_tcp_rows(struct play *play, const struct tcp_row *rows);

/**
 * Play @rows to new flows of @play's configuration, once with the numbers as they stand
 * and then where they pass 2^31 and 2^32.
 */
void play_tcp_rows_anywhere(const struct play *play, const struct tcp_row *rows);

#endif
