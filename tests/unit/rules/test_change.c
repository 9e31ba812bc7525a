/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions: what they change, what they refuse, what short memory does to them. */
#include <errno.h>

#include "rules/backend.h"
#include "rules_fixture.h"

/* ---- helpers --------------------------------------------------------------------- */

static struct rules_change *change_of(struct rules *rules)
{
	struct rules_change *c;
	int err;

	c = rules_change_new(rules, &err);
	cr_assert_not_null(c);
	return c;
}

/* One rule of the language as a value; the caller finis it or gives it away. */
static struct ctlink_rule rule_value(const char *chain, const char *text)
{
	struct lang *l = lang_new(NULL);
	struct ctlink_rule value, *read;
	char whole[256];

	snprintf(whole, sizeof(whole), "chain %s { %s }", chain, text);
	cr_assert_eq(lang_read_text(l, "rule", whole, strlen(whole)), 0, "%s", whole);
	read = ctlink_ruleset_rule(lang_ruleset(l), 0);
	value = *read;
	memset(read, 0, sizeof(*read));
	lang_destroy(l);
	return value;
}

static uint32_t commit(struct rules_change *c)
{
	struct rules_error e;
	uint32_t generation;

	cr_assert_eq(rules_change_build(c, &e), 0, "%s", e.error.text);
	generation = rules_change_commit(c, 1, 2);
	rules_change_destroy(c);
	return generation;
}

/* What is in force, as text. */
static char *in_force(struct rules *rules)
{
	const struct ruleset *rs = rules_peek(rules);
	struct ctlink_chain chain;
	struct ctlink_rule rule;
	char *text = NULL;
	size_t size;
	uint32_t i;
	FILE *f = open_memstream(&text, &size);

	for (i = 0; ruleset_chain_read(rs, i, &chain); i++) {
		lang_chain_print(&chain, f);
		fprintf(f, " %u\n", chain.rules);
	}
	for (i = 0; ruleset_rule_read(rs, i, 0, &rule); i++) {
		fprintf(f, "%s: ", rule.chain);
		lang_rule_print(&rule, f);
		fputc('\n', f);
	}
	fclose(f);
	return text;
}

static void expect_in_force(struct rules *rules, const char *wanted)
{
	char *text = in_force(rules);

	cr_assert_str_eq(text, wanted, "%s", text);
	free(text);
}

/* The id of the @n-th rule in force. */
static uint32_t id_of(struct rules *rules, uint32_t n)
{
	struct ctlink_rule rule;

	cr_assert(ruleset_rule_read(rules_peek(rules), n, 0, &rule));
	return rule.id;
}

/* ---- what they change ---------------------------------------------------------------- */

Test(change, loads_number_generations_and_replace_everything)
{
	struct rules *rules = rules_of("linear", "chain a { accept }");
	struct ruleset_info info;

	cr_assert_eq(ruleset_generation(rules_peek(rules)), 2);
	cr_assert_eq(
		rules_load(rules,
	                   "chain input { policy drop; dport 1 accept; dport 2 accept }",
	                   NULL),
		0);
	ruleset_info_read(rules_peek(rules), &info);
	cr_assert_eq(info.generation, 3);
	cr_assert_eq(info.rules, 2);
	cr_assert_eq(info.chains, 1);
	cr_assert_str_eq(info.backend, "linear");
	cr_assert_eq(info.loaded_s, 1700000000);
	cr_assert_eq(info.build_ns, 1000);
	cr_assert_gt(info.memory_bytes, sizeof(info));
	expect_in_force(rules, "chain input { policy drop 2\n"
	                       "input: dport 1 accept\n"
	                       "input: dport 2 accept\n");
	rules_destroy(rules);
}

