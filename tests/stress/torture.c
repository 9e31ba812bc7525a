/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * torture.c - a whole packet path, and everything that can happen to its flows, at once
 *
 * Workers send batches of real packets through path_batch() at both hooks: UDP and its answers,
 * TCP connections that open and close, ICMP errors, noise. The connections are few, so that
 * workers meet on them, and more than the table has room for, so that they evict. Rules ask
 * about some, and control answers most of the questions. It also
 * expires (its clock runs ten times faster than the workers'), lists with references, lists
 * the dying and the unconfirmed, deletes, flushes, changes rules and timeouts, reads events,
 * unloads and loads the machines of UDP, TCP and ICMP, one after the other without end, and a
 * helper of UDP, by which each client expects TCP connections of its own.
 * Events come in order throughout (flow/event.h, L4).
 * At the end: every packet had its verdict, those that waited, too, every count is zero (those of
 * machines, too), every page of slots and of the tables is back.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctlink/rule.h"
#include "flow/event.h"
#include "flow/expect.h"
#include "flow/table_priv.h"
#include "path/ask.h"
#include "path/path.h"
#include "rules/rules.h"
#include "told.h"
#include "traffic.h"

#define WORKERS 3
#define NUMBERS 3000u
#define MAX     300u
#define RESERVE 50
#define BATCH   32
#define EVENTS  65536u /* in each ring: few are lost */

#define COOKIE_MASK 0x0fff0000u
#define SEEN_MASK   0xf0u
#define SEEN_VALUE  0x10u

/* Control's seconds are so many milliseconds: timeouts of UDP run out within the test. */
#define HURRY_MS 100

static struct flow_table *flows;
static struct rules *rules;
static struct path *path;
static atomic_bool stop;
static _Atomic uint64_t sent, accepted, waited, released;
static uint64_t answers, listed, deleted, flushed, changes, unloads, helped;
static struct told told;

static uint32_t draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % below;
}

static bool is_reserved(void *ctx, const struct tuple *t)
{
	return t->src[3] < 4;
}

/* ---- workers ------------------------------------------------------------------------------- */

/* With four bytes of payload, so that a helper looks at it. */
static void write_announcement(struct traffic *t, uint32_t n)
{
	traffic_udp(t, n, TRACK_ORIGINAL);
	t->bytes[3] = (uint8_t)(t->bytes[3] + 4); /* the lengths of IP and of UDP */
	t->bytes[25] = (uint8_t)(t->bytes[25] + 4);
	memset(t->bytes + t->size, 0, 4);
	t->size += 4;
}

/* A packet of some connection; most follow one another as an honest connection's do. */
static void write_packet(struct traffic *t, uint64_t *seed)
{
	uint32_t n = draw(seed, NUMBERS);

	switch (draw(seed, 16)) {
	case 0: traffic_icmp_error(t, n); break;
	case 1: traffic_udp(t, n, TRACK_REPLY); break;
	case 2:
		traffic_tcp(t, n, TRACK_ORIGINAL, (uint8_t)draw(seed, 64),
		            draw(seed, 9000), 0);
		break;
	case 3:
		traffic_udp(t, n, TRACK_ORIGINAL);
		t->size = draw(seed, t->size + 1);
		break;
	case 4:
	case 5: write_announcement(t, n); break;
	case 6:
	case 7: traffic_udp(t, n, TRACK_ORIGINAL); break;
	default: traffic_tcp_step(t, n / 8, draw(seed, TRAFFIC_TCP_CLOSE)); break;
	}
}

/* A whole connection in one batch, so that many become assured. */
static unsigned int write_connection(struct traffic *t, uint64_t *seed)
{
	uint32_t n = draw(seed, NUMBERS);
	unsigned int step;

	for (step = 0; step < TRAFFIC_TCP_CLOSE; step++)
		traffic_tcp_step(&t[step], n, step);
	return draw(seed, TRAFFIC_TCP_CLOSE) + 1;
}

static unsigned int write_batch(struct traffic *t, uint64_t *seed)
{
	unsigned int n = draw(seed, BATCH) + 1, i;

	if (draw(seed, 3) == 0)
		return write_connection(t, seed);
	for (i = 0; i < n; i++)
		write_packet(&t[i], seed);
	return n;
}

