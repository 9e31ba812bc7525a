/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words.h - the words of the language
 *
 * Fields come from ctq/fields.def; the spellings that nft's users know are others for
 * the same fields, some of which say more ("tcp dport" is "proto tcp dport"). Values
 * that have names are in one table for each kind. Pure; any thread.
 */
#ifndef LANG_WORDS_H
#define LANG_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- fields -------------------------------------------------------------------- */

/* A spelling of a field. */
struct lang_word {
	const char *group; /* "tcp" of "tcp dport"; NULL: one word */
	const char *word;
	uint16_t field; /* enum ctq_field */
	uint8_t proto;  /* a match on this protocol is meant too; 0: none */
	uint8_t family; /* a match on this family is meant too; 0: none */
};

/** The field that is spelt @group @word (@group NULL: @word alone), or NULL. */
const struct lang_word *lang_word_find(const char *group, size_t group_length,
                                       const char *word, size_t length);

/** Does any field's spelling begin with @group? */
bool lang_word_is_group(const char *group, size_t length);

/** The words of @group, or all single words and groups for NULL, each
 * once; at most @max. */
size_t lang_word_list(const char *group, size_t group_length, const char **words,
                      size_t max);
#define LANG_WORDS_MAX 96

/* ---- names of values ----------------------------------------------------------- */

struct lang_name {
	const char *name;
	uint64_t value;
};

/* Names of one kind; of several names for one value the first is printed. */
struct lang_names {
	const char *kind;   /* in messages: "protocol" */
	const char *plural; /* "protocols" */
	const struct lang_name *list;
	size_t length;
};

/**
 * The names that values of @field have, or NULL. @proto: the protocol that the rule is
 * about (ICMP types are named by it), 0: unknown.
 */
const struct lang_names *lang_names_of(uint16_t field, uint8_t proto);

/** Hooks that chains can have, and verdicts that policies can be. */
extern const struct lang_names lang_hooks;
extern const struct lang_names lang_policies;

/** Levels of log, and periods of rates in seconds. */
extern const struct lang_names lang_levels;
extern const struct lang_names lang_periods;

/** The value of a name, without regard to case. */
bool lang_names_value(const struct lang_names *names, const char *text, size_t length,
                      uint64_t *value);

/** The name of a value, or NULL. */
const char *lang_names_name(const struct lang_names *names, uint64_t value);

/** "states: new established ...": each value by its first name, as far as @size allows. */
void lang_names_list(const struct lang_names *names, char *buf, size_t size);

#endif
