/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule.h - chains, rules and statements as values, and whole rule sets
 *
 * A struct ctlink_ruleset is what the language makes of a file, what goes over the wire
 * in a batch, and what the daemon's backends build from. Rules and chains own their
 * strings and lists: init is all bytes zero, fini frees. Names of chains in rules are
 * resolved by the daemon.
 */
#ifndef CTLINK_RULE_H
#define CTLINK_RULE_H

#include <stdint.h>

#include "ctlink/attr.h"
#include "ctlink/match.h"
#include "ctlink/memory.h"
#include "ctlink/set.h"

#define CTLINK_RULES_MAX  (1 << 20) /* in a rule set */
#define CTLINK_CHAINS_MAX 4096
#define CTLINK_SETS_MAX   1024

/* ---- statements -------------------------------------------------------------------- */

enum ctlink_statement_bit {
	CTLINK_STATEMENT_KIND,
	CTLINK_STATEMENT_VALUE,
	CTLINK_STATEMENT_MASK,
	CTLINK_STATEMENT_STRING,
	CTLINK_STATEMENT_FLAGS,
	CTLINK_STATEMENT_RATE,
	CTLINK_STATEMENT_PERIOD,
	CTLINK_STATEMENT_BURST,
	CTLINK_STATEMENT_PREFIX4,
	CTLINK_STATEMENT_PREFIX6,
	CTLINK_STATEMENT_LEVEL,
	CTLINK_STATEMENT_EVERY,
	CTLINK_STATEMENT_FIELD,
	CTLINK_STATEMENT_WITH,
	CTLINK_STATEMENT_TIMEOUT,
};

struct ctlink_statement {
	uint64_t has;         /* 1 << enum ctlink_statement_bit */
	uint16_t kind;        /* enum ctq_statement */
	uint16_t field, with; /* enum ctq_field */
	uint32_t value, mask, flags;
	uint32_t rate, period, burst, every;
	uint32_t timeout; /* seconds */
	uint8_t prefix4, prefix6, level;
	char *string; /* owned */
};

/**
 * Check the members of a statement as the parsers do: what its kind needs and may have,
 * in range. Returns 0 or -EINVAL; *@attr is the attribute that is wrong, 0: the whole.
 */
int ctlink_statement_check(const struct ctlink_statement *statement, uint16_t *attr,
                           struct ctlink_error *error) BASE_MUST_CHECK;

/** Does it change a set, whose name is its string? */
bool ctlink_statement_has_set(uint16_t kind);

/** Does nothing stand behind it in a rule? */
bool ctlink_statement_is_last(uint16_t kind);

/* ---- rules ------------------------------------------------------------------------- */

enum ctlink_rule_bit {
	CTLINK_RULE_CHAIN,
	CTLINK_RULE_ID,
	CTLINK_RULE_BEFORE,
	CTLINK_RULE_NAME,
	CTLINK_RULE_COMMENT,
	CTLINK_RULE_LINE,
	CTLINK_RULE_PACKETS,
	CTLINK_RULE_BYTES,
	CTLINK_RULE_HITS,
	CTLINK_RULE_LAST_HIT,
};

struct ctlink_rule {
	uint64_t has;                 /* 1 << enum ctlink_rule_bit */
	char *chain, *name, *comment; /* owned */
	uint32_t id, before, line;
	struct ctlink_list matches;    /* of struct ctlink_match, scope PACKET */
	struct ctlink_list statements; /* of struct ctlink_statement */
	uint64_t packets, bytes, hits;
	uint32_t last_hit; /* seconds ago */
};

/** Append an empty match or statement; NULL with errno ENOMEM or E2BIG. */
struct ctlink_match *ctlink_rule_append_match(struct ctlink_rule *rule,
                                              const struct ctlink_memory *memory);
struct ctlink_statement *ctlink_rule_append_statement(struct ctlink_rule *rule,
                                                      const struct ctlink_memory *memory);

static inline struct ctlink_match *ctlink_rule_match(const struct ctlink_rule *rule,
                                                     uint32_t i)
{
	return (struct ctlink_match *)ctlink_list_item(&rule->matches,
	                                               sizeof(struct ctlink_match), i);
}

static inline struct ctlink_statement *ctlink_rule_statement(
	const struct ctlink_rule *rule, uint32_t i)
{
	return (struct ctlink_statement *)ctlink_list_item(
		&rule->statements, sizeof(struct ctlink_statement), i);
}

void ctlink_rule_fini(struct ctlink_rule *rule, const struct ctlink_memory *memory);

int ctlink_rule_build(struct ctlink_message *m, const struct ctlink_header *header,
                      const struct ctlink_rule *rule) BASE_MUST_CHECK;

