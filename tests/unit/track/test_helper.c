/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>

#include "help.h"

Test(helper, list_is_sound)
{
	const struct helper *const *helper;
	int i;

	for (helper = helper_list(); *helper; helper++) {
		cr_expect_eq(helper_named((*helper)->name), *helper);
		cr_expect_lt(strlen((*helper)->name), HELPER_NAME_MAX);
		cr_expect_leq((*helper)->state_size, HELPER_STATE_SIZE);
		cr_expect_leq((*helper)->ports_length, HELPER_PORTS_MAX);
		cr_assert(1 <= (*helper)->classes_length &&
		          (*helper)->classes_length <= HELPER_CLASSES_MAX);
		for (i = 0; i < (*helper)->classes_length; i++) {
			cr_expect_gt((*helper)->classes[i].max_expected, 0);
			cr_expect_gt((*helper)->classes[i].timeout_s, 0);
		}
	}
	cr_expect_null(helper_named("no such"));
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
