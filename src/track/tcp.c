/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp.c - the states of a TCP connection, as a middle box guesses them
 *
 * The box sees what passes, not what arrives. It follows a segment only if its receiver
 * would take it (tcp_window.c), and doubts itself otherwise: the connection may have
 * begun anew without it, so that a segment which does not fit may still be right. Such
 * segments are let pass and remembered ("ignored"); the answer tells who was right:
 *
 *   SYN ignored, then SYN/ACK of it   both sides are in step, the box is not: follow them
 *   SYN ignored, then RST of it       the connection lives no more: close
 *   SYN ignored, then an ACK          a challenge (RFC 5961, 4): nothing happened
 *   ACK ignored, then RST of it       a half-open connection: close
 *
 * A segment takes this way:
 *
 *   flags ──▶ next_state[][][] ──▶ judge_…() ──▶ tcp_window_check() ──▶ follow()
 *   INVALID    INVALID, ignored     both, reopen   both                  state, timeout,
 *                                   RST: skips the window, or is INVALID ASSURED, close
 */
#include <netinet/in.h> /* before the kernel's headers, which then leave its part out */
#include <linux/netfilter/nf_conntrack_tcp.h>

#include "track/tcp_priv.h"
#include "track/track_priv.h"

_Static_assert((int)TRACK_TCP_SYN_SENT2 == (int)TCP_CONNTRACK_SYN_SENT2 &&
                       (int)TRACK_TCP_CLOSE == (int)TCP_CONNTRACK_CLOSE,
               "states are on the wire");
_Static_assert(TRACK_TCP_WINDOW_SCALE == IP_CT_TCP_FLAG_WINDOW_SCALE &&
                       TRACK_TCP_SACK_PERM == IP_CT_TCP_FLAG_SACK_PERM &&
                       TRACK_TCP_CLOSE_INIT == IP_CT_TCP_FLAG_CLOSE_INIT &&
                       TRACK_TCP_BE_LIBERAL == IP_CT_TCP_FLAG_BE_LIBERAL &&
                       TRACK_TCP_UNACKED == IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED &&
                       TRACK_TCP_MAXACK_SET == IP_CT_TCP_FLAG_MAXACK_SET,
               "flags are on the wire");

static const char *const tcp_state_names[TRACK_TCP_STATES] = {
	"NONE",       "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
	"CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2",
};

/* -- the table -------------------------------------------------------------- */

enum {
	no = TRACK_TCP_NONE,
	ss = TRACK_TCP_SYN_SENT,
	sr = TRACK_TCP_SYN_RECV,
	es = TRACK_TCP_ESTABLISHED,
	fw = TRACK_TCP_FIN_WAIT,
	cw = TRACK_TCP_CLOSE_WAIT,
	la = TRACK_TCP_LAST_ACK,
	tw = TRACK_TCP_TIME_WAIT,
	cl = TRACK_TCP_CLOSE,
	s2 = TRACK_TCP_SYN_SENT2,
	NEXT_INVALID = TRACK_TCP_STATES,
	NEXT_IGNORE,
	xx = NEXT_INVALID,
	ig = NEXT_IGNORE,
};

/*
 * What becomes of a state. "Original" is who sent the first SYN, or who was seen first.
 *
 *   xx  INVALID: nobody sends this here
 *   ig  ignored: may be right if the box is out of step, see on top
 *
 * Worth a word:
 *   no, ACK                picked up in the middle (tcp_loose)
 *   ss, reply SYN          simultaneous open: s2, then sr by a SYN/ACK of either side
 *   sr, reply ACK          answers a SYN that was sent again; the handshake's end if the
 *                          open was simultaneous, see judge_ack_of_handshake()
 *   fw → cw, la → tw       named after what the box saw (ACK of a FIN, ACK of the other
 *                          FIN), not after what either side is in
 *   tw and cl, SYN         reopened, see judge_syn_when_closed(). The server may be the
 *                          one who calls back from TIME_WAIT
 */
