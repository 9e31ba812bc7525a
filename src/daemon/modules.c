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

static struct module **slot_of(struct daemon *d, const struct track_proto *proto)
{
	unsigned int i;

	for (i = 0; i < TRACK_MACHINES_MAX; i++)
		if (proto ? d->modules[i] && module_proto(d->modules[i]) == proto
		          : !d->modules[i])
			return &d->modules[i];
	return NULL;
}

int modules_open(void *daemon, const char *name, const struct track_proto **proto,
                 char *text, size_t size)
{
	struct daemon *d = daemon;
	struct module **slot = slot_of(d, NULL);
	char fault[MODULE_TEXT_MAX] = "";
	int r;

	if (!slot) {
		snprintf(text, size, "%d modules are open, more are not allowed",
		         TRACK_MACHINES_MAX);
		return -ENOSPC;
	}
	r = module_open(slot, d->config->modules.directory, name, MODULES_OWNER, fault);
	if (r < 0)
		snprintf(text, size, "%s", fault);
	else
		*proto = module_proto(*slot);
	return r;
}

void modules_close(void *daemon, const struct track_proto *proto)
{
	struct module **slot = slot_of(daemon, proto);

	if (!slot)
		return;
	module_close(*slot);
	*slot = NULL;
}

/* ---- at the start ------------------------------------------------------------------------ */

static int load(struct daemon *d, const char *name)
{
	struct track_registry *r = path_registry(d->path);
	const struct track_proto *proto;
	char text[MODULE_TEXT_MAX] = "";
	int number = modules_open(d, name, &proto, text, sizeof(text));

	if (number < 0) {
		log_error("module '%s': %s", name, text);
		return number;
	}
	number = track_registry_add(r, proto);
	if (number >= 0 && track_registry_open(r, (uint8_t)number) < 0)
		number = -ENOMEM;
	if (number < 0)
		log_error("module '%s': %s", name,
		          number == -EEXIST
		                  ? "another machine has its name or its protocol"
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

void modules_stop(struct daemon *d)
{
	unsigned int i;

	for (i = 0; i < TRACK_MACHINES_MAX; i++) {
		module_close(d->modules[i]);
		d->modules[i] = NULL;
	}
}
