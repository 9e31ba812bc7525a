/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lang_priv.h - what the files of the language share
 *
 *     read.c     the reader: texts, files, include
 *     scan.l     bytes to tokens; knows which words mean something where
 *     grammar.y  tokens to calls of the following four
 *     chain.c    chains
 *     set.c      named sets and their elements
 *     operand.c  fields and values, variables
 *     match.c    matches, those that are implied too
 *     possible.c what could never match: a mistake
 *     rule.c     statements and rules
 *     detail.c   statements that have details: limits, log
 *     token.c    the text of a token, without its escapes
 *     value.c    the text of one value to a struct ctlink_value, by its field's type
 *     words.c    all words and names: one table for each kind
 *     error.c    mistakes: gathered while reading, printed afterwards
 *     blame.c    mistakes that others find in what was read
 *     print.c    values to text
 *
 * Tokens are slices of the texts, which live as long as the reader; nothing is copied
 * until it becomes part of a rule. The scanner writes zeros into the text while it
 * works: nobody prints lines before it is done.
 */
#ifndef LANG_LANG_PRIV_H
#define LANG_LANG_PRIV_H

#include "lang/lang.h"
#include "lang/value.h"
#include "lang/words.h"

/* A word, name, string or value where it stands. */
struct lang_token {
	const char *text; /* not zero-terminated */
	uint32_t length;
	bool quoted; /* a string: its quotes are not in the text, its escapes are */
	const struct lang_variable
		*from; /* stands for a part of this variable, or NULL */
	struct lang_place place;
};

struct lang_variable {
	struct lang_token name;
	struct ctlink_list values; /* of struct lang_token */
};

/* One file or buffer. */
struct lang_source {
	char *name;
	char *text; /* size bytes and two zeros for the scanner */
	size_t size;
	bool from_file;      /* may include others */
	uint64_t dev, inode; /* of the file */
	uint32_t depth;      /* of include; 0: not included */
	uint32_t parent;     /* the source that includes it, when depth > 0 */
};

/* Where a chain is, and what was said of it; line 0: it was not. */
struct lang_chain_place {
	struct lang_place place, hook, policy;
};

/* Where a set is, and the number of the place of its first element. */
struct lang_set_place {
	struct lang_place place;
	uint32_t first;
};

/* Pairs that no packet may be of, a bit for each protocol: of IPv4, of IPv6. */
struct lang_excluded {
	uint64_t bits[2][4];
};

/* The rule that is being read. */
struct lang_draft {
	struct ctlink_rule rule;
	struct lang_place match_places[CTQ_RULE_MATCHES_MAX];
	struct lang_excluded excluded; /* by its matches */
	struct lang_place place;       /* of its parts so far; line 0: none */
	bool ended;                    /* by accept, drop, jump or return */
	bool failed;                   /* has a mistake, which has been told: not kept */
};

/* The match or assignment that is being read. */
struct lang_operand {
	const struct lang_word *word; /* NULL: unknown, which has been told */
	const struct lang_word *with; /* of a set's second part, or NULL */
	struct lang_place place;      /* of the word */
	struct ctlink_list values;    /* of struct lang_token */
	bool braces;                  /* { a, b } */
};

struct lang {
	const struct ctlink_memory *memory;
	struct ctlink_ruleset set;
	struct ctlink_list chain_places;   /* of struct lang_chain_place, as set.chains */
	struct ctlink_list rule_places;    /* of struct lang_place, as set.rules */
	struct ctlink_list set_places;     /* of struct lang_set_place, as set.sets */
	struct ctlink_list element_places; /* of struct lang_place, set after set */
	struct ctlink_list sources;        /* of struct lang_source */
	struct ctlink_list variables;      /* of struct lang_variable */
	struct ctlink_list errors;         /* of struct lang_error */
	uint32_t error_count;
	struct lang_error scratch; /* takes what the list cannot; never read */
	bool no_memory;

	/* where the grammar stands */
	uint32_t chain;                 /* index in set.chains, or LANG_NO_CHAIN */
	uint32_t set_open;              /* index in set.sets, or LANG_NO_SET */
	uint32_t elements_from;         /* the last elements read: from this one on */
	bool type_missed;               /* elements stood before their type: told */
	struct lang_place policy_place; /* of this block's policy; line 0: none */
	struct lang_draft draft;
	struct lang_operand operand;
	struct ctlink_statement detail; /* the limit or log that is being read */
	bool detail_failed;             /* it has a mistake, which has been told */
};
#define LANG_NO_CHAIN UINT32_MAX
#define LANG_NO_SET   UINT32_MAX