static void hook(uint16_t worker, struct packet *packets, struct packet_verdict *verdicts,
                 unsigned int n)
{
	unsigned int i;
	uint64_t held;

	for (i = 0; i < n; i++)
		verdicts[i] = (struct packet_verdict){ .mark = 0 };
	held = path_batch(path_worker(path, worker), packets, verdicts, n,
	                  clock_monotonic_ns());
	rcu_quiet();
	sent += n;
	waited += (unsigned int)__builtin_popcountll(held);
	for (i = 0; i < n; i++)
		accepted += verdicts[i].accept;
}

/* Both hooks; the kernel loses a packet in between now and then, and another worker may have
 * the confirm queue. */
static void forward(uint16_t worker, const struct traffic *t, unsigned int n,
                    uint64_t *seed)
{
	struct packet_verdict verdicts[BATCH];
	struct packet packets[BATCH];
	unsigned int i, left = 0;
	uint32_t mark;

	for (i = 0; i < n; i++)
		packets[i] = traffic_packet(&t[i], PACKET_HOOK_PREROUTING);
	hook(worker, packets, verdicts, n);
	for (i = 0; i < n; i++) {
		mark = verdicts[i].set_mark ? verdicts[i].mark : 0;
		if (!verdicts[i].accept || (mark & SEEN_MASK) == SEEN_VALUE ||
		    draw(seed, 16) == 0)
			continue;
		packets[left] = traffic_packet(&t[i], PACKET_HOOK_POSTROUTING);
		packets[left++].mark = mark;
	}
	if (left)
		hook(worker, packets, verdicts, left);
}

/* The verdicts of packets whose wait is over. */
static void release(struct path_worker *w)
{
	const struct path_released *r;

	while ((r = path_held_peek(w)) != NULL) {
		released++;
		accepted += r->verdict.accept;
		path_held_drop(w);
	}
	rcu_quiet();
}

static void *work(void *arg)
{
	const uint16_t number = *(const uint16_t *)arg;
	struct traffic t[BATCH];
	uint64_t seed = 1000u + number;

	urcu_qsbr_register_thread();
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		forward(number, t, write_batch(t, &seed), &seed);
		path_held_step(path_worker(path, number), clock_monotonic_ns());
		release(path_worker(path, number));
		path_tick(path_worker(path, number), clock_monotonic_ns());
	}
	path_held_close(path_worker(path, number), clock_monotonic_ns());
	release(path_worker(path, number));
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* ---- control ------------------------------------------------------------------------------- */

static struct flow_worker *own(void)
{
	return flow_worker(flows, WORKERS);
}

/* Across quiescent states each flow is held, as a dump to a slow client does. */
static void list_confirmed(void)
{
	struct flow_cursor c = { { 0, 0 }, false };
	struct flow_info info;
	struct flow *f[64];
	unsigned int n, i;

	while ((n = flow_walk(flows, &c, f, 64)) > 0) {
		for (i = 0; i < n; i++)
			flow_get(f[i], FLOW_HOLDER_DUMP);
		rcu_quiet();
		for (i = 0; i < n; i++) {
			flow_info_read(flows, f[i], 0, &info);
			flow_put(flows, f[i], FLOW_HOLDER_DUMP);
		}
		listed += n;
	}
}

static void list_others(unsigned int (*walk)(struct flow_table *, struct flow_cursor *,
                                             struct flow **, unsigned int))
{
	struct flow_cursor c = { { 0, 0 }, false };
	struct flow *f[64];
	unsigned int n, i;

	while ((n = walk(flows, &c, f, 64)) > 0) {
		rcu_quiet();
		for (i = 0; i < n; i++)
			flow_put(flows, f[i], FLOW_HOLDER_DUMP);
	}
}

static void delete_one(uint64_t *seed)
{
	struct traffic t;
	struct flow_ref ref;
	struct packet p;

	traffic_tcp_step(&t, draw(seed, NUMBERS), 0);
	p = traffic_packet(&t, PACKET_HOOK_PREROUTING);
	packet_parse(&p);
	ref = flow_find(flows, &p.tuple, FLOW_HOLDER_CONTROL);
	if (!ref.flow)
		return;
	rcu_quiet();
	deleted += flow_kill(own(), ref.flow, FLOW_END_DELETED, clock_monotonic_ns());
	flow_put(flows, ref.flow, FLOW_HOLDER_CONTROL);
}

