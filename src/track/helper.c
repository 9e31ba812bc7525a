/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper.c - the list of helpers, and what all of them have in common
 */
#include "track/helper.h"

#include <string.h>

#include "base/base.h"
#include "track/helper_priv.h"

static const struct helper *const helpers[] = {
	&helper_ftp,
	&helper_sip,
	&helper_tftp,
	NULL,
};

const struct helper *helper_named(const char *name)
{
	const struct helper *const *helper;

	for (helper = helpers; *helper; helper++)
		if (strcmp((*helper)->name, name) == 0)
			break;
	return *helper;
}

uint16_t helper_number(const struct helper *helper)
{
	uint16_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(helpers) - 1; i++)
		if (helpers[i] == helper)
			return (uint16_t)(i + 1);
	return 0;
}

const struct helper *helper_numbered(uint16_t number)
{
	return number && number < BASE_ARRAY_LENGTH(helpers) ? helpers[number - 1] : NULL;
}

const struct helper *const *helper_list(void)
{
	return helpers;
}

void helper_look(const struct helper *helper, void *state, const struct helper_input *in,
                 struct helper_result *res)
{
	res->length = 0;
	res->drop = NULL;
	res->timeout_s = 0;
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
