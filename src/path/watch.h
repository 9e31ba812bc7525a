/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - who wants to see packets, and what they see
 *
 * A watcher says which packets: all or the dropped ones, those that a filter takes, and how
 * many a second. Control hands over the whole list (path_watch_set()); workers look at one
 * number for each batch, and only when somebody watches at the packets. What a watcher wants
 * to see goes as a sighting into the worker's ring, from which control takes it. The filter
 * and the rate are applied by the worker, so that a flood that nobody asked about takes no
 * room, and one that somebody asked about takes no more than was asked for. What finds no
 * room, and what is above the rate, is counted as lost, for each watcher.
 *
 * A filter sees a packet as rules do (rules/key.h): by the original direction of its flow, or
 * as it is when it has none.
 */
#ifndef PATH_WATCH_H
#define PATH_WATCH_H

#include "path/path.h"

struct ctlink_error;
struct ctlink_filter;

/** Watchers at once. The last place is that of the daemon's log. */
#define PATH_WATCHERS_MAX 9
#define PATH_WATCH_LOG    (PATH_WATCHERS_MAX - 1)
/** Bytes of a packet that a sighting has at most. */
#define PATH_WATCH_BYTES_MAX 1600
/** Of each worker's ring: 3,000 sightings without their packets' bytes. */
#define PATH_WATCH_RING (1u << 20)

struct path_watcher {
	bool active;
	bool drops;       /* dropped packets only */
	uint32_t bytes;   /* of each packet, at most PATH_WATCH_BYTES_MAX */
	uint32_t rate;    /* sightings a second of each worker; 0: no limit */
	uint64_t reasons; /* of dropped packets, PATH_WATCH_REASON() of each; 0: all */
	const struct ctlink_filter *filter; /* NULL: all; used during the call only */
};

/** A bit for each reason to drop: they are 32 to 95 (ctq/reasons.def). */
#define PATH_WATCH_REASON(reason) (UINT64_C(1) << (reason) % 64)

/** Can packets be filtered so? -EOPNOTSUPP with @error. */
int path_watch_check(const struct ctlink_filter *filter, struct ctlink_error *error);

/**
 * Replace the list of watchers; a watcher's place is the number of its bit in
 * path_sighting.watchers. Filters have been checked. Control thread. 0 or -ENOMEM: the list
 * is what it was.
 */
int path_watch_set(struct path *path, const struct path_watcher *watchers);

/* A packet that was judged. */
struct path_sighting {
	uint32_t watchers;  /* 1 << place: who wants to see it */
	uint32_t serial;    /* of the list that it was held against */
	uint64_t when_ns;   /* monotonic */
	struct tuple tuple; /* of the packet, as far as it could be read */
	bool has_tuple, has_uid;
	uint8_t verdict; /* enum ctq_verdict */
	uint8_t family, hook, tcp_flags, ttl;
	uint16_t reason, invalid; /* enum ctq_reason; invalid 0: it is not */
	uint16_t queue, worker;
	uint32_t ctstate, mark, new_mark, uid, length, ifin, ifout;
	uint32_t flow; /* id; 0: none */
	uint32_t flow_mark, status;
	uint32_t flags;            /* CTQ_PACKET_* */
	uint32_t generation, rule; /* who decided; generation 0: no rule */
	uint32_t n_held, held[CTQ_PACKET_HELD_MAX];
	uint32_t captured;
	uint8_t data[]; /* captured bytes */
};

/** The serial number of the list in force. */
uint32_t path_watch_serial(const struct path *path);

/** Control: the oldest sighting of worker @number, NULL: none. Valid until it is dropped. */
const struct path_sighting *path_watch_peek(struct path *path, uint16_t number);
void path_watch_drop(struct path *path, uint16_t number);

/** Any thread: sightings that watcher @place has lost, in all, since the beginning. */
uint64_t path_watch_lost(const struct path *path, unsigned int place);

#endif
