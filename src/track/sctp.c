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
 * CLOSED until the INIT is answered. Only the captured part of the packet is read; chunks
 * behind it count as not there.
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

#define CHUNK_BIT(type)     (1u << (type))
#define CHUNK_HEADER_BYTES  4
#define CHUNK_FLAG_T        0x01 /* ABORT, SHUTDOWN COMPLETE: the tag is reflected */
#define COMMON_HEADER_BYTES 12   /* ports, verification tag, checksum */
#define INIT_HEADER_BYTES   16   /* of INIT and INIT ACK, behind the chunk header */

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

/* -- reading ---------------------------------------------------------------- */

struct sctp_chunk {
	uint8_t type, flags;
	uint16_t size;     /* as in its header */
	uint32_t init_tag; /* of INIT and INIT ACK, if has_init_tag */
	bool has_init_tag;
};

/* Where the chunks of a packet lie: a bounded cursor. */
struct sctp_cursor {
	const uint8_t *data;
	uint32_t at, end;
};

static uint32_t read_be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static struct sctp_cursor chunks_of(const struct packet *p)
{
	struct sctp_cursor c = {
		.data = p->data,
		.at = p->l4_offset + COMMON_HEADER_BYTES,
		.end = p->l4_offset + p->l4_length,
	};

	if (c.end > p->captured)
		c.end = p->captured;
	return c;
}

/* The chunk at the cursor, which moves behind it and its padding. False: no more. */
static bool chunk_next(struct sctp_cursor *c, struct sctp_chunk *chunk)
{
	const uint8_t *b;

	if (c->at >= c->end || c->end - c->at < CHUNK_HEADER_BYTES)
		return false;
	b = c->data + c->at;
	chunk->type = b[0];
	chunk->flags = b[1];
	chunk->size = (uint16_t)(b[2] << 8 | b[3]);
	chunk->has_init_tag =
		(chunk->type == CHUNK_INIT || chunk->type == CHUNK_INIT_ACK) &&
		c->end - c->at >= CHUNK_HEADER_BYTES + INIT_HEADER_BYTES;
	chunk->init_tag = chunk->has_init_tag ? read_be32(b + CHUNK_HEADER_BYTES) : 0;
	c->at += (chunk->size + 3u) & ~3u;
	return true;
}

/*
 * Which chunks are there, as a set? Returns false for a bundle that nobody sends: empty,
 * a chunk without length, one that must be alone (INIT, INIT ACK, SHUTDOWN COMPLETE: 4.)
 * in company, or a COOKIE that is not the first.
 */
static bool chunks_collect(const struct packet *p, uint32_t *seen)
{
	const uint32_t alone = CHUNK_BIT(CHUNK_INIT) | CHUNK_BIT(CHUNK_INIT_ACK) |
	                       CHUNK_BIT(CHUNK_SHUTDOWN_COMPLETE);
	const uint32_t first = CHUNK_BIT(CHUNK_COOKIE_ECHO) | CHUNK_BIT(CHUNK_COOKIE_ACK);
	struct sctp_cursor c = chunks_of(p);
	struct sctp_chunk chunk;
	unsigned int count = 0;
	uint32_t bit;

	*seen = 0;
	for (; chunk_next(&c, &chunk); count++) {
		bit = chunk.type < CHUNK_TYPES ? CHUNK_BIT(chunk.type) : 0;
		*seen |= bit;
		if (chunk.size == 0)
			return false;
		if (count > 0 && (*seen & alone || bit & first))
			return false;
	}
	return count > 0;
}

/* -- tags ------------------------------------------------------------------- */

/* Packets with one of these follow rules of their own (RFC 9260, 8.5.1). */
#define TAG_EXCEPTIONS                                                \
	(CHUNK_BIT(CHUNK_INIT) | CHUNK_BIT(CHUNK_SHUTDOWN_COMPLETE) | \
	 CHUNK_BIT(CHUNK_COOKIE_ECHO) | CHUNK_BIT(CHUNK_ABORT) |      \
	 CHUNK_BIT(CHUNK_SHUTDOWN_ACK) | CHUNK_BIT(CHUNK_HEARTBEAT) | \
	 CHUNK_BIT(CHUNK_HEARTBEAT_ACK))

enum tag_verdict { TAG_FITS, TAG_WRONG, TAG_DOUBTFUL };

/* A packet on its way through the machine. */
struct sctp_step {
	struct track_sctp *sctp;
	const struct packet *p;
	uint32_t vtag; /* of the packet */
	uint32_t seen; /* its chunks, as a set */
	enum track_dir dir;
	uint32_t status;
	bool ignore; /* let it pass, but refresh nothing */
};

