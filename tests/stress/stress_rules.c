/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stress_rules.c - workers judge while the control thread changes the rules
 *
 * Each generation sets the flow mark to its own number in its first rule, and decides in a
 * chain that it jumps to: a worker that saw parts of two generations would notice. Workers
 * keep some of the verdicts that they got, over many generations, and go on counting by
 * them; for each rule they note how often. At the end the counters of every rule in
 * force must be exactly what was noted, although their indexes were others' before.
 * Control also lists, holds generations for a while, and looks verdicts up. A builder makes the
 * generations, while control lists and makes other changes.
 *
 * One rule has limits of each kind and logs; a verdict that a worker keeps is a connection that
 * this rule has let in, and open until another takes its place. There are never more than it
 * allows, and none is left at the end, or the rules could not be destroyed. Another rule looks at
 * a set that control fills and empties.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/builder.h"
#include "base/clock.h"
#include "base/rcu.h"
#include "lang/lang.h"
#include "rules/log.h"
#include "rules/rules.h"
#include "sets/sets.h"

#define WORKERS 3
#define KEPT    512
#define IDS     (1u << 20)
#define BATCH   32

static struct rules *rules;
static struct builder *builder;
static atomic_bool stop;
static _Atomic unsigned long judged, mixed, accounted; /* mixed must stay 0 */
static _Atomic unsigned long opened;
static unsigned long logged, elements;

struct noted {
	uint64_t *packets; /* by rule id */
	struct rule_verdict kept[KEPT];
	uint64_t random;
};
static struct noted noted[WORKERS];

static uint32_t draw(uint64_t *random, uint32_t below)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*random >> 33) % below);
}

/* ---- workers -------------------------------------------------------------------- */

static struct rule_key key_of(uint32_t port)
{
	struct rule_key key;
	struct tuple t;

	tuple_clear(&t);
	t.l3 = AF_INET;
	t.l4 = IPPROTO_UDP;
	t.dst_id = htons((uint16_t)port);
	rule_key_init(&key, PACKET_HOOK_PREROUTING, AF_INET);
	rule_key_set_tuple(&key, &t);
	rule_key_set_flow(&key, 0, 0);
	key.keeps = true;
	return key;
}

/* A connection ends. */
static void forget(const struct rule_verdict *v)
{
	if (v->open)
		rules_open_put(rules, v->open);
}

static void keep(struct noted *n, const struct rule_verdict *v)
{
	struct rule_verdict *place = &n->kept[draw(&n->random, KEPT)];

	forget(place);
	*place = *v;
}

static void judge(struct noted *n, struct rules_worker *w, const struct ruleset *rs)
{
	struct rule_key key = key_of(draw(&n->random, 16));
	struct rule_verdict v;

	ruleset_classify(rs, &key, w, 100, 1, &v);
	if (v.generation != ruleset_generation(rs) || v.flow_mark.value != v.generation)
		atomic_fetch_add(&mixed, 1);
	if (v.id < IDS)
		n->packets[v.id]++;
	if (v.open)
		atomic_fetch_add_explicit(&opened, 1, memory_order_relaxed);
	if (draw(&n->random, 256) == 0) /* so that it outlives many generations */
		keep(n, &v);
	else
		forget(&v);
}

static void account(struct noted *n, struct rules_worker *w)
{
	const struct rule_verdict *v = &n->kept[draw(&n->random, KEPT)];

	if (!v->generation)
		return;
	rules_account(w, v->generation, v->index, 100);
	if (v->id < IDS)
		n->packets[v->id]++;
}

