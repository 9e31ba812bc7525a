/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits, rejecting, logging and offloading, for each backend. */
#include <errno.h>

#include "rules/backend.h"
#include "rules/log.h"
#include "rules/update.h"
#include "rules_fixture.h"

#include "ctq/reasons.h"

#define S 1000000000ull

static struct rule_verdict judge(struct rules *rules, const char *packet, uint64_t now_ns)
{
	struct rule_key key = key_of(packet);
	struct rule_verdict v;

	ruleset_classify(rules_peek(rules), &key, rules_worker(rules, 0), 100, now_ns,
	                 &v);
	return v;
}

static void expect(struct rules *rules, const char *packet, uint64_t now_ns,
                   enum ctq_verdict verdict, enum ctq_reason reason)
{
	struct rule_verdict v = judge(rules, packet, now_ns);

	cr_assert_eq(v.verdict, verdict, "%s: verdict %u", packet, v.verdict);
	cr_assert_eq(v.reason, reason, "%s: reason %u", packet, v.reason);
}

#define SSH "tcp 10.0.0.1 1024 10.0.0.2 22"
#define WEB "tcp 10.0.0.1 1024 10.0.0.2 80"

static void each_backend(const char *text, void (*check)(struct rules *rules))
{
	const char *const *backends = rules_backend_names();
	struct rules *rules;
	size_t i;

	urcu_qsbr_register_thread();
	for (i = 0; backends[i]; i++) {
		rules = rules_of(backends[i], text);
		check(rules);
		rules_destroy(rules);
	}
	urcu_qsbr_unregister_thread();
}

static uint64_t hits(struct rules *rules, uint32_t position)
{
	struct ctlink_rule rule;

	cr_assert(ruleset_rule_read(rules_peek(rules), position, 0, &rule));
	return rule.hits;
}

/* ---- sets ---------------------------------------------------------------------- */

/* The next change that a rule wants, as text. */
static void expect_update(struct rules *rules, const char *wanted)
{
	struct rules_update u;
	char text[256] = "", address[INET6_ADDRSTRLEN];

	if (rules_update_take(rules, 0, &u)) {
		if (u.element.key.string)
			strcpy(address, u.element.key.string);
		else if (u.element.key.first_size == 16 ||
		         strchr(u.element.set, 'a')) /* of addresses */
			inet_ntop(u.element.key.first_size == 4 ? AF_INET : AF_INET6,
			          u.element.key.first, address, sizeof(address));
		else
			sprintf(address, "%lu",
			        ctlink_value_number(u.element.key.first,
			                            u.element.key.first_size));
		snprintf(text, sizeof(text), "%s %s %s %lu %u", u.add ? "add" : "delete",
		         u.element.set, address,
		         ctlink_value_number(u.element.with.first,
		                             u.element.with.first_size),
		         u.element.timeout);
	}
	cr_assert_str_eq(text, wanted);
}

static void check_updates(struct rules *rules)
{
	struct rule_key key = key_of(SSH " in eth7");
	struct rule_verdict v;
	int i;

	judge(rules, SSH " in eth7 mark 9", S);
	expect_update(rules, "add a 10.0.0.1 0 60");
	expect_update(rules, "add pa 10.0.0.2 22 0");
	expect_update(rules, "add if eth7 0 0");
	expect_update(rules, "add m 9 0 0");
	expect_update(rules, "add p 1024 0 0");
	expect_update(rules, ""); /* what is not there is not deleted */
	judge(rules, "tcp 2001:db8::1 1024 ::1 80", S);
	expect_update(rules, "add a 2001:db8::1 0 60");
	expect_update(rules, "add pa ::1 80 0");
	expect_update(rules, "add p 1024 0 0"); /* what it does not have is not added */
	expect_update(rules, "");
	judge(rules, "tcp 10.9.0.1 1 10.0.0.2 81", S);
	expect_update(rules, "add pa 10.0.0.2 81 0"); /* in it, by a prefix */
	expect_update(rules, "add p 1 0 0");
	expect_update(rules, "delete a 10.9.0.1 0 0");
	ruleset_classify(rules_peek(rules), &key, NULL, 100, S, &v);
	expect_update(rules, ""); /* who only asks changes nothing */
	for (i = 0; i < RULES_LOG_SLOTS; i++)
		judge(rules, WEB, S);
	cr_assert_eq(rules_updates_lost(rules), 2 * RULES_LOG_SLOTS);
}

