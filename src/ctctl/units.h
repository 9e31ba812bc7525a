/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * units.h - numbers as people read them, and as machines do
 *
 * @human: with units, for a terminal; otherwise the plain number. All return @buf.
 */
#ifndef CTCTL_UNITS_H
#define CTCTL_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/** Bytes that hold every text of this file. */
#define UNITS_MAX 32

/** "4h12m", "58s", "3d4h"; or seconds. */
char *units_seconds(uint64_t seconds, bool human, char buf[UNITS_MAX]);

/** "1.2 MiB", "60 B"; or bytes. */
char *units_bytes(uint64_t bytes, bool human, char buf[UNITS_MAX]);

/** "18 231"; or the number without spaces. */
char *units_count(uint64_t count, bool human, char buf[UNITS_MAX]);

/** "0.1 ms", "2.3 s"; or nanoseconds. */
char *units_nanoseconds(uint64_t ns, bool human, char buf[UNITS_MAX]);

#endif
