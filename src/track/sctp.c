/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sctp.c - SCTP associations (RFC 9260), chunk by chunk
 *
 * A packet is a bundle of chunks, each of which may change the state; DATA and SACK
 * never do. What proves that a packet is of the association is its verification tag: the
 * number that its receiver chose in its INIT or INIT ACK (8.5). The machine learns the
 * tags from the handshake, or from the first HEARTBEAT where a path is used that had no
 * handshake (multi-homing).
 *
 *   original ──▶  INIT      COOKIE ECHO              SHUTDOWN           SHUTDOWN COMPLETE
 *   reply    ◀──     INIT ACK         COOKIE ACK          SHUTDOWN ACK
 *   state       CLOSED  COOKIE_WAIT  ESTABLISHED   SHUTDOWN_SENT │        CLOSED
 *                       COOKIE_ECHOED                    SHUTDOWN_ACK_SENT
 *
 * The states are those of the connection as seen in the middle, not of an end: it stays
 * CLOSED until the INIT is answered. packet_parse() has refused bundles that nobody
 * sends. Chunks behind the captured bytes count as not there.
 */
#include <netinet/in.h> /* before the kernel's headers, which then leave its part out */
#include <linux/netfilter/nf_conntrack_sctp.h>

#include "track/track_priv.h"

_Static_assert((int)TRACK_SCTP_HEARTBEAT_SENT == (int)SCTP_CONNTRACK_HEARTBEAT_SENT,
               "states are on the wire");

static const char *const sctp_state_names[TRACK_SCTP_STATES] = {
	"NONE",           "CLOSED",        "COOKIE_WAIT",   "COOKIE_ECHOED",
	"ESTABLISHED",    "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT",
	"HEARTBEAT_SENT",
};

/* Chunk types (RFC 9260, 3.2), those that we know. */
enum {
	CHUNK_DATA,
	CHUNK_INIT,
	CHUNK_INIT_ACK,
	CHUNK_SACK,
	CHUNK_HEARTBEAT,
	CHUNK_HEARTBEAT_ACK,
	CHUNK_ABORT,
	CHUNK_SHUTDOWN,
	CHUNK_SHUTDOWN_ACK,
	CHUNK_ERROR,
	CHUNK_COOKIE_ECHO,
	CHUNK_COOKIE_ACK,
	CHUNK_ECNE,
	CHUNK_CWR,
	CHUNK_SHUTDOWN_COMPLETE,
	CHUNK_TYPES,
};

#define CHUNK_BIT(type) (1u << (type))
#define CHUNK_FLAG_T    0x01 /* ABORT, SHUTDOWN COMPLETE: the tag is reflected */
#define INIT_BYTES      20   /* of INIT and INIT ACK, without their parameters */

/* A HEARTBEAT with a wrong tag was seen: the answer may carry a new one. */
#define FLAG_HEARTBEAT_FAILED 1

/* -- the table -------------------------------------------------------------- */

enum {
	cl = TRACK_SCTP_CLOSED,
	cw = TRACK_SCTP_COOKIE_WAIT,
	ce = TRACK_SCTP_COOKIE_ECHOED,
	es = TRACK_SCTP_ESTABLISHED,
	ss = TRACK_SCTP_SHUTDOWN_SENT,
	sr = TRACK_SCTP_SHUTDOWN_RECD,
	sa = TRACK_SCTP_SHUTDOWN_ACK_SENT,
	hs = TRACK_SCTP_HEARTBEAT_SENT,
	NEXT_INVALID = TRACK_SCTP_STATES,
	NEXT_SAME,
	xx = NEXT_INVALID,
	oo = NEXT_SAME,
};

/*
 * What becomes of a state; oo: it stays, xx: INVALID. Rows for the original and the reply
 * direction, columns by chunk type. Where the two rows differ, the direction tells who
 * closes (es), who asked (cl, ce) or whose path is probed (hs).
 */
