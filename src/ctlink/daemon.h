/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.h - the messages of CTQ_SUBSYS_DAEMON as values
 *
 * Those with lists own them: all bytes zero is empty, fini frees.
 */
#ifndef CTLINK_DAEMON_H
#define CTLINK_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "ctlink/attr.h"
#include "ctlink/filter.h"
#include "ctlink/memory.h"

/* Bytes of the configuration's path, with its final zero. */
#define CTLINK_PATH_MAX     4096
#define CTLINK_WARNINGS_MAX 64
#define CTLINK_COUNTERS_MAX 1024

/* ---- CTQ_MSG_DAEMON_NEW ------------------------------------------------------------ */

enum ctlink_daemon_bit {
	CTLINK_DAEMON_VERSION,
	CTLINK_DAEMON_PROTOCOL,
	CTLINK_DAEMON_PID,
	CTLINK_DAEMON_STARTED,
	CTLINK_DAEMON_UPTIME,
	CTLINK_DAEMON_WORKERS,
	CTLINK_DAEMON_FLOWS,
	CTLINK_DAEMON_FLOWS_MAX,
	CTLINK_DAEMON_UNCONFIRMED,
	CTLINK_DAEMON_DYING,
	CTLINK_DAEMON_ASSURED,
	CTLINK_DAEMON_GENERATION,
	CTLINK_DAEMON_RULES,
	CTLINK_DAEMON_CLIENTS,
	CTLINK_DAEMON_TABLE_MEMORY,
	CTLINK_DAEMON_SLAB_MEMORY,
	CTLINK_DAEMON_CONFIG,
	CTLINK_DAEMON_FEATURES,
	CTLINK_DAEMON_CLIENTS_MAX,
	CTLINK_DAEMON_BUFFER_MAX,
	CTLINK_DAEMON_LISTS,
	CTLINK_DAEMON_LISTS_MAX,
	CTLINK_DAEMON_BATCHES,
};

/** One CTQA_DAEMON_WARNING: a line that says what makes the daemon degraded. */
struct ctlink_warning {
	uint64_t has;
	char text[CTLINK_ERROR_TEXT_MAX];
};

/** The meaning of each member stands at CTQA_DAEMON_* in ctq/ctlink.h. */
struct ctlink_daemon {
	uint64_t has; /* 1 << enum ctlink_daemon_bit */
	char version[CTQ_NAME_MAX];
	char *config; /* owned */
	uint64_t started;
	uint64_t table_memory, slab_memory;
	uint64_t features; /* enum ctq_feature */
	uint32_t protocol, pid, uptime;
	uint32_t flows, flows_max, unconfirmed, dying, assured;
	uint32_t generation, rules, clients;
	uint32_t clients_max, buffer_max, lists, lists_max, batches;
	uint16_t workers;
	struct ctlink_list warnings; /* of struct ctlink_warning */
};

struct ctlink_warning *ctlink_daemon_append(struct ctlink_daemon *daemon,
                                            const struct ctlink_memory *memory);

static inline struct ctlink_warning *ctlink_daemon_warning(
	const struct ctlink_daemon *daemon, uint32_t i)
{
	return (struct ctlink_warning *)ctlink_list_item(
		&daemon->warnings, sizeof(struct ctlink_warning), i);
}

void ctlink_daemon_fini(struct ctlink_daemon *daemon, const struct ctlink_memory *memory);
int ctlink_daemon_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_daemon *daemon) BASE_MUST_CHECK;
int ctlink_daemon_parse(const struct nlmsghdr *nlh, struct ctlink_daemon *daemon,
                        const struct ctlink_memory *memory,
                        struct ctlink_error *error) BASE_MUST_CHECK;

/* ---- CTQ_MSG_DAEMON_CONFIG_GET and _NEW --------------------------------------------- */

enum ctlink_config_bit { CTLINK_CONFIG_DEFAULTS, CTLINK_CONFIG_TEXT };

struct ctlink_config {
	uint64_t has; /* 1 << enum ctlink_config_bit; DEFAULTS is only a bit */
	char *text;   /* owned */
};

void ctlink_config_fini(struct ctlink_config *config, const struct ctlink_memory *memory);
int ctlink_config_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_config *config) BASE_MUST_CHECK;
int ctlink_config_parse(const struct nlmsghdr *nlh, struct ctlink_config *config,
                        const struct ctlink_memory *memory,
                        struct ctlink_error *error) BASE_MUST_CHECK;

/* ---- CTQ_MSG_DAEMON_STATS_GET and _NEW --------------------------------------------- */

enum ctlink_counter_bit { CTLINK_COUNTER_NAME, CTLINK_COUNTER_VALUE };

struct ctlink_counter {
	uint64_t has; /* 1 << enum ctlink_counter_bit */
	uint64_t value;
	char name[CTQ_NAME_MAX];
};

enum ctlink_reason_bit { CTLINK_REASON_NUMBER, CTLINK_REASON_NAME, CTLINK_REASON_VALUE };

struct ctlink_reason {
	uint64_t has;    /* 1 << enum ctlink_reason_bit */
	uint64_t value;  /* packets */
	uint16_t number; /* enum ctq_reason */
	char name[CTQ_NAME_MAX];
};

enum ctlink_stats_bit {
	CTLINK_STATS_ZERO,
	CTLINK_STATS_PACKETS,
	CTLINK_STATS_BYTES,
	CTLINK_STATS_INTERVAL,
};