/* clang-format off */
static const uint8_t next_state[TRACK_TCP_STATES][2][TCP_KINDS] = {
	/*         original                          reply                        */
	/*         SYN  S/A  FIN  ACK  RST  none     SYN  S/A  FIN  ACK  RST  none */
	[no] = { { ss,  xx,  xx,  es,  xx,  xx }, {  xx,  xx,  xx,  xx,  xx,  xx } },
	[ss] = { { ss,  xx,  xx,  xx,  cl,  xx }, {  s2,  sr,  xx,  ig,  cl,  xx } },
	[s2] = { { s2,  sr,  xx,  xx,  cl,  xx }, {  s2,  sr,  xx,  ig,  cl,  xx } },
	[sr] = { { ig,  sr,  fw,  es,  cl,  xx }, {  xx,  ig,  fw,  sr,  cl,  xx } },
	[es] = { { ig,  xx,  fw,  es,  cl,  xx }, {  xx,  ig,  fw,  es,  cl,  xx } },
	[fw] = { { ig,  xx,  la,  cw,  cl,  xx }, {  xx,  ig,  la,  cw,  cl,  xx } },
	[cw] = { { ig,  xx,  la,  cw,  cl,  xx }, {  xx,  ig,  la,  cw,  cl,  xx } },
	[la] = { { ig,  xx,  la,  tw,  cl,  xx }, {  xx,  ig,  la,  tw,  cl,  xx } },
	[tw] = { { ss,  xx,  tw,  tw,  cl,  xx }, {  ss,  ig,  tw,  tw,  cl,  xx } },
	[cl] = { { ss,  xx,  cl,  cl,  cl,  xx }, {  xx,  ig,  cl,  cl,  cl,  xx } },
};
/* clang-format on */

/* -- reading a segment ------------------------------------------------------ */

static enum tcp_kind segment_kind(uint8_t flags)
{
	if (flags & PACKET_TCP_RST)
		return TCP_RST;
	if (flags & PACKET_TCP_SYN)
		return flags & PACKET_TCP_ACK ? TCP_SYNACK : TCP_SYN;
	if (flags & PACKET_TCP_FIN)
		return TCP_FIN;
	return flags & PACKET_TCP_ACK ? TCP_ACK : TCP_NOFLAG;
}

#define TCP_HEADER_BYTES 20 /* without options */

static void segment_read(struct tcp_segment *seg, const struct packet *p,
                         enum track_dir dir)
{
	const struct packet_tcp *tcp = &p->l4.tcp;

	seg->seq = tcp->seq;
	seg->ack = seg->sack = tcp->ack;
	seg->end = tcp->seq + p->payload_length + !!(tcp->flags & PACKET_TCP_SYN) +
	           !!(tcp->flags & PACKET_TCP_FIN);
	seg->window = tcp->window;
	seg->dir = dir;
	seg->kind = segment_kind(tcp->flags);
	seg->flags = tcp->flags;
	seg->scale = tcp->has_scale ? tcp->scale : 0;
	seg->options = (tcp->has_scale ? TRACK_TCP_WINDOW_SCALE : 0) |
	               (tcp->sack_permitted ? TRACK_TCP_SACK_PERM : 0);
	seg->has_options = p->l4_length > p->payload_length + TCP_HEADER_BYTES;
	seg->has_sack = tcp->has_sack;
	seg->sack_right = tcp->sack_right;
}

/* -- one step --------------------------------------------------------------- */

/* A segment on its way through the machine. */
struct tcp_step {
	struct track_tcp *tcp;
	struct tcp_segment seg;
	const struct track_config *cfg;
	struct track_result *res;
	uint32_t status; /* the flow's bits before the segment */
	uint8_t old;     /* state before, as the machine sees it */
	uint8_t next;    /* state after, if nothing speaks against it */
};

enum tcp_judgement {
	JUDGED_FIT,       /* if its numbers are right */
	JUDGED_IN_WINDOW, /* do not look at its numbers */
	JUDGED_DONE,      /* the result is written, the state is not touched */
};

static enum tcp_judgement done_invalid(struct tcp_step *step, enum ctq_reason reason)
{
	step->res->invalid = reason;
	return JUDGED_DONE;
}

static enum tcp_judgement done_ignored(struct tcp_step *step)
{
	step->res->ignored = true;
	return JUDGED_DONE;
}

