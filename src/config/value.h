/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * value.h - numbers with units, as text and back
 *
 *   time   one or more of NUMBER and s, m, h, d, w: 90s, 5d, 1h30m; a bare number:
 * seconds size   NUMBER and nothing (bytes), K, M or G, powers of 1024: 64M number
 * decimal, or hexadecimal with 0x
 *
 * Parsers return 0, -EINVAL: not of that form, or -ERANGE: above 32 bits. Formatters
 * write what the parsers read, as short as it gets. Pure.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdint.h>

#define VALUE_TEXT_MAX 32 /* of the formatters, with the final zero */

int value_number_parse(const char *text, uint32_t *value);
int value_time_parse(const char *text, uint32_t *seconds);
int value_size_parse(const char *text, uint32_t *bytes);

void value_time_format(uint32_t seconds, char text[VALUE_TEXT_MAX]);
void value_size_format(uint32_t bytes, char text[VALUE_TEXT_MAX]);

/** "4", or "0-3,8": the next range @first … @last (at most @limit) and the text behind it
 * and behind a comma. 0, -EINVAL or -ERANGE. */
int value_range_parse(const char **text, uint32_t limit, uint32_t *first, uint32_t *last);

#endif
