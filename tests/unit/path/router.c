/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "router.h"

#include <string.h>

static void help_port(struct path_config *path, const char *name, uint16_t port)
{
	if (port)
		path->helped[path->helped_length++] =
			(struct path_helped){ helper_named(name), port, false };
}

static void open_left(void *rules, uint32_t open)
{
	rules_open_put(rules, open);
}

struct router router_new(const struct router_options *options)
{
	struct siphash_key key = { { 3, 4 } };
	struct router r = { .now_ns = 1000 * SECOND };
	struct flow_table_config flows;
	struct path_config path;
	int err = 0;

	urcu_qsbr_register_thread();
	r.rules = rules_new("linear", 2, NULL, &err);
	cr_assert_not_null(r.rules);
	flow_table_config_init(&flows);
	flows.open_left = open_left;
	flows.open_left_ctx = r.rules;
	flows.workers = 2;
	flows.max = options->max ? options->max : 1000;
	flows.cookie_bits = options->no_marks ? 0 : 12;
	r.flows = flow_table_new(&flows, &key, &err);
	cr_assert_not_null(r.flows);
	path_config_init(&path);
	if (!options->no_marks) {
		path.cookie_mask = ROUTER_COOKIE;
		path.seen_mask = ROUTER_MASK;
		path.seen_value = ROUTER_SEEN;
	}
	path.confirm_at_entry = options->confirm_at_entry;
	path.track_at_confirm = options->track_at_confirm;
	path.on_change = options->on_change;
	path.zone_mask = options->zone_mask;
	if (options->ask.limit)
		path.ask = options->ask;
	help_port(&path, "ftp", options->ftp);
	help_port(&path, "tftp", options->tftp);
	help_port(&path, "sip", options->sip);
	r.path = path_new(&path, r.flows, r.rules, 2);
	cr_assert_not_null(r.path);
	return r;
}

void router_end(struct router *r)
{
	flow_table_flush(flow_worker(r->flows, 2), FLOW_END_STOP, r->now_ns);
	path_destroy(r->path);
	rcu_offline();
	flow_table_destroy(r->flows);
	rules_destroy(r->rules);
	rcu_online();
	urcu_qsbr_unregister_thread();
}

static bool hook_packet(struct router *r, uint16_t worker, struct wire *w,
                        enum packet_hook hook, uint32_t mark, uint32_t id)
{
	uint64_t held;

	r->p = wire_packet(w);
	r->p.id = id;
	r->p.hook = (uint8_t)hook;
	r->p.mark = mark;
	r->p.ifin = hook == PACKET_HOOK_PREROUTING ? 2 : 0;
	r->p.ifout = hook == PACKET_HOOK_POSTROUTING ? 3 : 0;
	memset(&r->v, 0xff, sizeof(r->v));
	held = path_batch(path_worker(r->path, worker), &r->p, &r->v, 1, r->now_ns);
	rcu_quiet();
	return held;
}

bool router_hook(struct router *r, uint16_t worker, struct wire *w, enum packet_hook hook,
                 uint32_t mark)
{
	cr_assert_not(hook_packet(r, worker, w, hook, mark, 0), "it waits");
	return r->v.accept;
}

bool router_holds(struct router *r, struct wire *w, enum packet_hook hook, uint32_t id)
{
	return hook_packet(r, r->worker, w, hook, r->mark, id);
}

bool router_forward(struct router *r, struct wire *w)
{
	uint32_t mark = 0;

	if (!router_hook(r, 0, w, PACKET_HOOK_PREROUTING, mark))
		return false;
	if (r->v.set_mark)
		mark = r->v.mark;
	r->skipped = (mark & ROUTER_MASK) == ROUTER_SEEN;
	if (r->skipped)
		return true;
	if (r->nat)
		r->nat(w);
	return router_hook(r, 0, w, PACKET_HOOK_POSTROUTING, mark);
}

struct flow *router_flow(struct router *r, const struct wire *w)
{
	struct packet p = wire_packet(w);

	packet_parse(&p);
	cr_assert(p.has_tuple);
	return flow_peek(r->flows, &p.tuple).flow;
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t t[16];

	memcpy(t, a, n);
	memcpy(a, b, n);
	memcpy(b, t, n);
}

struct wire wire_reply(const struct wire *w)
{
	struct wire reply = *w;

