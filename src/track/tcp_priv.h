/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp_priv.h - what tcp.c (states) and tcp_window.c (sequence numbers) share
 */
#ifndef TRACK_TCP_PRIV_H
#define TRACK_TCP_PRIV_H

#include "track/track.h"

/* What a segment is to the state table. RST outweighs SYN, SYN outweighs FIN. */
enum tcp_kind { TCP_SYN, TCP_SYNACK, TCP_FIN, TCP_ACK, TCP_RST, TCP_NOFLAG, TCP_KINDS };

/* A segment, read once. */
struct tcp_segment {
	uint32_t seq, ack;
	uint32_t end;        /* seq behind its last byte; SYN and FIN count as one each */
	uint32_t sack;       /* highest right edge that it acknowledges, or ack */
	uint32_t sack_right; /* the same of its SACK blocks, if has_sack */
	uint16_t window;
	uint8_t dir; /* enum track_dir */
	uint8_t kind;
	uint8_t flags; /* PACKET_TCP_* */
	uint8_t scale;
	uint8_t options; /* TRACK_TCP_WINDOW_SCALE and TRACK_TCP_SACK_PERM, as offered */
	bool has_options;
	bool has_sack;
};

enum tcp_window {
	TCP_WINDOW_OK,      /* the sides' numbers are brought up to date */
	TCP_WINDOW_IGNORE,  /* old or too much: let it pass, believe nothing */
	TCP_WINDOW_INVALID, /* not of this connection */
};

static inline bool tcp_seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool tcp_seq_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/** Take what @seg offers in its options as @side's. Without any option: leave it. */
void tcp_side_take_options(struct track_tcp_side *side, const struct tcp_segment *seg);

/** Judge @segment by its numbers, and write them down if they are right. */
enum tcp_window tcp_window_check(struct track_tcp *tcp, const struct tcp_segment *segment,
                                 const struct track_config *cfg);

/**
 * A segment of @dir that was taken up to @from goes on to @to: a fragment. Where the sides'
 * numbers do not show that it was believed so far, they stay.
 */
void tcp_window_extend(struct track_tcp *tcp, enum track_dir dir, uint32_t from,
                       uint32_t to);

#endif
