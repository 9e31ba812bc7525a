/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/stats.h"

#include <string.h>

/* ---- of a worker ------------------------------------------------------------------- */

#define CPU(type, member, bit) \
	CTLINK_ATTR(type, CTLINK_U32, struct ctlink_cpu_stats, member, CTLINK_CPU_##bit)

static const struct ctlink_attr cpu_attrs[] = {
	CPU(CTA_STATS_FOUND, found, FOUND),
	CPU(CTA_STATS_INVALID, invalid, INVALID),
	CPU(CTA_STATS_INSERT, insert, INSERT),
	CPU(CTA_STATS_INSERT_FAILED, insert_failed, INSERT_FAILED),
	CPU(CTA_STATS_DROP, drop, DROP),
	CPU(CTA_STATS_EARLY_DROP, early_drop, EARLY_DROP),
	CPU(CTA_STATS_ERROR, error, ERROR),
	CPU(CTA_STATS_SEARCH_RESTART, search_restart, SEARCH_RESTART),
	CPU(CTA_STATS_CLASH_RESOLVE, clash_resolve, CLASH_RESOLVE),
	CPU(CTA_STATS_CHAIN_TOOLONG, chain_toolong, CHAIN_TOOLONG),
};
static const struct ctlink_layout cpu_layout = CTLINK_LAYOUT("statistics", cpu_attrs);

int ctlink_cpu_stats_build(struct ctlink_message *m, const struct ctlink_header *header,
                           const struct ctlink_cpu_stats *stats)
{
	struct ctlink_header h = *header;

	h.res_id = stats->cpu;
	return ctlink_layout_build(&cpu_layout, m, &h, stats);
}

int ctlink_cpu_stats_parse(const struct nlmsghdr *nlh, struct ctlink_cpu_stats *stats,
                           struct ctlink_error *error)
{
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	if (err)
		return err;
	memset(stats, 0, sizeof(*stats));
	stats->cpu = header.res_id;
	return ctlink_layout_parse(&cpu_layout, nlh, stats, NULL, error);
}

/* ---- of expectations, by worker ---------------------------------------------------- */

#define EXPECT(type, member, bit)                                         \
	CTLINK_ATTR(type, CTLINK_U32, struct ctlink_expect_stats, member, \
	            CTLINK_EXPECT_STATS_##bit)

static const struct ctlink_attr expect_attrs[] = {
	EXPECT(CTA_STATS_EXP_NEW, new, NEW),
	EXPECT(CTA_STATS_EXP_CREATE, create, CREATE),
	EXPECT(CTA_STATS_EXP_DELETE, delete, DELETE),
};
static const struct ctlink_layout expect_layout =
	CTLINK_LAYOUT("statistics", expect_attrs);

int ctlink_expect_stats_build(struct ctlink_message *m,
                              const struct ctlink_header *header,
                              const struct ctlink_expect_stats *stats)
{
	struct ctlink_header h = *header;

	h.res_id = stats->cpu;
	return ctlink_layout_build(&expect_layout, m, &h, stats);
}

int ctlink_expect_stats_parse(const struct nlmsghdr *nlh,
                              struct ctlink_expect_stats *stats,
                              struct ctlink_error *error)
{
	struct ctlink_header header;
	int err = ctlink_header_parse(nlh, &header, error);

	if (err)
		return err;
	memset(stats, 0, sizeof(*stats));
	stats->cpu = header.res_id;
	return ctlink_layout_parse(&expect_layout, nlh, stats, NULL, error);
}

/* ---- of the table ------------------------------------------------------------------ */

static const struct ctlink_attr global_attrs[] = {
	CTLINK_ATTR(CTA_STATS_GLOBAL_ENTRIES, CTLINK_U32, struct ctlink_global_stats,
	            entries, CTLINK_GLOBAL_ENTRIES),
	CTLINK_ATTR(CTA_STATS_GLOBAL_MAX_ENTRIES, CTLINK_U32, struct ctlink_global_stats,
	            max_entries, CTLINK_GLOBAL_MAX_ENTRIES),
};
static const struct ctlink_layout global_layout =
	CTLINK_LAYOUT("statistics", global_attrs);

int ctlink_global_stats_build(struct ctlink_message *m,
                              const struct ctlink_header *header,
                              const struct ctlink_global_stats *stats)
{
	return ctlink_layout_build(&global_layout, m, header, stats);
}

int ctlink_global_stats_parse(const struct nlmsghdr *nlh,
                              struct ctlink_global_stats *stats,
                              struct ctlink_error *error)
{
	memset(stats, 0, sizeof(*stats));
	return ctlink_layout_parse(&global_layout, nlh, stats, NULL, error);
}
