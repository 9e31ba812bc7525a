/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.h - a file of rules becomes a generation
 *
 *   policy_prepare() → policy_commit(), or not → policy_discard()
 *
 * The same way that ctctl's rules take, but without a wire between the language and the
 * rule sets. Control thread.
 */
#ifndef DAEMON_POLICY_H
#define DAEMON_POLICY_H

#include "base/base.h"
#include "config/config.h"
#include "rules/rules.h"

struct policy {
	struct rules_change *change; /* NULL: nothing is prepared */
	uint64_t build_ns;
};

/**
 * Read the file @path and build a generation of it, in place of all that is in force;
 * nothing changes yet. Returns 0; -EINVAL when errors were reported; -ENOMEM. @p is to be
 * discarded in either case. */
BASE_MUST_CHECK int policy_prepare(struct policy *p, struct rules *rules,
                                   const char *path, config_report *report, void *ctx);

/** Put it into force; cannot fail. */
void policy_commit(struct policy *p);

void policy_discard(struct policy *p);

#endif
