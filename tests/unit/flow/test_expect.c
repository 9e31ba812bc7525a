/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "flow_fixture.h"

#include "flow/expect.h"

/* tftp has one class of one; sip's classes have more. */
static const struct helper two_each = {
	.name = "two",
	.l4 = IPPROTO_UDP,
	.classes = { { "a", 2, 60 }, { "b", 2, 120 } },
	.classes_length = 2,
};

static struct helper_action wish(uint32_t from, uint16_t port)
{
	struct helper_action want = { .kind = HELPER_EXPECT };
	uint32_t src = htonl(0x0a000000u + from);

	if (from) {
		memcpy(want.tuple.src, &src, 4);
		memset(want.mask.src, 0xff, 4);
	}
	memcpy(want.tuple.dst, "\xc0\x00\x02\x01", 4);
	want.tuple.dst_id = htons(port);
	want.tuple.l3 = AF_INET;
	want.tuple.l4 = IPPROTO_UDP;
	return want;
}

static struct flow *master_number(struct fixture *fx, uint32_t n)
{
	struct flow *f = confirmed_number(fx, n);

	flow_helper_set(fx->worker, f, helper_named("tftp"));
	return f;
}

static int add(struct fixture *fx, struct flow *master, uint32_t from, uint16_t port)
{
	struct helper_action want = wish(from, port);

	return expect_add(fx->worker, master, &two_each, &want, fx->now_ns);
}

/* A new flow of packet_number() with another port. */
static struct flow *comer(struct fixture *fx, uint32_t from, uint16_t port)
{
	struct packet p = packet_number(from);
	enum ctq_reason why = CTQ_REASON_NONE;

	p.tuple.dst_id = htons(port);
	return flow_new(fx->worker, &p, TRACK_MACHINE_UDP, fx->now_ns, &why);
}

static bool meets(struct fixture *fx, uint32_t from, uint16_t port)
{
	struct flow *f = comer(fx, from, port);
	bool met = expect_meet(fx->worker, f, fx->now_ns);

	cr_expect_eq(met, !!(flow_status(f) & TRACK_EXPECTED));
	flow_kill(fx->worker, f, FLOW_END_NONE, fx->now_ns);
	return met;
}

static uint64_t counted(struct fixture *fx, enum flow_counter c)
{
	return flow_counter_read(fx->table, c);
}

Test(expect, is_met_once)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);

	cr_expect(!meets(&fx, 7, 5000));
	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	cr_expect_eq(expect_count(fx.table), 1);
	cr_expect(!meets(&fx, 7, 5001));
	cr_expect(!meets(&fx, 8, 5000));
	cr_expect(meets(&fx, 7, 5000));
	cr_expect(!meets(&fx, 7, 5000));
	cr_expect_eq(expect_count(fx.table), 0);
	cr_expect_eq(counted(&fx, FLOW_COUNTER_EXPECT_CREATE), 1);
	cr_expect_eq(counted(&fx, FLOW_COUNTER_EXPECT_NEW), 1);
	cr_expect_eq(counted(&fx, FLOW_COUNTER_EXPECT_DELETE), 1);
	fixture_end(&fx);
}

Test(expect, the_flow_inherits)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1), *f;
	struct helper_action want = wish(0, 5000);

	atomic_store(&master->mark, 0x17);
	want.helped = true;
	cr_assert_eq(
		expect_add(fx.worker, master, helper_named("tftp"), &want, fx.now_ns), 0);
	f = comer(&fx, 9, 5000);
	cr_assert(expect_meet(fx.worker, f, fx.now_ns));
	cr_expect_eq(atomic_load(&f->mark), 0x17);
	cr_expect_eq(atomic_load(&f->master_id), atomic_load(&master->id));
	cr_expect_eq(atomic_load(&f->master_index), master->index);
	cr_expect(flow_status(f) & TRACK_HELPER);
	cr_expect_eq(flow_helper(f), helper_named("tftp"));
	fixture_end(&fx);
}

Test(expect, permanent_and_inactive)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);
	struct helper_action want = wish(7, 5000), refresh = wish(0, 5000);

	want.flags = HELPER_EXPECT_PERMANENT | HELPER_EXPECT_INACTIVE;
	cr_assert_eq(expect_add(fx.worker, master, &two_each, &want, fx.now_ns), 0);
	cr_expect(!meets(&fx, 7, 5000));
	refresh.timeout_s = 500;
	cr_expect_eq(expect_refresh(fx.worker, master, &refresh, fx.now_ns), 1);
	cr_expect(meets(&fx, 7, 5000));
	cr_expect(meets(&fx, 7, 5000));
	fx.now_ns += 500 * SECOND;
	cr_expect(meets(&fx, 7, 5000));
	refresh.class = 1;
	cr_expect_eq(expect_refresh(fx.worker, master, &refresh, fx.now_ns), 0);
	fx.now_ns += SECOND;
	cr_expect(!meets(&fx, 7, 5000), "over, though nobody has looked yet");
	fixture_end(&fx);
}

