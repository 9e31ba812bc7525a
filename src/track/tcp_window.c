/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp_window.c - is this segment one that its receiver would take?
 *
 * After Guido van Rooij, "Real stateful TCP packet filtering in IP Filter" (2000), with
 * the bounds that the kernel uses. A middle box knows neither side's window; it knows
 * what it saw, and keeps for each side:
 *
 *   td_end      the highest seq + length that it sent
 *   td_maxend   the highest ack + window that the other side granted it
 *   td_maxwin   the largest window that it advertised itself, at least 1
 *
 * A segment of a sender is judged by four bounds:
 *
 *     seq ──────────────── end
 *   B2 ▲ not below what       ▲ B1 its begin not above what the
 *      the receiver may       │    receiver granted:
 *      still want:            │    seq <= sender.td_maxend
 *      end >= sender.td_end - receiver.td_maxwin
 *
 *   B3  acknowledges only what was sent:   sack <= receiver.td_end
 *   B4  is not older than a window:        sack >= receiver.td_end - MAXACKWINDOW
 *
 * where sack is the highest right edge of its SACK blocks, or its ack. It is enough that
 * a segment touches the window, and the box may have seen more than the receiver did, so
 * B2 and B4 are only reasons to believe nothing (IGNORE), B1 and B3 are INVALID. All
 * arithmetic is modulo 2^32 (RFC 9293, 3.4).
 */
#include "track/tcp_priv.h"

/* The least B4 grants: an unscaled window (65535) and a segment more. */
#define MAXACKWINDOW_MIN 66000u

static uint32_t at_least_1(uint32_t window)
{
	return window ? window : 1;
}

static uint32_t max_ack_window(const struct track_tcp_side *sender)
{
	return sender->td_maxwin > MAXACKWINDOW_MIN ? sender->td_maxwin
	                                            : MAXACKWINDOW_MIN;
}

void tcp_side_take_options(struct track_tcp_side *side, const struct tcp_segment *seg)
{
	if (!seg->has_options)
		return;
	side->scale = seg->scale;
	side->flags = (side->flags & TRACK_TCP_BE_LIBERAL) | seg->options;
}

/* The first SYN or SYN/ACK of a side. */
static void begin_side(struct track_tcp_side *sender, struct track_tcp_side *receiver,
                       const struct tcp_segment *seg)
{
	sender->td_end = sender->td_maxend = seg->end;
	sender->td_maxwin = at_least_1(seg->window);
	tcp_side_take_options(sender, seg);
	/* RFC 7323, 2.2: windows are scaled only if both sides offered it */
	if (seg->dir == TRACK_REPLY &&
	    !(sender->flags & receiver->flags & TRACK_TCP_WINDOW_SCALE))
		sender->scale = receiver->scale = 0;
}

/* A side of which only the middle is seen: believe its first segment. */
static void pick_up_side(struct track_tcp_side *sender, struct track_tcp_side *receiver,
                         const struct tcp_segment *seg)
{
	sender->td_end = seg->end;
	sender->td_maxwin = at_least_1((uint32_t)seg->window << sender->scale);
	sender->td_maxend = seg->end + sender->td_maxwin;
	if (receiver->td_maxwin == 0) /* nothing of the other side yet: let B3, B4 hold */
		receiver->td_end = receiver->td_maxend = seg->sack;
	else if (seg->sack == receiver->td_end + 1) /* an answer to a keep-alive */
		receiver->td_end++;
}

/* Does @seg start its side, anew or for the first time? */
static bool begins_side(const struct track_tcp *tcp, const struct track_tcp_side *sender,
                        const struct tcp_segment *seg)
{
	if (!(seg->flags & PACKET_TCP_SYN))
		return false;
	if (sender->td_maxwin == 0)
		return true;
	/* a new attempt with a later number, which may differ in all its options */
	return tcp_seq_after(seg->end, sender->td_end) &&
	       (tcp->state == TRACK_TCP_SYN_SENT || tcp->state == TRACK_TCP_SYN_RECV);
}

