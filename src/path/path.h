/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path.h - a packet's way: parse, find, track, judge, confirm, answer
 *
 * A worker hands over a batch of packets of one queue and gets as many verdicts, in the
 * same order. Nothing here waits, allocates per packet, or fails: every packet gets a
 * verdict and a reason.
 *
 * Hook roles. PREROUTING and OUTPUT are entry hooks: look up or create, track, judge.
 * POSTROUTING and INPUT are confirm hooks: an unconfirmed flow is put into the table, so
 * that a connection which the kernel's rules drop on the way never appears. A packet that
 * is seen at a confirm hook only is tracked there. Without any confirm queue, flows are
 * confirmed at the entry hook, and NAT is not seen.
 *
 * The packet mark. Of the bits that the configuration gives us (cookie_mask, seen_mask)
 * an entry verdict sets the cookie of an unconfirmed flow (or of one that was confirmed a
 * moment ago and not answered), or the seen mark when the confirm hook has nothing left to
 * say; a confirm verdict clears both. A rejected packet
 * is accepted with the reject mark, by which a rule of the kernel answers its sender
 * and drops it; one that comes to the confirm hook with it is dropped there. Other bits
 * change by rules only.
 */
#ifndef PATH_PATH_H
#define PATH_PATH_H

#include "flow/table.h"
#include "packet/packet.h"
#include "rules/rules.h"
#include "track/helper.h"
#include "track/registry.h"
#include "track/track.h"

struct path;
struct path_worker;

/* Most packets of one batch. */
#define PATH_BATCH_MAX 64

/* What happens to open flows when a new generation is in force. */
enum path_on_change { PATH_REEVALUATE, PATH_KEEP, PATH_KILL };

/* New flows to this port get this helper, unless an expectation gives them another. */
struct path_helped {
	const struct helper *helper;
	uint16_t port; /* host byte order */
	bool loose;    /* helper_input.loose; the same for all ports of a helper */
};

/* Eight helpers with as many ports as each may have. */
#define PATH_HELPED_MAX (8 * HELPER_PORTS_MAX)

/* Packets that wait for an answer (path/ask.h). */
struct path_ask_config {
	uint32_t timeout_s;  /* 1 … 3600 */
	uint32_t limit;      /* packets of each worker, 1 … 4096 */
	uint32_t flow_limit; /* packets of one question, 1 … 4096 */
	bool accept;         /* what is done without an answer */
};

#define PATH_ASK_LIMIT_MAX 4096

/* The tracker's configuration for one zone: complete, what is not said of the zone included. */
struct path_zone {
	uint16_t zone;
	struct track_config track;
};

struct path_config {
	struct track_config track;     /* of zones that are not among these: */
	const struct path_zone *zones; /* sorted by zone; copied */
	unsigned int zones_length;
	uint32_t
		zone_mask; /* bits of the packet mark that are its zone, one run of at most
	                       16; none set, or mask 0: that of its queue */
	uint32_t fragments;     /* packets whose fragments each worker remembers */
	uint32_t cookie_mask;   /* bits of the packet mark for cookies; 0: none */
	uint32_t seen_mask;     /* bits of the packet mark … */
	uint32_t seen_value;    /* … that mean "nothing left to do"; mask 0: unused */
	uint32_t reject_mask;   /* bits of the packet mark … */
	uint32_t reject_value;  /* … that mean "answer and drop it"; mask 0: rejecting
	                          is dropping */
	uint32_t offload_mask;  /* bits … */
	uint32_t offload_value; /* … of packets whose flow the kernel may carry alone */
	bool confirm_at_entry;  /* there is no confirm queue */
	bool track_at_confirm;  /* there is no entry queue: what has no cookie was not
	                          tracked */
	enum path_on_change on_change;
	struct path_ask_config ask;
	struct path_helped helped[PATH_HELPED_MAX];
	unsigned int helped_length;
	/** Name of an interface for rules, or NULL; any worker, under RCU. NULL: no
	 * names. */
	const char *(*ifname)(void *ctx, uint32_t index);
	void *ifname_ctx;
};

void path_config_init(struct path_config *cfg);

/** NULL when memory is short. @flows and @rules must outlive it. */
struct path *path_new(const struct path_config *cfg, struct flow_table *flows,
                      struct rules *rules, uint16_t workers);
void path_destroy(struct path *path);

/** The view of worker @number. */
struct path_worker *path_worker(struct path *path, uint16_t number);

/**
 * Judge @n (1 … PATH_BATCH_MAX) packets whose queue part is filled. Fills the rest of
 * @packets and @verdicts. @now_ns: monotonic. The caller is quiet (rcu_quiet) afterwards,
 * when the verdicts are sent. Returns a bit, 1 << i, for each packet that waits for an answer:
 * it has no verdict yet (path/ask.h).
 */
uint64_t path_batch(struct path_worker *w, struct packet *packets,
                    struct packet_verdict *verdicts, unsigned int n, uint64_t now_ns);

/** About once a second, each worker: reap unconfirmed flows. True: there are more, call again
 * between the next batches. */
bool path_tick(struct path_worker *w, uint64_t now_ns);

/** Sums over all workers, or of one; any thread. */
uint64_t path_reason_read(const struct path *path, enum ctq_reason reason);
uint64_t path_reason_read_worker(const struct path *path, uint16_t worker,
                                 enum ctq_reason reason);
void path_totals_read(const struct path *path, uint64_t *packets, uint64_t *bytes);

/** Replace the tracker's configuration (timeouts), as in struct path_config; workers use it from
 * their next batch on. Control thread. Returns 0 or -ENOMEM. */
int path_track_config_set(struct path *path, const struct track_config *cfg,
                          const struct path_zone *zones, unsigned int zones_length);

/** The machines; control changes them. */
struct track_registry *path_registry(struct path *path);

/** Local time, as the wall clock shows it, minus monotonic time, in seconds: what rules
 * take for the time of day. Any thread. */
void path_local_time_set(struct path *path, uint64_t offset_s);

/** What the wall clock shows at monotonic second @now_s. */
uint64_t path_local_time(const struct path *path, uint32_t now_s);

/** What of a packet's mark the rules see and change: without the bits that the configuration
 * gives us. */
uint32_t path_mark_of_rules(const struct path *path, uint32_t mark);

/** Copy what is in force for zones of which nothing else is said. Under RCU. */
void path_track_config_get(const struct path *path, struct track_config *cfg);

#endif