Test(change, rules_are_appended_inserted_replaced_and_deleted)
{
	struct rules *rules = rules_of(
		"linear", "chain a { dport 1 drop; dport 2 drop; dport 3 drop }");
	uint32_t first = id_of(rules, 0), second = id_of(rules, 1),
		 third = id_of(rules, 2);
	struct rules_change *c = change_of(rules);
	struct ctlink_rule value;

	value = rule_value("a", "dport 4 accept");
	cr_assert_eq(rules_change_rule_add(c, 1, &value, NULL), 0);
	cr_assert_null(value.chain, "it is taken");
	value = rule_value("a", "dport 5 accept");
	value.before = first;
	ctlink_mark(&value, CTLINK_RULE_BEFORE);
	cr_assert_eq(rules_change_rule_add(c, 2, &value, NULL), 0);
	value = rule_value("a", "dport 6 accept");
	value.id = second;
	ctlink_mark(&value, CTLINK_RULE_ID);
	cr_assert_eq(rules_change_rule_replace(c, 3, &value, NULL), 0);
	cr_assert_eq(rules_change_rule_delete(c, 4, third, NULL), 0);
	cr_assert_eq(rules_change_rule_delete(c, 5, third, NULL), -ENOENT);
	expect_in_force(rules, "chain a { 3\n"
	                       "a: dport 1 drop\na: dport 2 drop\na: dport 3 drop\n");
	cr_assert_eq(commit(c), 3);
	expect_in_force(rules, "chain a { 4\n"
	                       "a: dport 5 accept\na: dport 1 drop\n"
	                       "a: dport 6 accept\na: dport 4 accept\n");
	cr_assert_eq(id_of(rules, 1), first, "what is the same keeps its id");
	cr_assert_gt(id_of(rules, 2), third, "what replaces another gets a new one");
	rules_destroy(rules);
}

Test(change, a_rule_that_replaces_may_leave_its_chain_out)
{
	struct rules *rules = rules_of("linear", "chain a { drop }");
	struct rules_change *c = change_of(rules);
	struct ctlink_rule value = rule_value("a", "accept");

	free(value.chain);
	value.chain = NULL;
	ctlink_unmark(&value, CTLINK_RULE_CHAIN);
	value.id = id_of(rules, 0);
	ctlink_mark(&value, CTLINK_RULE_ID);
	cr_assert_eq(rules_change_rule_replace(c, 1, &value, NULL), 0);
	commit(c);
	expect_in_force(rules, "chain a { 1\na: accept\n");
	rules_destroy(rules);
}

Test(change, chains_are_made_changed_and_deleted)
{
	struct rules *rules =
		rules_of("linear", "chain input { drop }\nchain a { drop }");
	struct rules_change *c = change_of(rules);
	struct ctlink_chain chain = { 0 };
	char input[] = "input";

	chain.name = input;
	chain.policy = CTQ_VERDICT_DROP;
	chain.hook = PACKET_HOOK_INPUT;
	ctlink_mark(&chain, CTLINK_CHAIN_NAME);
	ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
	ctlink_mark(&chain, CTLINK_CHAIN_POLICY);
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, NULL), 0);
	cr_assert_eq(rules_change_chain_delete(c, 2, "a", NULL), 0);
	cr_assert_eq(rules_change_chain_delete(c, 3, "a", NULL), -ENOENT);
	commit(c);
	expect_in_force(rules, "chain input { policy drop 1\ninput: drop\n");
	rules_destroy(rules);
}

Test(change, a_build_that_nobody_wants_any_more_gives_up)
{
	struct rules *rules = rules_of("forest", "chain a { drop }");
	struct rules_change *c;
	struct rules_error e;

	c = change_of(rules);
	rules_change_cancel(c);
	cr_assert_eq(rules_change_build(c, &e), -ECANCELED);
	cr_assert_eq(e.error.code, -ECANCELED);
	rules_change_destroy(c);
	cr_assert_eq(ruleset_generation(rules_peek(rules)), 2);
	rules_destroy(rules);
}

Test(change, a_check_changes_nothing)
{
	struct rules *rules = rules_of("linear", "chain a { drop }");
	struct rules_change *c = change_of(rules);

	rules_change_flush(c);
	cr_assert_eq(rules_change_build(c, NULL), 0);
	rules_change_destroy(c);
	cr_assert_eq(ruleset_generation(rules_peek(rules)), 2);
	expect_in_force(rules, "chain a { 1\na: drop\n");
	rules_destroy(rules);
}

Test(change, it_may_be_built_again)
{
	struct rules *rules = rules_of("linear", "chain a { drop }");
	struct rules_change *c = change_of(rules);
	struct rules_error e;

	cr_assert_eq(change_read(c, "chain b { jump c }", &e), 0);
	cr_assert_eq(rules_change_build(c, &e), -ENOENT);
	cr_assert_eq(change_read(c, "chain c { drop }", &e), 0);
	cr_assert_eq(rules_change_build(c, &e), 0);
	commit(c);
	expect_in_force(rules, "chain a { 1\nchain b { 1\nchain c { 1\n"
	                       "a: drop\nb: jump c\nc: drop\n");
	rules_destroy(rules);
}

