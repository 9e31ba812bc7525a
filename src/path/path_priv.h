/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path_priv.h - one packet on its way, and what a worker needs for it
 */
#ifndef PATH_PATH_PRIV_H
#define PATH_PATH_PRIV_H

#include <netinet/in.h>
#include <stdatomic.h>

#include "base/spsc.h"
#include "ctq/ctlink.h"
#include "flow/event.h"
#include "flow/lock.h"
#include "packet/fragment.h"
#include "path/ask.h"
#include "path/path.h"
#include "path/watch.h"

struct path_ask;
struct path_track;

struct path_worker {
	struct path *path;
	struct flow_worker *flows;
	struct rules_worker *rules;
	struct fragment_cache *fragments;
	_Atomic uint64_t packets, bytes;
	_Atomic uint64_t reasons[CTQ_REASON_LIMIT]; /* written by this worker only */
	uint16_t number;
	struct path_ask *ask; /* packets that wait: ask.c */
	/* of those who watch: watch.c */
	struct spsc watch;
	_Atomic uint64_t watch_lost[PATH_WATCHERS_MAX];
	uint32_t watch_count[PATH_WATCHERS_MAX]; /* in the second … */
	uint32_t watch_second;
	/* of the batch that is being judged */
	const struct ruleset *ruleset;
	const struct path_track *track;
	const struct track_machines *machines;
	uint64_t now_ns;
	uint32_t now_s;
	uint32_t generation;
	uint32_t watched;          /* WATCH_* */
	bool moved;                /* flows came or went since the batch was looked up */
	struct rule_verdict asked; /* the rules' last answer */
} BASE_ALIGNED(BASE_CACHELINE);

/* The tracker's configuration in force; replaced as a whole. */
struct path_track {
	struct track_config cfg;
	struct rcu_head rcu;
	unsigned int zones_length;
	struct path_zone zones[];
};

/** What holds for a packet of that zone. */
const struct track_config *path_track_of_zone(const struct path_track *track,
                                              uint16_t zone);

static inline const struct track_config *path_track_of(const struct path_track *track,
                                                       uint16_t zone)
{
	return base_likely(!track->zones_length) ? &track->cfg
	                                         : path_track_of_zone(track, zone);
}

struct path {
	struct path_config cfg;
	struct flow_table *flows;
	struct rules *rules;
	_Atomic(struct path_track *) track;
	struct track_registry *registry;
	_Atomic uint64_t local_offset_s; /* path_local_time_set() */
	uint16_t workers_length;
	struct path_worker *workers;
	unsigned int cookie_shift, zone_shift;
	_Atomic(struct watch_list *) watch_list;
	_Atomic uint32_t watched; /* WATCH_* */
	_Atomic bool ask_listens;
	int question_fd; /* eventfd(2): questions are in the rings */
};

#define WATCH_ALL   0x1 /* somebody watches packets */
#define WATCH_DROPS 0x2 /* … dropped ones */

/* What an entry verdict says, in the mark, of a packet whose flow is not behind a cookie
 * (flow_cookie_note()). */
enum path_note {
	PATH_NOTE_NONE,
	PATH_NOTE_TRACKED,   /* of a confirmed flow, tracked at the entry hook */
	PATH_NOTE_INVALID,   /* judged INVALID at the entry hook */
	PATH_NOTE_UNTRACKED, /* has no flow by its nature */
};

/* One packet. Filled from stage to stage. */
struct path_step {
	struct packet *p;
	struct packet_verdict *out;
	enum flow_role role;
	/* classification */
	enum ctq_ctstate ctstate;
	enum ctq_reason invalid; /* why INVALID */
	bool error;              /* an ICMP error about the flow: not a packet of it */
	bool tracked;            /* at the entry hook before */
	/* the flow */
	struct tuple key; /* what it is looked up by */
	bool has_key;
	bool inverse;      /* key is the inverse of the packet's tuple */
	struct flow *flow; /* NULL: none */
	enum track_dir dir;
	bool born;   /* this packet made it */
	bool clash;  /* another one has the packet's tuple */
	bool parted; /* NAT has treated it otherwise than the packet that confirmed it */
	bool close;  /* it ends with this packet */
	uint32_t cookie; /* from the mark */
	enum path_note note;
	uint32_t changes; /* FLOW_CHANGE_* */
	bool confirmed_now;
	/* the verdict */
	bool accept;
	bool waits;  /* the rules ask: neither accepted nor dropped yet */
	bool marked; /* not accepted, but passes with the reject mark */
	enum ctq_reason reason;
	uint32_t mark_value, mark_mask;
	uint32_t generation, rule; /* who decided; generation 0: no rule */
	bool asked;                /* the rules were: path_worker.asked */
};