Test(expect, expires)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);
	struct helper_action want = wish(7, 5001);

	want.timeout_s = 3;
	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	cr_assert_eq(expect_add(fx.worker, master, &two_each, &want, fx.now_ns), 0);
	fx.now_ns += 3 * SECOND;
	cr_expect_eq(expect_expire(fx.worker, fx.now_ns), 0);
	fx.now_ns += 1 * SECOND;
	cr_expect_eq(expect_expire(fx.worker, fx.now_ns), 1);
	cr_expect_eq(expect_expire(fx.worker, fx.now_ns), 0, "once a second");
	fx.now_ns += 57 * SECOND;
	cr_expect_eq(expect_expire(fx.worker, fx.now_ns), 1, "the class's timeout");
	cr_expect_eq(expect_count(fx.table), 0);
	fixture_end(&fx);
}

/* ---- the kernel's policy --------------------------------------------------------- */

Test(expect, the_same_again_is_new)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);

	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	fx.now_ns += 50 * SECOND;
	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	cr_expect_eq(expect_count(fx.table), 1);
	fx.now_ns += 50 * SECOND;
	cr_expect(meets(&fx, 7, 5000));
	fixture_end(&fx);
}

Test(expect, the_oldest_of_a_class_makes_room)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);
	struct helper_action other = wish(7, 6000);

	other.class = 1;
	cr_assert_eq(expect_add(fx.worker, master, &two_each, &other, fx.now_ns), 0);
	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	cr_assert_eq(add(&fx, master, 7, 5001), 0);
	cr_assert_eq(add(&fx, master, 7, 5002), 0);
	cr_expect_eq(expect_count(fx.table), 3);
	cr_expect_eq(counted(&fx, FLOW_COUNTER_EXPECT_EVICTED), 1);
	cr_expect(!meets(&fx, 7, 5000));
	cr_expect(meets(&fx, 7, 5001) && meets(&fx, 7, 5002) && meets(&fx, 7, 6000));
	fixture_end(&fx);
}

Test(expect, what_overlaps_is_refused)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *one = master_number(&fx, 1), *two = master_number(&fx, 2);
	struct helper_action want = wish(7, 5000);

	cr_assert_eq(add(&fx, one, 7, 5000), 0);
	cr_expect_eq(add(&fx, two, 7, 5000), -EBUSY);
	cr_expect_eq(add(&fx, two, 0, 5000), -EBUSY, "any source is also that source");
	cr_expect_eq(add(&fx, two, 8, 5000), 0);
	want.shared = true;
	cr_expect_eq(expect_add(fx.worker, two, &two_each, &want, fx.now_ns), -EALREADY);
	want.class = 1;
	cr_expect_eq(expect_add(fx.worker, one, &two_each, &want, fx.now_ns), -EALREADY);
	cr_expect_eq(counted(&fx, FLOW_COUNTER_EXPECT_CLASH), 4);
	cr_expect(meets(&fx, 7, 5000) && meets(&fx, 8, 5000));
	fixture_end(&fx);
}

Test(expect, all_together_have_a_limit)
{
	struct flow_table_config cfg;
	struct fixture fx;
	uint32_t n;

	flow_table_config_init(&cfg);
	cfg.max = 100;
	cfg.expects = 3;
	fx = fixture_new(&cfg);
	for (n = 1; n <= 3; n++)
		cr_assert_eq(add(&fx, master_number(&fx, n), n, 5000), 0);
	cr_expect_eq(add(&fx, master_number(&fx, n), n, 5000), -EMFILE);
	cr_expect_eq(counted(&fx, FLOW_COUNTER_EXPECT_FULL), 1);
	cr_expect(meets(&fx, 1, 5000));
	cr_expect_eq(add(&fx, master_number(&fx, 50), 50, 5000), 0);
	cr_expect_eq(expect_max(fx.table), 3);
	fixture_end(&fx);
}