/*
 * A path without handshake takes its tags from the first HEARTBEAT and its answer. A
 * different one may mean that the association was renewed elsewhere: the wrong HEARTBEAT
 * is noted, and if the other side answers it with a tag unknown too, both are learned.
 */
static enum tag_verdict check_heartbeat(struct sctp_step *step, bool answer)
{
	struct track_sctp *sctp = step->sctp;

	if (sctp->vtag[step->dir] == 0) {
		sctp->vtag[step->dir] = step->vtag;
		return TAG_FITS;
	}
	if (step->vtag == sctp->vtag[step->dir]) {
		sctp->flags &= ~FLAG_HEARTBEAT_FAILED;
		return TAG_FITS;
	}
	if (step->seen & CHUNK_BIT(CHUNK_DATA) || step->ignore)
		return TAG_WRONG;
	if (!answer) {
		sctp->flags |= FLAG_HEARTBEAT_FAILED;
		sctp->last_dir = step->dir;
		return TAG_DOUBTFUL;
	}
	if (!(sctp->flags & FLAG_HEARTBEAT_FAILED) || sctp->last_dir == step->dir)
		return TAG_WRONG;
	sctp->flags &= ~FLAG_HEARTBEAT_FAILED;
	sctp->vtag[step->dir] = step->vtag;
	sctp->vtag[!step->dir] = 0;
	return TAG_FITS;
}

static enum tag_verdict check_tag(struct sctp_step *step, const struct sctp_chunk *chunk)
{
	struct track_sctp *sctp = step->sctp;
	bool reflected = chunk->flags & CHUNK_FLAG_T;
	uint32_t expected = sctp->vtag[step->dir];

	switch (chunk->type) {
	case CHUNK_INIT: expected = 0; break;
	case CHUNK_ABORT:
	case CHUNK_SHUTDOWN_COMPLETE:
		expected = sctp->vtag[reflected ? !step->dir : step->dir];
		break;
	case CHUNK_COOKIE_ECHO: break;
	case CHUNK_HEARTBEAT: return check_heartbeat(step, false);
	case CHUNK_HEARTBEAT_ACK: return check_heartbeat(step, true);
	default: return TAG_FITS;
	}
	return step->vtag == expected ? TAG_FITS : TAG_WRONG;
}

/* -- one chunk -------------------------------------------------------------- */

/* @chunk is an INIT. Its tag is the one that the other side must use from now on. */
static void learn_init(struct sctp_step *step, const struct sctp_chunk *chunk,
                       uint8_t old, uint8_t next)
{
	struct track_sctp *sctp = step->sctp;
	bool repeated =
		old != TRACK_SCTP_NONE && sctp->vtag[!step->dir] == chunk->init_tag;

	if (!repeated) { /* a stale or repeated one begins no handshake */
		if (sctp->init[step->dir])
			sctp->init[!step->dir] = 0;
		sctp->init[step->dir] = 1;
	}
	sctp->vtag[!step->dir] = chunk->init_tag;
	/* sent again: must not keep the flow, and its NAT, alive for ever */
	if (next == TRACK_SCTP_CLOSED && old == TRACK_SCTP_CLOSED &&
	    step->status & TRACK_CONFIRMED)
		step->ignore = true;
}

/*
 * @chunk is an INIT ACK. One that is late must not replace the tags of a handshake that
 * was finished meanwhile, nor, when both sides sent INIT, those that were agreed on.
 */
static bool learn_init_ack(struct sctp_step *step, const struct sctp_chunk *chunk)
{
	struct track_sctp *sctp = step->sctp;
	uint32_t known = sctp->vtag[!step->dir];
	bool differs = known != chunk->init_tag;

	if (differs && known && !sctp->init[!step->dir])
		return false;
	if (differs && sctp->init[0] && sctp->init[1])
		return false;
	sctp->vtag[!step->dir] = chunk->init_tag;
	return true;
}

static enum ctq_reason learn(struct sctp_step *step, const struct sctp_chunk *chunk,
                             uint8_t old, uint8_t next)
{
	if (chunk->type != CHUNK_INIT && chunk->type != CHUNK_INIT_ACK)
		return CTQ_REASON_NONE;
	if (!chunk->has_init_tag)
		return CTQ_INVALID_SCTP_CHUNK;
	if (chunk->type == CHUNK_INIT)
		learn_init(step, chunk, old, next);
	else if (!learn_init_ack(step, chunk))
		return CTQ_INVALID_SCTP_VTAG;
	return CTQ_REASON_NONE;
}

/*
 * Follow one chunk. As in the kernel, what the chunks before a bad one have changed
 * stays changed, though the packet is INVALID.
 */
static enum ctq_reason follow_chunk(struct sctp_step *step,
                                    const struct sctp_chunk *chunk,
                                    struct track_result *res)
{
	struct track_sctp *sctp = step->sctp;
	enum ctq_reason reason;
	uint8_t old, next;