Test(change, a_generation_that_is_listed_stays_whole)
{
	struct rules *rules =
		rules_of("linear", "chain a { dport 1 drop; dport 2 drop }");
	const struct ruleset *old = rules_find(rules);
	struct ctlink_rule rule;

	cr_assert_eq(rules_load(rules, "chain b { accept }", NULL), 0);
	rcu_settle();
	cr_assert_eq(ruleset_generation(old), 2);
	cr_assert(ruleset_rule_read(old, 1, 0, &rule));
	cr_assert_str_eq(rule.chain, "a");
	cr_assert_not(ruleset_rule_read(old, 2, 0, &rule));
	ruleset_put(old);
	rules_destroy(rules);
}

/* ---- what they refuse ------------------------------------------------------------------- */

static void expect_refused(const char *text, int code, uint32_t item, uint16_t attr,
                           const char *message)
{
	struct rules *rules = rules_of("linear", "chain old { drop }");
	struct rules_error e;

	cr_expect_eq(rules_load(rules, text, &e), code, "%s: %d", text, e.error.code);
	cr_expect_str_eq(e.error.text, message, "%s", e.error.text);
	cr_expect_eq(e.item, item, "%s: item %u", text, e.item);
	cr_expect_eq(e.attr, attr, "%s: attribute %u", text, e.attr);
	expect_in_force(rules, "chain old { 1\nold: drop\n");
	rules_destroy(rules);
}

Test(refused, by_rules_that_do_not_fit_together)
{
	expect_refused("chain a { accept; jump gone }", -ENOENT, 3, CTQA_RULE_STATEMENT,
	               "jump to chain 'gone', which is not there");
	expect_refused("chain a { jump input }\nchain input { drop }", -EINVAL, 3,
	               CTQA_RULE_STATEMENT,
	               "jump to chain 'input', which is a hook's own");
	expect_refused("chain a { dport 1 name x drop\n\ndport 2 name x drop }", -EEXIST,
	               3, CTQA_RULE_NAME, "the name 'x' is taken by the rule of line 1");
	expect_refused(
		"chain a { jump b }\nchain b { jump c }\nchain c { dport 1 jump a }",
		-ELOOP, 6, CTQA_RULE_STATEMENT, "this jump goes in a circle");
	expect_refused("chain a { jump a }", -ELOOP, 2, CTQA_RULE_STATEMENT,
	               "this jump goes in a circle");
	expect_refused("chain input { drop }\nchain b { hook input; drop }", -EEXIST, 2,
	               CTQA_CHAIN_HOOK, "chain 'input' is at hook input already");
	expect_refused("chain input { hook output; drop }", -EINVAL, 1, CTQA_CHAIN_NAME,
	               "chain 'input' is not at the hook of this name");
}

/* chain c0 jumps to c1, and so on, @n jumps deep, @each times. */
static char *ladder(int n, int each)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int i, j;

	for (i = 0; i < n; i++) {
		fprintf(f, "chain c%d {\n", i);
		for (j = 0; j < each; j++)
			fprintf(f, "\tjump c%d\n", i + 1);
		fputs("}\n", f);
	}
	fprintf(f, "chain c%d { drop }\n", n);
	fclose(f);
	return text;
}

Test(refused, by_jumps_that_are_too_deep_or_too_many)
{
	struct rules *rules = rules_of("linear", "");
	struct rules_error e;
	char *text;

	text = ladder(RULES_DEPTH_MAX, 1);
	cr_assert_eq(rules_load(rules, text, &e), 0, "%s", e.error.text);
	free(text);
	text = ladder(RULES_DEPTH_MAX + 1, 1);
	cr_assert_eq(rules_load(rules, text, &e), -E2BIG);
	cr_assert_str_eq(e.error.text, "too many jumps within jumps");
	free(text);
	text = ladder(8, 8); /* 8^8 = 16.8 million visits and some */
	cr_assert_eq(rules_load(rules, text, &e), -E2BIG);
	cr_assert_str_eq(e.error.text,
	                 "a packet could meet too many rules by way of jumps");
	free(text);
	rules_destroy(rules);
}