/*
 * Numbers that hold nothing are replaced by ones that pass: the ack of a segment without
 * ACK, that of a RST/ACK by stacks that leave it zero, and the seq of a RST that answers
 * a SYN (RFC 9293, 3.5.2, group 1).
 */
static void mend_segment(struct tcp_segment *seg, const struct track_tcp *tcp,
                         const struct track_tcp_side *sender,
                         const struct track_tcp_side *receiver)
{
	bool rst = seg->flags & PACKET_TCP_RST;

	if (!(seg->flags & PACKET_TCP_ACK) || (rst && seg->ack == 0))
		seg->ack = seg->sack = receiver->td_end;
	if (rst && seg->seq == 0 && tcp->state == TRACK_TCP_SYN_SENT)
		seg->seq = seg->end = sender->td_end;
}

static bool meets_b2(const struct track_tcp_side *sender,
                     const struct track_tcp_side *receiver, const struct tcp_segment *seg)
{
	return tcp_seq_after(seg->end, sender->td_end - receiver->td_maxwin - 1);
}

static bool meets_b3(const struct track_tcp_side *receiver, const struct tcp_segment *seg)
{
	return tcp_seq_before(seg->sack, receiver->td_end + 1);
}

static bool meets_b4(const struct track_tcp_side *sender,
                     const struct track_tcp_side *receiver, const struct tcp_segment *seg)
{
	return tcp_seq_after(seg->sack, receiver->td_end - max_ack_window(sender) - 1);
}

/*
 * Beyond B1, but by no more than a window, and right in all else: some stacks send more
 * than was granted. Remember where it ends, for its acknowledgement would break B3.
 */
static bool overshoots(struct track_tcp_side *sender,
                       const struct track_tcp_side *receiver,
                       const struct tcp_segment *seg)
{
	uint32_t overshot = seg->end - sender->td_maxend + 1;

	if (!receiver->td_maxwin || overshot > receiver->td_maxwin ||
	    !meets_b2(sender, receiver, seg) || !meets_b3(receiver, seg) ||
	    !meets_b4(sender, receiver, seg))
		return false;
	sender->td_end = seg->end;
	sender->flags |= TRACK_TCP_UNACKED;
	return true;
}

static enum tcp_window judge(struct track_tcp_side *sender,
                             const struct track_tcp_side *receiver,
                             const struct tcp_segment *seg)
{
	if (!tcp_seq_before(seg->seq, sender->td_maxend + 1))
		return overshoots(sender, receiver, seg) ? TCP_WINDOW_IGNORE
		                                         : TCP_WINDOW_INVALID;
	if (!meets_b3(receiver, seg))
		return TCP_WINDOW_INVALID;
	if (receiver->td_maxwin && !meets_b2(sender, receiver, seg))
		return TCP_WINDOW_IGNORE;
	if (!meets_b4(sender, receiver, seg))
		return TCP_WINDOW_IGNORE;
	return TCP_WINDOW_OK;
}

static void update_sender(struct track_tcp_side *sender, const struct tcp_segment *seg,
                          uint32_t window)
{
	uint32_t reach = window + (seg->sack - seg->ack);

	if (sender->td_maxwin < reach)
		sender->td_maxwin = reach;
	if (tcp_seq_after(seg->end, sender->td_end)) {
		sender->td_end = seg->end;
		sender->flags |= TRACK_TCP_UNACKED;
	}
	if (!(seg->flags & PACKET_TCP_ACK))
		return;
	if (!(sender->flags & TRACK_TCP_MAXACK_SET) ||
	    tcp_seq_after(seg->ack, sender->td_maxack))
		sender->td_maxack = seg->ack;
	sender->flags |= TRACK_TCP_MAXACK_SET;
}

