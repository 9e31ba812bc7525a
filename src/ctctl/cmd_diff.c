/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_diff.c - what a load of a file would change
 *
 * Both sides are texts of one spelling, chain by chain; chains that have the same name are
 * compared line by line. Equal beginnings and ends are cut off; what is between is aligned
 * by a longest common subsequence while that is small, and told as a whole else.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/cmd.h"
#include "ctctl/diff_sets.h"
#include "ctctl/message.h"
#include "ctctl/outcome.h"

/* Lines of both sides whose product is above this are not aligned: 32 MiB of table. */
#define DIFF_CELLS_MAX (1u << 24)

/* A side: its text, cut into lines. */
struct side {
	char *text;
	size_t size;
	char **lines;
	size_t n;
	uint64_t generation;
};

/* Lines of one chain: head, rules, "}". */
struct part {
	char **lines;
	size_t n;
};

/* ---- the sides ------------------------------------------------------------------------ */

static int side_cut(struct side *s)
{
	char *at, *end;

	s->lines = calloc(s->size + 1, sizeof(*s->lines));
	if (!s->lines)
		return -ENOMEM;
	for (at = s->text; at < s->text + s->size; at = end + 1) {
		end = strchr(at, '\n');
		if (!end)
			break;
		*end = '\0';
		s->lines[s->n++] = at;
	}
	return 0;
}

static void side_free(struct side *s)
{
	free(s->lines);
	free(s->text);
}

static int generation_record(void *data, const struct ctq_record *ruleset)
{
	*(uint64_t *)data = ctq_record_number(ruleset, CTQA_RULESET_GENERATION);
	return 0;
}

/* The rules in force, as records that come chain by chain. */
struct listing {
	FILE *out;
	char **heads;
	char (*names)[CTQ_NAME_MAX];
	size_t n, open; /* chains; 1 + the one being written */
};

static int chain_record(void *data, const struct ctq_record *chain)
{
	struct listing *l = data;
	char *head = NULL, **heads = realloc(l->heads, (l->n + 1) * sizeof(*heads));
	char(*names)[CTQ_NAME_MAX] = realloc(l->names, (l->n + 1) * sizeof(*names));
	size_t size;
	FILE *out;

	l->heads = heads ? heads : l->heads;
	l->names = names ? names : l->names;
	out = heads && names ? open_memstream(&head, &size) : NULL;
	if (!out)
		return -ENOMEM;
	ctq_chain_print(chain, out);
	fclose(out);
	snprintf(l->names[l->n], CTQ_NAME_MAX, "%s",
	         ctq_record_string(chain, CTQA_CHAIN_NAME) ?: "");
	l->heads[l->n++] = head;
	return 0;
}

/* Open the chain called @name; NULL: all that are left. */
static void listing_advance(struct listing *l, const char *name)
{
	while (l->open < l->n &&
	       (!name || l->open == 0 || strcmp(l->names[l->open - 1], name) != 0)) {
		if (l->open)
			fputs("}\n", l->out);
		fprintf(l->out, "%s\n", l->heads[l->open++]);
	}
}

static int rule_record(void *data, const struct ctq_record *rule)
{
	struct listing *l = data;

	listing_advance(l, ctq_record_string(rule, CTQA_RULE_CHAIN) ?: "");
	fputc('\t', l->out);
	if (ctq_rule_print(rule, l->out))
		fputs("# a rule that this ctctl does not understand", l->out);
	fputc('\n', l->out);
	return 0;
}

static int side_in_force(struct ctq *ctq, struct side *s)
{
	struct listing l = { .out = open_memstream(&s->text, &s->size) };
	int err = l.out ? 0 : -ENOMEM;

	if (!err)
		err = ctq_ruleset_get(ctq, generation_record, &s->generation);
	if (!err)
		err = ctq_chains_dump(ctq, chain_record, &l);
	if (!err)
		err = ctq_rules_dump(ctq, rule_record, &l);
	listing_advance(&l, NULL);
	if (l.open)
		fputs("}\n", l.out);
	if (l.out && fclose(l.out) && !err)
		err = -ENOMEM;
	while (l.n > 0)
		free(l.heads[--l.n]);
	free(l.heads);
	free(l.names);
	return err ? err : side_cut(s);
}

static int side_of_file(const struct ctq_rules *rules, struct side *s)
{
	FILE *out = open_memstream(&s->text, &s->size);
	int err;

	if (!out)
		return -ENOMEM;
	err = ctq_rules_print(rules, out);
	if (fclose(out) && !err)
		err = -ENOMEM;
	return err ? err : side_cut(s);
}

/* ---- chains ---------------------------------------------------------------------------- */

/* The chain that begins at line *@at; moves behind it. */
static struct part part_next(const struct side *s, size_t *at)
{
	struct part p = { .lines = s->lines + *at };

	while (*at < s->n && strcmp(s->lines[*at], "}") != 0)
		(*at)++;
	*at += *at < s->n;
	p.n = (size_t)(s->lines + *at - p.lines);
	return p;
}

/* Bytes of "chain NAME": up to the brace. */
static size_t name_length(const char *head)
{
	const char *brace = strstr(head, " {");

	return brace ? (size_t)(brace - head) : strlen(head);
}