/* Where the scanner stands in one source. */
struct lang_input {
	struct lang *l;
	uint32_t source;
	uint32_t line, column;             /* of the next character */
	uint32_t start_line, start_column; /* of the token */
	struct lang_token last;            /* the last token, for messages */
	uint32_t depth;                    /* of braces around chains */
	bool declares;                     /* the next brace opens a set */
	bool unknown;                      /* an unknown word stands in this line */
	bool ended;                        /* the separator before the end is given */
	size_t room_used;
	char room[1024] BASE_ALIGNED(16); /* what flex allocates */
};

static inline struct lang_source *lang_source_of(const struct lang *l, uint32_t i)
{
	return (struct lang_source *)ctlink_list_item(&l->sources,
	                                              sizeof(struct lang_source), i);
}

/* ---- read.c -------------------------------------------------------------------- */

/** Read what @pattern names, relative to @source. Mistakes are told. */
void lang_include(struct lang *l, uint32_t source, const struct lang_token *pattern);

/** Note that memory is short; reading ends soon. */
void lang_no_memory(struct lang *l);

/* ---- scan.l -------------------------------------------------------------------- */

/** Begin to scan @size bytes at @text, which two zeros follow. Give it to the others. */
void *lang_scan_begin(struct lang_input *in, char *text, size_t size);
void lang_scan_end(void *scanner);

/** The next token; 0: the end. */
int lang_yylex(struct lang_token *value, struct lang_place *place, void *scanner);

/* ---- grammar.y ----------------------------------------------------------------- */

/** Read source @source; 0, or -EINVAL when there were mistakes, or -ENOMEM. */
int lang_parse_source(struct lang *l, uint32_t source);

/* ---- error.c ------------------------------------------------------------------- */

/** Add a mistake; the result may get `meant` and `allowed`. Never NULL. */
struct lang_error *lang_error_add(struct lang *l, const struct lang_place *place,
                                  const char *fmt, ...) BASE_PRINTF(3, 4);

/** The same for a value: names the variable that it comes from. */
struct lang_error *lang_error_add_fault(struct lang *l, const struct lang_token *token,
                                        const struct lang_fault *fault);

/** Fill `meant` when one of @words is near @typed. */
void lang_error_suggest(struct lang_error *e, const struct lang_token *typed,
                        const char *const *words, size_t n);

/** Append @place to @places; false with errno when that cannot be. */
bool lang_place_keep(struct lang *l, struct ctlink_list *places, uint32_t limit,
                     const struct lang_place *place);

/** By errno: the list of @what is at its @limit, which is told, or memory is short. */
void lang_append_failed(struct lang *l, const struct lang_place *place, const char *what,
                        int limit);

/** True when so many mistakes are known that reading must end. */
bool lang_is_over(const struct lang *l);

/** "in line 5", seen from @here; with the file when it is another one. */
#define LANG_WHERE_MAX 160
const char *lang_where(const struct lang *l, const struct lang_place *there,
                       const struct lang_place *here, char buf[LANG_WHERE_MAX]);

/** Where line @line begins, and its @length without its end. */
const char *lang_line_of(const struct lang_source *s, uint32_t line, size_t *length);

/** Is it not within a character of UTF-8? */
static inline bool lang_begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/** From the beginning of @a to the end of @b, which may have line 0. */
struct lang_place lang_place_join(const struct lang_place *a, const struct lang_place *b);

/* ---- blame.c ------------------------------------------------------------------- */

/** What the daemon says is allowed, or may be meant. */
void lang_error_hint(struct lang_error *e, const char *hint);

/* ---- what the grammar calls, in the order of the text -------------------------- */

/* chain.c */
void lang_chain_begin(struct lang *l, const struct lang_token *name);
void lang_chain_begin_unknown(struct lang *l); /* its rules are read, but not kept */
void lang_chain_end(struct lang *l);
void lang_chain_hook(struct lang *l, const struct lang_token *hook);
void lang_chain_policy(struct lang *l, const struct lang_token *policy);

/* set.c */
void lang_set_begin(struct lang *l, const struct lang_token *name);
void lang_set_end(struct lang *l);
void lang_set_type(struct lang *l, const struct lang_token *type);
void lang_set_type_with(struct lang *l, const struct lang_token *type);
void lang_set_flag(struct lang *l, const struct lang_token *flag);
void lang_set_timeout(struct lang *l, const struct lang_token *timeout);
void lang_set_size(struct lang *l, const struct lang_token *size);
void lang_set_comment(struct lang *l, const struct lang_token *comment);
void lang_element(struct lang *l, const struct lang_token *key);
void lang_element_variable(struct lang *l, const struct lang_token *name);
void lang_element_with(struct lang *l, const struct lang_token *port);
void lang_element_timeout(struct lang *l, const struct lang_token *timeout);
void lang_element_comment(struct lang *l, const struct lang_token *comment);

