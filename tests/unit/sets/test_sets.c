/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sets find, count, forget with time, and list. */
#include <errno.h>

#include "sets_fixture.h"

static struct sets *sets;

static void setup(void)
{
	int err;

	urcu_qsbr_register_thread();
	sets = sets_new(2, NULL, &err);
	cr_assert_not_null(sets);
}

static void teardown(void)
{
	sets_destroy(sets);
	urcu_qsbr_unregister_thread();
}

TestSuite(sets, .init = setup, .fini = teardown);

/* A set named "s" with the elements, which end with NULL. */
static void make(uint16_t type, uint32_t flags, const char *const *texts)
{
	struct sets_change *c = sets_change_new(sets, NOW);

	cr_assert_eq(declare(c, "s", type, flags), 0);
	for (; *texts; texts++)
		cr_assert_eq(add(c, "s", *texts), 0, "%s", *texts);
	commit(c);
}

/* ---- types --------------------------------------------------------------------------- */

Test(sets, each_type_finds_its_own)
{
	static const struct {
		uint16_t type;
		const char *elements[5];
		const char *in[6], *out[6];
	} cases[] = {
		{ CTQ_SET_ADDRESS,
		  { "10.0.0.0/8", "192.0.2.1", "2001:db8::/32",
		    "198.51.100.3-198.51.100.9" },
		  { "10.255.0.1", "192.0.2.1", "2001:db8:ff::1", "198.51.100.3",
		    "198.51.100.9" },
		  { "11.0.0.0", "192.0.2.2", "2001:db9::", "198.51.100.2",
		    "198.51.100.10" } },
		{ CTQ_SET_PORT,
		  { "22", "80-90", "65535" },
		  { "22", "80", "85", "90", "65535" },
		  { "21", "23", "79", "91", "0" } },
		{ CTQ_SET_ADDRESS_PORT,
		  { "10.0.0.1 . 80", "2001:db8::1 . 443" },
		  { "10.0.0.1 . 80", "2001:db8::1 . 443" },
		  { "10.0.0.1 . 81", "10.0.0.2 . 80", "2001:db8::1 . 80" } },
		{ CTQ_SET_INTERFACE,
		  { "eth0", "ppp*" },
		  { "eth0", "ppp0", "ppp", "ppp-long-name" },
		  { "eth1", "eth", "eth00", "pp" } },
		{ CTQ_SET_MARK,
		  { "0x10", "256-511" },
		  { "16", "256", "511" },
		  { "17", "255", "512", "0xffffffff" } },
	};
	struct sets_change *c;
	struct sets_error e;
	const char *const *text;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++) {
		make(cases[i].type, 0, cases[i].elements);
		for (text = cases[i].in; *text; text++)
			cr_assert(find(sets, "s", *text), "%s is in", *text);
		for (text = cases[i].out; *text; text++)
			cr_assert_not(find(sets, "s", *text), "%s is not in", *text);
		c = sets_change_new(sets, NOW);
		cr_assert_eq(sets_change_set_delete(c, "s", &e), 0);
		commit(c);
	}
}

Test(sets, a_set_of_everything_has_everything)
{
	static const char *const all[] = { "0.0.0.0/0", "::/0", NULL };

	make(CTQ_SET_ADDRESS, 0, all);
	cr_assert(find(sets, "s", "0.0.0.0"));
	cr_assert(find(sets, "s", "255.255.255.255"));
	cr_assert(find(sets, "s", "ffff::"));
}

Test(sets, the_narrowest_element_holds)
{
	static const char *const nested[] = { "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3",
		                              NULL };
	struct sets_change *c;
	uint32_t wide, narrow;

	make(CTQ_SET_ADDRESS, 0, nested);
	narrow = find(sets, "s", "10.1.2.3");
	wide = find(sets, "s", "10.9.9.9");
	cr_assert(narrow && wide && narrow != wide);
	cr_assert_neq(find(sets, "s", "10.1.2.4"), narrow);
	c = sets_change_new(sets, NOW);
	cr_assert_eq(drop(c, "s", "10.1.2.3"), 0);
	cr_assert_eq(drop(c, "s", "10.1.0.0/16"), 0);
	commit(c);
	cr_assert_eq(find(sets, "s", "10.1.2.3"), wide);
}

Test(sets, keys_are_printed_as_they_are_written)
{
	static const char *const addresses[] = { "10.0.0.0/8", "10.0.0.1-10.0.0.6",
		                                 "2001:db8::1", NULL };

	make(CTQ_SET_ADDRESS, 0, addresses);
	cr_elements(sets, "s", "10.0.0.0/8; 10.0.0.1-10.0.0.6; 2001:db8::1");
}

Test(sets, a_range_that_is_a_prefix_is_one)
{
	static const char *const range[] = { "10.0.0.0-10.0.0.255", NULL };

	make(CTQ_SET_ADDRESS, 0, range);
	cr_elements(sets, "s", "10.0.0.0/24");
}

