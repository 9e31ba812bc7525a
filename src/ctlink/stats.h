/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - the kernel's own statistics messages
 *
 * IPCTNL_MSG_CT_GET_STATS_CPU answers one message for each worker and one for control, the
 * number in nfgenmsg.res_id; IPCTNL_MSG_CT_GET_STATS one message for the table. As in the kernel,
 * the numbers are 32 bits and wrap; our own 64-bit ones are in daemon.h.
 */
#ifndef CTLINK_STATS_H
#define CTLINK_STATS_H

#include <stdint.h>

#include "ctlink/attr.h"

/** Bits of both structs: a member's place, from 0. */
enum ctlink_cpu_stats_bit {
	CTLINK_CPU_FOUND,
	CTLINK_CPU_INVALID,
	CTLINK_CPU_INSERT,
	CTLINK_CPU_INSERT_FAILED,
	CTLINK_CPU_DROP,
	CTLINK_CPU_EARLY_DROP,
	CTLINK_CPU_ERROR,
	CTLINK_CPU_SEARCH_RESTART,
	CTLINK_CPU_CLASH_RESOLVE,
	CTLINK_CPU_CHAIN_TOOLONG,
};

struct ctlink_cpu_stats {
	uint64_t has;
	uint16_t cpu; /* worker; their number: control */
	uint32_t found, invalid, insert, insert_failed, drop, early_drop, error;
	uint32_t search_restart, clash_resolve, chain_toolong;
};

enum ctlink_global_stats_bit { CTLINK_GLOBAL_ENTRIES, CTLINK_GLOBAL_MAX_ENTRIES };

struct ctlink_global_stats {
	uint64_t has;
	uint32_t entries, max_entries;
};

enum ctlink_expect_stats_bit {
	CTLINK_EXPECT_STATS_NEW,
	CTLINK_EXPECT_STATS_CREATE,
	CTLINK_EXPECT_STATS_DELETE,
};

/* Of IPCTNL_MSG_EXP_GET_STATS_CPU. */
struct ctlink_expect_stats {
	uint64_t has;
	uint16_t cpu; /* worker; their number: control */
	uint32_t new, create, delete;
};

/** header->res_id is replaced by stats->cpu. */
int ctlink_expect_stats_build(struct ctlink_message *m,
                              const struct ctlink_header *header,
                              const struct ctlink_expect_stats *stats) BASE_MUST_CHECK;
int ctlink_expect_stats_parse(const struct nlmsghdr *nlh,
                              struct ctlink_expect_stats *stats,
                              struct ctlink_error *error) BASE_MUST_CHECK;

/** header->res_id is replaced by stats->cpu. */
int ctlink_cpu_stats_build(struct ctlink_message *m, const struct ctlink_header *header,
                           const struct ctlink_cpu_stats *stats) BASE_MUST_CHECK;
int ctlink_cpu_stats_parse(const struct nlmsghdr *nlh, struct ctlink_cpu_stats *stats,
                           struct ctlink_error *error) BASE_MUST_CHECK;

int ctlink_global_stats_build(struct ctlink_message *m,
                              const struct ctlink_header *header,
                              const struct ctlink_global_stats *stats) BASE_MUST_CHECK;
int ctlink_global_stats_parse(const struct nlmsghdr *nlh,
                              struct ctlink_global_stats *stats,
                              struct ctlink_error *error) BASE_MUST_CHECK;

#endif