static void *work(void *arg)
{
	struct noted *n = (struct noted *)arg;
	struct rules_worker *w = rules_worker(rules, (uint16_t)(n - noted));
	const struct ruleset *rs;
	int i;

	urcu_qsbr_register_thread();
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		rs = rules_peek(rules);
		for (i = 0; i < BATCH; i++) {
			judge(n, w, rs);
			account(n, w);
		}
		atomic_fetch_add_explicit(&judged, BATCH, memory_order_relaxed);
		atomic_fetch_add_explicit(&accounted, BATCH, memory_order_relaxed);
		rcu_quiet();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* ---- control ------------------------------------------------------------------------ */

static struct lang *read_set(const char *before, uint32_t number, const char *after)
{
	struct lang *l = lang_new(NULL);
	char text[512];

	snprintf(text, sizeof(text), "%s%u%s", before, number, after);
	if (lang_read_text(l, "stress", text, strlen(text)) < 0) {
		lang_errors_print(l, stderr);
		abort();
	}
	return l;
}

static void must(int err, const struct rules_error *e)
{
	if (!err)
		return;
	fprintf(stderr, "refused: %s\n", e->error.text);
	abort();
}

static void must_sets(int err, const struct sets_error *e)
{
	if (!err)
		return;
	fprintf(stderr, "refused: %s\n", e->error.text);
	abort();
}

static void load_all(struct rules_change *c, uint32_t next)
{
	struct lang *l = read_set(
		"set some { type address; flags timeout }\n"
		"chain prerouting { policy drop; mark set ",
		next,
		"; jump web }\n"
		"chain web { dport 1 accept; dport 2 accept; dport 3 drop\n"
		" dport 4-9 limit rule connections 100 limit rate 1000000/second "
		"burst 1000000 limit src rate 1000000/second burst 1000000 "
		"name range log prefix stress every 1000 accept\n"
		" src @some drop; dport 10 label set 100 counter }");
	struct ctlink_ruleset *set = lang_ruleset(l);
	struct sets_error wrong;
	struct rules_error e;
	uint32_t i;

	rules_change_flush(c);
	must_sets(sets_change_set_add(rules_change_sets(c, 0), ctlink_ruleset_set(set, 0),
	                              false, &wrong),
	          &wrong);
	for (i = 0; i < set->chains.length; i++)
		must(rules_change_chain_set(c, 1, ctlink_ruleset_chain(set, i), &e), &e);
	for (i = 0; i < set->rules.length; i++)
		must(rules_change_rule_add(c, 2, ctlink_ruleset_rule(set, i), &e), &e);
	lang_destroy(l);
}

/* The rule at @position of what is in force. */
static struct ctlink_rule rule_at(uint32_t position)
{
	struct ctlink_rule rule = { 0 };

	ruleset_rule_read(rules_peek(rules), position, 0, &rule);
	return rule;
}

/* Another number in the first rule, and the chain's rules go round. */
static void change_some(struct rules_change *c, uint32_t next, uint32_t port)
{
	struct lang *l = read_set("chain prerouting { mark set ", next, " }");
	struct ctlink_rule *rule = ctlink_ruleset_rule(lang_ruleset(l), 0);
	struct rules_error e;

	rule->id = rule_at(0).id;
	ctlink_mark(rule, CTLINK_RULE_ID);
	must(rules_change_rule_replace(c, 3, rule, &e), &e);
	lang_destroy(l);
	must(rules_change_rule_delete(c, 4, rule_at(2).id, &e), &e);
	l = read_set("chain web { dport ", port, " accept }");
	must(rules_change_rule_add(c, 5, ctlink_ruleset_rule(lang_ruleset(l), 0), &e),
	     &e);
	lang_destroy(l);
}

static unsigned long list(const struct ruleset *rs)
{
	struct ctlink_rule rule;
	unsigned long packets = 0;
	uint32_t i;

	for (i = 0; ruleset_rule_read(rs, i, 1, &rule); i++)
		packets += rule.packets + strlen(rule.chain);
	return packets;
}

struct built {
	struct rules_change *change;
	struct rules_error error;
	int result;
};

static void build(void *arg)
{
	struct built *b = (struct built *)arg;

	b->result = rules_change_build(b->change, &b->error);
}

/* Control lists, and makes another change, while the builder is at work. */
static int build_aside(struct rules_change *c, struct rules_error *e)
{
	struct built b = { .change = c };
	struct rules_change *other;
	int err;

	builder_start(builder, build, &b);
	list(rules_peek(rules));
	other = rules_change_new(rules, &err);
	change_some(other, 1, 1);
	rules_change_destroy(other);
	while (!builder_is_idle(builder))
		sched_yield();
	*e = b.error;
	return b.result;
}

static void change(uint64_t *random)
{
	uint32_t next = ruleset_generation(rules_peek(rules)) + 1;
	struct rules_change *c;
	struct rules_error e;
	int err;

	c = rules_change_new(rules, &err);
	if (!c)
		abort();
	if (next == 2 || draw(random, 4) == 0)
		load_all(c, next);
	else
		change_some(c, next, draw(random, 16));
	must(next == 2 ? rules_change_build(c, &e) : build_aside(c, &e), &e);
	if (next == 2 || draw(random, 8))
		rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
}

/* Put the source of all packets into the set, or take it out. */
static void change_set(uint64_t *random)
{
	struct ctlink_element e = { .has = 1 << CTLINK_ELEMENT_SET |
		                           1 << CTLINK_ELEMENT_KEY };
	struct sets_error wrong;
	struct sets_change *c;
	char name[] = "some";
	int err;

	c = sets_change_new(rules_sets(rules), 0);
	if (!c)
		abort();
	e.set = name;
	ctlink_value_set_address(&e.key, CTLINK_VALUE_FIRST, "\0\0\0", 4);
	if (draw(random, 2))
		err = sets_change_element_add(c, &e, false, &wrong);
	else
		err = sets_change_element_delete(c, &e, &wrong);
	if (!err && !sets_change_commit(c, UINT32_MAX))
		elements++;
	sets_change_destroy(c);
}

static void take_logs(void)
{
	struct rules_log_entry entry;
	uint16_t w;

	for (w = 0; w < WORKERS; w++)
		while (rules_log_take(rules, w, &entry))
			logged += entry.rule != 0;
}

/* Let the workers go on by old verdicts while the last rules are in force. */
static void settle(void)
{
	unsigned long until = atomic_load(&judged) + 100 * KEPT * WORKERS;

	while (atomic_load(&judged) < until) {
		rcu_quiet();
		sched_yield();
	}
}

static void control(double seconds)
{
	uint64_t end = clock_monotonic_ns() + (uint64_t)(seconds * 1e9), random = 99;
	const struct ruleset *held[4] = { NULL };
	const char *name;
	uint32_t id, i;

	while (clock_monotonic_ns() < end && rule_at(0).id < IDS - 100) {
		change(&random);
		change_set(&random);
		take_logs();
		i = draw(&random, 4);
		if (held[i]) {
			list(held[i]);
			ruleset_put(held[i]);
		}
		held[i] = rules_find(rules);
		rules_name_read(rules, draw(&random, 100), draw(&random, 64), &id, &name);
		list(rules_peek(rules));
		rcu_offline();
		if (draw(&random, 4) == 0)
			rcu_settle(); /* so that few indexes are used over and over */
		rcu_online();
	}
	for (i = 0; i < 4; i++) {
		if (held[i])
			ruleset_put(held[i]);
	}
	settle();
	atomic_store(&stop, true);
}

/* ---- at the end ------------------------------------------------------------------------ */

static int check(int number, bool holds, const char *what)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", number, what);
	return !holds;
}

