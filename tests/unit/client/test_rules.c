/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_priv.h"
#include "ctlink/batch.h"
#include "ctlink/rule.h"
#include "fake.h"
#include "help.h"

#define RULES(message) CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_##message)

static const char text[] = "chain prerouting {\n"
			   "\tpolicy drop\n"
			   "\ttcp dport 22 accept\n"
			   "\tudp dport 53 jump dns\n"
			   "}\n"
			   "chain dns {\n"
			   "\taccept\n"
			   "}\n";

static struct ctq *ctq;
static struct fake *fake;
static struct ctq_rules *rules;

static void setup(void)
{
	fake = fake_new();
	ctq = ctq_new();
	rules = ctq_rules_new();
	cr_assert_eq(ctq_connect(ctq, fake->path), 0);
}

static void teardown(void)
{
	ctq_rules_destroy(rules);
	ctq_destroy(ctq);
	fake_end(fake);
}

TestSuite(rules, .init = setup, .fini = teardown);

static void read_text(void)
{
	int err = ctq_rules_read_text(rules, "test", text, strlen(text));

	if (err)
		ctq_rules_errors_print(rules, stderr);
	cr_assert_eq(err, 0);
}

Test(rules, a_load_is_one_batch_in_order)
{
	static const uint16_t types[] = { NFNL_MSG_BATCH_BEGIN, RULES(RULESET_FLUSH),
		                          RULES(CHAIN_NEW),     RULES(CHAIN_NEW),
		                          RULES(RULE_NEW),      RULES(RULE_NEW),
		                          RULES(RULE_NEW),      NFNL_MSG_BATCH_END };
	struct ctlink_batch batch = { 0 };
	uint16_t check = 1;
	size_t i;

	read_text();
	cr_assert_eq(ctq_rules_load(ctq, rules, 0), 0);
	cr_assert_eq(fake->n_requests, BASE_ARRAY_LENGTH(types));
	for (i = 0; i < BASE_ARRAY_LENGTH(types); i++) {
		cr_assert_eq(fake->requests[i]->nlmsg_type, types[i]);
		cr_assert_eq(fake->requests[i]->nlmsg_seq,
		             fake->requests[0]->nlmsg_seq + i);
	}
	cr_assert_eq(ctlink_batch_begin_parse(fake->requests[0], &batch, NULL), 0);
	cr_assert_eq(batch.subsystem, CTQ_SUBSYS_RULES);
	cr_assert_eq(ctlink_batch_end_parse(fake->requests[7], &check, NULL), 0);
	cr_assert_not(check);
}

Test(rules, a_check_says_so)
{
	uint16_t check = 0;

	read_text();
	cr_assert_eq(ctq_rules_load(ctq, rules, CTQ_RULES_CHECK), 0);
	cr_assert_eq(ctlink_batch_end_parse(fake_request(fake, NFNL_MSG_BATCH_END),
	                                    &check, NULL),
	             0);
	cr_assert(check);
	cr_assert_eq(ctq_rules_load(ctq, rules, 0x80), -EINVAL, "an unknown flag");
}

#define MANY 1000 /* rules of more than 131 bytes: more than one datagram */

Test(rules, many_take_as_many_datagrams_as_needed)
{
	char *many;
	size_t size, i;
	FILE *out = open_memstream(&many, &size);

	fprintf(out, "chain prerouting {\n");
	for (i = 1; i <= MANY; i++)
		fprintf(out, "tcp dport %zu comment \"%0100zu\" accept\n", i, i);
	fprintf(out, "}\n");
	fclose(out);
	cr_assert_eq(ctq_rules_read_text(rules, "many", many, size), 0);
	cr_assert_eq(ctq_rules_load(ctq, rules, 0), 0);
	cr_assert_eq(fake->n_requests, MANY + 4);
	cr_assert_gt(fake->datagrams, 1);
	free(many);
}

