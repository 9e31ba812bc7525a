/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_stats.c - /proc/net/netfilter/nfnetlink_queue
 *
 * One line for each bound queue, numbers separated by spaces:
 *
 *   queue  portid  depth  copy-mode  copy-range  queue-dropped  user-dropped  last-id  1
 *
 * The file is read anew for each question, by pread(2), so that threads need no lock.
 */
#include "queue/kernel_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/kernel_stats_priv.h"

#define STATS_PATH "/proc/net/netfilter/nfnetlink_queue"

/* Nine numbers of at most ten digits, and what separates them, is below this. */
#define LINE_MAX_SIZE 128

struct queue_kernel_stats {
	int fd;
};

bool queue_kernel_row_parse(const char *line, struct queue_kernel_row *row)
{
	unsigned int number;

	if (sscanf(line, "%u %u %u %u %u %u %u %u", &number, &row->portid, &row->depth,
	           &row->copy_mode, &row->copy_range, &row->queue_dropped,
	           &row->user_dropped, &row->last_id) != 8)
		return false;
	if (number > UINT16_MAX)
		return false;
	row->number = (uint16_t)number;
	return true;
}

/* Take the whole lines from @buf and look for @number among them. Returns how many bytes
 * were taken; *@found tells the rest. */
static size_t search_lines(char *buf, size_t size, uint16_t number,
                           struct queue_kernel_row *row, bool *found)
{
	size_t taken = 0;
	char *end;

	while (!*found && (end = memchr(buf + taken, '\n', size - taken))) {
		*end = '\0';
		*found =
			queue_kernel_row_parse(buf + taken, row) && row->number == number;
		taken = (size_t)(end - buf) + 1;
	}
	return taken;
}

int queue_kernel_stats_search(int fd, uint16_t number, struct queue_kernel_row *row)
{
	char buf[32 * LINE_MAX_SIZE];
	size_t have = 0, taken;
	bool found = false;
	off_t offset = 0;
	ssize_t n;

	for (;;) {
		n = pread(fd, buf + have, sizeof(buf) - have, offset);
		if (n < 0)
			return -EIO;
		if (n == 0)
			return -ENOENT;
		offset += n;
		have += (size_t)n;
		taken = search_lines(buf, have, number, row, &found);
		if (found)
			return 0;
		if (taken == 0 && have == sizeof(buf))
			return -EIO; /* no such line is in that file */
		have -= taken;
		memmove(buf, buf + taken, have);
	}
}

int queue_kernel_stats_open(struct queue_kernel_stats **out)
{
	struct queue_kernel_stats *ks = malloc(sizeof(*ks));
	int err;

	*out = NULL;
	if (!ks)
		return -ENOMEM;
	ks->fd = open(STATS_PATH, O_RDONLY | O_CLOEXEC);
	if (ks->fd < 0) {
		err = -errno;
		free(ks);
		return err;
	}
	*out = ks;
	return 0;
}

void queue_kernel_stats_close(struct queue_kernel_stats *ks)
{
	if (!ks)
		return;
	close(ks->fd);
	free(ks);
}

int queue_kernel_stats_read(struct queue_kernel_stats *ks, uint16_t number,
                            struct queue_kernel_row *out)
{
	return queue_kernel_stats_search(ks->fd, number, out);
}
