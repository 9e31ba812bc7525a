/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See generate_rule.h. */
#include "tests/bench/rules/generate_rule.h"

#include <arpa/inet.h>

struct ctlink_value *generate_field_add(struct ctlink_rule *rule, uint16_t field)
{
	struct ctlink_match *m = ctlink_rule_append_match(rule, NULL);

	m->field = field;
	ctlink_mark(m, CTLINK_MATCH_FIELD);
	return ctlink_match_append(m, NULL);
}

static void prefix_add(struct ctlink_rule *rule, uint16_t field, uint32_t address,
                       uint8_t length)
{
	uint32_t wire = htonl(address);
	struct ctlink_value *v;

	if (length == 0)
		return;
	v = generate_field_add(rule, field);
	ctlink_value_set_address(v, CTLINK_VALUE_FIRST, &wire, 4);
	v->prefix = length;
	ctlink_mark(v, CTLINK_VALUE_PREFIX);
}

static void ports_add(struct ctlink_rule *rule, uint16_t field, const uint16_t ports[2])
{
	struct ctlink_value *v;

	if (ports[0] == 0 && ports[1] == 65535)
		return;
	v = generate_field_add(rule, field);
	ctlink_value_set_number(v, CTLINK_VALUE_FIRST, ports[0], 2);
	ctlink_value_set_number(v, CTLINK_VALUE_LAST, ports[1], 2);
}

bool generate_rule(const struct generated_rule *g, struct ctlink_rule *rule)
{
	if (ctlink_string_set(&rule->chain, "prerouting", 10, NULL))
		return false;
	ctlink_mark(rule, CTLINK_RULE_CHAIN);
	prefix_add(rule, CTQ_FIELD_SRC, g->src, g->src_length);
	prefix_add(rule, CTQ_FIELD_DST, g->dst, g->dst_length);
	if (g->proto)
		ctlink_value_set_number(generate_field_add(rule, CTQ_FIELD_PROTO),
		                        CTLINK_VALUE_FIRST, g->proto, 1);
	ports_add(rule, CTQ_FIELD_SPORT, g->sport);
	ports_add(rule, CTQ_FIELD_DPORT, g->dport);
	return true;
}
