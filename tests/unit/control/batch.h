/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch.h - transactions on rules, message by message */
#ifndef TESTS_UNIT_CONTROL_BATCH_H
#define TESTS_UNIT_CONTROL_BATCH_H

#include <stdint.h>

#include "ctlink/message.h"

#define RULES(message) CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_##message)

/** Begin @m with BATCH_BEGIN; @generation 0: whatever is in force. */
void batch_put_begin(struct ctlink_message *m, uint32_t generation);

/** A chain at prerouting that accepts. */
void batch_put_chain(struct ctlink_message *m, const char *name);

/** A rule of "prerouting": drop, or jump to @target. */
void batch_put_rule(struct ctlink_message *m, const char *target, uint32_t seq);

#endif
