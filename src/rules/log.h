/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - what `log` statements have to say, and by the same kind of ring what is to be done to
 * sets (update.h)
 *
 * Workers never write: a ring for each of them carries entries to the control thread, one
 * producer and one consumer. When a ring is full an entry is lost and counted (log.lost).
 * An entry is whole: rules and interfaces may be gone when it is read.
 */
#ifndef RULES_LOG_H
#define RULES_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctlink/memory.h"
#include "rules/key.h"

/** Entries of a ring, a power of two: read ten times a second, 2,560 lines a second for
 * each worker. */
#define RULES_LOG_SLOTS 256

struct rules_log_entry {
	uint64_t when_ns; /* monotonic */
	struct rule_key key;
	uint32_t rule;             /* id of the rule that logs */
	uint16_t reason;           /* enum ctq_reason: what became of the packet */
	uint8_t level;             /* syslog's */
	char name[CTQ_NAME_MAX];   /* of the rule, or "" */
	char prefix[CTQ_NAME_MAX]; /* or ""; of an update: the set */
	/* of an update: */
	uint16_t statement;   /* CTQ_STATEMENT_ADD or _DELETE */
	uint16_t field, with; /* enum ctq_field; with: 0: none */
	uint32_t timeout_s;   /* 0: the set's */
};

struct rules_log {
	_Atomic uint32_t head, tail; /* consumer's, producer's; both count on */
	_Atomic uint64_t lost;
	struct rules_log_entry *slots;
};

/** 0 or -ENOMEM. */
int rules_log_init(struct rules_log *log, const struct ctlink_memory *memory);
void rules_log_fini(struct rules_log *log, const struct ctlink_memory *memory);

/** Producer: the slot to fill, then rules_log_push(); NULL: the ring is full, counted. */
struct rules_log_entry *rules_log_slot(struct rules_log *log);
void rules_log_push(struct rules_log *log);

/** Consumer: take the oldest entry; false: there is none. */
bool rules_log_pop(struct rules_log *log, struct rules_log_entry *out);

#endif