/* clang-format off */
static const uint8_t next_state[TRACK_SCTP_STATES][2][CHUNK_TYPES] = {
	/*   DATA   INIT   SACK   HEARTB  ABORT  SHUTDOWN  ERROR  COOKIE  ECNE  SHUTDOWN
	 *          INIT_ACK      |   ACK        |   ACK          |  ACK     CWR  COMPLETE */
	[TRACK_SCTP_NONE] = {
		{ oo,  cl, cl,  oo,  hs, cl,  cl,  cl, sa,  cl,  cl, cl,  oo, oo,  cl },
		{ xx,  xx, xx,  xx,  xx, xx,  xx,  xx, xx,  xx,  xx, xx,  xx, xx,  xx },
	},
	[TRACK_SCTP_CLOSED] = {
		{ oo,  oo, oo,  oo,  oo, oo,  oo,  oo, oo,  oo,  oo, oo,  oo, oo,  oo },
		{ oo,  oo, cw,  oo,  oo, oo,  oo,  oo, oo,  oo,  oo, oo,  oo, oo,  oo },
	},
	[TRACK_SCTP_COOKIE_WAIT] = {
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  oo, oo,  oo,  ce, oo,  oo, oo,  oo },
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  oo, oo,  oo,  ce, oo,  oo, oo,  oo },
	},
	[TRACK_SCTP_COOKIE_ECHOED] = {
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  oo, oo,  oo,  oo, es,  oo, oo,  oo },
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  oo, oo,  cl,  oo, es,  oo, oo,  oo },
	},
	[TRACK_SCTP_ESTABLISHED] = {
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  ss, oo,  oo,  oo, oo,  oo, oo,  oo },
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  sr, oo,  oo,  oo, oo,  oo, oo,  oo },
	},
	[TRACK_SCTP_SHUTDOWN_SENT] = {
		{ oo,  cl, oo,  oo,  oo, oo,  cl,  oo, sa,  oo,  oo, oo,  oo, oo,  oo },
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  oo, sa,  oo,  oo, oo,  oo, oo,  oo },
	},
	[TRACK_SCTP_SHUTDOWN_RECD] = {
		{ oo,  cl, oo,  oo,  oo, oo,  cl,  oo, sa,  oo,  oo, oo,  oo, oo,  oo },
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  oo, sa,  oo,  oo, oo,  oo, oo,  oo },
	},
	[TRACK_SCTP_SHUTDOWN_ACK_SENT] = {
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  oo, oo,  oo,  oo, oo,  oo, oo,  cl },
		{ oo,  oo, oo,  oo,  oo, oo,  cl,  oo, oo,  oo,  oo, oo,  oo, oo,  cl },
	},
	[TRACK_SCTP_HEARTBEAT_SENT] = {
		{ oo,  cw, cl,  oo,  oo, oo,  cl,  cl, sa,  cl,  cl, cl,  oo, oo,  cl },
		{ oo,  xx, xx,  oo,  oo, es,  xx,  xx, xx,  xx,  xx, xx,  oo, oo,  xx },
	},
};
/* clang-format on */

static uint8_t state_after(uint8_t state, enum track_dir dir, uint8_t type)
{
	uint8_t next;

	if (type >= CHUNK_TYPES)
		return state;
	next = next_state[state][dir][type];
	return next == NEXT_SAME ? state : next;
}

/* -- a packet on its way through the machine -------------------------------- */

struct sctp_step {
	struct track_sctp *sctp;
	const struct packet *p;
	struct packet_sctp_chunk chunk; /* the one it is at */
	uint32_t at, next;              /* offsets of that one and of the next */
	enum track_dir dir;
	uint32_t status;
	bool ignore; /* let it pass, but refresh nothing */
};

static void step_begin(struct sctp_step *step)
{
	step->next = step->p->l4.sctp.offset;
}

static bool step_next(struct sctp_step *step)
{
	step->at = step->next;
	return packet_sctp_chunk_next(step->p, &step->next, &step->chunk);
}

static bool step_has(const struct sctp_step *step, uint32_t chunks)
{
	return step->p->l4.sctp.chunks & chunks;
}

static uint32_t step_tag(const struct sctp_step *step)
{
	return step->p->l4.sctp.vtag;
}

/* Is the INIT or INIT ACK that it is at there with all its fields? */
static bool step_init_is_whole(const struct sctp_step *step)
{
	return step->p->captured >= step->at + INIT_BYTES &&
	       step->p->l4_offset + step->p->l4_length >= step->at + INIT_BYTES;
}

/* -- tags ------------------------------------------------------------------- */

/* Packets with one of these follow rules of their own (RFC 9260, 8.5.1). */
#define TAG_EXCEPTIONS                                                \
	(CHUNK_BIT(CHUNK_INIT) | CHUNK_BIT(CHUNK_SHUTDOWN_COMPLETE) | \
	 CHUNK_BIT(CHUNK_COOKIE_ECHO) | CHUNK_BIT(CHUNK_ABORT) |      \
	 CHUNK_BIT(CHUNK_SHUTDOWN_ACK) | CHUNK_BIT(CHUNK_HEARTBEAT) | \
	 CHUNK_BIT(CHUNK_HEARTBEAT_ACK))

enum tag_verdict { TAG_FITS, TAG_WRONG, TAG_DOUBTFUL };

/*
 * A path without handshake takes its tags from the first HEARTBEAT and its answer. A
 * different one may mean that the association was renewed elsewhere: the wrong HEARTBEAT
 * is noted, and if the other side answers it with a tag unknown too, both are learned.
 */
static enum tag_verdict check_heartbeat(struct sctp_step *step, bool answer)
{
	struct track_sctp *sctp = step->sctp;
	uint32_t tag = step_tag(step);

