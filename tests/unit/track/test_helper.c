/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "help.h"
#include "track/helper_module.h"

Test(helper, list_is_sound)
{
	const struct helper *helper;
	uint16_t number;
	int i;

	for (number = 1; (helper = helper_numbered(number)) != NULL; number++) {
		cr_expect_eq(helper_named(helper->name), helper);
		cr_expect_eq(helper_number(helper), number);
		cr_expect_null(helper_at_port(helper->l4, helper->ports[0]));
		cr_expect_lt(strlen(helper->name), HELPER_NAME_MAX);
		cr_expect_leq(helper->state_size, HELPER_STATE_SIZE);
		cr_expect_leq(helper->ports_length, HELPER_PORTS_MAX);
		cr_assert(1 <= helper->classes_length &&
		          helper->classes_length <= HELPER_CLASSES_MAX);
		for (i = 0; i < helper->classes_length; i++) {
			cr_expect_gt(helper->classes[i].max_expected, 0);
			cr_expect_gt(helper->classes[i].timeout_s, 0);
		}
	}
	cr_expect_gt(number, 3);
	cr_expect_null(helper_named("no such"));
	cr_expect_null(helper_numbered(0));
	cr_expect_null(helper_numbered(HELPERS_MAX + 1));
}

/* ---- of modules ---------------------------------------------------------------------- */

static void says_much(void *state, const struct ctq_payload *payload,
                      struct ctq_announcements *out)
{
	struct ctq_announcement to_sender = { IPPROTO_UDP, false, 6000 };
	struct ctq_announcement to_receiver = { IPPROTO_TCP, true, 7000 };
	uint8_t *seen = state;

	switch (payload->data[0]) {
	case 'a':
		out->list[0] = to_sender;
		out->length = 1;
		break;
	case 'b':
		out->list[0] = to_sender;
		out->list[1] = to_receiver;
		out->length = 2;
		break;
	case 'f': out->forget = true; break;
	case 'd': out->drop = true; break;
	case 'm': out->length = CTQ_ANNOUNCEMENTS_MAX + 1; break;
	case 'p':
		out->list[0].port = 7;
		out->length = 1;
		break;
	case 'z':
		out->list[0].protocol = IPPROTO_UDP;
		out->length = 1;
		break;
	case 'n':
		out->list[0] = to_sender;
		out->list[0].port += seen[0]++;
		out->length = 1;
		break;
	}
}

static const struct ctq_helper module = {
	.name = "much",
	.protocol = IPPROTO_UDP,
	.state_size = 1,
	.ports = { 2530, 2531 },
	.ports_length = 2,
	.max_expected = 2,
	.timeout_s = 9,
	.look = says_much,
};

Test(helper, of_a_module)
{
	static const struct help_row rows[] = {
		{ '>', "a", "expect 198.51.100.2:* > 192.0.2.1:6000" },
		{ '<', "a", "expect 192.0.2.1:* > 198.51.100.2:6000" },
		{ '>', "b",
		  "expect 198.51.100.2:* > 192.0.2.1:6000; expect 192.0.2.1:* > "
		  "198.51.100.2:7000" },
		{ '>', "f", "flush 1" },
		{ '>', "d", "drop" },
		{ '>', "m", "" },
		{ '>', "p", "" },
		{ '>', "z", "" },
		{ '>', "n", "expect 198.51.100.2:* > 192.0.2.1:6000" },
		{ '>', "n", "expect 198.51.100.2:* > 192.0.2.1:6001" },
		{ 0 },
	};
	struct helper helper;
	struct help h;
	int number;

	cr_assert_null(helper_module_fault(&module));
	helper_module_init(&helper, &module);
	number = helper_add(&helper);
	cr_assert_gt(number, 0);
	cr_assert_eq(helper_add(&helper), -EEXIST);
	cr_assert_eq(helper_at_port(IPPROTO_UDP, 2531), &helper);
	cr_assert_null(helper_at_port(IPPROTO_TCP, 2531));
	cr_assert_null(helper_at_port(IPPROTO_UDP, 2532));
	help_init(&h, "much", AF_INET);
	help_play_rows(&h, rows);

	helper_close((uint16_t)number);
	cr_assert_null(helper_at_port(IPPROTO_UDP, 2531));
	cr_assert_null(helper_named("much"));
	cr_assert_null(helper_numbered((uint16_t)number));
	cr_assert_eq(helper_number(&helper), 0);
	helper_remove((uint16_t)number);
}

/* A number comes back when all others were used. */
Test(helper, numbers)
{
	static struct helper many[HELPERS_MAX];
	static char names[HELPERS_MAX][8];
	int i, number, before = 0, n = 0;

	for (i = 0; i < HELPERS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "h%d", i);
		many[i] = (struct helper){ .name = names[i], .l4 = IPPROTO_UDP };
	}
	for (i = 0; i < 3 * HELPERS_MAX; i++) {
		number = helper_add(&many[0]);
		cr_assert(number > 0 && number != before);
		before = number;
		helper_close((uint16_t)number);
		helper_remove((uint16_t)number);
	}
	while (n < HELPERS_MAX && helper_add(&many[n]) > 0)
		n++;
	cr_assert_lt(n, HELPERS_MAX);
	cr_assert_eq(helper_add(&many[n]), -ENOSPC);
	helper_close(helper_number(&many[5]));
	cr_assert_eq(helper_add(&many[n]), -ENOSPC, "flows may still have it");
}

Test(helper, faults_of_modules)
{
	struct ctq_helper m;

#define FAULT(change)                                                 \
	do {                                                          \
		m = module;                                           \
		m.change;                                             \
		cr_expect_not_null(helper_module_fault(&m), #change); \
	} while (0)
	cr_expect_not_null(helper_module_fault(NULL));
	FAULT(name = NULL);
	FAULT(name = "");
	FAULT(name = "a b");
	FAULT(name = "a234567890123456");
	FAULT(protocol = 253);
	FAULT(state_size = CTQ_HELPER_STATE_SIZE + 1);
	FAULT(ports_length = 0);
	FAULT(ports_length = CTQ_HELPER_PORTS_MAX + 1);
	FAULT(ports[1] = 0);
	FAULT(max_expected = 0);
	FAULT(timeout_s = 0);
	FAULT(look = NULL);
	m = module;
	m.name = "a23456789012345";
	cr_expect_null(helper_module_fault(&m));
}

Test(helper, actions_have_a_limit)
{
	struct helper_result res = { .length = 0 };
	struct help h;
	int i;

	help_init(&h, "tftp", AF_INET);
	for (i = 0; i < HELPER_ACTIONS_MAX - 1; i++)
		cr_expect_not_null(helper_act(&res, HELPER_FLUSH));
	cr_expect_not_null(helper_expect(&res, &h.in, 0, NULL,
	                                 h.in.tuple[TRACK_ORIGINAL].dst, 17, 1));
	cr_expect_null(helper_act(&res, HELPER_FLUSH));
	cr_expect_null(helper_expect(&res, &h.in, 0, NULL, h.in.tuple[TRACK_ORIGINAL].dst,
	                             17, 1));
	cr_expect_eq(res.length, HELPER_ACTIONS_MAX);
}
