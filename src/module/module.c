/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "module/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "track/handler.h"
#include "track/helper_module.h"

struct module {
	void *object; /* dlopen(3) */
	const struct ctq_module *symbol;
	struct track_proto proto; /* when it has a handler */
	struct helper helper;     /* when it has a helper */
};

static int BASE_PRINTF(3, 4)
	fail(int err, char text[MODULE_TEXT_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, MODULE_TEXT_MAX, fmt, ap);
	va_end(ap);
	return err;
}

/* ---- may it be opened --------------------------------------------------------------------- */

/* Nobody but @owner can change what is there. */
static int check_owner(const char *path, uid_t owner, mode_t type,
                       char text[MODULE_TEXT_MAX])
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(-errno, text, "%s: %s", path, strerror(errno));
	if ((st.st_mode & S_IFMT) != type)
		return fail(-EACCES, text, "%s: not a %s", path,
		            type == S_IFDIR ? "directory" : "regular file");
	if (st.st_uid != owner)
		return fail(-EACCES, text, "%s belongs to user %u, not to user %u", path,
		            (unsigned int)st.st_uid, (unsigned int)owner);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(-EACCES, text, "%s can be written by others than its owner",
		            path);
	return 0;
}

static int find(const char *directory, const char *name, uid_t owner, char path[PATH_MAX],
                char text[MODULE_TEXT_MAX])
{
	int err;

	if (!track_handler_name_is_proper(name, CTQ_HANDLER_NAME_MAX))
		return fail(-EINVAL, text,
		            "a module's name has letters, digits, '-' and '_' only");
	if (directory[0] == '\0')
		return fail(-ENOENT, text, "no protocol '%s', and no modules.directory",
		            name);
	if (snprintf(path, PATH_MAX, "%s/%s.so", directory, name) >= PATH_MAX)
		return fail(-ENAMETOOLONG, text, "%s: the path is too long", directory);
	err = check_owner(directory, owner, S_IFDIR, text);
	return err < 0 ? err : check_owner(path, owner, S_IFREG, text);
}

/* ---- what it brings ------------------------------------------------------------------------ */

static const char *name_of(const struct ctq_module *symbol)
{
	return symbol->helper ? symbol->helper->name : symbol->handler->name;
}

static int check_symbol(const struct ctq_module *symbol, const char *path,
                        const char *name, char text[MODULE_TEXT_MAX])
{
	const char *fault;

	if (!symbol)
		return fail(-ENOEXEC, text, "%s: exports no ctq_module", path);
	if (symbol->abi != CTQ_MODULE_ABI || symbol->size != sizeof(*symbol))
		return fail(-ENOEXEC, text, "%s: made for version %u, this is %u", path,
		            symbol->abi, CTQ_MODULE_ABI);
	if (!symbol->handler == !symbol->helper)
		return fail(-ENOEXEC, text,
		            "%s: brings neither a handler nor a helper, or both", path);
	fault = symbol->helper ? helper_module_fault(symbol->helper)
	                       : track_handler_fault(symbol->handler);
	if (fault)
		return fail(-ENOEXEC, text, "%s: %s", path, fault);
	if (strcmp(name_of(symbol), name) != 0)
		return fail(-ENOEXEC, text, "%s: what it brings is called '%s'", path,
		            name_of(symbol));
	return 0;
}

static int take(struct module *m, const char *path, const char *name,
                char text[MODULE_TEXT_MAX])
{
	int err;

	m->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!m->object)
		return fail(-ENOEXEC, text, "%s", dlerror());
	m->symbol = dlsym(m->object, "ctq_module");
	err = check_symbol(m->symbol, path, name, text);
	if (err < 0)
		dlclose(m->object);
	else if (m->symbol->helper)
		helper_module_init(&m->helper, m->symbol->helper);
	else
		track_handler_init(&m->proto, m->symbol->handler);
	return err;
}

int module_open(struct module **module, const char *directory, const char *name,
                uid_t owner, char text[MODULE_TEXT_MAX])
{
	char path[PATH_MAX];
	struct module *m;
	int err = find(directory, name, owner, path, text);

	if (err < 0)
		return err;
	m = calloc(1, sizeof(*m));
	if (!m)
		return fail(-ENOMEM, text, "no memory");
	err = take(m, path, name, text);
	if (err < 0) {
		free(m);
		return err;
	}
	*module = m;
	return 0;
}

void module_close(struct module *m)
{
	if (!m)
		return;
	dlclose(m->object);
	free(m);
}

const struct track_proto *module_proto(const struct module *m)
{
	return m->symbol->handler ? &m->proto : NULL;
}

const struct helper *module_helper(const struct module *m)
{
	return m->symbol->helper ? &m->helper : NULL;
}