static void update_receiver(struct track_tcp_side *receiver,
                            const struct track_tcp_side *sender,
                            const struct tcp_segment *seg, uint32_t window)
{
	if (receiver->td_maxwin && tcp_seq_after(seg->end, sender->td_maxend))
		receiver->td_maxwin += seg->end - sender->td_maxend;
	if (tcp_seq_after(seg->sack + window, receiver->td_maxend - 1))
		receiver->td_maxend = seg->sack + at_least_1(window);
	if (seg->ack == receiver->td_end)
		receiver->flags &= ~TRACK_TCP_UNACKED;
}

/* A bare ACK that equals the one before is a sign of retransmission. */
static void count_retransmission(struct track_tcp *tcp, const struct tcp_segment *seg)
{
	if (tcp->last_dir == seg->dir && tcp->last_seq == seg->seq &&
	    tcp->last_ack == seg->ack && tcp->last_end == seg->end &&
	    tcp->last_window == seg->window) {
		tcp->retrans++;
		return;
	}
	tcp->last_dir = seg->dir;
	tcp->last_seq = seg->seq;
	tcp->last_ack = seg->ack;
	tcp->last_end = seg->end;
	tcp->last_window = seg->window;
	tcp->retrans = 0;
}

enum tcp_window tcp_window_check(struct track_tcp *tcp, const struct tcp_segment *segment,
                                 const struct track_config *cfg)
{
	struct track_tcp_side *sender = &tcp->side[segment->dir];
	struct track_tcp_side *receiver = &tcp->side[!segment->dir];
	struct tcp_segment seg = *segment;
	enum tcp_window verdict;
	uint32_t window;
	bool first = sender->td_maxwin == 0;

	seg.sack = seg.ack;
	if (seg.has_sack && receiver->flags & TRACK_TCP_SACK_PERM &&
	    tcp_seq_after(seg.sack_right, seg.ack))
		seg.sack = seg.sack_right;
	if (begins_side(tcp, sender, &seg)) {
		begin_side(sender, receiver, &seg);
		/* a SYN of simultaneous open: its peer has nothing to be compared with */
		if (!(seg.flags & PACKET_TCP_ACK) && (first || seg.dir == TRACK_REPLY))
			return TCP_WINDOW_OK;
	} else if (first) {
		pick_up_side(sender, receiver, &seg);
	}

	mend_segment(&seg, tcp, sender, receiver);
	verdict = judge(sender, receiver, &seg);
	if (verdict != TCP_WINDOW_OK)
		return cfg->tcp_be_liberal || sender->flags & TRACK_TCP_BE_LIBERAL
		               ? TCP_WINDOW_OK
		               : verdict;

	window = seg.window;
	if (!(seg.flags & PACKET_TCP_SYN)) /* that of a SYN is never scaled */
		window <<= sender->scale;
	update_sender(sender, &seg, window);
	update_receiver(receiver, sender, &seg, window);
	if (seg.kind == TCP_ACK)
		count_retransmission(tcp, &seg);
	return TCP_WINDOW_OK;
}

/*
 * The kernel judges a segment that it has put together; here its first fragment was judged, by
 * the bytes that it has, and its later ones move its end on: else the acknowledgement of the
 * whole would break B3.
 */
void tcp_window_extend(struct track_tcp *tcp, enum track_dir dir, uint32_t from,
                       uint32_t to)
{
	struct track_tcp_side *sender = &tcp->side[dir];
	struct track_tcp_side *receiver = &tcp->side[!dir];
	uint32_t beyond = sender->td_maxend;

	if (tcp->last_dir == dir && tcp->last_end == from)
		tcp->last_end = to;
	if (tcp_seq_after(from, sender->td_end) || !tcp_seq_after(to, sender->td_end))
		return;
	if (tcp_seq_after(from, beyond))
		beyond = from;
	if (receiver->td_maxwin && tcp_seq_after(to, beyond))
		receiver->td_maxwin += to - beyond;
	sender->td_end = to;
	sender->flags |= TRACK_TCP_UNACKED;
}