static bool is_closing(uint8_t state)
{
	return state == TRACK_TCP_FIN_WAIT || state == TRACK_TCP_CLOSE_WAIT ||
	       state == TRACK_TCP_LAST_ACK || state == TRACK_TCP_TIME_WAIT ||
	       state == TRACK_TCP_CLOSE;
}

/* The SYN that was ignored and this SYN/ACK belong together: begin where they are. */
static void resynchronise(struct tcp_step *step)
{
	struct track_tcp *tcp = step->tcp;
	struct track_tcp_side *client = &tcp->side[tcp->last_dir];
	struct track_tcp_side *server = &tcp->side[step->seg.dir];

	tcp->last_flags &= ~TRACK_TCP_CHALLENGE_ACK;
	client->td_end = client->td_maxend = tcp->last_end;
	client->td_maxwin = tcp->last_window ? tcp->last_window : 1;
	client->scale = tcp->last_scale;
	client->flags = tcp->last_flags;
	*server = (struct track_tcp_side){
		.flags = server->flags & TRACK_TCP_BE_LIBERAL,
	};
	step->old = TRACK_TCP_SYN_SENT;
	step->next = TRACK_TCP_SYN_RECV;
}

/* Note what a SYN offers that was ignored, for resynchronise(). */
static void remember_offer(struct tcp_step *step)
{
	struct track_tcp_side offer = { 0 };

	tcp_side_take_options(&offer, &step->seg);
	step->tcp->last_flags = offer.flags;
	step->tcp->last_scale = offer.scale;
	/* in LAST_ACK an ACK that answers this SYN looks like the last one */
	if (step->old == TRACK_TCP_LAST_ACK)
		step->tcp->last_flags |= TRACK_TCP_CHALLENGE_ACK;
}

static enum tcp_judgement judge_ignored(struct tcp_step *step)
{
	struct track_tcp *tcp = step->tcp;
	const struct tcp_segment *seg = &step->seg;

	if (seg->kind == TCP_SYNACK && tcp->last_index == TCP_SYN &&
	    tcp->last_dir != seg->dir && seg->ack == tcp->last_end) {
		resynchronise(step);
		return JUDGED_FIT;
	}
	tcp->last_index = seg->kind;
	tcp->last_dir = seg->dir;
	tcp->last_seq = seg->seq;
	tcp->last_end = seg->end;
	tcp->last_window = seg->window;
	if (seg->kind == TCP_SYN && seg->dir == TRACK_ORIGINAL)
		remember_offer(step);
	/* a challenge to our SYN: the RST that follows has this number */
	if (step->old == TRACK_TCP_SYN_SENT && seg->kind == TCP_ACK &&
	    seg->dir == TRACK_REPLY)
		tcp->last_ack = seg->ack;
	return done_ignored(step);
}

/*
 * SYN on a closed connection: another one begins (RFC 9293, 3.6.1), if the old one was
 * closed or reset by those who now speak. Otherwise it is one of those not to believe.
 */
static enum tcp_judgement judge_syn_when_closed(struct tcp_step *step)
{
	const struct track_tcp *tcp = step->tcp;

	if ((tcp->side[0].flags | tcp->side[1].flags) & TRACK_TCP_CLOSE_INIT ||
	    (tcp->last_dir == step->seg.dir && tcp->last_index == TCP_RST)) {
		step->res->reopen = true;
		return JUDGED_DONE;
	}
	return judge_ignored(step);
}

/* ACK in LAST_ACK: of the last FIN, or a challenge to a SYN that was ignored? */
static enum tcp_judgement judge_last_ack(struct tcp_step *step)
{
	struct track_tcp *tcp = step->tcp;

	if (step->old == TRACK_TCP_LAST_ACK && step->seg.kind == TCP_ACK &&
	    tcp->last_dir != step->seg.dir && tcp->last_index == TCP_SYN &&
	    tcp->last_flags & TRACK_TCP_CHALLENGE_ACK) {
		tcp->last_flags &= ~TRACK_TCP_CHALLENGE_ACK;
		return done_ignored(step);
	}
	return JUDGED_FIT;
}

