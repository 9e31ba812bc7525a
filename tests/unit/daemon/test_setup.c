/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration knows none of the folders above it: its numbers are theirs by hand. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "control/control.h"
#include "daemon/options.h"
#include "file.h"
#include "flow/table.h"
#include "path/path.h"

static struct config cfg;

Test(setup, defaults_are_those_of_the_folders)
{
	struct flow_table_config table;
	struct control_config control;
	struct path_config path;

	config_init(&cfg);
	flow_table_config_init(&table);
	path_config_init(&path);
	control_config_init(&control);
	cr_expect(cfg.table.max == table.max);
	cr_expect(cfg.table.unconfirmed_s == table.unconfirmed_s);
	cr_expect(cfg.table.events == table.events);
	cr_expect(cfg.table.per_source == table.per_source);
	cr_expect((cfg.table.evict == CONFIG_EVICT_CLOSING) == table.evict_closing);
	cr_expect(cfg.table.fragments == path.fragments);
	cr_expect(cfg.daemon.clients == control.clients_max);
	cr_expect(cfg.daemon.client_buffer == control.buffer_max);
	cr_expect(memcmp(&cfg.track, &path.track, sizeof(cfg.track)) == 0);
	cr_expect(path.on_change == PATH_REEVALUATE &&
	          cfg.on_policy_change == CONFIG_REEVALUATE);
}

static void ignore(void *ctx, const char *text)
{
}

static int BASE_PRINTF(1, 2) load(const char *fmt, ...)
{
	struct options options = { .log_level = -1 };
	char text[128], *path;
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	path = file_make(text);
	options.config = path;
	r = options_config_read(&options, &cfg, ignore, NULL);
	file_remove(path);
	return r;
}

Test(setup, limits_are_those_of_the_folders)
{
	cr_expect(load("table { max %u; }", FLOW_MAX_LIMIT) == 0);
	cr_expect(load("table { max %u; }", FLOW_MAX_LIMIT + 1) == -EINVAL);
	cr_expect(load("daemon { clients %u; }", CONTROL_CLIENTS_LIMIT) == 0);
	cr_expect(load("daemon { clients %u; }", CONTROL_CLIENTS_LIMIT + 1) == -EINVAL);
	cr_expect(load("queues 0-%u { hook input; }", FLOW_WORKERS_LIMIT - 1) == 0);
	cr_expect(load("queues 0-%u { hook input; }", FLOW_WORKERS_LIMIT) == -EINVAL);
	cr_expect(CONFIG_WORKERS_MAX <= RULES_WORKERS_MAX);
}