static struct ctlink_statement *statement_add(struct ctlink_rule *rule, uint16_t kind)
{
	struct ctlink_statement *s = ctlink_rule_append_statement(rule, NULL);

	if (!s)
		abort();
	s->kind = kind;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	return s;
}

static void chain_set(struct ctlink_rule *rule)
{
	if (ctlink_string_set(&rule->chain, "chain", 5, NULL) < 0)
		abort();
	ctlink_mark(rule, CTLINK_RULE_CHAIN);
}

/* "sport 1024-1027 ask": an eighth of the connections. */
static void ask_make(struct ctlink_rule *rule)
{
	struct ctlink_match *match = ctlink_rule_append_match(rule, NULL);
	struct ctlink_value *value = match ? ctlink_match_append(match, NULL) : NULL;

	if (!value)
		abort();
	match->field = CTQ_FIELD_SPORT;
	ctlink_mark(match, CTLINK_MATCH_FIELD);
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, 1024, 2);
	ctlink_value_set_number(value, CTLINK_VALUE_LAST, 1027, 2);
	statement_add(rule, CTQ_STATEMENT_ASK);
	chain_set(rule);
}

/* "limit rule connections 500 accept": what ends is taken off the count, or the rules could not
 * be destroyed. */
static void rule_make(struct ctlink_rule *rule)
{
	struct ctlink_statement *s = statement_add(rule, CTQ_STATEMENT_LIMIT);

	s->value = CTQ_LIMIT_RULE_CONNECTIONS;
	s->rate = 500;
	ctlink_mark(s, CTLINK_STATEMENT_VALUE);
	ctlink_mark(s, CTLINK_STATEMENT_RATE);
	statement_add(rule, CTQ_STATEMENT_ACCEPT);
	chain_set(rule);
}

/* A new generation with another policy at one hook, behind a rule that mostly asks and one that
 * counts connections. */
static void change_rules(uint64_t *seed)
{
	struct ctlink_chain chain = { .hook = PACKET_HOOK_POSTROUTING };
	struct ctlink_rule rule = { 0 }, ask = { 0 };
	struct rules_error e;
	struct rules_change *c;
	int err = 0;

	chain.policy = draw(seed, 8) ? CTQ_VERDICT_ACCEPT : CTQ_VERDICT_DROP;
	c = rules_change_new(rules, &err);
	if (!c || ctlink_string_set(&chain.name, "chain", 5, NULL) < 0)
		abort();
	ctlink_mark(&chain, CTLINK_CHAIN_NAME);
	ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
	ctlink_mark(&chain, CTLINK_CHAIN_POLICY);
	rule_make(&rule);
	ask_make(&ask);
	if (rules_change_flush(c) < 0 || rules_change_chain_set(c, 1, &chain, &e) < 0 ||
	    (draw(seed, 4) && rules_change_rule_add(c, 1, &ask, &e) < 0) ||
	    rules_change_rule_add(c, 1, &rule, &e) < 0 || rules_change_build(c, &e) < 0)
		abort();
	ctlink_rule_fini(&ask, NULL);
	rules_change_commit(c, 1, 1);
	rules_change_destroy(c);
	ctlink_chain_fini(&chain, NULL);
	changes++;
}

static void change_timeouts(uint64_t *seed)
{
	struct track_config cfg;

	path_track_config_get(path, &cfg);
	cfg.udp_timeout = 1 + draw(seed, 100);
	cfg.tcp_loose = draw(seed, 2);
	if (path_track_config_set(path, &cfg, NULL, 0) < 0)
		abort();
}

/* A machine on its way out and in again, as control/proto.c leads it. */
static struct {
	enum {
		IN_FORCE,
		CLOSED,
		SWEEPING,
		EMPTYING,
		UNLOADED,
		OPENED,
		SWEEPING_GENERIC
	} phase;
	uint8_t number;
	struct rcu_grace grace;
	struct flow_kill_cursor cursor;
} machine;

static bool sweep(uint8_t number, int l4)
{
	return !flow_kill_machine(own(), &machine.cursor, number, l4,
	                          clock_monotonic_ns());
}

static void machine_close(uint64_t *seed)
{
	static const uint8_t numbers[] = { TRACK_MACHINE_UDP, TRACK_MACHINE_TCP,
		                           TRACK_MACHINE_ICMP };

	machine.number = numbers[draw(seed, BASE_ARRAY_LENGTH(numbers))];
	if (track_registry_close(path_registry(path), machine.number) < 0)
		abort();
	rcu_grace_begin(&machine.grace);
	machine.cursor.next = 0;
	machine.phase = CLOSED;
}

