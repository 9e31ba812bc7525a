/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See sets_text.h. The heads are kept first: elements cannot be asked for within the answer
 * to another request.
 */
#include "ctctl/sets_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "ctctl/units.h"

/* A set whose elements are still to come. */
struct head {
	char name[CTQ_NAME_MAX];
	char *text; /* owned; up to the brace and what stands behind it */
	unsigned int type;
	bool counts;
	uint64_t length;
};

struct heads {
	struct head *list;
	size_t n, capacity;
};

/* ---- heads --------------------------------------------------------------------------- */

static int reserve(struct heads *heads)
{
	size_t capacity = heads->capacity ? 2 * heads->capacity : 16;
	struct head *list;

	if (heads->n < heads->capacity)
		return 0;
	list = realloc(heads->list, capacity * sizeof(*list));
	if (!list)
		return -ENOMEM;
	heads->list = list;
	heads->capacity = capacity;
	return 0;
}

static int head_record(void *data, const struct ctq_record *set)
{
	struct heads *heads = data;
	struct head *head;
	size_t size;
	FILE *out;

	if (reserve(heads))
		return -ENOMEM;
	head = &heads->list[heads->n];
	*head = (struct head){
		.type = (unsigned int)ctq_record_number(set, CTQA_SET_TYPE),
		.counts = ctq_record_number(set, CTQA_SET_FLAGS) & CTQ_SET_COUNTER,
		.length = ctq_record_number(set, CTQA_SET_LENGTH),
	};
	snprintf(head->name, sizeof(head->name), "%s",
	         ctq_record_string(set, CTQA_SET_NAME) ?: "");
	out = open_memstream(&head->text, &size);
	if (!out)
		return -ENOMEM;
	heads->n++;
	if (ctq_set_print(set, out))
		fputs("# a set that this ctctl does not understand", out);
	return fclose(out) ? -ENOMEM : 0;
}

static void release(struct heads *heads)
{
	while (heads->n > 0)
		free(heads->list[--heads->n].text);
	free(heads->list);
}

/* ---- elements ------------------------------------------------------------------------ */

static void write_counters(struct tool *tool, const struct ctq_record *element)
{
	char p[UNITS_MAX], b[UNITS_MAX];

	fprintf(tool->out, "  # packets %s bytes %s",
	        units_count(ctq_record_number(element, CTQA_ELEMENT_PACKETS),
	                    tool->terminal, p),
	        units_bytes(ctq_record_number(element, CTQA_ELEMENT_BYTES),
	                    tool->terminal, b));
}

void sets_text_element(struct tool *tool, unsigned int type, bool counts, bool comma,
                       const struct ctq_record *element)
{
	if (ctq_element_print(type, element, tool->out))
		fputs("# an element that this ctctl does not understand", tool->out);
	if (comma)
		fputc(',', tool->out);
	if (counts && !tool_has(tool, OPTION_NO_HEADER))
		write_counters(tool, element);
}

struct listing {
	struct tool *tool;
	const struct head *head;
	bool any;
};

static int element_record(void *data, const struct ctq_record *element)
{
	struct listing *l = data;

	fputs(l->any ? "\t\t" : "\telements {\n\t\t", l->tool->out);
	l->any = true;
	sets_text_element(l->tool, l->head->type, l->head->counts, true, element);
	fputc('\n', l->tool->out);
	return 0;
}

static int write_whole(struct tool *tool, const struct head *head)
{
	struct listing l = { .tool = tool, .head = head };
	int err;

	fprintf(tool->out, "%s\n", head->text);
	err = ctq_elements_dump(tool->ctq, head->name, element_record, &l);
	fputs(l.any ? "\t}\n}\n" : "}\n", tool->out);
	return err == -ENOENT ? 0 : err; /* it has gone since its head came */
}

static void write_brief(struct tool *tool, const struct head *head)
{
	char buf[UNITS_MAX];

	fprintf(tool->out, "%s }  # elements %s\n", head->text,
	        units_count(head->length, tool->terminal, buf));
}

/* ---- sets ---------------------------------------------------------------------------- */

int sets_text_one(struct tool *tool, const char *name)
{
	struct heads heads = { .n = 0 };
	int err = ctq_set_get(tool->ctq, name, head_record, &heads);

	if (!err && heads.n)
		err = write_whole(tool, &heads.list[0]);
	release(&heads);
	return err;
}

int sets_text_all(struct tool *tool, bool elements)
{
	struct heads heads = { .n = 0 };
	int err = ctq_sets_dump(tool->ctq, head_record, &heads);
	size_t i;

	for (i = 0; i < heads.n && !err; i++) {
		if (elements)
			err = write_whole(tool, &heads.list[i]);
		else
			write_brief(tool, &heads.list[i]);
	}
	release(&heads);
	return err;
}