/* Slots that wait for a grace period are spare ones; when they are used up, nothing is lost. */
Test(expect, slots_come_back)
{
	struct flow_table_config cfg;
	struct fixture fx;
	struct flow *master;
	int i, j, refused = 0;

	flow_table_config_init(&cfg);
	cfg.max = 100;
	cfg.expects = 2;
	fx = fixture_new(&cfg);
	master = master_number(&fx, 1);
	for (i = 0; i < 5; i++) {
		for (j = 0; j < 6; j++) {
			refused += add(&fx, master, 7, 5000) < 0;
			meets(&fx, 7, 5000);
		}
		fixture_settle(&fx);
	}
	cr_expect_eq(refused, 5 * 2, "four slots, of six in a row: %d", refused);
	cr_expect_eq(add(&fx, master, 7, 5000), 0);
	fixture_end(&fx);
}

/* ---- masters ---------------------------------------------------------------------- */

Test(expect, goes_with_its_master)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);

	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	cr_assert_eq(add(&fx, master, 7, 5001), 0);
	flow_get(master, FLOW_HOLDER_CONTROL); /* to look at it afterwards */
	flow_kill(fx.worker, master, FLOW_END_CLOSED, fx.now_ns);
	cr_expect_eq(expect_count(fx.table), 0);
	cr_expect(!meets(&fx, 7, 5000));
	cr_expect_eq(add(&fx, master, 7, 5002), -ESHUTDOWN);
	fixture_settle(&fx);
	cr_expect_eq(atomic_load(&master->refs), 1, "only ours is left");
	flow_put(fx.table, master, FLOW_HOLDER_CONTROL);
	fixture_end(&fx);
}

Test(expect, an_unconfirmed_master_has_announced_nothing)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = unconfirmed_number(&fx, 1);
	enum ctq_reason why;
	struct tuple reply;

	cr_assert_gt(helper_add(&two_each), 0);
	flow_helper_set(fx.worker, master, &two_each);
	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	cr_expect(!meets(&fx, 7, 5000));
	tuple_invert(&master->side[TRACK_ORIGINAL].tuple, &reply);
	flow_confirm(fx.worker, master, &reply, fx.now_ns, &why);
	cr_expect(meets(&fx, 7, 5000));
	fixture_end(&fx);
}

Test(expect, classes_are_flushed)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);
	struct helper_action other = wish(7, 6000);

	other.class = 1;
	cr_assert_eq(expect_add(fx.worker, master, &two_each, &other, fx.now_ns), 0);
	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	cr_assert_eq(add(&fx, master, 7, 5001), 0);
	cr_expect_eq(expect_flush_master(fx.worker, master, 1u << 0, fx.now_ns), 2);
	cr_expect(meets(&fx, 7, 6000));
	fixture_end(&fx);
}

/* ---- listing, and what a tool may do ------------------------------------------------ */

Test(expect, is_listed_and_removed)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);
	struct helper_action want = wish(7, 5001);
	struct expect_info info[4];
	uint32_t cursor = 0;

	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	cr_assert_eq(add(&fx, master, 7, 5001), 0);
	cr_assert_eq(expect_walk(fx.table, &cursor, info, 1, fx.now_ns), 1);
	cr_assert_eq(expect_walk(fx.table, &cursor, info + 1, 3, fx.now_ns), 1);
	cr_assert_eq(expect_walk(fx.table, &cursor, info + 2, 2, fx.now_ns), 0);
	cr_expect_eq(info[0].timeout_s, 60);
	cr_expect_eq(info[0].tuple.dst_id, htons(5000));
	cr_expect_eq(info[1].tuple.dst_id, htons(5001));
	cr_expect_neq(info[0].id, info[1].id);
	cr_expect(tuple_equal(&info[0].master, &master->side[TRACK_ORIGINAL].tuple));
	cr_expect_str_eq(info[0].helper, two_each.name);

	cr_expect(expect_find(fx.table, NULL, info[0].id, &info[2], fx.now_ns));
	cr_expect_eq(info[2].tuple.dst_id, htons(5000));
	cr_expect(expect_find(fx.table, &want.tuple, 0, &info[3], fx.now_ns));
	cr_expect_eq(info[3].id, info[1].id);
	cr_expect(expect_timeout_set(fx.worker, info[1].id, 7, fx.now_ns));
	cr_expect(expect_find(fx.table, NULL, info[1].id, &info[3], fx.now_ns));
	cr_expect_eq(info[3].timeout_s, 7);

	cr_expect(expect_remove(fx.worker, info[0].id, fx.now_ns));
	cr_expect(!expect_remove(fx.worker, info[0].id, fx.now_ns));
	cr_expect(!expect_find(fx.table, NULL, info[0].id, &info[2], fx.now_ns));
	cr_expect(!expect_find(fx.table, NULL, 0, &info[2], fx.now_ns));
	cr_expect(!expect_find(fx.table, NULL, UINT32_MAX, &info[2], fx.now_ns));
	cr_expect(!expect_timeout_set(fx.worker, info[0].id, 7, fx.now_ns));
	cr_expect_eq(expect_count(fx.table), 1);
	fixture_end(&fx);
}