static void machine_open(void)
{
	if (track_registry_open(path_registry(path), machine.number) < 0)
		abort();
	rcu_grace_begin(&machine.grace);
	machine.cursor.next = 0;
	machine.phase = OPENED;
}

static bool machine_is_unused(uint8_t number)
{
	struct flow_machine_use use;

	flow_machine_use(flows, number, &use);
	return use.flows == 0 && use.references == 0;
}

/* One step further, if it is time. */
static void machine_step(uint64_t *seed)
{
	const struct track_machines *m = track_registry_peek(path_registry(path));

	switch (machine.phase) {
	case IN_FORCE: machine_close(seed); break;
	case CLOSED:
	case OPENED: machine.phase += rcu_grace_is_over(&machine.grace); break;
	case SWEEPING: machine.phase += sweep(machine.number, -1); break;
	case EMPTYING:
		machine.phase += machine_is_unused(machine.number);
		unloads += machine.phase == UNLOADED;
		break;
	case UNLOADED: machine_open(); break;
	case SWEEPING_GENERIC:
		if (sweep(TRACK_MACHINE_GENERIC, m->machine[machine.number]->l4))
			machine.phase = IN_FORCE;
		break;
	}
}

/* A helper as a module would bring it; its memory goes with it. */
static void helper_expects(void *state, const struct helper_input *in,
                           struct helper_result *res)
{
	const struct tuple *t = &in->tuple[TRACK_ORIGINAL];
	struct helper_action *want =
		helper_expect(res, in, 0, t->src, t->dst, IPPROTO_TCP, t->dst_id);

	want->shared = true;
	want->helped = t->src_id & 1;
}

static const struct helper helper_model = {
	.name = "torture",
	.l4 = IPPROTO_UDP,
	.ports = { 53 },
	.ports_length = 1,
	.classes = { { "connection", 2, 1 } },
	.classes_length = 1,
	.look = helper_expects,
};

/* … on its way in and out, as control/proto.c leads it. */
static struct {
	enum {
		HELPER_NONE,
		HELPER_IN,
		HELPER_CLOSED,
		HELPER_EXPECTS,
		HELPER_FLOWS
	} phase;
	struct helper *helper;
	uint16_t number;
	struct rcu_grace grace;
	uint32_t expects;
	struct flow_kill_cursor cursor;
} help;

static void help_open(void)
{
	int number;

	help.helper = malloc(sizeof(*help.helper));
	if (!help.helper)
		abort();
	*help.helper = helper_model;
	number = helper_add(help.helper);
	if (number < 0)
		abort();
	help.number = (uint16_t)number;
	help.expects = 0;
	help.cursor.next = 0;
	help.phase = HELPER_IN;
}

static void help_close(void)
{
	helper_close(help.number);
	rcu_grace_begin(&help.grace);
	help.phase = HELPER_CLOSED;
}

static void help_remove(void)
{
	helper_remove(help.number);
	free(help.helper);
	helped++;
	help.phase = HELPER_NONE;
}

/* One step further, if it is time. */
static void help_step(void)
{
	switch (help.phase) {
	case HELPER_NONE: help_open(); break;
	case HELPER_IN: help_close(); break;
	case HELPER_CLOSED: help.phase += rcu_grace_is_over(&help.grace); break;
	case HELPER_EXPECTS:
		help.phase += !expect_forget_helper(own(), help.helper, &help.expects, 64,
		                                    clock_monotonic_ns());
		break;
	case HELPER_FLOWS:
		if (!flow_forget_helper(flows, &help.cursor, help.number))
			help_remove();
		break;
	}
}

/* At the end it is not there. */
static void help_finish(void)
{
	while (help.phase != HELPER_NONE) {
		help_step();
		rcu_quiet();
	}
}

/* Most questions get an answer, at once; the others the deadline's. */
static void answer_questions(uint64_t *seed)
{
	const struct path_question *q;
	uint16_t i;

	path_ask_listen(path, draw(seed, 64));
	for (i = 0; i < WORKERS; i++) {
		while ((q = path_question_peek(path, i)) != NULL) {
			if (q->event == PATH_QUESTION_ASKED && draw(seed, 8))
				answers += path_ask_answer(path, i, q->slot, q->serial,
				                           draw(seed, 2),
				                           draw(seed, 2)) == 0;
			path_question_drop(path, i);
		}
	}
}