Test(rules, mistakes_of_the_text_are_located)
{
	struct ctq_rules_error error;

	cr_assert_eq(ctq_rules_read_text(rules, "test",
	                                 "chain prerouting {\n\tacept\n}\n", 27),
	             -EINVAL);
	cr_assert_gt(ctq_rules_error_count(rules), 0);
	cr_assert_eq(ctq_rules_error_get(rules, 0, &error), 0);
	cr_assert_str_eq(error.file, "test");
	cr_assert_eq(error.line, 2);
	cr_assert_not_null(strstr(error.suggestion, "accept"));
	cr_assert_eq(ctq_rules_error_get(rules, 1000, &error), -ENOENT);
	cr_assert_eq(ctq_rules_load(ctq, rules, 0), -EINVAL,
	             "mistaken rules are not sent");
	cr_assert_eq(fake->n_requests, 0);
}

static void expect_blame(uint16_t type, uint32_t number, unsigned int line)
{
	struct ctq_rules_error error;

	read_text();
	fake->refuse = type;
	fake->refuse_number = number;
	ctlink_error_set(&fake->error, -EINVAL, 0, "the daemon does not like this");
	ctlink_error_hint(&fake->error, "write something else");
	cr_assert_eq(ctq_rules_load(ctq, rules, 0), -EINVAL);
	cr_assert_eq(ctq_rules_error_count(rules), 1);
	cr_assert_eq(ctq_rules_error_get(rules, 0, &error), 0);
	cr_assert_eq(error.line, line);
	cr_assert_str_eq(error.text, "the daemon does not like this");
}

Test(rules, what_the_daemon_refuses_is_located_too)
{
	expect_blame(RULES(RULE_NEW), 1, 4);
}

Test(rules, chains_are_located)
{
	expect_blame(RULES(CHAIN_NEW), 1, 6);
}

Test(rules, a_refusal_of_the_whole_is_the_connections_error)
{
	read_text();
	fake->refuse = NFNL_MSG_BATCH_BEGIN;
	ctlink_error_set(&fake->error, -EPERM, 0, "this user may read, not change");
	cr_assert_eq(ctq_rules_load(ctq, rules, 0), -EPERM);
	cr_assert_eq(ctq_rules_error_count(rules), 0);
	cr_assert_str_eq(ctq_error(ctq)->text, "this user may read, not change");
}

static int print_rule(void *data, const struct ctq_record *rule)
{
	cr_assert_eq(ctq_rule_print(rule, data), 0);
	fputc('\n', data);
	return 0;
}

static int print_chain(void *data, const struct ctq_record *chain)
{
	cr_assert_eq(ctq_chain_print(chain, data), 0);
	fputc('\n', data);
	return 0;
}

Test(rules, are_printed_in_their_language)
{
	char *printed;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	cr_assert_eq(ctq_rules_dump(ctq, print_rule, out), 0);
	cr_assert_eq(ctq_chains_dump(ctq, print_chain, out), 0);
	fclose(out);
	cr_assert_str_eq(printed, "dport 443 name allow-web accept\n"
	                          "dport 22 name allow-ssh accept\n"
	                          "chain prerouting { policy drop\n"
	                          "chain output { policy accept\n");
	free(printed);
}

Test(rules, failing_allocation_leaks_nothing)
{
	struct help_memory memory;
	struct ctq_rules *made;
	size_t n;

	for (n = 0;; n++) {
		help_memory_init(&memory, n);
		made = client_rules_new(&memory.memory);
		if (made)
			break;
		cr_assert_eq(memory.live, 0);
	}
	cr_assert_gt(n, 0);
	ctq_rules_destroy(made);
	cr_assert_eq(memory.live, 0);
	ctq_rules_destroy(NULL);
}

/* ---- single rules ------------------------------------------------------------------- */

static void expect_refused(const struct ctq_rules_change *change, struct ctq_rules *what)
{
	cr_assert_eq(ctq_rules_change(ctq, change, what, 0), -EINVAL);
	cr_assert_eq(fake->n_requests, 0);
}

