/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See update.h. */
#include "rules/update.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "rules/rules_priv.h"

static void address_read(struct ctlink_value *v, const uint64_t words[2], uint32_t family)
{
	uint8_t bytes[16], size = family == AF_INET ? 4 : 16;

	rule_words_write(words, bytes);
	ctlink_value_set_address(v, CTLINK_VALUE_FIRST, bytes + 16 - size, size);
}

/* A field of the packet as a value of ctlink. */
static void field_read(struct rules_update *u, uint16_t field, struct ctlink_value *v)
{
	const struct rule_key *key = &u->entry.key;

	switch (field) {
	case CTQ_FIELD_SRC: address_read(v, key->src, key->family); break;
	case CTQ_FIELD_DST: address_read(v, key->dst, key->family); break;
	case CTQ_FIELD_SPORT:
		ctlink_value_set_number(v, CTLINK_VALUE_FIRST, key->sport, 2);
		break;
	case CTQ_FIELD_DPORT:
		ctlink_value_set_number(v, CTLINK_VALUE_FIRST, key->dport, 2);
		break;
	case CTQ_FIELD_MARK:
		ctlink_value_set_number(v, CTLINK_VALUE_FIRST, key->mark, 4);
		break;
	case CTQ_FIELD_PKTMARK:
		ctlink_value_set_number(v, CTLINK_VALUE_FIRST, key->packet_mark, 4);
		break;
	default:
		rule_words_write(field == CTQ_FIELD_IIF ? key->iif : key->oif,
		                 (uint8_t *)u->name);
		v->string = u->name;
		ctlink_mark(v, CTLINK_VALUE_STRING);
		break;
	}
}

bool rules_update_take(struct rules *rules, uint16_t number, struct rules_update *out)
{
	const struct rules_log_entry *e = &out->entry;

	assert(number < rules->counters.n_workers);
	memset(&out->element, 0, sizeof(out->element));
	memset(out->name, 0, sizeof(out->name));
	if (!rules_log_pop(&rules->counters.workers[number].updates, &out->entry))
		return false;
	out->add = e->statement == CTQ_STATEMENT_ADD;
	out->element.set = out->entry.prefix;
	ctlink_mark(&out->element, CTLINK_ELEMENT_SET);
	field_read(out, e->field, &out->element.key);
	ctlink_mark(&out->element, CTLINK_ELEMENT_KEY);
	if (e->with) {
		field_read(out, e->with, &out->element.with);
		ctlink_mark(&out->element, CTLINK_ELEMENT_WITH);
	}
	if (e->timeout_s) {
		out->element.timeout = e->timeout_s;
		ctlink_mark(&out->element, CTLINK_ELEMENT_TIMEOUT);
	}
	return true;
}