/* operand.c */
void lang_operand_begin(struct lang *l, const struct lang_token *group,
                        const struct lang_token *word);
void lang_operand_with(struct lang *l, const struct lang_token *group,
                       const struct lang_token *word);
void lang_operand_value(struct lang *l, const struct lang_token *value);
void lang_operand_variable(struct lang *l, const struct lang_token *name);
void lang_define(struct lang *l, const struct lang_token *name);

/* possible.c */
/** Can a packet be as @m and the matches before it say? Then @m is heeded, else it is told. */
bool lang_possible(struct lang *l, const struct ctlink_match *m,
                   const struct lang_place *place);

/* match.c: the operand is whole. @place: of all of the match. */
void lang_rule_match(struct lang *l, bool negate, const struct lang_place *place);

void lang_rule_set(struct lang *l, bool negate, const struct lang_token *name,
                   const struct lang_place *place);

/* rule.c */
void lang_rule_assign(struct lang *l, const struct lang_place *place);
void lang_rule_statement(struct lang *l, enum ctq_statement kind,
                         const struct lang_token *argument,
                         const struct lang_place *place);
void lang_rule_name(struct lang *l, const struct lang_token *name);
void lang_rule_comment(struct lang *l, const struct lang_token *comment);

/* detail.c: begin, the details in any order, end; or forget, when the text ends before */
void lang_detail_begin(struct lang *l, enum ctq_statement kind);
void lang_detail_limit(struct lang *l, enum ctq_limit limit);
void lang_detail_over(struct lang *l);
void lang_detail_rate(struct lang *l, const struct lang_token *token);
void lang_detail_most(struct lang *l, const struct lang_token *token);
void lang_detail_burst(struct lang *l, const struct lang_token *token);
void lang_detail_every(struct lang *l, const struct lang_token *token);
void lang_detail_prefix4(struct lang *l, const struct lang_token *token);
void lang_detail_prefix6(struct lang *l, const struct lang_token *token);
void lang_detail_level(struct lang *l, const struct lang_token *token);
void lang_detail_name(struct lang *l, const struct lang_token *token);
void lang_detail_set(struct lang *l, const struct lang_token *name); /* and the operand */
void lang_detail_timeout(struct lang *l, const struct lang_token *token);
void lang_detail_end(struct lang *l, const struct lang_place *place);
void lang_detail_forget(struct lang *l);

/* rule.c: the end */
void lang_rule_end(struct lang *l);
void lang_rule_forget(struct lang *l);

/* ---- among themselves ---------------------------------------------------------- */

/** The chain that is open and kept, or NULL. */
struct ctlink_chain *lang_chain_of(struct lang *l);

/** Is it a name that a set can have? Else it is told. */
bool lang_set_name_check(struct lang *l, const struct lang_token *token);

/** A type's name; NULL: of another version. */
const char *lang_set_type_name(uint16_t type);

/** match.c: the family and the protocol that a word of a set's field names become matches of the
 * rule. */
void lang_set_imply(struct lang *l, const struct lang_word *word);

/** set.c: a number of @field (with its units) up to @max; false: it is told. */
bool lang_set_number(struct lang *l, uint16_t field, const struct lang_token *token,
                     uint32_t max, uint32_t *out);

/** match.c: as lang_value_parse(), of a token, whose escapes are replaced first; -EALREADY: a
 * mistake that has been told. */
int lang_token_parse(struct lang *l, const struct ctlink_field *field, uint8_t proto,
                     const struct lang_token *token, struct ctlink_value *v,
                     struct lang_fault *fault);

/** match.c: what was wrong with a value (@err of lang_token_parse()): the rule is not kept. */
void lang_token_fault(struct lang *l, const struct lang_token *token, int err,
                      const struct lang_fault *fault);

/** The variable of this name, or NULL. */
struct lang_variable *lang_variable_find(const struct lang *l,
                                         const struct lang_token *name);

/** One more statement of the rule; NULL: it cannot be, which is told. */
struct ctlink_statement *lang_statement_append(struct lang *l, enum ctq_statement kind,
                                               const struct lang_place *place);

/** The rule goes up to the end of @place at least. */
void lang_draft_touch(struct lang *l, const struct lang_place *place);

/**
 * token.c: a copy of the token's text, escapes replaced, at most @max - 1 (up to
 * CTQ_COMMENT_MAX - 1) bytes, in place of *@out. False: it cannot be, which is told.
 */
bool lang_token_copy(struct lang *l, const struct lang_token *token, size_t max,
                     char **out);

/** Arguments of a "%.*s" that shows a token. */
#define LANG_SHOW(t) (int)((t)->length < 64 ? (t)->length : 64), (t)->text

#endif
