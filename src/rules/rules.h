/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules.h - rule sets: one generation after the other
 *
 *   struct rules         the daemon's: which generation is in force, counters, numbers
 *   struct ruleset       a generation: immutable, numbered from 1, made for one backend
 *   struct rules_change  a transaction: from the generation in force to the next one
 *
 *   control:  c = rules_change_new() → rules_change_…()
 *             → rules_change_build(), in any thread → sets_change_prepare(c's sets)
 *             → rules_change_commit(), or not → rules_change_destroy(c)
 *   workers:  rs = rules_peek(); ruleset_classify(rs, …); … quiescent state
 *
 * Evaluation. A packet meets the rules of its hook's chain in order. The first whose
 * matches all hold is executed; its statements may end the evaluation (accept, drop), go
 * elsewhere (jump, return) or change marks, after which the next rule is tried. At the
 * end of a chain that was jumped to, evaluation goes on behind the jump; at the end of a
 * hook's chain its policy decides. A hook without chain accepts. A mark that was set
 * is what later rules see.
 *
 * Generation 1 has no rule and accepts everything.
 *
 * Index. Every rule and every hook's policy has an index, by which workers count. It is
 * the rule's own from its first generation to its last, and used again only afterwards:
 * (generation, index) names one rule for ever. Indexes below RULES_POLICIES are
 * the policies, by hook.
 *
 * Threads. One thread, control, changes and lists; building alone may be another's. Workers are RCU readers; they peek a
 * generation for a batch, and count in counters of their own (one writer, relaxed
 * stores). Readers of counters may miss the last packets; a rule that a new generation
 * drops may miss those that were judged during the change.
 */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "ctlink/error.h"
#include "rules/key.h"

struct ctlink_chain;
struct sets;
struct sets_change;
struct ctlink_memory;
struct ctlink_rule;
struct rules_log_entry;

struct rules;
struct rules_worker;
struct ruleset;
struct rules_change;

/** Limits; rules_change_*() answers -E2BIG beyond them. */
#define RULES_MAX        1000000 /* rules of a generation */
#define RULES_CHAINS_MAX 4096    /* chains of a generation */
#define RULES_DEPTH_MAX  16      /* jumps within jumps, as in nftables */
#define RULES_VISITS_MAX \
	16000000 /* rules that one packet may have to meet, by way of jumps */
#define RULES_WORKERS_MAX 256

#define RULES_POLICIES PACKET_HOOKS

/* ---- the daemon's rule sets ---------------------------------------------------- */

/**
 * Begin with generation 1. @backend: a name of rules_backend_list(); @workers: 1 …
 * RULES_WORKERS_MAX; @memory: for all that is allocated here, in any thread; NULL: the C
 * library's. NULL and *@err = -EINVAL, -ENOENT (no such backend), -ENOMEM.
 */
struct rules *rules_new(const char *backend, uint16_t workers,
                        const struct ctlink_memory *memory, int *err);

/** When no worker and no reference to a generation is left. NULL is allowed. */
void rules_destroy(struct rules *rules);

/** The generation in force; borrowed until the thread's next
 * quiescent state. Never NULL. */
const struct ruleset *rules_peek(const struct rules *rules);

/** The same with a reference, for listings that take longer. Control thread. */
BASE_MUST_CHECK const struct ruleset *rules_find(const struct rules *rules);
void ruleset_put(const struct ruleset *rs);

/** Keys have the number of connections of their source: `ct count` may be used. Before
 * the first change. */
void rules_count_connections(struct rules *rules);

/** Have @offloads called before each generation with a rule that offloads comes into force, by
 * the thread that commits it. NULL: nobody any more. */
void rules_watch_offload(struct rules *rules, void (*offloads)(void *ctx), void *ctx);

/** Name of label @number, below RULES_LABELS, or NULL. */
typedef const char *rules_label_name(void *ctx, unsigned int number);
#define RULES_LABELS 128 /* as in the kernel (XT_CONNLABEL_MAXBIT) */

struct rules_labels;

/** Labels have the names that @name says, which are copied: later changes find them by these.
 * What is in force, and a change that has begun, keep theirs. *@before: those before, to be put
 * or restored; NULL: numbers only. 0 or -ENOMEM. Control thread. */
BASE_MUST_CHECK int rules_label_names(struct rules *rules, rules_label_name *name,
                                      void *ctx, struct rules_labels **before);
void rules_labels_restore(struct rules *rules, struct rules_labels *before);

/** NULL is allowed. */
void rules_labels_put(struct rules_labels *labels);

/** The names of now, for rules/label.h; borrowed until they are others. Control thread. */
const struct rules_labels *rules_labels_peek(const struct rules *rules);

/** The counters of worker @number, for that thread alone. */
struct rules_worker *rules_worker(struct rules *rules, uint16_t number);

/** The named sets, which have a life of their own: sets/sets.h. */
struct sets *rules_sets(const struct rules *rules);

/* ---- judging ------------------------------------------------------------------- */

/* A change of marks: new = (old & ~mask) | value; nothing changes when mask is 0. */
struct rule_mark {
	uint32_t value, mask;
};

struct rule_verdict {
	uint8_t verdict; /* CTQ_VERDICT_ACCEPT, _DROP, _REJECT or _ASK */
	bool offload;    /* the kernel may carry the flow */
	uint16_t reason; /* CTQ_ACCEPT_RULE, _POLICY, CTQ_DROP_RULE, _POLICY, _LIMIT,
	                  * CTQ_REJECT_RULE, CTQ_HELD_ASK */
	uint32_t generation;
	uint32_t index; /* of the rule or policy that decided: for rules_account() */
	uint32_t id;    /* of the rule; 0: the policy */
	struct rule_mark packet_mark, flow_mark;
	uint64_t labels[2]; /* to set: bit n % 64 of word n / 64 */
	uint32_t
		open; /* who counts the connection from now on: rules_open_put(); 0: as before */
	uint8_t n_held; /* ids of the first rules that held, in order */
	uint32_t held[CTQ_PACKET_HELD_MAX];
};

/**
 * Judge the first packet of a flow, or one without a flow. Counts a hit and a packet of
 * @bytes for each rule that it met and that held, in the counters of @w, takes what it
 * has of limits, and logs. NULL: counts, takes and logs nothing, and limits hold as they
 * would. @now_ns: monotonic. Pure but for that.
 */
void ruleset_classify(const struct ruleset *rs, const struct rule_key *key,
                      struct rules_worker *w, uint32_t bytes, uint64_t now_ns,
                      struct rule_verdict *v);

/** Level of `log` when the rule does not say: syslog's info. */
#define RULES_LOG_LEVEL 6

/** Take the oldest entry that worker @number has logged; false: there is none. Control. */
bool rules_log_take(struct rules *rules, uint16_t number, struct rules_log_entry *out);

/** Entries that found their ring full, and sources' buckets that went too early. Any
 * thread. */
uint64_t rules_log_lost(const struct rules *rules);
uint64_t rules_limit_evicted(const struct rules *rules);

/** Changes of sets that found their ring full (update.h). Any thread. */
uint64_t rules_updates_lost(const struct rules *rules);

/** A connection that @open (of a verdict) has counted has ended, or is counted by another. Once
 * for each verdict that had it. Any thread. */
void rules_open_put(struct rules *rules, uint32_t open);

/** Count a packet of a flow that (@generation, @index) has decided before. Does nothing
 * when that rule is gone. */
void rules_account(struct rules_worker *w, uint32_t generation, uint32_t index,
                   uint32_t bytes);

/* ---- explaining: control thread ------------------------------------------------ */

/* A step of an evaluation. */
struct rules_step {
	enum ctq_explain_step kind;
	uint32_t
		chain; /* position in the generation; RULES_NO_CHAIN: the hook has none */
	uint32_t rule; /* FAILS, HOLDS, LIMIT: position in the generation */
	uint32_t match; /* FAILS: the first of its matches that does not hold; LIMIT: the
	                 * statement */
};
#define RULES_NO_CHAIN UINT32_MAX

typedef void rules_see(void *ctx, const struct rules_step *step);

/**
 * Judge as ruleset_classify() does, counting nothing, and tell each step: chains, every rule
 * that is looked at in the order of the text, whatever the backend, and the policy. Agrees
 * with ruleset_classify() on the verdict and the rules that hold.
 */
void ruleset_explain(const struct ruleset *rs, const struct rule_key *key,
                     uint64_t now_ns, rules_see *see, void *ctx, struct rule_verdict *v);

/**
 * What step is about, as far as it is worth telling (CTQ_MSG_RULE_EXPLAIN in
 * ctq/ctlink.h): what @out points to belongs to @rs. *@field: of the match that does not
 * hold, CTQ_FIELD_NONE: there is none.
 */
void ruleset_step_read(const struct ruleset *rs, const struct rules_step *step,
                       struct ctlink_rule *out, uint16_t *field);

/* ---- what a generation holds: control thread ----------------------------------- */

struct ruleset_info {
	uint32_t generation;
	uint32_t rules, chains;
	const char *backend;
	uint64_t loaded_s; /* since 1970; 0: generation 1 */
	uint64_t build_ns;
	size_t memory_bytes;
};
void ruleset_info_read(const struct ruleset *rs, struct ruleset_info *info);

/** Is there a rule that offloads? Looks at all of them. */
bool ruleset_offloads(const struct ruleset *rs);

/** What the worker's flows need to know of a change: the number alone. */
uint32_t ruleset_generation(const struct ruleset *rs);

/**
 * Chain @position (0 …) with its counters, in order of making; false: no more.
 * What @out points to belongs to @rs. Policy counters go on through generations.
 */
bool ruleset_chain_read(const struct ruleset *rs, uint32_t position,
                        struct ctlink_chain *out);

/**
 * Rule @position (0 …), chain by chain, in order of evaluation, with its counters; false:
 * no more. What @out points to belongs to @rs.
 */
bool ruleset_rule_read(const struct ruleset *rs, uint32_t position, uint32_t now_s,
                       struct ctlink_rule *out);

/** Which rule (@generation, @index) is, for listings of flows. False: a policy, or gone.
 * *@name is "" for a rule without name; valid until the control thread's next change. */
bool rules_name_read(const struct rules *rules, uint32_t generation, uint32_t index,
                     uint32_t *id, const char **name);

/* ---- changing: control thread -------------------------------------------------- */

/* What is wrong with a change, and where. */
struct rules_error {
	struct ctlink_error error; /* offset is 0: rules have left the wire */
	uint32_t item;   /* as given with the step; 0: of the generation before */
	uint16_t attr;   /* the attribute to point at, CTQA_RULE_* or CTQA_CHAIN_*
	                  * (as the step has it); 0: the whole */
	uint32_t number; /* which of the repeated ones (MATCH, STATEMENT), from 0 */
};

/** Begin from the generation in force. NULL and *@err = -ENOMEM. */
struct rules_change *rules_change_new(struct rules *rules, int *err);

/** Give it up, or put away what rules_change_commit() left. NULL is allowed. */
void rules_change_destroy(struct rules_change *c);

/** How many rules it has. */
uint32_t rules_change_length(const struct rules_change *c);

/** Its change of sets alone; then rules_change_destroy() is all that may follow, in any
 * thread: it takes long for many rules. */
void rules_change_sets_destroy(struct rules_change *c);

/*
 * Steps. @item is the caller's number of the step (from 1), which an error of this step,
 * or one found later in what it brought, gives back. Returns 0, or a negative errno with
 * @e filled; the change can then only be destroyed.
 */

/** Forget all chains and rules. */
int rules_change_flush(struct rules_change *c);

/**
 * The change of sets that belongs to this one, for its steps; @now_ms: monotonic, for the
 * timeouts of what it adds. After rules_change_flush() it replaces
 * (sets_change_replace()). From its first step to the end of the change no other change of
 * sets is made. NULL: -ENOMEM.
 */
struct sets_change *rules_change_sets(struct rules_change *c, uint64_t now_ms);

/** Make a chain, or set the policy of the one that has this name. */
int rules_change_chain_set(struct rules_change *c, uint32_t item,
                           const struct ctlink_chain *chain, struct rules_error *e);

/** Remove a chain and its rules. -ENOENT. */
int rules_change_chain_delete(struct rules_change *c, uint32_t item, const char *name,
                              struct rules_error *e);

/** Append @rule to its chain, or insert it before the one that it names. */
int rules_change_rule_add(struct rules_change *c, uint32_t item, struct ctlink_rule *rule,
                          struct rules_error *e);

/** Put @rule in the place of the one with its id: a new rule with a new id. */
int rules_change_rule_replace(struct rules_change *c, uint32_t item,
                              struct ctlink_rule *rule, struct rules_error *e);

/** -ENOENT when there is none. */
int rules_change_rule_delete(struct rules_change *c, uint32_t item, uint32_t id,
                             struct rules_error *e);

/**
 * Make the next generation, aside; nothing is in force yet. For a check, stop here.
 *
 * This is what takes long, and any thread may do it, an RCU reader or not. Until it has ended
 * no other change of rules or sets is committed, nobody else has @c, and sets that it has
 * a step for are left alone; everything else goes on: lists, steps of other changes.
 */
int rules_change_build(struct rules_change *c, struct rules_error *e);

/** Any thread: rules_change_build() that is under way, or that is still to come, gives up
 * soon: -ECANCELED. */
void rules_change_cancel(struct rules_change *c);

/**
 * Put into force what rules_change_build() made, and its change of sets; cannot fail once that
 * is prepared (sets_change_prepare()). The generation before is freed after a grace period and
 * its last reference. @loaded_s: since 1970; @build_ns:
 * what building took. Returns the new number.
 */
uint32_t rules_change_commit(struct rules_change *c, uint64_t loaded_s,
                             uint64_t build_ns);

#endif
