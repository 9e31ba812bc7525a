/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modules.c - the modules that are open, and where they come from
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon_priv.h"

/* Whose modules and their directory must be. */
#define MODULES_OWNER 0

/* Where a module stands that brought just that; NULL, NULL: a free place. */
static struct module **slot_of(struct daemon *d, const struct control_module *brought)
{
	unsigned int i;

	for (i = 0; i < MODULES_MAX; i++)
		if (!d->modules[i]
		            ? !brought->proto && !brought->helper
		            : module_proto(d->modules[i]) == brought->proto &&
		                      module_helper(d->modules[i]) == brought->helper)
			return &d->modules[i];
	return NULL;
}

int modules_open(void *daemon, const char *name, struct control_module *brought,
                 char *text, size_t size)
{
	struct daemon *d = daemon;
	struct module **slot = slot_of(d, &(struct control_module){ NULL, NULL });
	char fault[MODULE_TEXT_MAX] = "";
	int r;

	if (!slot) {
		snprintf(text, size, "%d modules are open, more are not allowed",
		         MODULES_MAX);
		return -ENOSPC;
	}
	r = module_open(slot, d->config->modules.directory, name, MODULES_OWNER, fault);
	if (r < 0) {
		snprintf(text, size, "%s", fault);
		return r;
	}
	brought->proto = module_proto(*slot);
	brought->helper = module_helper(*slot);
	return 0;
}

void modules_close(void *daemon, const struct control_module *brought)
{
	struct module **slot = slot_of(daemon, brought);

	if (!slot)
		return;
	module_close(*slot);
	*slot = NULL;
}

/* ---- at the start ------------------------------------------------------------------------ */

static int put_in_force(struct daemon *d, const struct control_module *brought)
{
	struct track_registry *r = path_registry(d->path);
	int number;

	if (brought->helper)
		return helper_add(brought->helper);
	number = track_registry_add(r, brought->proto);
	if (number >= 0 && track_registry_open(r, (uint8_t)number) < 0)
		return -ENOMEM;
	return number;
}

static int load(struct daemon *d, const char *name)
{
	struct control_module brought;
	char text[MODULE_TEXT_MAX] = "";
	int number = modules_open(d, name, &brought, text, sizeof(text));

	if (number < 0) {
		log_error("module '%s': %s", name, text);
		return number;
	}
	number = put_in_force(d, &brought);
	if (number < 0)
		log_error("module '%s': %s", name,
		          number == -EEXIST ? "another has its name or its protocol"
		                            : strerror(-number));
	return number;
}

int modules_load(struct daemon *d)
{
	char names[CONFIG_PATH_MAX], *name, *rest;
	int r;

	strcpy(names, d->config->modules.load);
	for (name = strtok_r(names, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest)) {
		r = load(d, name);
		if (r < 0)
			return r;
	}
	return 0;
}

int modules_start(struct daemon *d)
{
	memset(d->modules, 0, sizeof(d->modules));
	return 0;
}

static void forget_helper(uint16_t number)
{
	helper_close(number);
	helper_remove(number);
}

void modules_stop(struct daemon *d)
{
	const struct helper *helper;
	unsigned int i;

	for (i = 0; i < MODULES_MAX; i++) {
		helper = d->modules[i] ? module_helper(d->modules[i]) : NULL;
		if (helper && helper_number(helper))
			forget_helper(helper_number(helper));
		module_close(d->modules[i]);
		d->modules[i] = NULL;
	}
}
