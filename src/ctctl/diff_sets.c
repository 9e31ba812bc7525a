/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_sets.c - sets of a file beside those in force
 *
 * What a load does to them stands in ctqd-rules(5), SETS: elements that came with rules and are
 * not in the file go; of the others those go that have no timeout, and only if the file names
 * elements of the set; a set of another type, or that counts from now on, begins anew.
 */
#include "ctctl/diff_sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An element as text, and what a load looks at. */
struct entry {
	char *text;
	bool of_rules, timed, met;
};

/* A set of one side. */
struct side {
	char name[CTQ_NAME_MAX];
	char *head; /* NULL: this side does not have it */
	unsigned int type;
	uint64_t flags, uses;
	struct entry *entries;
	size_t n;
};

/* ---- reading ------------------------------------------------------------------------ */

static void side_free(struct side *s)
{
	while (s->n > 0)
		free(s->entries[--s->n].text);
	free(s->entries);
	free(s->head);
}

static int head_record(void *data, const struct ctq_record *set)
{
	struct side *s = data;
	size_t size;
	FILE *out = open_memstream(&s->head, &size);

	if (!out)
		return -ENOMEM;
	snprintf(s->name, sizeof(s->name), "%s",
	         ctq_record_string(set, CTQA_SET_NAME) ?: "");
	s->type = (unsigned int)ctq_record_number(set, CTQA_SET_TYPE);
	s->flags = ctq_record_number(set, CTQA_SET_FLAGS);
	s->uses = ctq_record_number(set, CTQA_SET_USES);
	ctq_set_print(set, out);
	return fclose(out) ? -ENOMEM : 0;
}

static int print_element(FILE *out, unsigned int type, const struct ctq_record *element)
{
	const char *comment = ctq_record_string(element, CTQA_ELEMENT_COMMENT);
	int err = ctq_element_key_print(type, element, out);

	if (comment)
		fprintf(out, " comment \"%s\"", comment);
	return err;
}

static int element_record(void *data, const struct ctq_record *element)
{
	struct side *s = data;
	struct entry *entries = s->entries, *e;
	size_t size;
	FILE *out;

	if ((s->n & (s->n - 1)) == 0) { /* full: 1, 2, 4, … */
		entries = realloc(entries, (s->n ? s->n * 2 : 1) * sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		s->entries = entries;
	}
	e = &s->entries[s->n];
	*e = (struct entry){
		.of_rules = ctq_record_number(element, CTQA_ELEMENT_FLAGS) &
		            CTQ_ELEMENT_OF_RULES,
		.timed = ctq_record_number(element, CTQA_ELEMENT_TIMEOUT) != 0,
	};
	out = open_memstream(&e->text, &size);
	if (!out)
		return -ENOMEM;
	s->n++;
	if (print_element(out, s->type, element))
		fputs("# an element that this ctctl does not understand", out);
	return fclose(out) ? -ENOMEM : 0;
}

/* ---- comparing ---------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static void sort(struct side *s)
{
	if (s->n)
		qsort(s->entries, s->n, sizeof(*s->entries), by_text);
}

static bool begins_anew(const struct side *now, const struct side *then)
{
	return now->type != then->type || (then->flags & ~now->flags & CTQ_SET_COUNTER);
}

/* Does a load take @e out, which the file does not name? */
static bool goes(const struct entry *e, const struct side *now, const struct side *then)
{
	return !then->head || begins_anew(now, then) || e->of_rules ||
	       (then->n && !e->timed);
}

static bool write_goes(FILE *out, struct side *now, struct side *then)
{
	struct entry *met;
	bool any = false;
	size_t i;

	for (i = 0; i < now->n; i++) {
		met = then->n ? bsearch(&now->entries[i], then->entries, then->n,
		                        sizeof(*met), by_text)
		              : NULL;
		if (met && now->type == then->type) {
			met->met = true;
		} else if (goes(&now->entries[i], now, then)) {
			fprintf(out, "-\t%s\n", now->entries[i].text);
			any = true;
		}
	}
	return any;
}

static bool write_comes(FILE *out, const struct side *then)
{
	bool any = false;
	size_t i;

	for (i = 0; i < then->n; i++)
		if (!then->entries[i].met) {
			fprintf(out, "+\t%s\n", then->entries[i].text);
			any = true;
		}
	return any;
}

/* One set: @now in force, @then by the file. */
static int write_set(FILE *out, struct side *now, struct side *then, bool *differ)
{
	char *text = NULL;
	size_t size;
	FILE *part = open_memstream(&text, &size);
	bool any;

	if (!part)
		return -ENOMEM;
	sort(now);
	sort(then);
	any = !now->head || !then->head || strcmp(now->head, then->head) != 0;
	if (any && now->head)
		fprintf(part, "-%s\n", now->head);
	if (any && then->head)
		fprintf(part, "+%s\n", then->head);
	any |= write_goes(part, now, then);
	any |= write_comes(part, then);
	fclose(part);
	if (any)
		fprintf(out, "@@ set %s @@\n%s", then->head ? then->name : now->name,
		        text);
	free(text);
	*differ |= any;
	return 0;
}

/* ---- all sets ----------------------------------------------------------------------- */

struct walk {
	FILE *out;
	struct ctq *ctq;
	const struct ctq_rules *rules;
	bool *differ;
	struct side *left; /* sets in force; those of the file are taken out */
	size_t n;
};

static int collect(void *data, const struct ctq_record *set)
{
	struct walk *w = data;
	struct side *left = realloc(w->left, (w->n + 1) * sizeof(*left));

	if (!left)
		return -ENOMEM;
	w->left = left;
	left[w->n] = (struct side){ .n = 0 };
	return head_record(&left[w->n++], set);
}

static struct side *find(struct walk *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->left[i].head && strcmp(w->left[i].name, name) == 0)
			return &w->left[i];
	return NULL;
}

static int compare_one(void *data, const struct ctq_record *set)
{
	struct side none = { .n = 0 }, then = { .n = 0 }, *now;
	struct walk *w = data;
	int err = head_record(&then, set);

	now = err ? NULL : find(w, then.name);
	if (now)
		err = ctq_elements_dump(w->ctq, then.name, element_record, now);
	if (!err)
		err = ctq_rules_elements(w->rules, then.name, element_record, &then);
	if (!err)
		err = write_set(w->out, now ? now : &none, &then, w->differ);
	if (now) {
		side_free(now);
		*now = (struct side){ .n = 0 };
	}
	side_free(&then);
	return err;
}

static bool is_of_rules(const struct side *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->entries[i].of_rules)
			return true;
	return s->uses > 0;
}

/* A set that the file does not have goes if it came with rules: if rules use it, or elements
 * came with them. */
static int compare_left(struct walk *w, struct side *now)
{
	struct side none = { .n = 0 };
	int err = ctq_elements_dump(w->ctq, now->name, element_record, now);

	return err || !is_of_rules(now) ? err : write_set(w->out, now, &none, w->differ);
}

int diff_sets_write(FILE *out, struct ctq *ctq, const struct ctq_rules *rules,
                    bool *differ)
{
	struct walk w = { .out = out, .ctq = ctq, .rules = rules, .differ = differ };
	int err = ctq_sets_dump(ctq, collect, &w);
	size_t i;

	if (!err)
		err = ctq_rules_sets(rules, compare_one, &w);
	for (i = 0; i < w.n; i++) {
		if (!err && w.left[i].head)
			err = compare_left(&w, &w.left[i]);
		side_free(&w.left[i]);
	}
	free(w.left);
	return err;
}