static bool decides(const struct ctlink_rule *rule)
{
	uint32_t n = rule->statements.length;
	uint16_t kind = ctlink_rule_statement(rule, n - 1)->kind;

	return kind == CTQ_STATEMENT_ACCEPT || kind == CTQ_STATEMENT_DROP;
}

/* Rules in force whose counters are not what was noted. */
static unsigned int wrong_counters(void)
{
	unsigned int wrong = 0;
	struct ctlink_rule rule;
	uint64_t sum;
	uint32_t i, w;

	for (i = 0; ruleset_rule_read(rules_peek(rules), i, 1, &rule); i++) {
		for (sum = 0, w = 0; w < WORKERS; w++)
			sum += noted[w].packets[rule.id];
		/* only rules that decide are noted */
		if (!decides(&rule))
			continue;
		wrong += sum != rule.packets || rule.bytes != 100 * rule.packets;
	}
	return wrong;
}

int main(void)
{
	const char *seconds = getenv("STRESS_SECONDS");
	uint64_t random = 1;
	pthread_t threads[WORKERS];
	int err, failed = 0, wake, i, k;

	urcu_qsbr_register_thread();
	rules = rules_new("forest", WORKERS, NULL, &err);
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	builder = builder_new("builder", wake, &err);
	if (!rules || !builder)
		return 1;
	change(&random);
	for (i = 0; i < WORKERS; i++) {
		noted[i].packets = (uint64_t *)calloc(IDS, sizeof(uint64_t));
		noted[i].random = (uint64_t)i;
		pthread_create(&threads[i], NULL, work, &noted[i]);
	}
	control(seconds ? atof(seconds) : 10);
	rcu_offline();
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	rcu_online();
	failed += check(1, mixed == 0, "no packet meets two generations");
	failed += check(2, wrong_counters() == 0, "counters are those of their rule");
	failed += check(3, ruleset_generation(rules_peek(rules)) > 20 && judged > 1000,
	                "everything happened");
	failed += check(4, opened && logged && elements,
	                "connections were let in, lines logged, elements changed");
	printf("# generations %u judged %lu accounted %lu opened %lu logged %lu elements "
	       "%lu\n",
	       ruleset_generation(rules_peek(rules)), judged, accounted, opened, logged,
	       elements);
	printf("1..4\n");
	for (i = 0; i < WORKERS; i++)
		for (k = 0; k < KEPT; k++)
			forget(&noted[i].kept[k]);
	for (i = 0; i < WORKERS; i++)
		free(noted[i].packets);
	builder_destroy(builder);
	close(wake);
	rcu_offline();
	rules_destroy(rules);
	rcu_online();
	urcu_qsbr_unregister_thread();
	return failed ? 1 : 0;
}
