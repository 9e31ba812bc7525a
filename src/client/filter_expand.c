/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_expand.c - words that stand for more than one match
 *
 * "state": the numbers of states are the protocol's own, so that
 *	state established,close
 *   is
 *	(proto tcp and state 3,8) or (proto sctp and state 4)
 * "status": a list means all of it, as conntrack's -u has it:
 *	status assured,!seen_reply
 *   is (status & (ASSURED | SEEN_REPLY)) == ASSURED
 */
#include <errno.h>
#include <netinet/in.h>

#include "client/filter_priv.h"

/* Values of one list; states have fewer names. */
#define STATES_MAX 16

/* ---- state --------------------------------------------------------------------------- */

struct states {
	struct filter_token tokens[STATES_MAX];
	size_t length;
};

static int state_gather(struct filter_parser *p, const struct ctlink_field *field,
                        bool negated, const struct filter_token *token, void *data)
{
	struct states *states = data;
	char list[CTQ_ERROR_TEXT_MAX];

	if (negated)
		return filter_error(
			p, token, "'!' cannot stand before a state: say 'not state %.*s'",
			(int)token->length, token->text);
	if (states->length == STATES_MAX)
		return filter_error(p, token, "more than %d states", STATES_MAX);
	if (!names_find(names_tcp_states, token->text, token->length) &&
	    !names_find(names_sctp_states, token->text, token->length)) {
		filter_error(p, token, "unknown TCP state '%.*s'", (int)token->length,
		             token->text);
		filter_error_suggest(
			p, names_suggest(names_tcp_states, token->text, token->length));
		filter_error_hint(
			p, "%s",
			names_list(names_tcp_states, "states", list, sizeof(list)));
		return -EINVAL;
	}
	states->tokens[states->length++] = *token;
	return 0;
}

/* A match of a one-byte field with a first value. */
static struct ctlink_match *match_byte(struct filter_parser *p, uint16_t field,
                                       uint32_t number, int *err)
{
	struct ctlink_match *match = filter_match_new(p, field, err);
	struct ctlink_value *value = match ? filter_value_new(p, match, err) : NULL;

	if (!value)
		return NULL;
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, number, 1);
	return match;
}

static int states_add(struct filter_parser *p, struct ctlink_match *match,
                      uint32_t number)
{
	struct ctlink_value *value;
	int err = 0;

	value = filter_value_new(p, match, &err);
	if (value)
		ctlink_value_set_number(value, CTLINK_VALUE_FIRST, number, 1);
	return err;
}

/* "proto @protocol and state …" of those states that @names has; none: nothing. */
static int states_of_protocol(struct filter_parser *p, const struct states *states,
                              uint32_t protocol, const struct name *names)
{
	uint32_t position = filter_position(p);
	struct ctlink_match *match = NULL;
	const struct name *name;
	size_t i;
	int err = 0;

	for (i = 0; i < states->length && !err; i++) {
		name = names_find(names, states->tokens[i].text,
		                  states->tokens[i].length);
		if (!name)
			continue;
		if (match) {
			err = states_add(p, match, name->number);
			continue;
		}
		if (match_byte(p, CTQ_FIELD_PROTO, protocol, &err))
			match = match_byte(p, CTQ_FIELD_STATE, name->number, &err);
	}
	return match && !err ? filter_operator(p, position, CTQ_OPERATOR_AND) : err;
}

int filter_state(struct filter_parser *p, const struct ctlink_field *field)
{
	uint32_t position = filter_position(p), sctp;
	bool unequal = filter_accept(p, FILTER_UNEQUAL);
	struct states states = { .length = 0 };
	int err;

	if (!unequal)
		filter_accept(p, FILTER_EQUAL);
	err = filter_values(p, field, state_gather, &states);
	if (!err)
		err = states_of_protocol(p, &states, IPPROTO_TCP, names_tcp_states);
	sctp = filter_position(p);
	if (!err)
		err = states_of_protocol(p, &states, IPPROTO_SCTP, names_sctp_states);
	if (!err && sctp > position && filter_position(p) > sctp)
		err = filter_operator(p, position, CTQ_OPERATOR_OR);
	return !err && unequal ? filter_operator(p, position, CTQ_OPERATOR_NOT) : err;
}

/* ---- status --------------------------------------------------------------------------- */

struct statuses {
	uint32_t bits, mask;
};

/* conntrack's own word for the absence of another. */
static bool is_unreplied(const struct filter_token *token)
{
	static const struct name words[] = { { "UNREPLIED", 0 }, { NULL } };

	return names_find(words, token->text, token->length) != NULL;
}

static int status_gather(struct filter_parser *p, const struct ctlink_field *field,
                         bool negated, const struct filter_token *token, void *data)
{
	struct statuses *statuses = data;
	const struct name *name;
	char list[CTQ_ERROR_TEXT_MAX];
	uint32_t bit;

	name = is_unreplied(token)
	               ? names_find(names_statuses, "SEEN_REPLY", 10)
	               : names_find(names_statuses, token->text, token->length);
	if (!name) {
		filter_error(p, token, "unknown status '%.*s'", (int)token->length,
		             token->text);
		filter_error_suggest(
			p, names_suggest(names_statuses, token->text, token->length));
		filter_error_hint(
			p, "%s",
			names_list(names_statuses, "statuses", list, sizeof(list)));
		return -EINVAL;
	}
	bit = 1u << name->number;
	if (statuses->mask & bit)
		return filter_error(p, token, "'%.*s' is there twice", (int)token->length,
		                    token->text);
	statuses->mask |= bit;
	if (negated == is_unreplied(token))
		statuses->bits |= bit;
	return 0;
}

int filter_status(struct filter_parser *p, const struct ctlink_field *field)
{
	bool unequal = filter_accept(p, FILTER_UNEQUAL);
	struct statuses statuses = { 0, 0 };
	struct ctlink_match *match;
	struct ctlink_value *value;
	int err = 0;

	if (!unequal)
		filter_accept(p, FILTER_EQUAL);
	err = filter_values(p, field, status_gather, &statuses);
	if (err)
		return err;
	match = filter_match_new(p, field->number, &err);
	value = match ? filter_value_new(p, match, &err) : NULL;
	if (!value)
		return err;
	if (unequal) {
		match->flags |= CTQ_MATCH_NEGATE;
		ctlink_mark(match, CTLINK_MATCH_FLAGS);
	}
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, statuses.bits, 4);
	ctlink_value_set_number(value, CTLINK_VALUE_MASK, statuses.mask, 4);
	return 0;
}
