/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "ctlink/memory.h"

#include "help.h"

Test(memory, lists_grow_to_their_limit)
{
	struct ctlink_list list = { .items = NULL };
	struct help_memory memory;
	uint64_t *item;
	uint32_t i;

	help_memory_init(&memory, SIZE_MAX);
	for (i = 0; i < 1000; i++) {
		item = ctlink_list_append(&list, sizeof(*item), 1000, &memory.memory);
		cr_assert_not_null(item);
		cr_assert_eq(*item, 0);
		*item = i;
	}
	cr_assert_null(ctlink_list_append(&list, sizeof(*item), 1000, &memory.memory));
	cr_assert_eq(errno, E2BIG);
	cr_assert_eq(list.length, 1000);
	cr_assert_leq(list.capacity, 1000);
	for (i = 0; i < 1000; i++)
		cr_assert_eq(*(uint64_t *)ctlink_list_item(&list, sizeof(*item), i), i);
	ctlink_list_drop_last(&list);
	item = ctlink_list_append(&list, sizeof(*item), 1000, &memory.memory);
	cr_assert_eq(*item, 0, "what stood there is gone");
	ctlink_list_fini(&list, &memory.memory);
	cr_assert_eq(memory.live, 0);
	cr_assert_eq(list.length, 0);
}

Test(memory, lists_survive_failing_allocation)
{
	struct ctlink_list list = { .items = NULL };
	struct help_memory memory;
	uint32_t i;

	help_memory_init(&memory, 1);
	for (i = 0; i < 4; i++)
		cr_assert_not_null(ctlink_list_append(&list, 8, 1000, &memory.memory));
	cr_assert_null(ctlink_list_append(&list, 8, 1000, &memory.memory));
	cr_assert_eq(errno, ENOMEM);
	cr_assert_eq(list.length, 4);
	memory.left = 1;
	cr_assert_not_null(ctlink_list_append(&list, 8, 1000, &memory.memory));
	ctlink_list_fini(&list, &memory.memory);
	cr_assert_eq(memory.live, 0);
}

Test(memory, strings_are_replaced_or_kept)
{
	struct help_memory memory;
	char *string = NULL;

	help_memory_init(&memory, 2);
	cr_assert_eq(ctlink_string_set(&string, "first and more", 5, &memory.memory), 0);
	cr_assert_str_eq(string, "first");
	cr_assert_eq(ctlink_string_set(&string, "", 0, &memory.memory), 0);
	cr_assert_str_eq(string, "");
	cr_assert_eq(ctlink_string_set(&string, "third", 5, &memory.memory), -ENOMEM);
	cr_assert_str_eq(string, "");
	ctlink_memory_free(&memory.memory, string);
	cr_assert_eq(memory.live, 0);
}