/* What control's clock says. */
static uint64_t hurried_ns(uint64_t begin_ns)
{
	uint64_t now = clock_monotonic_ns();

	return begin_ns + (now - begin_ns) * (1000 / HURRY_MS);
}

static void control(double seconds)
{
	uint64_t begin = clock_monotonic_ns(), seed = 7;

	while (clock_monotonic_ns() < begin + (uint64_t)(seconds * 1e9)) {
		flow_expire(own(), hurried_ns(begin));
		expect_expire(own(), clock_monotonic_ns());
		switch (draw(&seed, 8)) {
		case 0: list_confirmed(); break;
		case 1: list_others(flow_walk_dying); break;
		case 2: list_others(flow_walk_unconfirmed); break;
		case 3: change_rules(&seed); break;
		case 4: change_timeouts(&seed); break;
		case 5:
			if (draw(&seed, 64) == 0)
				flushed += flow_table_flush(own(), FLOW_END_DELETED,
				                            clock_monotonic_ns());
			break;
		default: delete_one(&seed); break;
		}
		if (draw(&seed, 4) == 0)
			machine_step(&seed);
		if (help.phase != HELPER_IN || draw(&seed, 64) == 0)
			help_step();
		told_read(&told, flows);
		answer_questions(&seed);
		rcu_quiet();
	}
	help_finish();
	atomic_store(&stop, true);
}

/* ---- the end ------------------------------------------------------------------------------- */

static int check(int number, bool holds, const char *what)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", number, what);
	return !holds;
}

static uint64_t counted(enum flow_counter c)
{
	return flow_counter_read(flows, c);
}

static bool everything_happened(void)
{
	return accepted && accepted < sent && listed && deleted && flushed &&
	       told.events && changes && unloads && helped &&
	       counted(FLOW_COUNTER_EXPECT_CREATE) && counted(FLOW_COUNTER_EXPECT_NEW) &&
	       counted(FLOW_COUNTER_EVICTED) && counted(FLOW_COUNTER_EXPIRED) &&
	       counted(FLOW_COUNTER_CLOSED) && counted(FLOW_COUNTER_SHARED) &&
	       counted(FLOW_COUNTER_CONFIRMED) &&
	       path_reason_read(path, CTQ_ACCEPT_FLOW) && answers &&
	       path_reason_read(path, CTQ_ACCEPT_ASKED) &&
	       path_reason_read(path, CTQ_DROP_ASKED);
}

static bool machines_are_unused(void)
{
	uint8_t i;

	for (i = 0; i < TRACK_MACHINES_BUILTIN; i++)
		if (!machine_is_unused(i))
			return false;
	return true;
}

/* Pages of slots that are in memory, whatever the slab believes. */
static size_t slots_resident(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 0, i;
	size_t pages = slab_slots(flows->slab) * sizeof(struct flow) / page;
	unsigned char *map = malloc(pages);

	if (!map || mincore(slab_slot(flows->slab, 1), pages * page, map) < 0)
		abort();
	for (i = 0; i < pages; i++)
		n += map[i] & 1;
	free(map);
	return n * page;
}

static bool tables_are_small(const struct flow_table_size *size)
{
	return size->table_bytes <= (WORKERS + 2) * HASHTRIE_EMPTY_BYTES;
}

