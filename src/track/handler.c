/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handler.c - packets and results as modules see them
 *
 * A handler works on a copy of the state, which counts only if it takes the packet. What it
 * says is held against its own tables: a wrong number is as INVALID.
 */
#include "track/handler.h"

#include <ctype.h>
#include <string.h>

_Static_assert(CTQ_STATE_SIZE == sizeof(union track_state), "the state's line of a flow");

/* ---- is it whole ---------------------------------------------------------------------- */

bool track_handler_name_is_proper(const char *name, size_t max)
{
	size_t n;

	for (n = 0; name && name[n]; n++)
		if (n + 1 == max || !(isalnum((unsigned char)name[n]) || name[n] == '-' ||
		                      name[n] == '_'))
			return false;
	return n > 0;
}

static bool is_name(const char *name)
{
	return track_handler_name_is_proper(name, CTQ_HANDLER_NAME_MAX);
}

static const char *timeouts_fault(const struct ctq_handler *h)
{
	unsigned int i;

	if (!h->timeouts || h->timeouts > CTQ_HANDLER_TIMEOUTS_MAX || !h->timeout_table)
		return "it has no timeout, or too many";
	for (i = 0; i < h->timeouts; i++)
		if (!is_name(h->timeout_table[i].name) || !h->timeout_table[i].seconds)
			return "a timeout without a proper name, or of no second";
	return NULL;
}

static const char *states_fault(const struct ctq_handler *h)
{
	unsigned int i;

	if (!h->states)
		return NULL;
	if (h->states > CTQ_HANDLER_STATES_MAX || !h->state_names || !h->state_get)
		return "it has too many states, or none that can be asked for";
	for (i = 0; i < h->states; i++)
		if (!is_name(h->state_names[i]))
			return "a state without a proper name";
	return NULL;
}

const char *track_handler_fault(const struct ctq_handler *h)
{
	const char *fault;

	if (!h || !is_name(h->name))
		return "its handler has no proper name";
	if (!h->protocol)
		return "its handler has no protocol";
	if (h->state_size > CTQ_STATE_SIZE)
		return "its handler wants too much state";
	if (!h->open || !h->packet)
		return "its handler lacks a function";
	fault = timeouts_fault(h);
	return fault ? fault : states_fault(h);
}

/* ---- what it is called with -------------------------------------------------------------- */

static void show(const struct packet *p, enum track_dir dir, uint32_t status,
                 uint64_t now_ms, struct ctq_packet *out)
{
	bool has_bytes = !p->later_fragment && p->captured > p->l4_offset;
	uint32_t captured = has_bytes ? p->captured - p->l4_offset : 0;

	*out = (struct ctq_packet){
		.data = p->data ? p->data + p->l4_offset : NULL,
		.captured = captured < p->l4_length ? captured : p->l4_length,
		.length = p->l4_length,
		.now_ms = now_ms,
		.family = p->tuple.l3,
		.reply = dir == TRACK_REPLY,
		.answered = status & TRACK_SEEN_REPLY,
		.assured = status & TRACK_ASSURED,
	};
}

static unsigned int number_of(const struct ctq_handler *h, const union track_state *state)
{
	return h->states ? h->state_get(state->bytes) : 0;
}

static void tell(const struct ctq_handler *h, const struct ctq_outcome *out,
                 union track_state *state, const union track_state *new,
                 struct track_result *res)
{
	unsigned int before = number_of(h, state), after;

	if (out->invalid || out->timeout >= h->timeouts) {
		res->invalid = CTQ_INVALID_MODULE;
		return;
	}
	after = number_of(h, new);
	if (h->states && after >= h->states) {
		res->invalid = CTQ_INVALID_MODULE;
		return;
	}
	*state = *new;
	res->changed = before != after;
	res->close = out->close;
	res->set_status = out->assured ? TRACK_ASSURED : 0;
	res->timeout_s = h->timeout_table[out->timeout].seconds;
}

void track_handler_open(const struct ctq_handler *h, union track_state *state,
                        const struct packet *p, uint64_t now_ms, struct track_result *res)
{
	struct ctq_outcome out = { .invalid = false };
	union track_state new = *state;
	struct ctq_packet packet;

	show(p, TRACK_ORIGINAL, 0, now_ms, &packet);
	h->open(new.bytes, &packet, &out);
	tell(h, &out, state, &new, res);
}

void track_handler_packet(const struct ctq_handler *h, union track_state *state,
                          const struct packet *p, enum track_dir dir, uint32_t status,
                          uint64_t now_ms, struct track_result *res)
{
	struct ctq_outcome out = { .invalid = false };
	union track_state new = { .bytes = { 0 } };
	struct ctq_packet packet;

	memcpy(new.bytes, state->bytes, h->state_size);
	*state = new; /* what is behind its size was not loaded */
	show(p, dir, status, now_ms, &packet);
	h->packet(new.bytes, &packet, &out);
	tell(h, &out, state, &new, res);
	res->set_status &= ~status;
}

void track_handler_init(struct track_proto *proto, const struct ctq_handler *h)
{
	*proto = (struct track_proto){
		.name = h->name,
		.states = h->states ? h->state_names : NULL,
		.states_length = h->states,
		.l4 = h->protocol,
		.state_size = h->state_size,
		.handler = h,
	};
}