static enum tcp_judgement judge_ack_of_handshake(struct tcp_step *step)
{
	if (step->seg.dir == TRACK_REPLY && step->seg.kind == TCP_ACK &&
	    step->tcp->last_flags & TRACK_TCP_SIMULTANEOUS)
		step->next = TRACK_TCP_ESTABLISHED;
	return JUDGED_FIT;
}

/*
 * RFC 5961, 3: a host takes a RST only at exactly the number that it expects next, the
 * other side's highest ack. A lower one is forged or late. A higher one within the window
 * is answered by a challenge, so that the connection lives on until the exact one comes.
 */
static enum tcp_judgement judge_rst_number(struct tcp_step *step)
{
	const struct track_tcp *tcp = step->tcp;
	const struct tcp_segment *seg = &step->seg;
	uint32_t expected = tcp->side[!seg->dir].td_maxack;
	bool established =
		step->old == TRACK_TCP_ESTABLISHED && step->status & TRACK_ASSURED;

	if (seg->seq == 0 && !established) /* of a SYN that was let pass */
		return JUDGED_FIT;
	if (tcp_seq_before(seg->seq, expected) && !step->cfg->tcp_ignore_invalid_rst)
		return done_invalid(step, CTQ_INVALID_TCP_RST);
	if (!established || seg->seq == expected)
		return JUDGED_FIT;
	/* right behind data that its receiver has not acknowledged yet */
	if (tcp->last_index == TCP_ACK && tcp->last_dir == seg->dir &&
	    seg->seq == tcp->last_end)
		return JUDGED_FIT;
	step->next = step->old;
	return JUDGED_FIT;
}

/* Does this RST answer a segment that was ignored? Its numbers fit only that one. */
static bool rst_answers_ignored(const struct tcp_step *step)
{
	const struct track_tcp *tcp = step->tcp;
	const struct tcp_segment *seg = &step->seg;
	bool replied = step->status & TRACK_SEEN_REPLY;
	bool assured = step->status & TRACK_ASSURED;

	if (((replied && tcp->last_index == TCP_SYN && tcp->last_dir != seg->dir) ||
	     (!assured && tcp->last_index == TCP_ACK)) &&
	    seg->ack == tcp->last_end)
		return true;
	return step->old == TRACK_TCP_SYN_SENT && tcp->last_index == TCP_ACK &&
	       tcp->last_dir == TRACK_REPLY && seg->seq == tcp->last_ack;
}

static enum tcp_judgement judge_rst(struct tcp_step *step)
{
	const struct track_tcp *tcp = step->tcp;
	bool checked = tcp->side[!step->seg.dir].flags & TRACK_TCP_MAXACK_SET &&
	               tcp->last_index != TCP_SYN;

	/* the hosts may use the ports anew already: the numbers are worth nothing */
	if (is_closing(step->old))
		return JUDGED_IN_WINDOW;
	if (checked)
		return judge_rst_number(step);
	return rst_answers_ignored(step) ? JUDGED_IN_WINDOW : JUDGED_FIT;
}

static enum tcp_judgement judge(struct tcp_step *step)
{
	switch (step->next) {
	case NEXT_INVALID: return done_invalid(step, CTQ_INVALID_TCP_STATE);
	case NEXT_IGNORE: return judge_ignored(step);
	case TRACK_TCP_SYN_SENT:
		return step->old == TRACK_TCP_TIME_WAIT || step->old == TRACK_TCP_CLOSE
		               ? judge_syn_when_closed(step)
		               : JUDGED_FIT;
	case TRACK_TCP_SYN_SENT2:
		step->tcp->last_flags |= TRACK_TCP_SIMULTANEOUS;
		return JUDGED_FIT;
	case TRACK_TCP_SYN_RECV: return judge_ack_of_handshake(step);
	case TRACK_TCP_TIME_WAIT: return judge_last_ack(step);
	case TRACK_TCP_CLOSE:
		return step->seg.kind == TCP_RST ? judge_rst(step) : JUDGED_FIT;
	default: return JUDGED_FIT;
	}
}

/*
 * FIN or RST whose numbers do not fit, and then one of the other side: most likely the
 * box is out of step and the connection is over. Do not hold it for days.
 */