/* Depth is a matter of the whole way, also when the lower part was measured before. */
Test(refused, by_depth_that_two_parts_make_together)
{
	struct rules *rules = rules_of("linear", "");
	struct rules_error e;
	char *text, *whole;
	size_t size;
	FILE *f;

	text = ladder(RULES_DEPTH_MAX, 1);
	f = open_memstream(&whole, &size);
	fprintf(f, "%schain prerouting { jump c0 }\n", text);
	fclose(f);
	cr_assert_eq(rules_load(rules, whole, &e), -E2BIG);
	free(text);
	free(whole);
	rules_destroy(rules);
}

static void expect_step_refused(struct rules *rules, struct ctlink_rule value, int code,
                                uint16_t attr, const char *message)
{
	struct rules_change *c = change_of(rules);
	struct rules_error e;

	cr_expect_eq(rules_change_rule_add(c, 7, &value, &e), code);
	cr_expect_eq(e.item, 7);
	cr_expect_eq(e.attr, attr, "%u", e.attr);
	cr_expect_str_eq(e.error.text, message, "%s", e.error.text);
	cr_expect_null(value.chain, "it is taken, also when it is refused");
	rules_change_destroy(c);
}

Test(refused, values_that_no_text_can_say)
{
	struct rules *rules =
		rules_of("linear", "chain a { accept }\nchain b { accept }");
	struct ctlink_rule value;

	expect_step_refused(rules, rule_value("gone", "accept"), -ENOENT, CTQA_RULE_CHAIN,
	                    "there is no chain 'gone'");
	value = rule_value("a", "accept");
	value.id = 5;
	ctlink_mark(&value, CTLINK_RULE_ID);
	expect_step_refused(rules, value, -EINVAL, CTQA_RULE_ID,
	                    "rules get their id from the daemon");
	value = rule_value("a", "accept");
	value.before = 999;
	ctlink_mark(&value, CTLINK_RULE_BEFORE);
	expect_step_refused(rules, value, -ENOENT, CTQA_RULE_BEFORE,
	                    "there is no rule 999");
	value = rule_value("a", "accept");
	value.before = id_of(rules, 1);
	ctlink_mark(&value, CTLINK_RULE_BEFORE);
	expect_step_refused(rules, value, -EINVAL, CTQA_RULE_BEFORE,
	                    "rule 2 is in chain 'b'");
	value = rule_value("a", "counter");
	ctlink_rule_statement(&value, 0)->kind = 77;
	expect_step_refused(rules, value, -EINVAL, CTQA_RULE_STATEMENT,
	                    "statement 77 is not known");
	value = rule_value("a", "counter accept");
	ctlink_rule_statement(&value, 0)->kind = CTQ_STATEMENT_DROP;
	expect_step_refused(rules, value, -EINVAL, CTQA_RULE_STATEMENT,
	                    "the rule has ended before");
	value = rule_value("a", "accept");
	ctlink_rule_statement(&value, 0)->kind = CTQ_STATEMENT_JUMP;
	expect_step_refused(rules, value, -EINVAL, CTQA_RULE_STATEMENT,
	                    "'jump' lacks its chain");
	value = rule_value("a", "accept");
	ctlink_list_drop_last(&value.statements);
	expect_step_refused(rules, value, -EINVAL, 0,
	                    "a rule without statement does nothing");
	value = rule_value("a", "dport 1 accept");
	ctlink_rule_match(&value, 0)->field = CTQ_FIELD_BYTES;
	expect_step_refused(rules, value, -EINVAL, CTQA_RULE_MATCH,
	                    "'bytes' is a field for filters only");
	value = rule_value("a", "iif eth0 accept");
	cr_assert_eq(ctlink_string_set(
			     &ctlink_match_value(ctlink_rule_match(&value, 0), 0)->string,
			     "sixteen-letters!", 16, NULL),
	             0);
	expect_step_refused(rules, value, -EINVAL, CTQA_RULE_MATCH,
	                    "'sixteen-letters!' is too long for an interface");
	rules_destroy(rules);
}

