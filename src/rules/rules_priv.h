/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_priv.h - what the files of this folder share
 *
 *     rules.c     which generation is in force; counting
 *     rule.c      one rule: its life
 *     change.c    transactions: a list of chains and rules that can be changed
 *     build.c     from that list to a generation
 *     ruleset.c   a generation: life, evaluation
 *     list.c      a generation as values for listings
 *     check.c     matches made ready for comparing
 *     linear.c    a backend; backend.c names them all
 *     key.c       a packet as rules see it
 *     label.c     labels of flows by name
 *     counters.c  hits, packets, bytes
 *     limit.c     rates, of rules and of sources
 *     open.c      how many connections that a rule has let in are open
 *     log.c       what `log` statements have to say, on its way to control
 *     update.c    what `add` and `delete` want of sets, on its way to control
 *     index.c     names and ids to things
 *     names.c     which names there are, for the hints of errors
 *
 * References. A rule is held by each generation and each change that has it. A generation
 * is held by being in force, and by listings. Both counts are atomic, since liburcu's
 * thread puts the generation that was in force.
 */
#ifndef RULES_RULES_PRIV_H
#define RULES_RULES_PRIV_H

#include <stdatomic.h>

#include "base/rcu.h"
#include "ctlink/rule.h"
#include "rules/backend.h"
#include "rules/check.h"
#include "rules/counters.h"
#include "rules/index.h"
#include "rules/limit.h"
#include "rules/open.h"
#include "rules/rules.h"
#include "sets/sets.h"

/* What a statement keeps from packet to packet; it lives as long as its rule. */
struct rule_state {
	struct limit_bucket bucket; /* LIMIT, LOG with a rate */
	_Atomic uint32_t asked;     /* LOG: times, to take one of so many */
	uint32_t open; /* LIMIT of the rule's connections: its number in opens */
};

/* A rule: immutable but for what only control uses, and the states of its statements. */
struct rule {
	_Atomic uint32_t refs;
	uint32_t id;
	uint32_t index;
	uint32_t generation; /* control: the last one that was built with it */
	struct rules *rules;
	struct ctlink_rule value;
	struct rule_state *states; /* one for each statement; NULL: none needs one */
};

/* What a statement does. */
struct rule_action {
	uint16_t kind;        /* enum ctq_statement */
	uint32_t value, mask; /* value: also the number of a label */
	union {
		uint32_t chain;     /* of a jump: number in the generation */
		uint32_t every;     /* of a log: one of so many; 0: all, or by rate */
		uint32_t most;      /* of a limit of connections */
		uint32_t timeout_s; /* of what is added to a set; 0: the set's */
	};
	uint16_t with;             /* of an update: enum ctq_field, or 0 */
	uint8_t flags;             /* of a limit */
	uint8_t prefix4, prefix6;  /* of a limit of sources */
	uint8_t level;             /* of a log */
	const char *prefix;        /* of a log; or NULL; of an update: the set */
	const struct check *check; /* of an update: is it in the set? */
	struct limit_rate rate;    /* interval 0: none */
	struct rule_state *state;
};

/* What evaluation needs of a rule that matches. */
struct rule_body {
	uint32_t index, id;
	uint32_t n_actions;
	const char *name; /* or NULL */
	bool counts_sets; /* a match looks at a set that counts */
	const struct rule_action *actions;
};

struct ruleset_chain {
	char *name;
	uint32_t line;
	uint8_t hook;           /* enum packet_hook, or RULES_NO_HOOK */
	uint8_t policy;         /* enum ctq_verdict */
	uint32_t first, length; /* its rules: positions in the generation */
	void *matcher;
	uint32_t item; /* of the change that made it, for errors while building */
	uint32_t depth, visits; /* of jumps from here; see build.c */
	uint32_t rejects; /* 1 + position of a rule here or below that rejects; 0: none */
	uint8_t state;
};
#define RULES_NO_HOOK 0xff

struct ruleset {
	_Atomic uint32_t refs;
	struct rcu_head rcu;
	struct rules *rules;
	uint32_t generation;
	const struct rules_backend *backend;

	/* by position: chain after chain, in order of evaluation */
	uint32_t n_rules;
	struct rule **rule;
	struct check_rule *code;
	struct rule_body *body;

	uint32_t n_chains;
	struct ruleset_chain *chains;
	const struct ruleset_chain *hooks[PACKET_HOOKS]; /* or NULL: accept */

	struct check_pool pool;
	uint32_t n_sets; /* references in pool.sets */
	struct rule_action *actions;

	uint64_t loaded_s, build_ns;
	size_t memory_bytes;
};