Test(rules, a_change_that_says_too_much_or_too_little_is_not_sent)
{
	read_text();
	expect_refused(&(struct ctq_rules_change){ .kind = CTQ_RULES_ADD, .id = 1 },
	               rules);
	expect_refused(&(struct ctq_rules_change){ .kind = CTQ_RULES_INSERT }, rules);
	expect_refused(&(struct ctq_rules_change){ .kind = CTQ_RULES_REPLACE, .id = 1 },
	               rules); /* three rules */
	expect_refused(&(struct ctq_rules_change){ .kind = CTQ_RULES_DELETE, .id = 1 },
	               rules);
	expect_refused(&(struct ctq_rules_change){ .kind = 9, .id = 1 }, rules);
}

Test(rules, an_insertion_is_one_batch_without_chains)
{
	const struct ctq_rules_change change = { .kind = CTQ_RULES_INSERT,
		                                 .id = 7,
		                                 .generation = 42 };
	static const uint16_t types[] = { NFNL_MSG_BATCH_BEGIN, RULES(RULE_NEW),
		                          RULES(RULE_NEW), RULES(RULE_NEW),
		                          NFNL_MSG_BATCH_END };
	struct ctlink_batch batch = { 0 };
	struct ctlink_rule rule = { 0 };
	size_t i;

	read_text();
	cr_assert_eq(ctq_rules_change(ctq, &change, rules, 0), 0);
	cr_assert_eq(fake->n_requests, BASE_ARRAY_LENGTH(types));
	for (i = 0; i < BASE_ARRAY_LENGTH(types); i++)
		cr_assert_eq(fake->requests[i]->nlmsg_type, types[i]);
	cr_assert_eq(ctlink_batch_begin_parse(fake->requests[0], &batch, NULL), 0);
	cr_assert_eq(batch.generation, 42);
	cr_assert_eq(ctlink_rule_parse(fake->requests[1], &rule, NULL, NULL), 0);
	cr_assert_eq(rule.before, 7);
	ctlink_rule_fini(&rule, NULL);
}

Test(rules, a_deletion_names_the_rule)
{
	const struct ctq_rules_change change = { .kind = CTQ_RULES_DELETE, .id = 7 };
	struct ctlink_rule rule = { 0 };

	cr_assert_eq(ctq_rules_change(ctq, &change, NULL, 0), 0);
	cr_assert_eq(fake->n_requests, 3);
	cr_assert_eq(fake->requests[1]->nlmsg_type, RULES(RULE_DEL));
	cr_assert_eq(ctlink_rule_parse(fake->requests[1], &rule, NULL, NULL), 0);
	cr_assert_eq(rule.id, 7);
	ctlink_rule_fini(&rule, NULL);
}

Test(rules, a_change_of_any_generation_is_tried_again_when_others_were_faster)
{
	struct ctq_rules_change change = { .kind = CTQ_RULES_DELETE, .id = 7 };

	fake->refuse = NFNL_MSG_BATCH_END;
	fake->error.code = -ESTALE;
	cr_assert_eq(ctq_rules_change(ctq, &change, NULL, 0), 0);
	cr_assert_eq(fake->n_requests, 6);
	fake->refuse_number = 2;
	change.generation = 42;
	cr_assert_eq(ctq_rules_change(ctq, &change, NULL, 0), -ESTALE);
	cr_assert_eq(fake->n_requests, 9);
}

static void read_more(const char *more)
{
	cr_assert_eq(ctq_rules_read_text(rules, "more", more, strlen(more)), 0);
}

Test(rules, are_printed_chain_by_chain)
{
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	read_more("chain a {\naccept\n}\n");
	read_more("chain b {\ndrop\n}\n");
	read_more("chain a {\ncount\n}\n");
	cr_assert_eq(ctq_rules_print(rules, out), 0);
	fclose(out);
	cr_assert_str_eq(printed, "chain a {\n\taccept\n\tcounter\n}\n"
	                          "chain b {\n\tdrop\n}\n");
	free(printed);
}