	if (sctp->vtag[step->dir] == 0) {
		sctp->vtag[step->dir] = tag;
		return TAG_FITS;
	}
	if (sctp->vtag[step->dir] == tag) {
		sctp->flags &= ~FLAG_HEARTBEAT_FAILED;
		return TAG_FITS;
	}
	if (step_has(step, CHUNK_BIT(CHUNK_DATA)) || step->ignore)
		return TAG_WRONG;
	if (!answer) {
		sctp->flags |= FLAG_HEARTBEAT_FAILED;
		sctp->last_dir = step->dir;
		return TAG_DOUBTFUL;
	}
	if (!(sctp->flags & FLAG_HEARTBEAT_FAILED) || sctp->last_dir == step->dir)
		return TAG_WRONG;
	sctp->flags &= ~FLAG_HEARTBEAT_FAILED;
	sctp->vtag[step->dir] = tag;
	sctp->vtag[!step->dir] = 0;
	return TAG_FITS;
}

static enum tag_verdict check_tag(struct sctp_step *step)
{
	const struct track_sctp *sctp = step->sctp;
	bool reflected = step->chunk.flags & CHUNK_FLAG_T;
	uint32_t expected;

	switch (step->chunk.type) {
	case CHUNK_INIT: expected = 0; break;
	case CHUNK_ABORT:
	case CHUNK_SHUTDOWN_COMPLETE:
		expected = sctp->vtag[reflected ? !step->dir : step->dir];
		break;
	case CHUNK_COOKIE_ECHO: expected = sctp->vtag[step->dir]; break;
	case CHUNK_HEARTBEAT: return check_heartbeat(step, false);
	case CHUNK_HEARTBEAT_ACK: return check_heartbeat(step, true);
	default: return TAG_FITS;
	}
	return step_tag(step) == expected ? TAG_FITS : TAG_WRONG;
}

/* -- one chunk -------------------------------------------------------------- */

/* An INIT: its tag is the one that the other side must use from now on. */
static void learn_init(struct sctp_step *step, uint8_t old, uint8_t next)
{
	struct track_sctp *sctp = step->sctp;
	uint32_t tag = step->chunk.init_tag;

	/* one that is stale or sent again begins no handshake */
	if (old == TRACK_SCTP_NONE || sctp->vtag[!step->dir] != tag) {
		if (sctp->init[step->dir])
			sctp->init[!step->dir] = 0;
		sctp->init[step->dir] = 1;
	}
	sctp->vtag[!step->dir] = tag;
	/* nor must it keep the flow, and its NAT, alive for ever */
	if (next == TRACK_SCTP_CLOSED && old == TRACK_SCTP_CLOSED &&
	    step->status & TRACK_CONFIRMED)
		step->ignore = true;
}

/*
 * An INIT ACK. One that is late must not replace the tags of a handshake that was
 * finished meanwhile, nor, when both sides sent INIT, those that were agreed on.
 */
static bool learn_init_ack(struct sctp_step *step)
{
	struct track_sctp *sctp = step->sctp;
	uint32_t known = sctp->vtag[!step->dir];
	bool differs = known != step->chunk.init_tag;

	if (differs && known && !sctp->init[!step->dir])
		return false;
	if (differs && sctp->init[0] && sctp->init[1])
		return false;
	sctp->vtag[!step->dir] = step->chunk.init_tag;
	return true;
}

static enum ctq_reason learn(struct sctp_step *step, uint8_t old, uint8_t next)
{
	uint8_t type = step->chunk.type;

	if (type != CHUNK_INIT && type != CHUNK_INIT_ACK)
		return CTQ_REASON_NONE;
	if (!step_init_is_whole(step))
		return CTQ_INVALID_SCTP_CHUNK;
	if (type == CHUNK_INIT)
		learn_init(step, old, next);
	else if (!learn_init_ack(step))
		return CTQ_INVALID_SCTP_VTAG;
	return CTQ_REASON_NONE;
}

static enum ctq_reason follow_chunk(struct sctp_step *step, struct track_result *res)
{
	struct track_sctp *sctp = step->sctp;
	uint8_t old = sctp->state;
	uint8_t next = state_after(old, step->dir, step->chunk.type);
	enum ctq_reason reason;

	switch (check_tag(step)) {
	case TAG_FITS: break;
	case TAG_WRONG: return CTQ_INVALID_SCTP_VTAG;
	case TAG_DOUBTFUL: step->ignore = true; return CTQ_REASON_NONE;
	}
	if (step->chunk.type == CHUNK_COOKIE_ACK) /* the handshake is finished */
		sctp->init[0] = sctp->init[1] = 0;
	if (next == NEXT_INVALID)
		return CTQ_INVALID_SCTP_STATE;
	reason = learn(step, old, next);
	if (reason || next == old)
		return reason;
	sctp->state = next;
	res->changed = true;
	if (next == TRACK_SCTP_ESTABLISHED)
		res->set_status |= TRACK_ASSURED & ~step->status;
	return CTQ_REASON_NONE;
}

