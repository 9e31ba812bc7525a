/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * label.c - labels of flows by name
 *
 * The kernel knows numbers only, and each tool reads /etc/xtables/connlabel.conf for itself.
 * Here the daemon has read it, and speaks of labels by name; by number where one has none.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/control_priv.h"
#include "rules/label.h"

static bool is_set(const struct flow_labels *l, unsigned int number)
{
	return l->words[number / 64] >> number % 64 & 1;
}

void control_labels_text(const struct control *c, const struct flow_labels *l,
                         char text[CTQ_LABELS_TEXT_MAX])
{
	char buf[RULES_LABEL_TEXT_MAX];
	const char *name;
	size_t used = 0, length;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < FLOW_LABELS; i++) {
		if (!is_set(l, i))
			continue;
		name = rules_label_text(rules_labels_peek(c->env.rules), i, buf);
		length = strlen(name);
		if (used + length + 2 > CTQ_LABELS_TEXT_MAX)
			return;
		if (used)
			text[used++] = ',';
		memcpy(text + used, name, length + 1);
		used += length;
	}
}

bool control_label_holds(const struct control *c, const struct flow_labels *l,
                         const struct ctlink_match *match)
{
	uint64_t bits[2];
	uint32_t v;

	for (v = 0; v < match->values.length; v++) {
		if (rules_labels_find(rules_labels_peek(c->env.rules),
		                      ctlink_match_value(match, v)->string, bits) == 0 &&
		    (l->words[0] & bits[0]) | (l->words[1] & bits[1]))
			return true;
	}
	return false;
}

static void hint(struct control_request *r, const char *text, size_t length)
{
	char name[CTQ_NAME_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)length, text);
	rules_labels_hint(rules_labels_peek(r->client->control->env.rules), name,
	                  r->error->hint, sizeof(r->error->hint));
}

/* "+web,-17" */
int control_labels_parse(struct control_request *r, const char *text,
                         struct flow_labels *value, struct flow_labels *mask)
{
	uint32_t at = CTLINK_OFFSET(r->nlh, CTA_CTQ, CTQA_FLOW_LABELS);
	uint64_t bit;
	size_t length;
	int number;

	*value = *mask = (struct flow_labels){ { 0, 0 } };
	for (; *text; text += length + (text[length] == ',')) {
		length = strcspn(text, ",");
		if (*text != '+' && *text != '-')
			return ctlink_error_set(r->error, -EINVAL, at,
			                        "'%.*s' is neither +LABEL nor -LABEL",
			                        (int)length, text);
		number =
			rules_label_find(rules_labels_peek(r->client->control->env.rules),
		                         text + 1, length - 1);
		if (number < 0) {
			ctlink_error_set(r->error, -EINVAL, at,
			                 "no label is called '%.*s'", (int)length - 1,
			                 text + 1);
			hint(r, text + 1, length - 1);
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
