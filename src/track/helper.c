/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper.c - the list of helpers, and what all of them have in common
 */
#include "track/helper.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/base.h"
#include "track/helper_module.h"
#include "track/helper_priv.h"

/* Number n stands at n - 1. */
static struct {
	_Atomic(const struct helper *) helper; /* NULL: none, or it is closed */
	bool taken;                            /* control's */
} slots[HELPERS_MAX] = {
	{ &helper_ftp, true },
	{ &helper_sip, true },
	{ &helper_tftp, true },
};

#define BUILTIN 3

static unsigned int last =
	BUILTIN - 1; /* taken last: a number comes back as late as can be */
static _Atomic unsigned int modules; /* in force: who makes flows looks at it first */

static const struct helper *at(unsigned int slot)
{
	return atomic_load_explicit(&slots[slot].helper, memory_order_acquire);
}

const struct helper *helper_named(const char *name)
{
	const struct helper *helper;
	unsigned int i;

	for (i = 0; i < HELPERS_MAX; i++) {
		helper = at(i);
		if (helper && strcmp(helper->name, name) == 0)
			return helper;
	}
	return NULL;
}

uint16_t helper_number(const struct helper *helper)
{
	unsigned int i;

	for (i = 0; i < HELPERS_MAX; i++)
		if (at(i) == helper)
			return (uint16_t)(i + 1);
	return 0;
}

const struct helper *helper_numbered(uint16_t number)
{
	return number && number <= HELPERS_MAX ? at(number - 1u) : NULL;
}

static bool has_port(const struct helper *helper, uint16_t port)
{
	unsigned int i;

	for (i = 0; i < helper->ports_length; i++)
		if (helper->ports[i] == port)
			return true;
	return false;
}

const struct helper *helper_at_port(uint8_t l4, uint16_t port)
{
	const struct helper *helper;
	unsigned int i;

	if (atomic_load_explicit(&modules, memory_order_relaxed) == 0)
		return NULL;
	for (i = BUILTIN; i < HELPERS_MAX; i++) {
		helper = at(i);
		if (helper && helper->l4 == l4 && has_port(helper, port))
			return helper;
	}
	return NULL;
}

/* ---- changes ------------------------------------------------------------------------- */

int helper_add(const struct helper *helper)
{
	const unsigned int n = HELPERS_MAX - BUILTIN;
	unsigned int i, slot;

	if (helper_named(helper->name))
		return -EEXIST;
	for (i = 1; i <= n; i++) {
		slot = BUILTIN + (last - BUILTIN + n + i) % n;
		if (slots[slot].taken)
			continue;
		slots[slot].taken = true;
		last = slot;
		atomic_store_explicit(&slots[slot].helper, helper, memory_order_release);
		atomic_fetch_add(&modules, 1);
		return (int)slot + 1;
	}
	return -ENOSPC;
}

void helper_close(uint16_t number)
{
	atomic_store_explicit(&slots[number - 1].helper, NULL, memory_order_release);
	atomic_fetch_sub(&modules, 1);
}

void helper_remove(uint16_t number)
{
	slots[number - 1].taken = false;
}

/* ---- reading -------------------------------------------------------------------------- */

void helper_look(const struct helper *helper, void *state, const struct helper_input *in,
                 struct helper_result *res)
{
	res->length = 0;
	res->drop = NULL;
	res->timeout_s = 0;
	if (helper->module)
		helper_module_look(helper->module, state, in, res);
	else
		helper->look(state, in, res);
}

struct helper_action *helper_act(struct helper_result *res, enum helper_action_kind kind)
{
	struct helper_action *action;

	if (res->length == HELPER_ACTIONS_MAX)
		return NULL;
	action = &res->actions[res->length++];
	memset(action, 0, sizeof(*action));
	action->kind = (uint8_t)kind;
	return action;
}

struct helper_action *helper_expect(struct helper_result *res,
                                    const struct helper_input *in, uint8_t class,
                                    const uint8_t *saddr, const uint8_t *daddr,
                                    uint8_t l4, uint16_t dport)
{
	const struct tuple *master = &in->tuple[TRACK_ORIGINAL];
	unsigned int size = tuple_address_size(master->l3);
	struct helper_action *action = helper_act(res, HELPER_EXPECT);

	if (!action)
		return NULL;
	action->class = class;
	action->dir = (uint8_t)in->dir;
	if (saddr) {
		memcpy(action->tuple.src, saddr, size);
		memset(action->mask.src, 0xff, size);
	}
	memcpy(action->tuple.dst, daddr, size);
	action->tuple.dst_id = dport;
	action->tuple.l3 = master->l3;
	action->tuple.l4 = l4;
	action->tuple.zone = master->zone;
	return action;
}