/* The ids of rules (ids.c). */
struct rule_ids {
	uint32_t next,
		end; /* from next on, and below end, no rule has one; end 0: 2^32 */
	uint32_t *by_index; /* of who has the index, or had it last; 0: nobody */
	uint32_t size;      /* of by_index */
};

struct rules {
	struct ruleset *_Atomic in_force;
	const struct rules_backend *backend;
	const struct ctlink_memory *memory;
	struct sets *sets;
	struct counters counters;
	struct rule **by_index; /* control: the rules in force; room for by_index_size */
	uint32_t by_index_size;
	struct rule_ids ids;
	struct siphash_key key; /* of sources */
	/* made with the first rule that limits sources, and kept */
	struct limit_sources *_Atomic sources;
	struct opens *_Atomic opens; /* with the first that limits its connections */
	bool counts_connections;     /* keys have them: rules_count_connections() */
	void (*offloads)(void *ctx); /* rules_watch_offload(); or NULL */
	void *offloads_ctx;
	struct rules_labels *labels; /* a reference, or NULL */
};

/* ---- transactions -------------------------------------------------------------- */

struct draft_rule {
	struct draft_rule *prev, *next;
	struct draft_chain *chain;
	struct rule *rule; /* a reference */
	uint32_t item;     /* that brought it; 0: from the generation before */
};

struct draft_chain {
	struct draft_chain *prev, *next;
	struct draft_rule *first, *last;
	char *name;
	uint32_t line, item, n_rules;
	uint32_t number; /* in the generation that is being built */
	uint8_t hook, policy;
};

struct rules_change {
	struct rules *rules;
	const struct ruleset *base; /* whose list is still to be made; or NULL */
	struct draft_chain *first, *last;
	uint32_t n_chains, n_rules;
	struct index chains; /* by name */
	struct index ids;    /* of draft_rules; made when it is first asked */
	bool has_ids;
	bool flushed;
	_Atomic bool stop;           /* rules_change_cancel() */
	struct sets_change *sets;    /* made when it is first asked */
	struct rules_labels *labels; /* those of its beginning, a reference; or NULL */
	struct ruleset *built;
};

/** The chain of this name, or NULL. */
struct draft_chain *change_chain_peek(const struct rules_change *c, const char *name);

/** The set of this name as the change will leave it, or NULL. */
struct set *change_set_peek(const struct rules_change *c, const char *name);

/** Fill @e, which may be NULL. Returns @code. */
int rules_error_set(struct rules_error *e, int code, uint32_t item, uint16_t attr,
                    uint32_t number, const char *fmt, ...) BASE_PRINTF(6, 7);

/* ---- names.c ------------------------------------------------------------------- */

/* "did you mean 'ban'? sets: ban ...", into the hint of @e, which may be NULL. Chains that stand at
 * a hook are no target of a jump: only @with_hook. */
void change_hint_sets(const struct rules_change *c, const char *name,
                      struct rules_error *e);
void change_hint_chains(const struct rules_change *c, const char *name, bool with_hook,
                        struct rules_error *e);
void change_hint_labels(const struct rules_change *c, const char *name,
                        struct rules_error *e);

/* ---- memory -------------------------------------------------------------------- */

/** @n times @size bytes of zeros; NULL: none. @n may be 0. */
void *rules_alloc(const struct rules *rules, size_t n, size_t size);
void rules_free(const struct rules *rules, void *p);

/* ---- ids.c --------------------------------------------------------------------- */

/** None is taken; the first one will be @first. */
void ids_init(struct rule_ids *ids, uint32_t first);
void ids_fini(struct rule_ids *ids, const struct rules *rules);

/** An id for the rule that has taken @index. 0 or -ENOMEM. Control thread. */
int ids_take(struct rule_ids *ids, const struct rules *rules, uint32_t index,
             uint32_t *id);

/* ---- rule.c -------------------------------------------------------------------- */

/**
 * A rule with one reference, a new id, and an index of its own, which has taken what @value
 * owns. NULL and *@err = -ENOMEM or -ENOSPC (no index).
 */
struct rule *rule_new(struct rules *rules, struct ctlink_rule *value, int *err);
void rule_get(struct rule *rule);
void rule_put(struct rule *rule);

/* ---- build.c, ruleset.c -------------------------------------------------------- */

/** A generation of what @c has, not numbered yet, with one reference; or NULL with @e. */
struct ruleset *ruleset_build(const struct rules_change *c, struct rules_error *e);

/** A generation that nobody uses; also one that is half made. */
void ruleset_destroy(struct ruleset *rs);

#endif