static void suspect_end(struct tcp_step *step)
{
	struct track_tcp *tcp = step->tcp;
	uint8_t kind = step->seg.kind;

	if (!(step->status & TRACK_ASSURED) || (kind != TCP_RST && kind != TCP_FIN))
		return;
	if (tcp->last_dir != step->seg.dir &&
	    (tcp->last_index == TCP_FIN || tcp->last_index == TCP_RST)) {
		step->res->shrink_timeout_s = step->cfg->tcp_timeout[TRACK_TCP_UNACK];
		return;
	}
	tcp->last_index = kind;
	tcp->last_dir = step->seg.dir;
}

/* The state's timeout, or a shorter one when there are doubts that anybody listens. */
static uint32_t choose_timeout(const struct tcp_step *step)
{
	const struct track_tcp *tcp = step->tcp;
	const uint32_t *timeout = step->cfg->tcp_timeout;
	uint32_t chosen = timeout[step->next];
	bool unacked = (tcp->side[0].flags | tcp->side[1].flags) & TRACK_TCP_UNACKED;

	if (tcp->retrans >= step->cfg->tcp_max_retrans &&
	    chosen > timeout[TRACK_TCP_RETRANS])
		return timeout[TRACK_TCP_RETRANS];
	if (step->seg.kind == TCP_RST)
		return timeout[TRACK_TCP_CLOSE];
	if (unacked && chosen > timeout[TRACK_TCP_UNACK])
		return timeout[TRACK_TCP_UNACK];
	if (tcp->last_window == 0 && chosen > timeout[TRACK_TCP_RETRANS])
		return timeout[TRACK_TCP_RETRANS];
	return chosen;
}

/* The result for a flow that nobody has answered so far. */
static void follow_unreplied(struct tcp_step *step)
{
	uint32_t unack = step->cfg->tcp_timeout[TRACK_TCP_UNACK];

	if (step->seg.kind == TCP_RST) { /* refused: a common case, no use to wait */
		step->res->close = true;
		return;
	}
	if (step->seg.kind == TCP_SYN && step->old == TRACK_TCP_SYN_SENT) {
		/* sent again: must not keep the flow, and its NAT, alive for ever */
		step->res->timeout_s = 0;
		step->res->ignored = true;
		return;
	}
	/* picked up: no proof that it lives */
	if (step->next == TRACK_TCP_ESTABLISHED && step->res->timeout_s > unack)
		step->res->timeout_s = unack;
}

static void follow(struct tcp_step *step)
{
	struct track_tcp *tcp = step->tcp;

	tcp->last_index = step->seg.kind;
	tcp->last_dir = step->seg.dir;
	tcp->state = step->next;
	if (step->next == TRACK_TCP_FIN_WAIT && step->old != TRACK_TCP_FIN_WAIT)
		tcp->side[step->seg.dir].flags |= TRACK_TCP_CLOSE_INIT;

	step->res->changed = step->next != step->old;
	step->res->timeout_s = choose_timeout(step);
	if (!(step->status & TRACK_SEEN_REPLY))
		follow_unreplied(step);
	else if (step->next == TRACK_TCP_ESTABLISHED &&
	         (step->old == TRACK_TCP_SYN_RECV || step->old == TRACK_TCP_ESTABLISHED))
		step->res->set_status = TRACK_ASSURED & ~step->status;
}

static void tcp_step_run(struct tcp_step *step)
{
	step->old = step->tcp->state;
	step->next = next_state[step->old][step->seg.dir][step->seg.kind];

	switch (judge(step)) {
	case JUDGED_DONE: return;
	case JUDGED_IN_WINDOW: follow(step); return;
	case JUDGED_FIT: break;
	}
	switch (tcp_window_check(step->tcp, &step->seg, step->cfg)) {
	case TCP_WINDOW_OK: follow(step); break;
	case TCP_WINDOW_IGNORE: done_ignored(step); break;
	case TCP_WINDOW_INVALID:
		suspect_end(step);
		done_invalid(step, CTQ_INVALID_TCP_WINDOW);
		break;
	}
}

/* -- the machine ------------------------------------------------------------ */

