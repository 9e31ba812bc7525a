/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - one line for each thing the operator should know
 *
 * To stderr as "ctqd: text" with the syslog priority in front ("<5>ctqd: ...") when
 * the journal reads stderr (JOURNAL_STREAM is set), so that the journal keeps the
 * level. A line is one write(2): lines of threads do not mix. Any thread.
 * The packet path does not log; it counts.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include "base/base.h"

/* The numbers are syslog's (RFC 5424, 6.2.1). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/** Longest line, bytes; the rest is cut and "..." stands for it. */
#define LOG_LINE_MAX 1024

/** Say the lines' name and the least important level that is written. Before threads start. */
void log_init(const char *name, enum log_level level);

/** Change the level; any time. */
void log_level_set(enum log_level level);

/** "error" … "debug" to a level; returns 0 or -EINVAL. */
int log_level_parse(const char *text, enum log_level *level);

/** A line of any level. */
void log_line(enum log_level level, const char *fmt, ...) BASE_PRINTF(2, 3);

void log_error(const char *fmt, ...) BASE_PRINTF(1, 2);
void log_warning(const char *fmt, ...) BASE_PRINTF(1, 2);
void log_notice(const char *fmt, ...) BASE_PRINTF(1, 2);
void log_info(const char *fmt, ...) BASE_PRINTF(1, 2);
void log_debug(const char *fmt, ...) BASE_PRINTF(1, 2);

#endif
