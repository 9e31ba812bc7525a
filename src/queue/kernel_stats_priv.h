/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_stats_priv.h - the parts of kernel_stats.c, for tests */
#ifndef QUEUE_KERNEL_STATS_PRIV_H
#define QUEUE_KERNEL_STATS_PRIV_H

#include "queue/kernel_stats.h"

/** One line without its end to *@row; false: it is none. */
bool queue_kernel_row_parse(const char *line, struct queue_kernel_row *row);

/** Search an open file of that format from its beginning on. */
int queue_kernel_stats_search(int fd, uint16_t number, struct queue_kernel_row *row);

#endif
