/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * value.h - the text of one value, by its field's type
 *
 *     numbers   80   0x10   1024-65535   0x10/0xf0 (value/mask)   names: tcp,
 * echo-request bits      syn   syn|ack   syn/syn|ack (value/mask)   0x12
 *     address   10.0.0.1   10.0.0.0/8   10.0.0.1-10.0.0.9   2001:db8::/32
 *     string    eth0   ppp*
 *     seconds   90   1h30m   5d    (age, idle, timeout)
 *     time      08:00   08:00-18:00   22:00:30
 *     day       mon   mon-fri
 *     bytes     1500   64k   1M    (bytes)
 *
 * Used for rules and for the client's filters. Pure; any thread.
 */
#ifndef LANG_VALUE_H
#define LANG_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "ctlink/match.h"

#define LANG_FAULT_MAX 256

/* What is wrong with a value. */
struct lang_fault {
	char text[LANG_FAULT_MAX];
	char meant[LANG_FAULT_MAX];   /* "did you mean 'tcp'?", or "" */
	char allowed[LANG_FAULT_MAX]; /* "states: new established …", or "" */
};

/**
 * Read the @length bytes at @text as a value of @field into @out, all bytes zero. @proto:
 * the protocol that the rule or filter is about, for ICMP's names; 0: unknown. Returns 0;
 * -EINVAL with @fault filled; -ENOMEM. What @out then owns (a string) is of @memory.
 */
int lang_value_parse(const struct ctlink_field *field, uint8_t proto, const char *text,
                     size_t length, struct ctlink_value *out,
                     const struct ctlink_memory *memory,
                     struct lang_fault *fault) BASE_MUST_CHECK;

#endif
