/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/label.h"

#include "flow_fixture.h"

Test(label, a_flow_begins_without_labels_in_a_used_slot_too)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);
	struct flow_labels l;

	cr_assert(flow_label_set(f, 127));
	flow_kill(fx.worker, f, FLOW_END_DELETED, fx.now_ns);
	flow_table_settle(fx.table);
	f = confirmed_number(&fx, 2);
	l = flow_labels_load(f);
	cr_assert_eq(l.words[0], 0);
	cr_assert_eq(l.words[1], 0);
	fixture_end(&fx);
}

Test(label, setting_tells_whether_it_changed_anything)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);

	cr_assert(flow_label_set(f, 0));
	cr_assert(!flow_label_set(f, 0));
	cr_assert(flow_label_set(f, 64));
	cr_assert(flow_label_is_set(f, 0));
	cr_assert(!flow_label_is_set(f, 1));
	cr_assert(flow_label_is_set(f, 64));
	cr_assert(!flow_label_is_set(f, 65));
	fixture_end(&fx);
}

Test(label, replacing_clears_the_mask_and_flips_the_value)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *f = confirmed_number(&fx, 1);
	struct flow_labels value = { { 0x5, 0 } }, mask = { { 0x7, 0 } }, l;

	flow_label_set(f, 1);
	flow_label_set(f, 3);
	flow_label_set(f, 100);
	cr_assert(flow_labels_replace(f, &value, &mask));
	l = flow_labels_load(f);
	cr_assert_eq(l.words[0], 0xd);
	cr_assert_eq(l.words[1], UINT64_C(1) << 36);
	cr_assert(!flow_labels_replace(f, &value, &mask));
	fixture_end(&fx);
}

Test(label, bytes_are_little_endian)
{
	struct flow_labels l = { { 0x0102, UINT64_C(1) << 63 } }, back;
	uint8_t bytes[16];

	flow_labels_to_bytes(&l, bytes);
	cr_assert_eq(bytes[0], 2);
	cr_assert_eq(bytes[1], 1);
	cr_assert_eq(bytes[15], 0x80);
	flow_labels_from_bytes(bytes, &back);
	cr_assert_arr_eq(back.words, l.words, sizeof(l.words));
}
