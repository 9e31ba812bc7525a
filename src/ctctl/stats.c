/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/stats.h"

#include <stdio.h>
#include <string.h>

static void name_copy(struct stats_counter *counter, const char *name)
{
	snprintf(counter->name, sizeof(counter->name), "%s", name);
}

static int counter_record(void *data, const struct ctq_record *record)
{
	const char *name = ctq_record_string(record, CTQA_COUNTER_NAME);
	struct stats *stats = data;

	if (!name || stats->n_counters == STATS_COUNTERS_MAX)
		return 0;
	name_copy(&stats->counters[stats->n_counters], name);
	stats->counters[stats->n_counters++].value =
		ctq_record_number(record, CTQA_COUNTER_VALUE);
	return 0;
}

/* A newer daemon's reasons have names of their own; an older one may send numbers only. */
static int reason_record(void *data, const struct ctq_record *record)
{
	const char *name = ctq_record_string(record, CTQA_REASON_NAME);
	struct stats *stats = data;

	if (!name)
		name = ctq_reason_name(
			(unsigned int)ctq_record_number(record, CTQA_REASON_NUMBER));
	if (!name || stats->n_reasons == STATS_REASONS_MAX)
		return 0;
	name_copy(&stats->reasons[stats->n_reasons], name);
	stats->reasons[stats->n_reasons++].value =
		ctq_record_number(record, CTQA_REASON_VALUE);
	return 0;
}

static int stats_record(void *data, const struct ctq_record *record)
{
	struct stats *stats = data;

	stats->packets = ctq_record_number(record, CTQA_STATS_PACKETS);
	stats->bytes = ctq_record_number(record, CTQA_STATS_BYTES);
	stats->interval_ns = ctq_record_number(record, CTQA_STATS_INTERVAL);
	ctq_record_each(record, CTQA_STATS_COUNTER, counter_record, stats);
	ctq_record_each(record, CTQA_STATS_REASON, reason_record, stats);
	return 0;
}

int stats_get(struct stats *stats, struct ctq *ctq, bool zero)
{
	memset(stats, 0, sizeof(*stats));
	return ctq_stats_get(ctq, zero, stats_record, stats);
}

uint64_t stats_reason_sum(const struct stats *stats, const char *prefix)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < stats->n_reasons; i++)
		if (strncmp(stats->reasons[i].name, prefix, strlen(prefix)) == 0)
			sum += stats->reasons[i].value;
	return sum;
}