	if (chunk->type == CHUNK_COOKIE_ACK)
		sctp->init[0] = sctp->init[1] = 0;
	switch (check_tag(step, chunk)) {
	case TAG_FITS: break;
	case TAG_WRONG: return CTQ_INVALID_SCTP_VTAG;
	case TAG_DOUBTFUL: step->ignore = true; return CTQ_REASON_NONE;
	}
	old = sctp->state;
	next = state_after(old, step->dir, chunk->type);
	if (next == NEXT_INVALID)
		return CTQ_INVALID_SCTP_STATE;
	reason = learn(step, chunk, old, next);
	if (reason)
		return reason;
	sctp->state = next;
	if (next != old) {
		res->changed = true;
		if (next == TRACK_SCTP_ESTABLISHED)
			res->set_status |= TRACK_ASSURED & ~step->status;
	}
	return CTQ_REASON_NONE;
}

static void follow_chunks(struct sctp_step *step, const struct track_config *cfg,
                          struct track_result *res)
{
	struct sctp_cursor c = chunks_of(step->p);
	struct sctp_chunk chunk;

	if (!(step->seen & TAG_EXCEPTIONS) && step->vtag != step->sctp->vtag[step->dir]) {
		res->invalid = CTQ_INVALID_SCTP_VTAG;
		return;
	}
	while (chunk_next(&c, &chunk)) {
		res->invalid = follow_chunk(step, &chunk, res);
		if (res->invalid)
			return;
	}
	if (step->ignore)
		res->ignored = true;
	else
		res->timeout_s = cfg->sctp_timeout[step->sctp->state];
}

/* -- the machine ------------------------------------------------------------ */

/* The tags that a first packet implies; an INVALID reason if it begins nothing. */
static enum ctq_reason begin_flow(struct sctp_step *step)
{
	const uint32_t strays = CHUNK_BIT(CHUNK_ABORT) | CHUNK_BIT(CHUNK_COOKIE_ACK) |
	                        CHUNK_BIT(CHUNK_SHUTDOWN_COMPLETE);
	struct sctp_cursor c = chunks_of(step->p);
	struct track_sctp *sctp = step->sctp;
	struct sctp_chunk chunk;

	if (step->seen & strays) /* out of the blue (8.4): nothing follows it */
		return CTQ_INVALID_SCTP_STATE;
	while (chunk_next(&c, &chunk)) {
		if (state_after(TRACK_SCTP_NONE, TRACK_ORIGINAL, chunk.type) ==
		    TRACK_SCTP_NONE)
			return CTQ_INVALID_SCTP_STATE;
		switch (chunk.type) {
		case CHUNK_INIT:
			if (step->vtag != 0)
				return CTQ_INVALID_SCTP_VTAG;
			if (!chunk.has_init_tag)
				return CTQ_INVALID_SCTP_CHUNK;
			sctp->vtag[TRACK_REPLY] = chunk.init_tag;
			break;
		case CHUNK_HEARTBEAT: sctp->vtag[TRACK_ORIGINAL] = step->vtag; break;
		/* it is answered by a SHUTDOWN COMPLETE that reflects the tag */
		case CHUNK_SHUTDOWN_ACK: sctp->vtag[TRACK_REPLY] = step->vtag; break;
		default: break;
		}
	}
	return CTQ_REASON_NONE;
}

static void sctp_open(union track_state *state, const struct packet *p,
                      const struct track_config *cfg, uint64_t now_ms,
                      struct track_result *res)
{
	struct sctp_step step = {.sctp = &state->sctp,
	                         .p = p,
	                         .vtag = p->l4.sctp.vtag,
	                         .dir = TRACK_ORIGINAL};

	if (!chunks_collect(p, &step.seen)) {
		res->invalid = CTQ_INVALID_SCTP_CHUNK;
		return;
	}
	res->invalid = begin_flow(&step);
	if (!res->invalid)
		follow_chunks(&step, cfg, res);
}

static void sctp_packet(union track_state *state, const struct packet *p,
                        enum track_dir dir, uint32_t status,
                        const struct track_config *cfg, uint64_t now_ms,
                        struct track_result *res)
{
	struct sctp_step step = {.sctp = &state->sctp,
	                         .p = p,
	                         .vtag = p->l4.sctp.vtag,
	                         .dir = dir,
	                         .status = status};

	if (!chunks_collect(p, &step.seen)) {
		res->invalid = CTQ_INVALID_SCTP_CHUNK;
		return;
	}
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
	.states = sctp_state_names,
	.states_length = TRACK_SCTP_STATES,
	.open = sctp_open,
	.packet = sctp_packet,
	.state_get = sctp_state_get,
	.state_set = sctp_state_set,
	.is_closing = sctp_is_closing,
};
