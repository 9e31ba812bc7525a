/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lang.h - the rule language: text to values and back
 *
 * ctqd-rules(5) describes the language. A reader takes one or more texts, files or
 * buffers, and gathers the chains and rules in a struct ctlink_ruleset, in the order in
 * which they stand; the daemon or the client makes messages or a generation of it. A text
 * with mistakes gives located messages for as many of them as can be told apart:
 *
 *	/etc/ctqd/rules.ctq:14:9-13: error: unknown word 'acept'
 *	  tcp dport 22 acept
 *	               ^^^^^  did you mean 'accept'?
 *
 *	l = lang_new(NULL);
 *	if (lang_read_file(l, path) < 0)
 *		lang_errors_print(l, stderr);
 *	else
 *		use(lang_ruleset(l));
 *	lang_destroy(l);
 *
 * Printing what was read gives a text whose reading gives the same values again.
 * One thread for each reader. Names of chains are resolved by the daemon, so that a jump
 * to a chain that is not in the text is no mistake here.
 */
#ifndef LANG_LANG_H
#define LANG_LANG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"
#include "ctlink/memory.h"
#include "ctlink/rule.h"

struct lang;

/** Limits: what exceeds one is a mistake in the text like others. */
#define LANG_FILE_MAX      (256u << 20) /* bytes of one file: a million rules of 256 */
#define LANG_INCLUDE_DEPTH 8            /* files within files */
#define LANG_FILES_MAX     1024
#define LANG_VARIABLES_MAX 1024
#define LANG_ERRORS_MAX    20 /* then reading ends */

/* ---- reading ------------------------------------------------------------------- */

/** An empty reader; NULL when memory is short. @memory: NULL for the C library's. */
struct lang *lang_new(const struct ctlink_memory *memory);

/** With all that was read. NULL is allowed. */
void lang_destroy(struct lang *l);

/**
 * Read a file and what it includes. Returns 0; -EINVAL when there are mistakes (also that
 * the file cannot be read), all of them in the list of errors; -ENOMEM.
 */
int lang_read_file(struct lang *l, const char *path) BASE_MUST_CHECK;

/** Read @size bytes; @name stands for the file in messages. `include` is a mistake here:
 * such a text may come from anywhere. Returns as lang_read_file(). */
int lang_read_text(struct lang *l, const char *name, const char *text,
                   size_t size) BASE_MUST_CHECK;

/** What was read so far; belongs to @l, but its rules may be moved out of it. */
struct ctlink_ruleset *lang_ruleset(struct lang *l);

/* ---- mistakes ------------------------------------------------------------------ */

#define LANG_TEXT_MAX 256

/* Where a mistake is: characters from the first up to and including the last. */
struct lang_place {
	uint32_t line, column;           /* from 1 */
	uint32_t last_line, last_column; /* from 1, inclusive */
	uint32_t source;                 /* number of the text, for lang's own use */
};

struct lang_error {
	const char *file;            /* its name; belongs to the reader */
	struct lang_place place;     /* line 0: the file as a whole */
	char text[LANG_TEXT_MAX];    /* what is wrong */
	char meant[LANG_TEXT_MAX];   /* "did you mean 'accept'?", or "" */
	char allowed[LANG_TEXT_MAX]; /* "states: new established …", or "" */
};

/** Number of mistakes, and the @i-th of them (NULL: no more) in the order they were found. */
uint32_t lang_error_count(const struct lang *l);
const struct lang_error *lang_error_peek(const struct lang *l, uint32_t i);

/** All as text: message, line, carets. */
void lang_errors_print(const struct lang *l, FILE *out);

/**
 * Add a mistake that somebody else (the daemon) found in set, chain or rule @i of
 * lang_ruleset(), which are counted as they were read.
 */
void lang_blame_chain(struct lang *l, uint32_t i, const char *text, const char *hint);
void lang_blame_set(struct lang *l, uint32_t i, const char *text, const char *hint);
/** Element @i of set @set. */
void lang_blame_element(struct lang *l, uint32_t set, uint32_t i, const char *text,
                        const char *hint);
void lang_blame_rule(struct lang *l, uint32_t i, const char *text, const char *hint);

/* ---- printing ------------------------------------------------------------------ */

/*
 * One line of the language, without its end. A member that cannot be said in the
 * language (of a newer version) is printed as a comment. Write errors are left in @out.
 */

/** "tcp dport 22 ct state new name ssh accept": matches, name, statements, comment. */
void lang_rule_print(const struct ctlink_rule *rule, FILE *out);

/** "chain web {" or "chain prerouting { policy drop"; the caller adds
 * the rules and "}". */
void lang_chain_print(const struct ctlink_chain *chain, FILE *out);

/** "set ban { type address; flags timeout; timeout 1h"; the caller adds the elements
 * and "}". */
void lang_set_print(const struct ctlink_set *set, FILE *out);

/** "10.0.0.0/8 timeout 1h comment \"office\"": an element of a set of @type. What is
 * left of its timeout is printed as its timeout. */
void lang_element_print(uint16_t type, const struct ctlink_element *element, FILE *out);

/** The field by whose spelling the elements of a set of @type are read, and their ports by
 * CTQ_FIELD_DPORT. */
uint16_t lang_set_field(uint16_t type);

/** One match: "dport { 22, 80 }". */
void lang_match_print(const struct ctlink_match *match, FILE *out);

/** A whole rule set, chain by chain, as a file. */
void lang_ruleset_print(const struct ctlink_ruleset *set, FILE *out);

#endif