	if (reply.family == AF_INET)
		swap(reply.bytes + 12, reply.bytes + 16, 4);
	else
		swap(reply.bytes + 8, reply.bytes + 24, 16);
	if (reply.proto == IPPROTO_UDP || reply.proto == IPPROTO_TCP)
		swap(reply.bytes + reply.l4, reply.bytes + reply.l4 + 2, 2);
	wire_finish(&reply);
	return reply;
}

/* ---- rules ------------------------------------------------------------------------------- */

static void add_match(struct ctlink_rule *rule, uint16_t field, uint64_t number,
                      uint8_t size)
{
	struct ctlink_match *match = ctlink_rule_append_match(rule, NULL);

	match->field = field;
	ctlink_mark(match, CTLINK_MATCH_FIELD);
	ctlink_value_set_number(ctlink_match_append(match, NULL), CTLINK_VALUE_FIRST,
	                        number, size);
}

struct ctlink_rule router_rule(uint16_t port)
{
	struct ctlink_rule rule = { .has = 0 };

	cr_assert_eq(ctlink_string_set(&rule.chain, "chain", 5, NULL), 0);
	ctlink_mark(&rule, CTLINK_RULE_CHAIN);
	add_match(&rule, CTQ_FIELD_PROTO, IPPROTO_UDP, 1);
	add_match(&rule, CTQ_FIELD_DPORT, port, 2);
	return rule;
}

struct ctlink_rule router_state_rule(enum ctq_ctstate state, enum ctq_statement kind)
{
	struct ctlink_rule rule = { .has = 0 };
	struct ctlink_statement *s;
	struct ctlink_value *value;
	struct ctlink_match *match;

	cr_assert_eq(ctlink_string_set(&rule.chain, "chain", 5, NULL), 0);
	ctlink_mark(&rule, CTLINK_RULE_CHAIN);
	match = ctlink_rule_append_match(&rule, NULL);
	match->field = CTQ_FIELD_CTSTATE;
	ctlink_mark(match, CTLINK_MATCH_FIELD);
	value = ctlink_match_append(match, NULL);
	ctlink_value_set_number(value, CTLINK_VALUE_FIRST, state, 4);
	ctlink_value_set_number(value, CTLINK_VALUE_MASK, state, 4);
	s = ctlink_rule_append_statement(&rule, NULL);
	s->kind = (uint16_t)kind;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	return rule;
}

void router_load(struct router *r, enum packet_hook hook, enum ctq_verdict policy,
                 struct ctlink_rule *rules, unsigned int n)
{
	struct ctlink_chain chain = { .hook = (uint8_t)hook, .policy = (uint8_t)policy };
	struct rules_error e;
	struct rules_change *c;
	unsigned int i;
	int err = 0;

	cr_assert_eq(ctlink_string_set(&chain.name, "chain", 5, NULL), 0);
	ctlink_mark(&chain, CTLINK_CHAIN_NAME);
	ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
	ctlink_mark(&chain, CTLINK_CHAIN_POLICY);
	c = rules_change_new(r->rules, &err);
	cr_assert_not_null(c);
	cr_assert_eq(rules_change_flush(c), 0);
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, &e), 0);
	for (i = 0; i < n; i++) {
		cr_assert_eq(rules_change_rule_add(c, 2 + i, &rules[i], &e), 0, "%s",
		             e.error.text);
		ctlink_rule_fini(&rules[i], NULL);
	}
	cr_assert_eq(rules_change_build(c, &e), 0, "%s", e.error.text);
	rules_change_commit(c, 1, 1);
	rules_change_destroy(c);
	ctlink_chain_fini(&chain, NULL);
}

void router_rules(struct router *r, enum packet_hook hook, enum ctq_verdict policy,
                  enum ctq_verdict verdict, const uint16_t *ports)
{
	struct ctlink_rule rules[16];
	struct ctlink_statement *s;
	unsigned int n;

	for (n = 0; ports && ports[n]; n++) {
		rules[n] = router_rule(ports[n]);
		s = ctlink_rule_append_statement(&rules[n], NULL);
		s->kind = verdict == CTQ_VERDICT_ACCEPT ? CTQ_STATEMENT_ACCEPT
		          : verdict == CTQ_VERDICT_ASK  ? CTQ_STATEMENT_ASK
		                                        : CTQ_STATEMENT_DROP;
		ctlink_mark(s, CTLINK_STATEMENT_KIND);
	}
	router_load(r, hook, policy, rules, n);
}