/** Put its attributes into the open message; for the folder's other files. */
void ctlink_rule_put(struct ctlink_message *m, const struct ctlink_rule *rule);

/**
 * Read a rule into @rule, all bytes zero. Matches are checked with scope PACKET;
 * statements have the members that their kind needs and no other; what ends the
 * evaluation stands last. Returns as ctlink_layout_parse(); fini in either case.
 */
int ctlink_rule_parse(const struct nlmsghdr *nlh, struct ctlink_rule *rule,
                      const struct ctlink_memory *memory,
                      struct ctlink_error *error) BASE_MUST_CHECK;

/* ---- chains ------------------------------------------------------------------------ */

enum ctlink_chain_bit {
	CTLINK_CHAIN_NAME,
	CTLINK_CHAIN_HOOK,
	CTLINK_CHAIN_POLICY,
	CTLINK_CHAIN_PACKETS,
	CTLINK_CHAIN_BYTES,
	CTLINK_CHAIN_RULES,
	CTLINK_CHAIN_LINE,
};

struct ctlink_chain {
	uint64_t has;   /* 1 << enum ctlink_chain_bit */
	char *name;     /* owned */
	uint8_t hook;   /* NF_INET_* */
	uint8_t policy; /* enum ctq_verdict */
	uint32_t rules, line;
	uint64_t packets, bytes; /* judged by the policy */
};

void ctlink_chain_fini(struct ctlink_chain *chain, const struct ctlink_memory *memory);
int ctlink_chain_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_chain *chain) BASE_MUST_CHECK;
int ctlink_chain_parse(const struct nlmsghdr *nlh, struct ctlink_chain *chain,
                       const struct ctlink_memory *memory,
                       struct ctlink_error *error) BASE_MUST_CHECK;

/* ---- what is in force -------------------------------------------------------------- */

enum ctlink_ruleset_info_bit {
	CTLINK_RULESET_GENERATION,
	CTLINK_RULESET_RULES,
	CTLINK_RULESET_CHAINS,
	CTLINK_RULESET_BACKEND,
	CTLINK_RULESET_LOADED,
	CTLINK_RULESET_MEMORY,
	CTLINK_RULESET_BUILD,
};

/** CTQ_MSG_RULESET_NEW: a generation in numbers. */
struct ctlink_ruleset_info {
	uint64_t has; /* 1 << enum ctlink_ruleset_info_bit */
	uint32_t generation, rules, chains;
	uint64_t loaded; /* seconds since 1970 */
	uint64_t memory; /* bytes */
	uint64_t build;  /* ns */
	char backend[CTQ_NAME_MAX];
};

int ctlink_ruleset_info_build(struct ctlink_message *m,
                              const struct ctlink_header *header,
                              const struct ctlink_ruleset_info *info) BASE_MUST_CHECK;
int ctlink_ruleset_info_parse(const struct nlmsghdr *nlh,
                              struct ctlink_ruleset_info *info,
                              struct ctlink_error *error) BASE_MUST_CHECK;

/* ---- whole rule sets --------------------------------------------------------------- */

struct ctlink_ruleset {
	struct ctlink_list sets;   /* of struct ctlink_set, with their elements */
	struct ctlink_list chains; /* of struct ctlink_chain, in the file's order */
	struct ctlink_list rules;  /* of struct ctlink_rule, in the file's order */
	const struct ctlink_memory *memory;
};

void ctlink_ruleset_init(struct ctlink_ruleset *set, const struct ctlink_memory *memory);
void ctlink_ruleset_fini(struct ctlink_ruleset *set);

/** Append an empty set, chain or rule; NULL with errno ENOMEM or E2BIG. */
struct ctlink_set *ctlink_ruleset_append_set(struct ctlink_ruleset *set);
struct ctlink_chain *ctlink_ruleset_append_chain(struct ctlink_ruleset *set);
struct ctlink_rule *ctlink_ruleset_append_rule(struct ctlink_ruleset *set);

static inline struct ctlink_set *ctlink_ruleset_set(const struct ctlink_ruleset *set,
                                                    uint32_t i)
{
	return (struct ctlink_set *)ctlink_list_item(&set->sets,
	                                             sizeof(struct ctlink_set), i);
}

static inline struct ctlink_chain *ctlink_ruleset_chain(const struct ctlink_ruleset *set,
                                                        uint32_t i)
{
	return (struct ctlink_chain *)ctlink_list_item(&set->chains,
	                                               sizeof(struct ctlink_chain), i);
}

static inline struct ctlink_rule *ctlink_ruleset_rule(const struct ctlink_ruleset *set,
                                                      uint32_t i)
{
	return (struct ctlink_rule *)ctlink_list_item(&set->rules,
	                                              sizeof(struct ctlink_rule), i);
}

#endif
