/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *log_name = "ctqd";
static bool log_with_priority;
static _Atomic int log_level = LOG_LEVEL_NOTICE;

static const struct {
	const char *name;
	enum log_level level;
} level_names[] = {
	{ "error", LOG_LEVEL_ERROR },   { "warning", LOG_LEVEL_WARNING },
	{ "notice", LOG_LEVEL_NOTICE }, { "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
};

void log_init(const char *name, enum log_level level)
{
	log_name = name;
	log_with_priority = getenv("JOURNAL_STREAM") != NULL;
	log_level_set(level);
}

void log_level_set(enum log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

int log_level_parse(const char *text, enum log_level *level)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(level_names); i++) {
		if (strcmp(text, level_names[i].name) == 0) {
			*level = level_names[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

static void BASE_PRINTF(2, 0) log_write(enum log_level level, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX + 1];
	size_t room = LOG_LINE_MAX, used = 0;
	ssize_t written;
	int n;

	if ((int)level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	if (log_with_priority)
		used += (size_t)snprintf(line, room, "<%d>", (int)level);
	used += (size_t)snprintf(line + used, room - used, "%s: ", log_name);
	n = vsnprintf(line + used, room - used, fmt, ap);
	if (n < 0)
		return;
	used += (size_t)n;
	if (used >= room) {
		memcpy(line + room - 4, "...", 3);
		used = room - 1;
	}
	line[used++] = '\n';
	written = write(STDERR_FILENO, line, used);
	(void)written; /* nobody is left to tell */
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_write(level, fmt, ap);
	va_end(ap);
}

#define LOG_FUNCTION(name, level)             \
	void log_##name(const char *fmt, ...) \
	{                                     \
		va_list ap;                   \
		va_start(ap, fmt);            \
		log_write(level, fmt, ap);    \
		va_end(ap);                   \
	}

LOG_FUNCTION(error, LOG_LEVEL_ERROR)
LOG_FUNCTION(warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(notice, LOG_LEVEL_NOTICE)
LOG_FUNCTION(info, LOG_LEVEL_INFO)
LOG_FUNCTION(debug, LOG_LEVEL_DEBUG)
