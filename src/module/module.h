/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * module.h - shared objects that bring a machine or a helper
 *
 *   module_open()   DIRECTORY/NAME.so → checked, mapped, a machine or a helper
 *   module_close()  unmapped; before: no flow and no thread has what it brought
 *
 * Who may write a module decides what the daemon does: the file and its directory must be
 * root's (or, for tests, another's) and writable by nobody else.
 *
 * Threads: one at a time.
 */
#ifndef MODULE_MODULE_H
#define MODULE_MODULE_H

#include <sys/types.h>

#include "base/base.h"
#include "track/helper.h"
#include "track/track.h"

struct module;

/** Bytes of a message of module_open(), with the final zero. */
#define MODULE_TEXT_MAX 256

/**
 * Open module @name of @directory, whose owner must be @owner. Returns 0, or a negative errno
 * with @text: -EINVAL: the name, -ENOENT, -EACCES: whose it is, -ENOEXEC: it is no module,
 * or one for another version, or wrong in itself, -ENOMEM.
 */
BASE_MUST_CHECK int module_open(struct module **module, const char *directory,
                                const char *name, uid_t owner,
                                char text[MODULE_TEXT_MAX]);
void module_close(struct module *module);

/** Its machine and its helper, which live as long as it does: one of both is NULL. */
const struct track_proto *module_proto(const struct module *module);
const struct helper *module_helper(const struct module *module);

#endif
