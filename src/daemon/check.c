/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "daemon/account.h"
#include "daemon/daemon_priv.h"
#include "daemon/policy.h"

static void report_plain(void *err, const char *text)
{
	fprintf(err, "%s\n", text);
}

static int check_rules(const struct config *cfg, FILE *err)
{
	struct rules_labels *before;
	struct policy policy = { .change = NULL };
	struct rules *rules;
	int r;

	rules = rules_new(cfg->rules_backend, 1, NULL, &r);
	if (!rules)
		return r;
	if (cfg->table.per_source)
		rules_count_connections(rules);
	r = setup_labels(cfg, rules, &before, report_plain, err);
	if (r == 0 && cfg->rules[0])
		r = policy_prepare(&policy, rules, cfg->rules, report_plain, err);
	policy_discard(&policy);
	rules_destroy(rules);
	return r;
}

static int check_all(const struct options *options, struct config *cfg, FILE *out,
                     FILE *err)
{
	int r = options_config_read(options, cfg, report_plain, err);

	if (r < 0)
		return r;
	if (options->print)
		config_print(cfg, out);
	if (!options->check)
		return 0;
	r = check_rules(cfg, err);
	return account_check(cfg, report_plain, err) < 0 && r != -ENOMEM ? -EINVAL : r;
}

int check_run(const struct options *options, FILE *out, FILE *err)
{
	struct config *cfg = malloc(sizeof(*cfg));
	int r = -ENOMEM;

	if (cfg)
		r = check_all(options, cfg, out, err);
	free(cfg);
	if (r == -ENOMEM)
		fprintf(err, "ctqd: %s\n", strerror(ENOMEM));
	if (r < 0)
		return OPTIONS_EXIT_FAILED;
	if (options->check)
		fprintf(options->print ? err : out, "ctqd: %s is correct\n",
		        options->config);
	return EXIT_SUCCESS;
}
