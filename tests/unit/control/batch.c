/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch.h"

#include <criterion/criterion.h>
#include <string.h>

#include "ctlink/batch.h"
#include "ctlink/rule.h"

void batch_put_begin(struct ctlink_message *m, uint32_t generation)
{
	struct ctlink_batch batch = { .subsystem = CTQ_SUBSYS_RULES,
		                      .generation = generation };

	if (generation)
		ctlink_mark(&batch, CTLINK_BATCH_GENERATION);
	ctlink_message_init(m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_batch_begin_build(m, 1, &batch), 0);
}

void batch_put_chain(struct ctlink_message *m, const char *name)
{
	struct ctlink_header header = { .type = RULES(CHAIN_NEW),
		                        .flags = NLM_F_REQUEST,
		                        .seq = 2 };
	struct ctlink_chain chain = { .hook = 0, .policy = CTQ_VERDICT_ACCEPT };

	cr_assert_eq(ctlink_string_set(&chain.name, name, strlen(name), NULL), 0);
	ctlink_mark(&chain, CTLINK_CHAIN_NAME);
	ctlink_mark(&chain, CTLINK_CHAIN_HOOK);
	ctlink_mark(&chain, CTLINK_CHAIN_POLICY);
	cr_assert_eq(ctlink_chain_build(m, &header, &chain), 0);
	ctlink_chain_fini(&chain, NULL);
}

void batch_put_rule(struct ctlink_message *m, const char *target, uint32_t seq)
{
	struct ctlink_header header = { .type = RULES(RULE_NEW),
		                        .flags = NLM_F_REQUEST,
		                        .seq = seq };
	struct ctlink_rule rule = { .has = 0 };
	struct ctlink_statement *st = ctlink_rule_append_statement(&rule, NULL);

	cr_assert_eq(ctlink_string_set(&rule.chain, "prerouting", 10, NULL), 0);
	ctlink_mark(&rule, CTLINK_RULE_CHAIN);
	st->kind = target ? CTQ_STATEMENT_JUMP : CTQ_STATEMENT_DROP;
	ctlink_mark(st, CTLINK_STATEMENT_KIND);
	if (target) {
		cr_assert_eq(ctlink_string_set(&st->string, target, strlen(target), NULL),
		             0);
		ctlink_mark(st, CTLINK_STATEMENT_STRING);
	}
	cr_assert_eq(ctlink_rule_build(m, &header, &rule), 0);
	ctlink_rule_fini(&rule, NULL);
}