Test(expect, is_announced)
{
	struct fixture fx = fixture_new(NULL);
	struct flow *master = master_number(&fx, 1);
	struct helper_action refresh = wish(0, 5000);
	struct flow_event event;

	flow_event_wanted_set(fx.table, 1u << FLOW_EVENT_EXPECT_NEW |
	                                        1u << FLOW_EVENT_EXPECT_UPDATE |
	                                        1u << FLOW_EVENT_EXPECT_DESTROY);
	cr_assert_eq(add(&fx, master, 7, 5000), 0);
	refresh.timeout_s = 9;
	expect_refresh(fx.worker, master, &refresh, fx.now_ns);
	cr_assert(meets(&fx, 7, 5000));
	cr_assert(flow_event_take(fx.table, 0, &event));
	cr_expect_eq(event.kind, FLOW_EVENT_EXPECT_NEW);
	cr_expect_eq(event.expect.timeout_s, 60);
	cr_assert(flow_event_take(fx.table, 0, &event));
	cr_expect_eq(event.kind, FLOW_EVENT_EXPECT_UPDATE);
	cr_expect_eq(event.expect.timeout_s, 9);
	cr_assert(flow_event_take(fx.table, 0, &event));
	cr_expect_eq(event.kind, FLOW_EVENT_EXPECT_DESTROY);
	cr_expect_eq(event.expect.tuple.dst_id, htons(5000));
	cr_expect(!flow_event_take(fx.table, 0, &event));
	fixture_end(&fx);
}

/* ---- against a model: a list that is searched from end to end ------------------------ */

/* More than six masters can have: slots that wait for a grace period are not what this is
 * about. */
#define MODEL_MAX 512

struct model {
	struct {
		uint32_t from;
		uint16_t port;
		unsigned int master;
	} entry[64];
	unsigned int length;
};

static void model_remove(struct model *m, unsigned int i)
{
	memmove(&m->entry[i], &m->entry[i + 1], (--m->length - i) * sizeof(m->entry[0]));
}

static int model_add(struct model *m, unsigned int master, uint32_t from, uint16_t port)
{
	unsigned int i, of_master = 0, oldest = 0;

	for (i = 0; i < m->length; i++) {
		if (m->entry[i].port != port)
			continue;
		if (m->entry[i].from == from && m->entry[i].master == master) {
			model_remove(m, i);
			break;
		}
		if (m->entry[i].from == from || !from || !m->entry[i].from)
			return -EBUSY;
	}
	for (i = m->length; i-- > 0;) {
		if (m->entry[i].master != master)
			continue;
		of_master++;
		oldest = i;
	}
	if (of_master >= 2)
		model_remove(m, oldest);
	m->entry[m->length].from = from;
	m->entry[m->length].port = port;
	m->entry[m->length++].master = master;
	return 0;
}

static bool model_meet(struct model *m, uint32_t from, uint16_t port)
{
	unsigned int i;

	for (i = 0; i < m->length; i++) {
		if (m->entry[i].port != port ||
		    (m->entry[i].from && m->entry[i].from != from))
			continue;
		model_remove(m, i);
		return true;
	}
	return false;
}

/* An equal one of the same master further down a chain than one that overlaps: the order of a
 * chain decides what the answer is, as in the kernel. The model keeps out of that: wildcards
 * have ports of their own. */
Test(expect, agrees_with_a_model)
{
	struct model model = { .length = 0 };
	struct flow_table_config cfg;
	struct flow *masters[6];
	struct fixture fx;
	uint64_t seed = 4;
	unsigned int i, n;
	uint16_t port;
	uint32_t from;

	flow_table_config_init(&cfg);
	cfg.max = 1000;
	cfg.expects = MODEL_MAX;
	fx = fixture_new(&cfg);
	for (i = 0; i < 6; i++)
		masters[i] = master_number(&fx, 100 + i);
	for (i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		n = (unsigned int)(seed >> 33);
		port = (uint16_t)(5000 + n / 8 % 6);
		from = port == 5000 ? 0 : 1 + n / 64 % 4;
		if (n % 2)
			cr_assert_eq(add(&fx, masters[n / 512 % 6], from, port),
			             model_add(&model, n / 512 % 6, from, port),
			             "step %u", i);
		else
			cr_assert_eq(meets(&fx, from ? from : 1, port),
			             model_meet(&model, from ? from : 1, port), "step %u",
			             i);
		cr_assert_eq(expect_count(fx.table), model.length);
		if (i % 400 == 399)
			fixture_settle(&fx);
	}
	fixture_end(&fx);
}