Test(update, what_rules_add_and_delete_is_told)
{
	each_backend("set a { type address; flags timeout; elements { 10.9.0.0/16 } }\n"
	             "set pa { type address . port; }\n"
	             "set if { type interface; }\n"
	             "set m { type mark; }\n"
	             "set p { type port; }\n"
	             "chain prerouting {\n"
	             "add @a { src timeout 1m } add @pa { dst . dport } add @if { iif }\n"
	             "add @m { mark } add @p { sport } delete @a { src } accept\n}",
	             check_updates);
}

Test(update, a_set_must_be_there_and_fit)
{
	static const char *const texts[] = {
		"chain prerouting { add @none { src } accept; }",
		"set p { type port; }\nchain prerouting { add @p { src } accept; }",
		"set p { type port; }\nchain prerouting { delete @p { sport . dport } "
		"accept; }",
		"set a { type address; }\nchain prerouting { add @a { src timeout 1h } "
		"accept; }",
	};
	struct rules_error e;
	struct rules *rules;
	size_t i;

	urcu_qsbr_register_thread();
	rules = rules_of("linear", "chain prerouting { accept; }");
	for (i = 0; i < BASE_ARRAY_LENGTH(texts); i++) {
		cr_assert_lt(rules_load(rules, texts[i], &e), 0, "%s", texts[i]);
		cr_assert_eq(e.attr, CTQA_RULE_STATEMENT);
	}
	rules_destroy(rules);
	urcu_qsbr_unregister_thread();
}

/* ---- labels -------------------------------------------------------------------- */

static const char *label_name(void *ctx, unsigned int number)
{
	const char *const *web = ctx;

	return number == 3     ? *web
	       : number == 100 ? "bulk"
	       : number == 101 ? "bulky"
	                       : NULL;
}

static struct rules *labelled(const char *backend, const char **web, const char *text)
{
	struct rules_labels *none;
	struct rules_error e;
	struct rules *rules;
	int err;

	rules = rules_new(backend, 1, NULL, &err);
	cr_assert_not_null(rules);
	cr_assert_eq(rules_label_names(rules, label_name, web, &none), 0);
	cr_assert_null(none);
	err = rules_load(rules, text, &e);
	cr_assert_eq(err, 0, "%s", e.error.text);
	return rules;
}

