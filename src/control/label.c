/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * label.c - labels of flows by name
 *
 * The kernel knows numbers only, and each tool reads /etc/xtables/connlabel.conf for itself.
 * Here the daemon has read it, and speaks of labels by name; by number where one has none.
 */
#include <stdio.h>
#include <string.h>

#include "control/control_priv.h"

/* "web", or "17"; @buf is for numbers. */
#define LABEL_NUMBER_MAX 4

static const char *label_text(const struct control *c, unsigned int number,
                              char buf[LABEL_NUMBER_MAX])
{
	const char *name =
		c->env.label_name ? c->env.label_name(c->env.ctx, number) : NULL;

	if (name)
		return name;
	snprintf(buf, LABEL_NUMBER_MAX, "%u", number % FLOW_LABELS);
	return buf;
}

static bool is_set(const struct flow_labels *l, unsigned int number)
{
	return l->words[number / 64] >> number % 64 & 1;
}

void control_labels_text(const struct control *c, const struct flow_labels *l,
                         char text[CTQ_LABELS_TEXT_MAX])
{
	char buf[LABEL_NUMBER_MAX];
	const char *name;
	size_t used = 0, length;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < FLOW_LABELS; i++) {
		if (!is_set(l, i))
			continue;
		name = label_text(c, i, buf);
		length = strlen(name);
		if (used + length + 2 > CTQ_LABELS_TEXT_MAX)
			return;
		if (used)
			text[used++] = ',';
		memcpy(text + used, name, length + 1);
		used += length;
	}
}

static bool name_holds(const char *name, const char *pattern)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return strncmp(name, pattern, n - 1) == 0;
	return strcmp(name, pattern) == 0;
}

bool control_label_holds(const struct control *c, const struct flow_labels *l,
                         const struct ctlink_match *match)
{
	char buf[LABEL_NUMBER_MAX];
	unsigned int i;
	uint32_t v;

	for (i = 0; i < FLOW_LABELS; i++)
		for (v = 0; is_set(l, i) && v < match->values.length; v++)
			if (name_holds(label_text(c, i, buf),
			               ctlink_match_value(match, v)->string))
				return true;
	return false;
}

/* Number of the label with that name, or -ENOENT. */
static int label_find(const struct control *c, const char *name, size_t length)
{
	char buf[LABEL_NUMBER_MAX];
	const char *text;
	int i;

	for (i = 0; i < FLOW_LABELS; i++) {
		text = label_text(c, (unsigned int)i, buf);
		if (strlen(text) == length && strncmp(text, name, length) == 0)
			return i;
	}
	return -ENOENT;
}

/* "+web,-17" */
int control_labels_parse(struct control_request *r, const char *text,
                         struct flow_labels *value, struct flow_labels *mask)
{
	uint64_t bit;
	size_t length;
	int number;

	*value = *mask = (struct flow_labels){ { 0, 0 } };
	for (; *text; text += length + (text[length] == ',')) {
		length = strcspn(text, ",");
		if (*text != '+' && *text != '-')
			return ctlink_error_set(r->error, -EINVAL, 0,
			                        "'%.*s' is neither +LABEL nor -LABEL",
			                        (int)length, text);
		number = label_find(r->client->control, text + 1, length - 1);
		if (number < 0) {
			ctlink_error_set(r->error, -EINVAL, 0,
			                 "no label is called '%.*s'", (int)length - 1,
			                 text + 1);
			ctlink_error_hint(r->error,
			                  "labels are 0 to 127, or as the file "
			                  "says that 'labels' in ctqd.conf names");
			return -EINVAL;
		}
		bit = UINT64_C(1) << number % 64;
		mask->words[number / 64] |= bit;
		value->words[number / 64] &= ~bit;
		if (*text == '+')
			value->words[number / 64] |= bit;
	}
	return 0;
}