static bool part_find(const struct side *s, const char *head, struct part *out)
{
	size_t at = 0, length = name_length(head);

	while (at < s->n) {
		*out = part_next(s, &at);
		if (name_length(out->lines[0]) == length &&
		    memcmp(out->lines[0], head, length) == 0)
			return true;
	}
	*out = (struct part){ NULL, 0 };
	return false;
}

/* ---- lines ----------------------------------------------------------------------------- */

static void write_lines(FILE *out, char sign, const struct part *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		fprintf(out, "%c%s\n", sign, p->lines[i]);
}

/* Walk the table of longest common subsequences of the rests: length[i][j]. */
static void write_aligned(FILE *out, const struct part *a, const struct part *b,
                          const uint16_t *length)
{
	size_t i = 0, j = 0, row = b->n + 1;

	while (i < a->n || j < b->n) {
		if (i < a->n && j < b->n && strcmp(a->lines[i], b->lines[j]) == 0) {
			i++;
			j++;
		} else if (j == b->n || (i < a->n && length[(i + 1) * row + j] >=
		                                             length[i * row + j + 1])) {
			fprintf(out, "-%s\n", a->lines[i++]);
		} else {
			fprintf(out, "+%s\n", b->lines[j++]);
		}
	}
}

static void write_between(FILE *out, const struct part *a, const struct part *b)
{
	size_t i, j, row = b->n + 1;
	uint16_t *length = NULL;

	if ((a->n + 1) < DIFF_CELLS_MAX / row && a->n < UINT16_MAX && b->n < UINT16_MAX)
		length = calloc((a->n + 1) * row, sizeof(*length));
	if (!length) {
		write_lines(out, '-', a);
		write_lines(out, '+', b);
		return;
	}
	for (i = a->n; i-- > 0;) {
		for (j = b->n; j-- > 0;) {
			uint16_t down = length[(i + 1) * row + j];
			uint16_t right = length[i * row + j + 1];

			if (strcmp(a->lines[i], b->lines[j]) == 0)
				length[i * row + j] = length[(i + 1) * row + j + 1] + 1;
			else
				length[i * row + j] = down > right ? down : right;
		}
	}
	write_aligned(out, a, b, length);
	free(length);
}

/* @a and @b: the same chain. True: they differ. */
static bool write_part(FILE *out, struct part a, struct part b)
{
	const char *head = b.n ? b.lines[0] : a.lines[0];

	while (a.n && b.n && strcmp(a.lines[a.n - 1], b.lines[b.n - 1]) == 0) {
		a.n--;
		b.n--;
	}
	while (a.n && b.n && strcmp(a.lines[0], b.lines[0]) == 0) {
		a.lines++, a.n--;
		b.lines++, b.n--;
	}
	if (a.n == 0 && b.n == 0)
		return false;
	fprintf(out, "@@ %.*s @@\n", (int)name_length(head), head);
	write_between(out, &a, &b);
	return true;
}

static bool write_sides(FILE *out, const struct side *a, const struct side *b)
{
	struct part one, other;
	bool differ = false;
	size_t at;

	for (at = 0; at < a->n;) {
		one = part_next(a, &at);
		part_find(b, one.lines[0], &other);
		differ |= write_part(out, one, other);
	}
	for (at = 0; at < b->n;) {
		other = part_next(b, &at);
		if (!part_find(a, other.lines[0], &one))
			differ |= write_part(out, one, other);
	}
	return differ;
}

/* ---- the command --------------------------------------------------------------------------- */

static int diff_write(struct tool *tool, const struct ctq_rules *rules,
                      const struct side *in_force, const struct side *file)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool differ = false;
	int err;

	if (!out) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	err = diff_sets_write(out, tool->ctq, rules, &differ);
	differ |= write_sides(out, in_force, file);
	fclose(out);
	if (err) {
		free(text);
		return tool_failed(tool, err);
	}
	if (differ && !tool_has(tool, OPTION_QUIET))
		fprintf(tool->out, "--- generation %" PRIu64 "\n+++ %s\n%s",
		        in_force->generation, tool->words[0].text, text);
	free(text);
	return differ ? TOOL_DIFFERENT : TOOL_OK;
}

static int diff_run(struct tool *tool, struct ctq_rules *rules)
{
	struct side in_force = { NULL, 0, NULL, 0, 0 }, file = in_force;
	int code, err;

	err = outcome_read(tool, rules, tool->words[0].text);
	if (err == -EINVAL && ctq_rules_error_count(rules)) {
		ctq_rules_errors_print(rules, tool->err);
		return TOOL_FAILED;
	}
	if (err) {
		message_error(tool, "%s", strerror(-err));
		return TOOL_FAILED;
	}
	code = tool_connect(tool);
	if (code)
		return code;
	err = side_in_force(tool->ctq, &in_force);
	if (!err)
		err = side_of_file(rules, &file);
	code = err ? tool_failed(tool, err) : diff_write(tool, rules, &in_force, &file);
	side_free(&in_force);
	side_free(&file);
	return code;
}

int cmd_diff(struct tool *tool)
{
	return outcome_of_file(tool, diff_run);
}
