/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drop_log.h - lines of dropped packets: `log-drops` of ctqd.conf
 *
 *	ctqd: drop.policy udp 192.0.2.7:51514 > 198.51.100.9:53 in lan at prerouting, 60 bytes
 *	ctqd: 1234 more dropped packets were not logged: log-drops-rate 10
 *
 * They are those of `log` statements (rule_log.h), behind them why a packet is INVALID. Workers
 * choose the packets and keep the rate, as for clients that watch (path/watch.h): what is not
 * to be logged costs control nothing. Control thread.
 */
#ifndef DAEMON_DROP_LOG_H
#define DAEMON_DROP_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "path/watch.h"
#include "rules/log.h"

struct config;
struct daemon;

struct drop_log {
	uint64_t lost; /* that the log knows of */
	uint64_t lost_due_ns;
};

/** What `log` would have of the packet @s: a rule's id and name are the caller's, as are the
 * names of interfaces (NULL: none). */
void drop_log_entry(const struct path_sighting *s, const char *in, const char *out,
                    struct rules_log_entry *e);

/** A line of both, without newline. */
void drop_log_format(const struct path_sighting *s, const struct rules_log_entry *e,
                     char *text, size_t size);

/** What @cfg wants to have logged, from now on. 0, or -ENOMEM: as it was. */
int drop_log_configure(struct daemon *d, const struct config *cfg);

/** control_env.dropped. */
void drop_log_packet(void *daemon, const struct path_sighting *s);

/** Several times a second: tell, once a second, of what was above the rate. */
void drop_log_step(struct daemon *d, uint64_t now_ns);

#endif
