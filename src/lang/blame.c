/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mistakes that others, the daemon above all, find in what was read. They know the number of the
 * rule and speak of a name in it: the reader finds its place.
 */
#include "lang/lang_priv.h"

#include <ctype.h>
#include <string.h>

/* A suggestion at the beginning of a hint stands beside the carets. */
void lang_error_hint(struct lang_error *e, const char *hint)
{
	static const char meant[] = "did you mean ";
	const char *end =
		strncmp(hint, meant, strlen(meant)) == 0 ? strstr(hint, "'?") : NULL;

	if (end) {
		snprintf(e->meant, sizeof(e->meant), "%.*s", (int)(end + 2 - hint), hint);
		hint = end + 2 + strspn(end + 2, " ");
	}
	snprintf(e->allowed, sizeof(e->allowed), "%s", hint);
}

static uint32_t characters_of(const char *text, size_t size)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < size; i++)
		n += lang_begins_character(text[i]);
	return n;
}

/* Bytes of the first @n characters of @text. */
static size_t bytes_of(const char *text, size_t length, uint32_t n)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (lang_begins_character(text[i]) && n-- == 0)
			break;
	}
	return i;
}

static bool is_of_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       (c && strchr("_-.*:/+", c));
}

/* Where @place begins in the text, and *@end behind its end. */
static const char *text_of(const struct lang *l, const struct lang_place *place,
                           const char **end)
{
	const struct lang_source *s = lang_source_of(l, place->source);
	size_t length, n;
	const char *p;

	p = lang_line_of(s, place->last_line, &length);
	n = bytes_of(p, length, place->last_column);
	*end = p + n;
	p = lang_line_of(s, place->line, &length);
	return p + bytes_of(p, length, place->column - 1);
}

/*
 * The daemon tells which rule is wrong, and the name in it that is: when @word stands once in
 * @place, it is the place. False: it does not stand there.
 */
static bool place_narrow(const struct lang *l, struct lang_place *place, const char *word,
                         size_t size)
{
	struct lang_place at = *place, found = { 0 };
	const char *end, *p = text_of(l, place, &end), *begin = p;

	for (; p < end; p++) {
		if ((size_t)(end - p) >= size && memcmp(p, word, size) == 0 &&
		    (p == begin || !is_of_word(p[-1])) &&
		    (p + size == end || !is_of_word(p[size]))) {
			if (found.line)
				return true;
			found = at;
		}
		at.column += lang_begins_character(*p);
		if (*p == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	if (!found.line)
		return false;
	place->line = place->last_line = found.line;
	place->column = found.column;
	place->last_column = found.column + characters_of(word, size) - 1;
	return true;
}

static const struct lang_chain_place *chain_place(const struct lang *l, uint32_t i)
{
	return (const struct lang_chain_place *)ctlink_list_item(
		&l->chain_places, sizeof(struct lang_chain_place), i);
}

/* The place of the chain that rule @i is in, when @word is its name. */
static void place_of_chain(const struct lang *l, uint32_t i, const char *word,
                           size_t size, struct lang_place *place)
{
	const char *chain = ctlink_ruleset_rule(&l->set, i)->chain;
	uint32_t c;

	if (!chain || strlen(chain) != size || memcmp(chain, word, size) != 0)
		return;
	for (c = 0; c < l->chain_places.length; c++)
		if (strcmp(ctlink_ruleset_chain(&l->set, c)->name, chain) == 0)
			*place = chain_place(l, c)->place;
}

/* The first name that @text has in quotes. */
static bool quoted_find(const char *text, const char **word, size_t *size)
{
	const char *begin = strchr(text, '\''), *end;

	end = begin ? strchr(begin + 1, '\'') : NULL;
	if (!end || end == begin + 1)
		return false;
	*word = begin + 1;
	*size = (size_t)(end - *word);
	return true;
}

static void blame(struct lang *l, const struct lang_place *place, const char *text,
                  const char *hint)
{
	lang_error_hint(lang_error_add(l, place, "%s", text), hint ? hint : "");
}

void lang_blame_chain(struct lang *l, uint32_t i, const char *text, const char *hint)
{
	blame(l, &chain_place(l, i)->place, text, hint);
}

static const struct lang_place *rule_place(const struct lang *l, uint32_t i)
{
	return (const struct lang_place *)ctlink_list_item(&l->rule_places,
	                                                   sizeof(struct lang_place), i);
}

/* Has another rule the name of rule @i? The daemon knows its line, but no file. */
static bool name_is_taken(const struct lang *l, uint32_t i, uint32_t *other)
{
	const char *name = ctlink_ruleset_rule(&l->set, i)->name, *another;

	for (*other = 0; name && *other < l->rule_places.length; (*other)++) {
		another = ctlink_ruleset_rule(&l->set, *other)->name;
		if (*other != i && another && strcmp(name, another) == 0)
			return true;
	}
	return false;
}

void lang_blame_rule(struct lang *l, uint32_t i, const char *text, const char *hint)
{
	struct lang_place place = *rule_place(l, i);
	char taken[LANG_TEXT_MAX], where[LANG_WHERE_MAX];
	const char *word;
	uint32_t other;
	size_t size;

	if (strstr(text, " is taken by ") && name_is_taken(l, i, &other)) {
		snprintf(taken, sizeof(taken), "the name '%s' is taken by the rule %s",
		         ctlink_ruleset_rule(&l->set, i)->name,
		         lang_where(l, rule_place(l, other), &place, where));
		text = taken;
	}
	if (quoted_find(text, &word, &size) && !place_narrow(l, &place, word, size))
		place_of_chain(l, i, word, size, &place);
	blame(l, &place, text, hint);
}
