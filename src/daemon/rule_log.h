/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule_log.h - lines of `log` statements, from the workers' rings to the log
 *
 *	ctqd: ssh: accept.rule tcp 192.0.2.7:51514 > 198.51.100.9:22 in lan at prerouting,
 *	60 bytes, rule 7 allow-ssh
 *
 * (in one line). Control thread; tens of times a second at most.
 */
#ifndef DAEMON_RULE_LOG_H
#define DAEMON_RULE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "rules/log.h"
#include "rules/rules.h"

/** One entry as text, without newline; cut where @size ends. Rule 0: none decided. */
void rule_log_format(const struct rules_log_entry *e, char *text, size_t size);

/** "drop.rule". */
const char *rule_log_reason(uint16_t reason);

/** Write what has come from @workers workers. */
void rule_log_drain(struct rules *rules, uint16_t workers);

#endif