/*
 * Follow all chunks or none: what an INVALID packet says before its bad chunk is not
 * heard by its receiver either. (The kernel follows the chunks until the bad one.)
 */
static void follow_chunks(struct sctp_step *step, const struct track_config *cfg,
                          struct track_result *res)
{
	struct track_sctp *sctp = step->sctp, next = *sctp;

	if (!step_has(step, TAG_EXCEPTIONS) && step_tag(step) != sctp->vtag[step->dir]) {
		res->invalid = CTQ_INVALID_SCTP_VTAG;
		return;
	}
	step->sctp = &next;
	step_begin(step);
	while (step_next(step)) {
		res->invalid = follow_chunk(step, res);
		if (res->invalid)
			return;
	}
	*sctp = next;
	res->ignored = step->ignore;
	if (!step->ignore)
		res->timeout_s = cfg->sctp_timeout[next.state];
}

/* -- the machine ------------------------------------------------------------ */

/* The tags that the first packet implies. */
static enum ctq_reason begin_chunk(struct sctp_step *step)
{
	struct track_sctp *sctp = step->sctp;

	if (state_after(TRACK_SCTP_NONE, TRACK_ORIGINAL, step->chunk.type) ==
	    TRACK_SCTP_NONE)
		return CTQ_INVALID_SCTP_STATE;
	switch (step->chunk.type) {
	case CHUNK_INIT:
		if (step_tag(step) != 0)
			return CTQ_INVALID_SCTP_VTAG;
		if (!step_init_is_whole(step))
			return CTQ_INVALID_SCTP_CHUNK;
		sctp->vtag[TRACK_REPLY] = step->chunk.init_tag;
		break;
	case CHUNK_HEARTBEAT: sctp->vtag[TRACK_ORIGINAL] = step_tag(step); break;
	/* it is answered by a SHUTDOWN COMPLETE that reflects the tag */
	case CHUNK_SHUTDOWN_ACK: sctp->vtag[TRACK_REPLY] = step_tag(step); break;
	default: break;
	}
	return CTQ_REASON_NONE;
}

static enum ctq_reason begin_flow(struct sctp_step *step)
{
	const uint32_t strays = CHUNK_BIT(CHUNK_ABORT) | CHUNK_BIT(CHUNK_COOKIE_ACK) |
	                        CHUNK_BIT(CHUNK_SHUTDOWN_COMPLETE);
	enum ctq_reason reason;

	if (step_has(step, strays)) /* out of the blue (8.4): nothing follows */
		return CTQ_INVALID_SCTP_STATE;
	step_begin(step);
	while (step_next(step)) {
		reason = begin_chunk(step);
		if (reason)
			return reason;
	}
	return CTQ_REASON_NONE;
}

static void sctp_open(union track_state *state, const struct packet *p,
                      const struct track_config *cfg, uint64_t now_ms,
                      struct track_result *res)
{
	struct sctp_step step = { .sctp = &state->sctp, .p = p, .dir = TRACK_ORIGINAL };

	res->invalid = begin_flow(&step);
	if (!res->invalid)
		follow_chunks(&step, cfg, res);
}

static void sctp_packet(union track_state *state, const struct packet *p,
                        enum track_dir dir, uint32_t status,
                        const struct track_config *cfg, uint64_t now_ms,
                        struct track_result *res)
{
	struct sctp_step step = {
		.sctp = &state->sctp, .p = p, .dir = dir, .status = status
	};

	follow_chunks(&step, cfg, res);
}

static unsigned int sctp_state_get(const union track_state *state)
{
	return state->sctp.state;
}

static void sctp_state_set(union track_state *state, unsigned int number)
{
	state->sctp.state = (uint8_t)number;
}

static bool sctp_is_closing(const union track_state *state)
{
	return state->sctp.state == TRACK_SCTP_SHUTDOWN_SENT ||
	       state->sctp.state == TRACK_SCTP_SHUTDOWN_RECD ||
	       state->sctp.state == TRACK_SCTP_SHUTDOWN_ACK_SENT;
}

const struct track_proto track_proto_sctp = {
	.name = "sctp",
	.l4 = IPPROTO_SCTP,
	.state_size = sizeof(struct track_sctp),
	.states = sctp_state_names,
	.states_length = TRACK_SCTP_STATES,
	.open = sctp_open,
	.packet = sctp_packet,
	.state_get = sctp_state_get,
	.state_set = sctp_state_set,
	.is_closing = sctp_is_closing,
};