static int check_end(void)
{
	const size_t chunks = (WORKERS + 1) * SLAB_CHUNK * sizeof(struct flow);
	struct flow_table_size size;
	uint64_t packets, bytes;
	int failed = 0;

	flow_table_flush(own(), FLOW_END_STOP, clock_monotonic_ns());
	told_read(&told, flows);
	rcu_offline();
	flow_table_settle(flows);
	rcu_settle(); /* the hashtries' own */
	rcu_settle();
	rcu_online();
	flow_table_size(flows, &size);
	path_totals_read(path, &packets, &bytes);
	failed += check(1, packets == sent, "every packet was counted");
	failed += check(2,
	                size.confirmed == 0 && size.unconfirmed == 0 && size.assured == 0,
	                "no flow is left");
	failed += check(3, size.dying == 0, "no reference is left");
	failed += check(4, size.slab_bytes <= chunks && slots_resident() <= chunks,
	                "S1: the slots' pages are back but for each worker's chunk");
	failed += check(5, machines_are_unused(), "no machine has a flow");
	failed += check(6, everything_happened(), "everything happened");
	failed +=
		check(7, waited == released, "every packet that waited had its verdict");
	failed += check(8, told.faults == 0, "L4: NEW comes first and DESTROY last");
	failed += check(9, expect_count(flows) == 0, "no expectation is left");
	failed += check(10, tables_are_small(&size), "G6: the tables' memory is back");
	printf("# packets %lu accepted %lu listed %lu deleted %lu flushed %lu events %lu "
	       "generations %lu unloads %lu, of the helper %lu\n",
	       (unsigned long)sent, (unsigned long)accepted, (unsigned long)listed,
	       (unsigned long)deleted, (unsigned long)flushed, told.events,
	       (unsigned long)changes, (unsigned long)unloads, (unsigned long)helped);
	printf("# expected %lu met %lu evicted %lu clash %lu resident %zu of slots %zu "
	       "of tables\n",
	       (unsigned long)counted(FLOW_COUNTER_EXPECT_CREATE),
	       (unsigned long)counted(FLOW_COUNTER_EXPECT_NEW),
	       (unsigned long)counted(FLOW_COUNTER_EXPECT_EVICTED),
	       (unsigned long)counted(FLOW_COUNTER_EXPECT_CLASH), slots_resident(),
	       size.table_bytes);
	printf("# waited %lu answers %lu above the limit %lu\n", (unsigned long)waited,
	       (unsigned long)answers,
	       (unsigned long)path_reason_read(path, CTQ_DROP_ASK_LIMIT));
	printf("# confirmed %lu evicted %lu expired %lu closed %lu clash %lu shared "
	       "%lu\n",
	       (unsigned long)counted(FLOW_COUNTER_CONFIRMED),
	       (unsigned long)counted(FLOW_COUNTER_EVICTED),
	       (unsigned long)counted(FLOW_COUNTER_EXPIRED),
	       (unsigned long)counted(FLOW_COUNTER_CLOSED),
	       (unsigned long)counted(FLOW_COUNTER_CLASH),
	       (unsigned long)counted(FLOW_COUNTER_SHARED));
	return failed;
}

static void open_left(void *to, uint32_t open)
{
	rules_open_put(to, open);
}

static void setup(void)
{
	struct siphash_key key = { { 5, 6 } };
	struct flow_table_config flow_cfg;
	struct path_config path_cfg;
	int err = 0;

	flow_table_config_init(&flow_cfg);
	flow_cfg.workers = WORKERS;
	flow_cfg.max = MAX;
	flow_cfg.events = EVENTS;
	flow_cfg.unconfirmed_s = 1;
	flow_cfg.cookie_bits = 12;
	flow_cfg.per_source = 64;
	flow_cfg.evict_closing = true;
	flow_cfg.reserve = RESERVE;
	flow_cfg.is_reserved = is_reserved;
	rules = rules_new("linear", WORKERS, NULL, &err);
	flow_cfg.open_left = open_left;
	flow_cfg.open_left_ctx = rules;
	flows = flow_table_new(&flow_cfg, &key, &err);
	path_config_init(&path_cfg);
	path_cfg.cookie_mask = COOKIE_MASK;
	path_cfg.seen_mask = SEEN_MASK;
	path_cfg.seen_value = SEEN_VALUE;
	path_cfg.ask.timeout_s = 1;
	path_cfg.ask.limit = 64;
	path_cfg.ask.flow_limit = 4;
	if (flows && rules)
		path = path_new(&path_cfg, flows, rules, WORKERS);
	if (!path)
		abort();
	flow_event_wanted_set(flows, ~0u);
}

int main(void)
{
	const char *seconds = getenv("STRESS_SECONDS");
	uint16_t numbers[WORKERS], i;
	pthread_t threads[WORKERS];
	int failed;

	urcu_qsbr_register_thread();
	setup();
	for (i = 0; i < WORKERS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, work, &numbers[i]);
	}
	control(seconds ? atof(seconds) : 10);
	rcu_offline();
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	rcu_online();
	failed = check_end();
	printf("1..10\n");
	path_destroy(path);
	rcu_offline();
	flow_table_destroy(flows);
	rules_destroy(rules);
	rcu_online();
	urcu_qsbr_unregister_thread();
	return failed ? 1 : 0;
}