struct ctlink_stats {
	uint64_t has; /* 1 << enum ctlink_stats_bit; ZERO is only a bit */
	uint64_t packets, bytes, interval;
	struct ctlink_list counters; /* of struct ctlink_counter */
	struct ctlink_list reasons;  /* of struct ctlink_reason */
};

/** Append an empty counter or reason; NULL with errno ENOMEM or E2BIG. */
struct ctlink_counter *ctlink_stats_append_counter(struct ctlink_stats *stats,
                                                   const struct ctlink_memory *memory);
struct ctlink_reason *ctlink_stats_append_reason(struct ctlink_stats *stats,
                                                 const struct ctlink_memory *memory);

static inline struct ctlink_counter *ctlink_stats_counter(
	const struct ctlink_stats *stats, uint32_t i)
{
	return (struct ctlink_counter *)ctlink_list_item(
		&stats->counters, sizeof(struct ctlink_counter), i);
}

static inline struct ctlink_reason *ctlink_stats_reason(const struct ctlink_stats *stats,
                                                        uint32_t i)
{
	return (struct ctlink_reason *)ctlink_list_item(&stats->reasons,
	                                                sizeof(struct ctlink_reason), i);
}

void ctlink_stats_fini(struct ctlink_stats *stats, const struct ctlink_memory *memory);
int ctlink_stats_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_stats *stats) BASE_MUST_CHECK;
int ctlink_stats_parse(const struct nlmsghdr *nlh, struct ctlink_stats *stats,
                       const struct ctlink_memory *memory,
                       struct ctlink_error *error) BASE_MUST_CHECK;

/* ---- CTQ_MSG_DAEMON_SUBSCRIBE ------------------------------------------------------ */

/** The groups that a client wants: group 1 is bit 1. */
struct ctlink_groups {
	uint64_t has; /* 1 << enum ctq_group */
};

int ctlink_groups_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_groups *groups) BASE_MUST_CHECK;
/** An unknown group is refused with -EOPNOTSUPP. */
int ctlink_groups_parse(const struct nlmsghdr *nlh, struct ctlink_groups *groups,
                        struct ctlink_error *error) BASE_MUST_CHECK;

enum ctlink_watch_bit { CTLINK_WATCH_BYTES, CTLINK_WATCH_RATE, CTLINK_WATCH_FILTER };

/** What the same message says of CTQ_GROUP_DROP and _TRACE. */
struct ctlink_watch {
	uint64_t has; /* 1 << enum ctlink_watch_bit */
	uint32_t bytes, rate;
	struct ctlink_filter filter; /* terms only */
};

/** Both parts; ctlink_groups_parse() and ctlink_watch_parse() read one each. */
int ctlink_watch_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_groups *groups,
                       const struct ctlink_watch *watch) BASE_MUST_CHECK;
int ctlink_watch_parse(const struct nlmsghdr *nlh, struct ctlink_watch *watch,
                       const struct ctlink_memory *memory,
                       struct ctlink_error *error) BASE_MUST_CHECK;
void ctlink_watch_fini(struct ctlink_watch *watch, const struct ctlink_memory *memory);

/* ---- CTQ_MSG_DAEMON_SOCKET --------------------------------------------------------- */

enum ctlink_socket_bit {
	CTLINK_SOCKET_DATAGRAM,
	CTLINK_SOCKET_SINGLE,
	CTLINK_SOCKET_PORT,
};

/** How a client wants its datagrams. */
struct ctlink_socket {
	uint64_t has;      /* 1 << enum ctlink_socket_bit */
	uint32_t datagram; /* bytes, CTQ_DATAGRAM_MIN … CTQ_DATAGRAM_MAX */
	uint32_t port;     /* nlmsg_pid of the events that it causes */
};

int ctlink_socket_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_socket *socket) BASE_MUST_CHECK;
/** A size out of its range is refused with -ERANGE. */
int ctlink_socket_parse(const struct nlmsghdr *nlh, struct ctlink_socket *socket,
                        struct ctlink_error *error) BASE_MUST_CHECK;

/* ---- CTQ_MSG_DAEMON_OVERRUN and CTQ_MSG_DAEMON_COUNT ------------------------------- */

enum ctlink_overrun_bit { CTLINK_OVERRUN_LOST };

struct ctlink_overrun {
	uint64_t has;  /* 1 << enum ctlink_overrun_bit */
	uint64_t lost; /* announcements */
};

int ctlink_overrun_build(struct ctlink_message *m, const struct ctlink_header *header,
                         const struct ctlink_overrun *overrun) BASE_MUST_CHECK;
int ctlink_overrun_parse(const struct nlmsghdr *nlh, struct ctlink_overrun *overrun,
                         struct ctlink_error *error) BASE_MUST_CHECK;

enum ctlink_count_bit { CTLINK_COUNT_FLOWS, CTLINK_COUNT_TOTAL };

/** The answer; the request is a struct ctlink_filter. */
struct ctlink_count {
	uint64_t has; /* 1 << enum ctlink_count_bit */
	uint32_t flows, total;
};

int ctlink_count_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_count *count) BASE_MUST_CHECK;
int ctlink_count_parse(const struct nlmsghdr *nlh, struct ctlink_count *count,
                       struct ctlink_error *error) BASE_MUST_CHECK;

#endif