Test(label, names_numbers_and_patterns_are_found)
{
	const char *web = "web";
	const char *const *backends = rules_backend_names();
	struct rules *rules;
	size_t i;

	urcu_qsbr_register_thread();
	for (i = 0; backends[i]; i++) {
		rules = labelled(backends[i], &web,
		                 "chain prerouting { policy accept\n"
		                 "label web drop\n"
		                 "tcp dport 22 label { 64, 127 } drop\n"
		                 "tcp dport 22 label bulk* drop\n"
		                 "tcp dport 80 label != 5 drop\n}");
		expect(rules, SSH " label 3", S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
		expect(rules, SSH " label 64", S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
		expect(rules, SSH " label 127", S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
		expect(rules, SSH " label 100", S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
		expect(rules, SSH " label 101", S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
		expect(rules, SSH " label 102", S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_POLICY);
		expect(rules, WEB " label 5", S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_POLICY);
		expect(rules, WEB " label 4", S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
		/* who has no connection has no labels, not even none */
		expect(rules, WEB, S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_POLICY);
		rules_destroy(rules);
	}
	urcu_qsbr_unregister_thread();
}

Test(label, what_is_set_is_told_and_seen_by_later_rules)
{
	const char *web = "web";
	struct rule_verdict v;
	const char *const *backends = rules_backend_names();
	struct rules *rules;
	size_t i;

	urcu_qsbr_register_thread();
	for (i = 0; backends[i]; i++) {
		rules = labelled(backends[i], &web,
		                 "chain prerouting { policy accept\n"
		                 "tcp dport 22 label set web label set 127\n"
		                 "label web label 127 label 1 drop\n}");
		v = judge(rules, SSH " label 1", S);
		cr_assert_eq(v.verdict, CTQ_VERDICT_DROP);
		cr_assert_eq(v.labels[0], 1ull << 3);
		cr_assert_eq(v.labels[1], 1ull << 63);
		v = judge(rules, WEB " label 1", S);
		cr_assert_eq(v.verdict, CTQ_VERDICT_ACCEPT);
		cr_assert_eq(v.labels[0] | v.labels[1], 0);
		rules_destroy(rules);
	}
	urcu_qsbr_unregister_thread();
}

Test(label, a_rule_with_one_that_is_not_there_is_refused)
{
	static const char *const texts[] = {
		"chain prerouting {\nlabel wev drop\n}",
		"chain prerouting {\nlabel { web, 128 } drop\n}",
		"chain prerouting {\nlabel nothing* drop\n}",
		"chain prerouting {\nlabel set 1000000000000 accept\n}",
		"chain prerouting {\nlabel set bulk* accept\n}",
	};
	const char *web = "web";
	struct rules_error e;
	struct rules *rules;
	size_t i;

	urcu_qsbr_register_thread();
	rules = labelled("linear", &web, "chain prerouting { label web accept; }");
	for (i = 0; i < BASE_ARRAY_LENGTH(texts); i++) {
		cr_assert_eq(rules_load(rules, texts[i], &e), -ENOENT, "%s", texts[i]);
		cr_assert_not_null(strstr(e.error.text, "no label is called"));
		cr_assert_eq(e.attr, i < 3 ? CTQA_RULE_MATCH : CTQA_RULE_STATEMENT);
	}
	urcu_qsbr_unregister_thread();
	rules_destroy(rules);
}

Test(label, other_names_hold_from_the_next_change_on)
{
	struct rules_labels *before;
	const char *web = "web";
	struct rules *rules;

	urcu_qsbr_register_thread();
	rules = labelled("linear", &web, "chain prerouting { label web drop; }");
	web = "other";
	cr_assert_eq(rules_label_names(rules, label_name, &web, &before), 0);
	expect(rules, SSH " label 3", S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
	cr_assert_eq(rules_load(rules, "chain prerouting { label web drop; }", NULL),
	             -ENOENT);
	cr_assert_eq(rules_load(rules, "chain prerouting { label other accept; }", NULL),
	             0);
	expect(rules, SSH " label 3", S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE);
	rules_labels_restore(rules, before);
	cr_assert_eq(rules_load(rules, "chain prerouting { label web drop; }", NULL), 0);
	rules_destroy(rules);
	urcu_qsbr_unregister_thread();
}

/* ---- limits -------------------------------------------------------------------- */

static void check_passes_on(struct rules *rules)
{
	expect(rules, SSH, S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE);
	expect(rules, SSH, S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE);
	expect(rules, SSH, S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
	expect(rules, WEB, S, CTQ_VERDICT_DROP, CTQ_DROP_POLICY);
	expect(rules, SSH, 2 * S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE);
	cr_assert_eq(hits(rules, 0), 3);
	cr_assert_eq(hits(rules, 1), 1);
}

Test(limit, a_rule_over_its_limit_is_passed_over)
{
	each_backend("chain prerouting { policy drop\n"
	             "tcp dport 22 limit rate 1/second burst 2 accept\n"
	             "tcp dport 22 drop\n}",
	             check_passes_on);
}

static void check_over(struct rules *rules)
{
	expect(rules, SSH, S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_POLICY);
	expect(rules, SSH, S, CTQ_VERDICT_DROP, CTQ_DROP_LIMIT);
	expect(rules, "tcp 10.0.1.1 1024 10.0.0.2 22", S, CTQ_VERDICT_ACCEPT,
	       CTQ_ACCEPT_POLICY);
	/* of the same /24, and of the same /64 */
	expect(rules, "tcp 10.0.1.9 1024 10.0.0.2 22", S, CTQ_VERDICT_DROP,
	       CTQ_DROP_LIMIT);
	expect(rules, "tcp 2001:db8::1 1024 ::1 22", S, CTQ_VERDICT_ACCEPT,
	       CTQ_ACCEPT_POLICY);
	expect(rules, "tcp 2001:db8::2 1024 ::1 22", S, CTQ_VERDICT_DROP, CTQ_DROP_LIMIT);
	expect(rules, "tcp 2001:db8:0:1::2 1024 ::1 22", S, CTQ_VERDICT_ACCEPT,
	       CTQ_ACCEPT_POLICY);
	expect(rules, SSH, 61 * S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_POLICY);
}

Test(limit, over_is_for_what_is_above_and_each_source_has_its_own)
{
	each_backend("chain prerouting { policy accept\n"
	             "limit src rate over 1/minute burst 1 per /24 /64 drop\n}",
	             check_over);
}

/* Another generation, with one more rule. */
static void rule_append(struct rules *rules)
{
	struct rules_change *c;
	int err;

	c = rules_change_new(rules, &err);
	cr_assert_eq(change_read(c,
	                         "chain prerouting { policy drop\ntcp dport 80 accept\n}",
	                         NULL),
	             0);
	cr_assert_eq(rules_change_build(c, NULL), 0);
	rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
}

static void check_kept(struct rules *rules)
{
	expect(rules, SSH, S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE);
	rule_append(rules);
	expect(rules, SSH, S, CTQ_VERDICT_DROP, CTQ_DROP_POLICY);
	expect(rules, WEB, S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE);
}

Test(limit, a_rule_that_stays_keeps_its_bucket)
{
	each_backend("chain prerouting { policy drop\n"
	             "tcp dport 22 limit rate 1/hour burst 1 accept\n}",
	             check_kept);
}

static void check_no_worker(struct rules *rules)
{
	struct rule_key key = key_of(SSH);
	struct rule_verdict v;
	int i;

	for (i = 0; i < 3; i++) {
		ruleset_classify(rules_peek(rules), &key, NULL, 100, S, &v);
		cr_assert_eq(v.verdict, CTQ_VERDICT_ACCEPT);
	}
	expect(rules, SSH, S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE);
	ruleset_classify(rules_peek(rules), &key, NULL, 100, S, &v);
	cr_assert_eq(v.verdict, CTQ_VERDICT_DROP);
}

Test(limit, who_only_asks_takes_nothing)
{
	each_backend("chain prerouting { policy drop\n"
	             "limit rate 1/hour burst 1 limit src rate 1/hour burst 1 log "
	             "accept\n}",
	             check_no_worker);
}

/* A packet of a connection that @open counts at the entry hook. */
static uint32_t judge_open(struct rules *rules, const char *packet, uint32_t open,
                           enum ctq_reason reason)
{
	struct rule_key key = key_of(packet);
	struct rule_verdict v;

	key.keeps = true;
	key.open[0] = open;
	ruleset_classify(rules_peek(rules), &key, rules_worker(rules, 0), 100, S, &v);
	cr_assert_eq(v.reason, reason, "%s: reason %u", packet, v.reason);
	return v.open;
}

static void check_open(struct rules *rules)
{
	uint32_t open = judge_open(rules, SSH, 0, CTQ_ACCEPT_RULE), other;

	cr_assert_neq(open, 0);
	expect(rules, SSH, S, CTQ_VERDICT_DROP, CTQ_DROP_POLICY); /* of no connection */
	cr_assert_eq(judge_open(rules, SSH, 0, CTQ_ACCEPT_RULE), open);
	cr_assert_eq(judge_open(rules, SSH, 0, CTQ_DROP_POLICY), 0);
	cr_assert_eq(judge_open(rules, SSH, open, CTQ_ACCEPT_RULE), 0, "one of them");
	rules_open_put(rules, open);
	cr_assert_eq(judge_open(rules, SSH, 0, CTQ_ACCEPT_RULE), open);
	/* what another limit of the rule refuses is not counted */
	other = judge_open(rules, WEB, 0, CTQ_ACCEPT_RULE);
	rules_open_put(rules, other);
	cr_assert_eq(judge_open(rules, WEB, 0, CTQ_DROP_POLICY), 0);
	cr_assert_eq(judge_open(rules, WEB, 0, CTQ_DROP_POLICY), 0);
	/* a rule that stays goes on with its count, one that comes begins with its own */
	rule_append(rules);
	cr_assert_eq(judge_open(rules, SSH, 0, CTQ_DROP_POLICY), 0);
	cr_assert_eq(rules_load(rules,
	                        "chain prerouting { policy drop\n"
	                        "limit rule connections 1 accept\n}",
	                        NULL),
	             0);
	other = judge_open(rules, SSH, open, CTQ_ACCEPT_RULE);
	cr_assert(other && other != open);
	rules_open_put(rules, open);
	rules_open_put(rules, open);
	rules_open_put(rules, other);
}

Test(limit, connections_of_a_rule_are_those_that_it_let_in)
{
	each_backend("chain prerouting { policy drop\n"
	             "tcp dport 22 limit rule connections 2 accept\n"
	             "tcp dport 80 limit rule connections 1 limit rate 1/day burst 1 "
	             "accept\n}",
	             check_open);
}

Test(limit, connections_of_a_rule_that_does_not_accept_are_refused)
{
	static const char *const texts[] = {
		"chain prerouting { limit rule connections 1 drop; }",
		"chain prerouting { limit rule connections 1 mark set 1; }",
		"chain prerouting { limit rule connections 1 limit rule connections 2 "
		"accept; }",
	};
	struct rules_error e;
	struct rules *rules;
	size_t i;

	urcu_qsbr_register_thread();
	rules = rules_of("linear", "chain prerouting { accept; }");
	for (i = 0; i < BASE_ARRAY_LENGTH(texts); i++) {
		cr_assert_eq(rules_load(rules, texts[i], &e), -EINVAL, "%s", texts[i]);
		cr_assert_eq(e.attr, CTQA_RULE_STATEMENT);
	}
	rules_destroy(rules);
	urcu_qsbr_unregister_thread();
}

Test(limit, connections_need_to_be_counted)
{
	struct rules_error e;
	struct rules *rules;
	int err;

	urcu_qsbr_register_thread();
	rules = rules_new("linear", 1, NULL, &err);
	cr_assert_not_null(rules);
	cr_assert_eq(rules_load(rules, "chain prerouting {\nct count over 2 drop\n}", &e),
	             -EOPNOTSUPP);
	cr_assert_str_eq(e.error.text, "the connections of sources are not counted");
	cr_assert_not_null(strstr(e.error.hint, "per-source"));
	cr_assert_eq(e.attr, CTQA_RULE_STATEMENT);
	rules_count_connections(rules);
	cr_assert_eq(rules_load(rules, "chain prerouting {\nct count over 2 drop\n}", &e),
	             0);
	rules_destroy(rules);
	urcu_qsbr_unregister_thread();
}

static void expect_connections(struct rules *rules, uint32_t n, enum ctq_reason reason)
{
	struct rule_key key = key_of(SSH);
	struct rule_verdict v;

	key.connections = n;
	ruleset_classify(rules_peek(rules), &key, NULL, 0, 0, &v);
	cr_assert_eq(v.reason, reason, "%u: %u", n, v.reason);
}

Test(limit, connections_are_those_of_the_key)
{
	struct rules *rules;
	int err;

	urcu_qsbr_register_thread();
	rules = rules_new("forest", 1, NULL, &err);
	rules_count_connections(rules);
	cr_assert_eq(rules_load(rules,
	                        "chain prerouting { policy accept\n"
	                        "limit connections over 2 drop\n"
	                        "limit connections 1 accept\n}",
	                        NULL),
	             0);
	expect_connections(rules, 0, CTQ_ACCEPT_POLICY); /* not known: neither */
	expect_connections(rules, 1, CTQ_ACCEPT_RULE);
	expect_connections(rules, 2, CTQ_ACCEPT_POLICY);
	expect_connections(rules, 3, CTQ_DROP_LIMIT);
	rules_destroy(rules);
	urcu_qsbr_unregister_thread();
}

/* ---- rejecting and offloading -------------------------------------------------- */

static void check_reject(struct rules *rules)
{
	expect(rules, SSH, S, CTQ_VERDICT_REJECT, CTQ_REJECT_RULE);
	expect(rules, WEB, S, CTQ_VERDICT_ACCEPT, CTQ_ACCEPT_RULE);
	cr_assert(judge(rules, WEB, S).offload);
	cr_assert_not(judge(rules, SSH, S).offload);
}

Test(reject, is_a_verdict_of_its_own)
{
	each_backend("chain prerouting {\ntcp dport 22 reject\noffload accept\n}",
	             check_reject);
}

struct heard {
	struct rules *rules;
	uint32_t in_force, times;
};

static void hear(void *ctx)
{
	struct heard *h = ctx;

	h->in_force = ruleset_generation(rules_peek(h->rules));
	h->times++;
}

/* Who must listen to the kernel before it makes entries. */
Test(offload, is_told_before_it_comes_into_force)
{
	struct heard h = { .times = 0 };
	int err;

	urcu_qsbr_register_thread();
	h.rules = rules_new("forest", 1, NULL, &err);
	cr_assert_not_null(h.rules);
	rules_watch_offload(h.rules, hear, &h);
	cr_assert_eq(rules_load(h.rules, "chain prerouting {\naccept\n}", NULL), 0);
	cr_assert_eq(h.times, 0);
	cr_assert_eq(rules_load(h.rules, "chain prerouting {\noffload accept\n}", NULL),
	             0);
	cr_assert_eq(h.times, 1);
	cr_assert_eq(h.in_force + 1, ruleset_generation(rules_peek(h.rules)));
	rules_watch_offload(h.rules, NULL, NULL);
	cr_assert_eq(rules_load(h.rules, "chain prerouting {\noffload accept\n}", NULL),
	             0);
	cr_assert_eq(h.times, 1);
	rules_destroy(h.rules);
	urcu_qsbr_unregister_thread();
}

static void expect_reject_refused(const char *text, uint32_t item)
{
	struct rules_error e;
	struct rules *rules;
	int err;

	urcu_qsbr_register_thread();
	rules = rules_new("linear", 1, NULL, &err);
	cr_assert_eq(rules_load(rules, text, &e), -EOPNOTSUPP);
	cr_assert_eq(e.item, item, "%u", e.item);
	cr_assert_not_null(strstr(e.error.text, "postrouting"), "%s", e.error.text);
	rules_destroy(rules);
	urcu_qsbr_unregister_thread();
}

Test(reject, has_no_place_at_postrouting)
{
	expect_reject_refused("chain postrouting {\ntcp dport 22 counter reject\n}", 2);
	expect_reject_refused("chain a {\nreject\n}\nchain b {\njump a\n}\n"
	                      "chain postrouting {\njump b\n}",
	                      4);
}

/* ---- logging ------------------------------------------------------------------- */

static struct rules_log_entry logged(struct rules *rules)
{
	struct rules_log_entry e;

	cr_assert(rules_log_take(rules, 0, &e));
	return e;
}

static void check_log(struct rules *rules)
{
	struct rules_log_entry e;
	int i;

	expect(rules, SSH, 7 * S, CTQ_VERDICT_DROP, CTQ_DROP_RULE);
	e = logged(rules);
	cr_assert_str_eq(e.prefix, "ssh");
	cr_assert_str_eq(e.name, "no-ssh");
	cr_assert_eq(e.level, 4);
	cr_assert_eq(e.reason, CTQ_DROP_RULE);
	cr_assert_eq(e.when_ns, 7 * S);
	cr_assert_eq(e.key.dport, 22);
	for (i = 0; i < 6; i++)
		judge(rules, WEB, S);
	e = logged(rules);
	cr_assert_eq(e.level, RULES_LOG_LEVEL);
	cr_assert_eq(e.reason, CTQ_ACCEPT_POLICY);
	logged(rules);
	cr_assert_not(rules_log_take(rules, 0, &e)); /* two of six */
	judge(rules, "udp 10.0.0.1 1 10.0.0.2 2", S);
	judge(rules, "udp 10.0.0.1 1 10.0.0.2 2", S);
	logged(rules);
	cr_assert_not(rules_log_take(rules, 0, &e));
	cr_assert_eq(rules_log_lost(rules), 0);
}

Test(log, tells_what_became_of_the_packet)
{
	each_backend("chain prerouting { policy accept\n"
	             "tcp dport 22 name no-ssh log prefix ssh level warning drop\n"
	             "tcp dport 80 log every 3\n"
	             "udp dport 2 log rate 1/hour burst 1\n}",
	             check_log);
}

static void check_full(struct rules *rules)
{
	struct rules_log_entry e;
	uint32_t i;

	for (i = 0; i < RULES_LOG_SLOTS + 3; i++)
		judge(rules, SSH, i);
	cr_assert_eq(rules_log_lost(rules), 3);
	for (i = 0; i < RULES_LOG_SLOTS; i++)
		cr_assert_eq(logged(rules).when_ns, i);
	cr_assert_not(rules_log_take(rules, 0, &e));
}

Test(log, a_full_ring_loses_and_counts)
{
	each_backend("chain prerouting {\nlog\n}", check_full);
}

/* ---- time ---------------------------------------------------------------------- */

static void expect_time(struct rules *rules, uint64_t local_s, enum ctq_reason reason)
{
	struct rule_key key = key_of(SSH);
	struct rule_verdict v;

	rule_key_set_time(&key, local_s);
	ruleset_classify(rules_peek(rules), &key, NULL, 0, 0, &v);
	cr_assert_eq(v.reason, reason, "%lu: %u", (unsigned long)local_s, v.reason);
}

#define FRIDAY (1700179200ull) /* 17 November 2023, 00:00 */

static void check_time(struct rules *rules)
{
	expect_time(rules, FRIDAY + 8 * 3600 - 1, CTQ_DROP_POLICY);
	expect_time(rules, FRIDAY + 8 * 3600, CTQ_ACCEPT_RULE);
	expect_time(rules, FRIDAY + 18 * 3600, CTQ_ACCEPT_RULE);
	expect_time(rules, FRIDAY + 18 * 3600 + 1, CTQ_DROP_POLICY);
	expect_time(rules, FRIDAY + 86400 + 12 * 3600, CTQ_DROP_POLICY); /* Saturday */
	expect_time(rules, FRIDAY + 3 * 86400 + 12 * 3600, CTQ_ACCEPT_RULE);
}

Test(time, is_the_local_time_of_day_and_day_of_the_week)
{
	each_backend("chain prerouting { policy drop\n"
	             "time 08:00-18:00 day mon-fri accept\n}",
	             check_time);
}