Test(sets, the_longest_range_there_is)
{
	static const char *const range[] = {
		"::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "0.0.0.1-255.255.255.254",
		NULL
	};

	make(CTQ_SET_ADDRESS, 0, range);
	cr_assert(find(sets, "s", "::1"));
	cr_assert(find(sets, "s", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"));
	cr_assert_not(find(sets, "s", "::"));
	cr_assert_not(find(sets, "s", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	cr_assert_not(find(sets, "s", "0.0.0.0"));
	cr_assert_not(find(sets, "s", "255.255.255.255"));
}

/* ---- counters ------------------------------------------------------------------------ */

Test(sets, elements_count_for_all_workers)
{
	static const char *const one[] = { "10.0.0.1", NULL };
	struct ctlink_element e;
	uint32_t position;

	make(CTQ_SET_ADDRESS, CTQ_SET_COUNTER, one);
	position = find(sets, "s", "10.0.0.1");
	set_count(sets_peek(sets, "s"), position, 0, 100);
	set_count(sets_peek(sets, "s"), position, 1, 20);
	set_element_read(sets_peek(sets, "s"), position, NOW, &e);
	cr_assert_eq(e.packets, 2);
	cr_assert_eq(e.bytes, 120);
}

Test(sets, a_set_without_counters_counts_nothing)
{
	static const char *const one[] = { "10.0.0.1", NULL };
	struct ctlink_element e;

	make(CTQ_SET_ADDRESS, 0, one);
	set_count(sets_peek(sets, "s"), find(sets, "s", "10.0.0.1"), 0, 100);
	set_element_read(sets_peek(sets, "s"), 1, NOW, &e);
	cr_assert_not(ctlink_has(&e, CTLINK_ELEMENT_PACKETS));
}

/* ---- time ---------------------------------------------------------------------------- */

static void add_at(uint64_t now_ms, const char *text, int64_t timeout)
{
	struct sets_change *c = sets_change_new(sets, now_ms);
	struct sets_error e;

	cr_assert_eq(add_for(c, "s", text, timeout, &e), 0, "%s", e.error.text);
	commit(c);
}

Test(sets, elements_go_when_their_time_is_over)
{
	static const char *const none[] = { NULL };

	make(CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT, none);
	add_at(NOW, "10.0.0.1", 10);
	add_at(NOW, "10.0.0.2", 5);
	add_at(NOW, "10.0.0.3", 0);
	cr_assert_not(sets_expire(sets, NOW + 4999));
	cr_assert(find(sets, "s", "10.0.0.2"));
	sets_expire(sets, NOW + 5000);
	cr_assert_not(find(sets, "s", "10.0.0.2"));
	cr_assert(find(sets, "s", "10.0.0.1"));
	sets_expire(sets, NOW + 1000000);
	cr_elements(sets, "s", "10.0.0.3");
}

Test(sets, what_is_added_again_begins_anew)
{
	static const char *const none[] = { NULL };

	make(CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT, none);
	add_at(NOW, "10.0.0.1", 10);
	add_at(NOW + 9000, "10.0.0.1", 10);
	sets_expire(sets, NOW + 18999);
	cr_assert(find(sets, "s", "10.0.0.1"));
	add_at(NOW + 18999, "10.0.0.1", 0);
	sets_expire(sets, NOW + 100000000);
	cr_elements(sets, "s", "10.0.0.1");
}

Test(sets, many_expire_piece_by_piece)
{
	struct sets_change *c = sets_change_new(sets, NOW);
	struct sets_error e;
	uint32_t i, left;
	struct ctlink_set value;
	char text[32];

	cr_assert_eq(declare(c, "s", CTQ_SET_ADDRESS, CTQ_SET_TIMEOUT), 0);
	for (i = 0; i < 3 * SETS_EXPIRE_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		/* in a disorder that the heap must put right */
		cr_assert_eq(add_for(c, "s", text, 1 + i * 7919 % 1000, &e), 0);
	}
	commit(c);
	for (left = 3; left > 0; left--) {
		cr_assert_eq(sets_expire(sets, NOW + 1000000), left > 1);
		set_read(sets_peek(sets, "s"), &value);
		cr_assert_eq(value.length, (left - 1) * SETS_EXPIRE_MAX);
		rcu_quiet();
	}
}

Test(sets, the_order_of_time_is_kept)
{
	struct sets_change *c = sets_change_new(sets, NOW);
	struct ctlink_set value;
	struct sets_error e;
	uint32_t i;
	char text[32];

	cr_assert_eq(declare(c, "s", CTQ_SET_PORT, CTQ_SET_TIMEOUT), 0);
	for (i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		cr_assert_eq(add_for(c, "s", text, 1 + i * 7919 % 1000, &e), 0);
	}
	commit(c);
	for (i = 1; i <= 1000; i++) {
		sets_expire(sets, NOW + i * 1000ull);
		set_read(sets_peek(sets, "s"), &value);
		cr_assert_eq(value.length, 1000 - i);
	}
}

/* ---- slots --------------------------------------------------------------------------- */

/* Until liburcu's thread has called back; it sleeps for milliseconds between. */
static void let_slots_go(void)
{
	sets_expire(sets, 0);
	rcu_quiet();
	rcu_settle();
	sets_expire(sets, 0);
}

Test(sets, slots_are_used_again)
{
	static const char *const one[] = { "10.0.0.1", NULL };
	struct sets_change *c;
	uint32_t first, i;

	make(CTQ_SET_ADDRESS, CTQ_SET_COUNTER, one);
	first = find(sets, "s", "10.0.0.1");
	set_count(sets_peek(sets, "s"), first, 0, 1);
	c = sets_change_new(sets, NOW);
	cr_assert_eq(drop(c, "s", "10.0.0.1"), 0);
	commit(c);
	for (i = 0; i < 3; i++)
		let_slots_go();
	c = sets_change_new(sets, NOW);
	cr_assert_eq(add(c, "s", "10.0.0.2"), 0);
	commit(c);
	cr_assert_eq(find(sets, "s", "10.0.0.2"), first, "the slot is used again");
	cr_elements(sets, "s", "10.0.0.2");
}

Test(sets, a_listing_goes_on_where_it_was)
{
	static const char *const three[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3", NULL };
	struct ctlink_element e;
	struct sets_change *c;
	uint32_t position = 0;

	make(CTQ_SET_ADDRESS, 0, three);
	cr_assert(set_element_next(sets_peek(sets, "s"), &position, NOW, &e));
	cr_assert_eq(e.key.first[3], 1);
	c = sets_change_new(sets, NOW);
	cr_assert_eq(drop(c, "s", "10.0.0.1"), 0);
	cr_assert_eq(drop(c, "s", "10.0.0.2"), 0);
	commit(c);
	position++;
	cr_assert(set_element_next(sets_peek(sets, "s"), &position, NOW, &e));
	cr_assert_eq(e.key.first[3], 3);
	position++;
	cr_assert_not(set_element_next(sets_peek(sets, "s"), &position, NOW, &e));
}

/* ---- questions ----------------------------------------------------------------------- */

static int ask(const char *text, uint32_t *position)
{
	struct ctlink_element e = element_of("s", CTQ_SET_ADDRESS, text);
	struct ctlink_error error;
	int err = set_element_find(sets_peek(sets, "s"), &e, position, &error);

	element_done(&e);
	return err;
}

Test(sets, an_address_is_held_by_what_is_around_it_a_prefix_by_itself)
{
	static const char *const two[] = { "10.0.0.0/8", "192.0.2.1-192.0.2.5", NULL };
	uint32_t net, range, position;

	make(CTQ_SET_ADDRESS, 0, two);
	cr_assert_eq(ask("10.0.0.0/8", &net), 0);
	cr_assert_eq(ask("10.1.2.3", &position), 0);
	cr_assert_eq(position, net);
	cr_assert_eq(ask("10.0.0.0/16", &position), -ENOENT);
	cr_assert_eq(ask("192.0.2.1-192.0.2.5", &range), 0);
	cr_assert_eq(ask("192.0.2.4", &position), 0);
	cr_assert_eq(position, range);
	cr_assert_eq(ask("192.0.2.1-192.0.2.4", &position), -ENOENT);
	cr_assert_eq(ask("192.0.2.6", &position), -ENOENT);
}

Test(sets, names_are_in_order)
{
	struct sets_change *c = sets_change_new(sets, NOW);
	struct ctlink_set value;

	cr_assert_eq(declare(c, "web", CTQ_SET_PORT, 0), 0);
	cr_assert_eq(declare(c, "ban", CTQ_SET_ADDRESS, 0), 0);
	cr_assert_eq(declare(c, "lan", CTQ_SET_INTERFACE, 0), 0);
	commit(c);
	set_read(sets_at(sets, 0), &value);
	cr_assert_str_eq(value.name, "ban");
	set_read(sets_at(sets, 2), &value);
	cr_assert_str_eq(value.name, "web");
	cr_assert_null(sets_at(sets, 3));
	cr_assert_null(sets_peek(sets, "we"));
}

Test(sets, fields_fit_types)
{
	static const char *const none[] = { NULL };

	make(CTQ_SET_ADDRESS_PORT, 0, none);
	cr_assert(set_fits(sets_peek(sets, "s"), CTQ_FIELD_DST, CTQ_FIELD_DPORT));
	cr_assert_not(set_fits(sets_peek(sets, "s"), CTQ_FIELD_DST, 0));
	cr_assert_not(set_fits(sets_peek(sets, "s"), CTQ_FIELD_DPORT, 0));
}
