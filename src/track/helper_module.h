/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper_module.h - a module's helper (ctq/module.h) as a helper
 */
#ifndef TRACK_HELPER_MODULE_H
#define TRACK_HELPER_MODULE_H

#include "ctq/module.h"
#include "track/helper.h"

/** NULL when @module is whole and within its limits, or what is wrong with it. */
const char *helper_module_fault(const struct ctq_helper *module);

/** Fill @helper, which calls @module, which was found right. */
void helper_module_init(struct helper *helper, const struct ctq_helper *module);

/** For helper.c: what stands for look(). */
void helper_module_look(const struct ctq_helper *module, void *state,
                        const struct helper_input *in, struct helper_result *res);

#endif
