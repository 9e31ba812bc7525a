/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help.h - a helped flow without a table: tests play payloads to it, row by row
 */
#ifndef TESTS_UNIT_TRACK_HELP_H
#define TESTS_UNIT_TRACK_HELP_H

#include "track/helper.h"

struct help {
	const struct helper *helper;
	uint64_t state[HELPER_STATE_SIZE / sizeof(uint64_t)];
	struct helper_input in; /* status, loose and tuples may be changed */
	uint32_t next[2];       /* TCP: sequence number behind the last byte sent */
	struct helper_result res;
};

/* One packet of a helped flow, and what it should do. */
struct help_row {
	char dir;            /* '>' original, '<' reply */
	const char *payload; /* NULL: the end of the rows */
	const char *actions; /* help_actions() */
	int32_t skip;        /* TCP: the segment begins so far behind the last one's end;
	                      * negative: it is a retransmission */
	uint32_t cut;        /* so many bytes at its end were not copied */
};

/** A flow client > server of @helper; @l3: addresses 192.0.2.1 > 198.51.100.2, or
 * 2001:db8::1 > 2001:db8:1::2; ports 40000 and the helper's first. */
void help_init(struct help *h, const char *helper, uint8_t l3);

/** Give it one payload. */
void help_packet(struct help *h, enum track_dir dir, const void *payload, size_t length);

/** Its last result as text: "expect 198.51.100.2:* > 192.0.2.1:5001"; "flush 2"; "drop";
 * "; " between two. */
const char *help_actions(const struct help *h);

void help_play_rows(struct help *h, const struct help_row *rows);

/** Play @rows to new flows, where TCP's numbers begin at 0, and where they pass 2^31, 2^32. */
void help_play_rows_anywhere(const struct help *h, const struct help_row *rows);

#endif