/* A packet that was in the kernel before the first one of its flow was confirmed has come to us by
 * then: a full queue of 16,384 packets is worked off in less than a second. */
#define PATH_YOUNG_NS 3000000000ull

static inline bool path_is_young(const struct path_worker *w, const struct flow *f)
{
	return atomic_load_explicit(&f->order, memory_order_relaxed) + PATH_YOUNG_NS >
	       w->now_ns;
}

static inline bool path_is_reset(const struct packet *p)
{
	return p->has_tuple && p->tuple.l4 == IPPROTO_TCP && !p->later_fragment &&
	       p->l4.tcp.flags & PACKET_TCP_RST;
}

/* ---- path.c ----------------------------------------------------------------------- */

/** Take what is in force at @now_ns. */
void path_begin(struct path_worker *w, uint64_t now_ns);

/** All that is behind the rules. True: the packet waits for an answer. */
bool path_conclude(struct path_worker *w, struct path_step *s);

/* ---- mark.c: our bits of the packet mark ------------------------------------------- */

/** Was the packet rejected at the entry hook? Nobody has answered it then. */
bool path_mark_rejected(const struct path *path, const struct path_step *s);

/** What the entry hook's verdict left in the mark: cookie, note, or seen. */
void path_mark_read(const struct path *path, struct path_step *s, enum path_note *note);

/** Has the confirm hook nothing left to say of an accepted packet at the entry hook, so that it
 * does not come there? */
bool path_mark_skips(const struct path_worker *w, const struct path_step *s);

/** The verdict's mark, from the packet's, the rules' changes, and what we have to say. */
void path_mark_write(struct path_worker *w, struct path_step *s);

/* ---- find.c: which flow -------------------------------------------------------- */

/** Classify as far as the bytes alone tell, and prepare the key. */
void path_find_prepare(struct path_worker *w, struct path_step *s);

/** The flow of a packet that has a key; @found: what the table had
 * when the batch began. */
void path_find(struct path_worker *w, struct path_step *s, struct flow_ref found);

/* ---- follow.c: the protocol machine, accounting, confirmation ------------------ */

/** Make a flow where there is none, run its machine, account. */
void path_follow(struct path_worker *w, struct path_step *s);

/** Put an accepted unconfirmed flow into the table. */
void path_confirm(struct path_worker *w, struct path_step *s);

/** Events, and the end of a flow that this packet ends. */
void path_finish(struct path_worker *w, struct path_step *s);

/* ---- clash.c: two flows and one tuple -------------------------------------------- */

/** The kernel's NAT has given @reply to the step's flow, which is to be confirmed: end the flow
 * that still has it here. */
void path_clash_make_way(struct path_worker *w, const struct path_step *s,
                         const struct tuple *reply);

/** The step's flow is confirmed, but answers to this packet will come otherwise: expect them. The
 * packet is dropped when that cannot be. */
void path_clash_part(struct path_worker *w, struct path_step *s);

/* ---- help.c: what its payload announces ---------------------------------------- */

/** Give a flow that was just born, and that nobody expected, the helper of its port. */
void path_help_assign(struct path_worker *w, struct flow *f);

/** Let the helper of a helped flow read an accepted packet; it may have to be dropped. */
void path_help(struct path_worker *w, struct path_step *s);

/* ---- judge.c: the rules -------------------------------------------------------- */

/** The verdict that the flow carries, or the rules'. */
void path_judge(struct path_worker *w, struct path_step *s);

/** Does the flow still carry the verdict that its packets wait? */
bool path_judge_waits(const struct path_worker *w, const struct path_step *s);

/** The packet as rules see it. */
void path_judge_key(const struct path_worker *w, const struct path_step *s,
                    struct rule_key *key);

/* ---- ask.c: packets that wait --------------------------------------------------- */

/** 0 or -ENOMEM; path_ask_fini() in both cases. */
int path_ask_init(struct path_worker *w);
void path_ask_fini(struct path_worker *w);

/** The rules ask about a packet: true: it waits; false: it is decided, since nobody is there
 * to answer or there is no room. */
bool path_ask(struct path_worker *w, struct path_step *s);

/* ---- watch.c: those who watch -------------------------------------------------- */

/** The list, empty. 0 or -ENOMEM. */
int path_watch_init(struct path *path);
void path_watch_fini(struct path *path);

/** Describe a packet, with its first @bytes; @out has room for them. */
void path_watch_fill(const struct path_worker *w, const struct path_step *s,
                     struct path_sighting *out, uint32_t bytes);

/** A packet was judged: show it to those who want to see it. */
void path_watch_note(struct path_worker *w, struct path_step *s);

#endif