/* The first segment of the first side. */
static void begin_flow(struct track_tcp *tcp, const struct tcp_segment *seg)
{
	struct track_tcp_side *side = &tcp->side[TRACK_ORIGINAL];

	tcp->last_index = TCP_NOFLAG;
	side->td_end = side->td_maxend = seg->end;
	side->td_maxwin = seg->window ? seg->window : 1;
	if (seg->kind == TCP_SYN) {
		tcp_side_take_options(side, seg);
		return;
	}
	/* In the middle: the scale of its windows is unknown, so
	 * judge nothing by them. */
	side->td_maxend += side->td_maxwin;
	tcp->side[0].flags = TRACK_TCP_SACK_PERM | TRACK_TCP_BE_LIBERAL;
	tcp->side[1].flags = TRACK_TCP_SACK_PERM | TRACK_TCP_BE_LIBERAL;
}

static enum ctq_reason judge_first(const struct tcp_segment *seg,
                                   const struct track_config *cfg)
{
	switch (next_state[TRACK_TCP_NONE][TRACK_ORIGINAL][seg->kind]) {
	case TRACK_TCP_SYN_SENT: return CTQ_REASON_NONE;
	case TRACK_TCP_ESTABLISHED:
		return cfg->tcp_loose ? CTQ_REASON_NONE : CTQ_INVALID_TCP_MIDSTREAM;
	default: return CTQ_INVALID_TCP_STATE;
	}
}

static void tcp_open(union track_state *state, const struct packet *p,
                     const struct track_config *cfg, uint64_t now_ms,
                     struct track_result *res)
{
	struct tcp_step step = { .tcp = &state->tcp, .cfg = cfg, .res = res };

	if (!packet_tcp_flags_valid(p->l4.tcp.flags)) {
		res->invalid = CTQ_INVALID_TCP_FLAGS;
		return;
	}
	segment_read(&step.seg, p, TRACK_ORIGINAL);
	res->invalid = judge_first(&step.seg, cfg);
	if (res->invalid)
		return;
	begin_flow(&state->tcp, &step.seg);
	tcp_step_run(&step);
}

static void tcp_packet(union track_state *state, const struct packet *p,
                       enum track_dir dir, uint32_t status,
                       const struct track_config *cfg, uint64_t now_ms,
                       struct track_result *res)
{
	struct tcp_step step = {
		.tcp = &state->tcp, .cfg = cfg, .res = res, .status = status
	};

	if (!packet_tcp_flags_valid(p->l4.tcp.flags)) {
		res->invalid = CTQ_INVALID_TCP_FLAGS;
		return;
	}
	segment_read(&step.seg, p, dir);
	tcp_step_run(&step);
}

static void tcp_fragment(union track_state *state, const struct packet *p,
                         enum track_dir dir)
{
	tcp_window_extend(&state->tcp, dir, p->l4.tcp.seq,
	                  p->l4.tcp.seq + p->fragment_length);
}

static unsigned int tcp_state_get(const union track_state *state)
{
	return state->tcp.state;
}

static void tcp_state_set(union track_state *state, unsigned int number)
{
	state->tcp.state = (uint8_t)number;
}

/* Both sides are taken up again where their next segments stand (pick_up_side()). */
static void tcp_resume(union track_state *state)
{
	struct track_tcp *tcp = &state->tcp;
	int dir;

	for (dir = 0; dir < 2; dir++) {
		tcp->side[dir].td_maxwin = 0;
		tcp->side[dir].flags &=
			(uint8_t) ~(TRACK_TCP_MAXACK_SET | TRACK_TCP_UNACKED);
	}
	tcp->retrans = 0;
	tcp->last_index = TCP_NOFLAG;
}

static bool tcp_is_closing(const union track_state *state)
{
	return is_closing(state->tcp.state);
}

const struct track_proto track_proto_tcp = {
	.name = "tcp",
	.l4 = IPPROTO_TCP,
	.state_size = sizeof(struct track_tcp),
	.states = tcp_state_names,
	.states_length = TRACK_TCP_STATES,
	.open = tcp_open,
	.packet = tcp_packet,
	.fragment = tcp_fragment,
	.state_get = tcp_state_get,
	.state_set = tcp_state_set,
	.resume = tcp_resume,
	.is_closing = tcp_is_closing,
};
