/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper_module.c - payloads and announcements as modules see them
 *
 * A module names a direction, a protocol and a port. The addresses are the flow's, as the one who
 * will connect knows them: no module opens the ports of others.
 */
#include "track/helper_module.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/base.h"
#include "track/handler.h"

_Static_assert(CTQ_HELPER_STATE_SIZE == HELPER_STATE_SIZE, "the state's place in a flow");
_Static_assert(CTQ_HELPER_PORTS_MAX == HELPER_PORTS_MAX, "ports are copied");
_Static_assert(CTQ_HELPER_NAME_MAX == HELPER_NAME_MAX, "names are");
_Static_assert(1 + CTQ_ANNOUNCEMENTS_MAX <= HELPER_ACTIONS_MAX,
               "a flush, and all of them");

/* ---- is it whole ---------------------------------------------------------------------- */

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static const char *ports_fault(const struct ctq_helper *m)
{
	unsigned int i;

	if (!m->ports_length || m->ports_length > CTQ_HELPER_PORTS_MAX)
		return "its helper has no port, or too many";
	for (i = 0; i < m->ports_length; i++)
		if (!m->ports[i])
			return "its helper has a port 0";
	return NULL;
}

const char *helper_module_fault(const struct ctq_helper *m)
{
	if (!m || !track_handler_name_is_proper(m->name, CTQ_HELPER_NAME_MAX))
		return "its helper has no proper name";
	if (!has_ports(m->protocol))
		return "its helper is for neither TCP nor UDP";
	if (m->state_size > CTQ_HELPER_STATE_SIZE)
		return "its helper wants too much state";
	if (!m->max_expected || !m->timeout_s)
		return "its helper expects nothing, or for no time";
	if (!m->look)
		return "its helper lacks a function";
	return ports_fault(m);
}

void helper_module_init(struct helper *helper, const struct ctq_helper *m)
{
	*helper = (struct helper){
		.name = m->name,
		.l4 = m->protocol,
		.classes_length = 1,
		.classes = { { m->name, m->max_expected, m->timeout_s } },
		.state_size = m->state_size,
		.ports_length = m->ports_length,
		.module = m,
	};
	memcpy(helper->ports, m->ports, sizeof(helper->ports));
}

/* ---- what it is called with ------------------------------------------------------------- */

static void expect(const struct helper_input *in, const struct ctq_announcement *a,
                   struct helper_result *res)
{
	const struct tuple *t = &in->tuple[a->to_receiver ? in->dir : !in->dir];

	if (has_ports(a->protocol) && a->port)
		helper_expect(res, in, 0, t->src, t->dst, a->protocol, htons(a->port));
}

static void tell(const struct helper_input *in, const struct ctq_announcements *out,
                 struct helper_result *res)
{
	uint32_t i;

	if (out->drop) {
		res->drop = "a module's helper says so";
		return;
	}
	if (out->forget)
		helper_act(res, HELPER_FLUSH)->classes = 1;
	for (i = 0; out->length <= CTQ_ANNOUNCEMENTS_MAX && i < out->length; i++)
		expect(in, &out->list[i], res);
}

void helper_module_look(const struct ctq_helper *m, void *state,
                        const struct helper_input *in, struct helper_result *res)
{
	const struct ctq_payload payload = {
		.data = in->data,
		.captured = in->captured,
		.length = in->length,
		.seq = in->seq,
		.family = in->tuple[in->dir].l3,
		.reply = in->dir == TRACK_REPLY,
		.answered = in->established,
	};
	struct ctq_announcements out = { .length = 0 };

	m->look(state, &payload, &out);
	tell(in, &out, res);
}
