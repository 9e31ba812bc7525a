/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ping253.c - a module of ctqd: conversations over IP protocol 253
 *
 * Protocol 253 is for experiments (RFC 3692). Here its first byte says what a packet is:
 *
 *	'?'  a question     '!'  an answer     '.'  the end
 *
 *	               '?' original   '!' reply    '.' either way
 *	ASKED          ASKED          ANSWERED     the flow ends
 *	ANSWERED       ANSWERED       ANSWERED     the flow ends
 *
 * A question begins a flow, an answer without a question is INVALID, and so is a question
 * from who was asked. An answered conversation is assured.
 */
#include <stddef.h>

#include <ctq/module.h>

enum { ASKED, ANSWERED, STATES };

static const char *const state_names[STATES] = { "ASKED", "ANSWERED" };

static const struct ctq_handler_timeout timeouts[] = {
	[ASKED] = { "asked", 10 },
	[ANSWERED] = { "answered", 120 },
};

struct state {
	uint8_t number; /* ASKED, ANSWERED */
};

/* 0 when there is nothing to be read. */
static uint8_t kind_of(const struct ctq_packet *p)
{
	return p->captured ? p->data[0] : 0;
}

static void ping_open(void *data, const struct ctq_packet *p, struct ctq_outcome *out)
{
	out->invalid = kind_of(p) != '?';
	out->timeout = ASKED; /* the state is all zero: ASKED */
}

static void ping_packet(void *data, const struct ctq_packet *p, struct ctq_outcome *out)
{
	struct state *state = data;
	uint8_t kind = kind_of(p);

	if (kind == '.')
		out->close = true;
	else if (kind == '!' && p->reply)
		state->number = ANSWERED;
	else if (kind != '?' || p->reply)
		out->invalid = true;
	out->timeout = state->number;
	out->assured = state->number == ANSWERED;
}

static unsigned int ping_state(const void *data)
{
	const struct state *state = data;

	return state->number;
}

static const struct ctq_handler handler = {
	.name = "ping253",
	.protocol = 253,
	.state_size = sizeof(struct state),
	.states = STATES,
	.timeouts = sizeof(timeouts) / sizeof(timeouts[0]),
	.state_names = state_names,
	.timeout_table = timeouts,
	.open = ping_open,
	.packet = ping_packet,
	.state_get = ping_state,
};

const struct ctq_module ctq_module = CTQ_MODULE(&handler);