Test(refused, hooks_without_queue_and_policies_without_hook)
{
	struct rules *rules = rules_of("linear", "chain a { accept }");
	struct rules_change *c = change_of(rules);
	struct ctlink_chain chain = { 0 };
	struct rules_error e;
	char name[] = "x", a[] = "a";

	chain.name = name;
	chain.hook = PACKET_HOOK_FORWARD;
	ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, &e), -EOPNOTSUPP);
	cr_assert_eq(e.attr, CTQA_CHAIN_HOOK);
	ctlink_unmark(&chain, CTLINK_CHAIN_HOOK);
	chain.policy = CTQ_VERDICT_DROP;
	ctlink_mark(&chain, CTLINK_CHAIN_POLICY);
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, &e), -EINVAL);
	cr_assert_eq(e.attr, CTQA_CHAIN_POLICY);
	chain.name = a;
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, &e), -EINVAL);
	cr_assert_eq(e.attr, CTQA_CHAIN_POLICY);
	chain.policy = 17;
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, &e), -EINVAL);
	ctlink_unmark(&chain, CTLINK_CHAIN_POLICY);
	chain.hook = PACKET_HOOK_INPUT;
	ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
	cr_assert_eq(rules_change_chain_set(c, 1, &chain, &e), -EEXIST);
	cr_assert_eq(e.attr, CTQA_CHAIN_HOOK);
	rules_change_destroy(c);
	rules_destroy(rules);
}

Test(refused, backends_and_workers_that_are_not)
{
	int err;

	cr_assert_null(rules_new("quantum", 1, NULL, &err));
	cr_assert_eq(err, -ENOENT);
	cr_assert_null(rules_new("linear", 0, NULL, &err));
	cr_assert_eq(err, -EINVAL);
	cr_assert_null(rules_new("linear", RULES_WORKERS_MAX + 1, NULL, &err));
	cr_assert_eq(err, -EINVAL);
}

/* ---- short memory --------------------------------------------------------------------- */

struct failing {
	struct ctlink_memory memory;
	unsigned int left; /* allocations that succeed */
	_Atomic int live;
};

static void *failing_resize(void *context, void *old, size_t size)
{
	struct failing *f = (struct failing *)context;
	void *p;

	if (size == 0) {
		f->live -= old != NULL;
		free(old);
		return NULL;
	}
	if (f->left == 0)
		return NULL;
	f->left--;
	p = realloc(old, size);
	f->live += p && !old;
	return p;
}

static struct failing failing = { .memory = { failing_resize, &failing } };

/* Load a set, then change it, all with the failing memory. */
static int load_and_change(struct rules *rules, struct ctlink_ruleset *set)
{
	struct rules_change *c;
	struct rules_error e;
	struct ctlink_rule value;
	int err;

	c = rules_change_new(rules, &err);
	if (!c)
		return err;
	err = change_fill(c, set, &e);
	if (!err)
		err = rules_change_build(c, &e);
	if (!err)
		rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
	if (err)
		return err;
	c = rules_change_new(rules, &err);
	if (!c)
		return err;
	err = rules_change_rule_delete(c, 1, id_of(rules, 0), &e);
	memset(&value, 0, sizeof(value));
	if (!err)
		err = rules_change_build(c, &e);
	if (!err)
		rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
	return err;
}

static void starve(const char *backend)
{
	static const char text[] =
		"chain web { tcp dport { 1, 2 } name n mark set 1 accept }\n"
		"chain prerouting { policy drop; jump web; iif e accept }";
	unsigned int n;
	struct rules *rules;
	struct lang *l;
	int err = -ENOMEM;

	for (n = 0; err == -ENOMEM; n++) {
		cr_assert_lt(n, 500);
		failing.left = UINT32_MAX;
		l = lang_new(&failing.memory); /* rules are taken: of the same memory */
		cr_assert_eq(lang_read_text(l, "t", text, strlen(text)), 0);
		failing.left = n;
		rules = rules_new(backend, 2, &failing.memory, &err);
		if (rules) {
			err = load_and_change(rules, lang_ruleset(l));
			cr_assert_geq(ruleset_generation(rules_peek(rules)), 1);
			rules_destroy(rules);
		}
		lang_destroy(l);
		cr_assert_eq(failing.live, 0, "%s, %u allocations: %d not freed", backend,
		             n, failing.live);
	}
	cr_assert_eq(err, 0);
	cr_assert_gt(n, 30);
}

Test(memory, every_allocation_may_fail)
{
	const struct rules_backend *const *backends = rules_backend_list();
	size_t i;

	for (i = 0; backends[i]; i++)
		starve(backends[i]->name);
}
