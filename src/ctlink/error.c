/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ctlink_error_clear(struct ctlink_error *error)
{
	if (error)
		memset(error, 0, sizeof(*error));
}

int ctlink_error_set(struct ctlink_error *error, int code, uint32_t offset,
                     const char *fmt, ...)
{
	va_list args;

	if (!error)
		return code;
	error->code = code;
	error->offset = offset;
	error->hint[0] = '\0';
	va_start(args, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	return code;
}

void ctlink_error_hint(struct ctlink_error *error, const char *fmt, ...)
{
	va_list args;

	if (!error)
		return;
	va_start(args, fmt);
	vsnprintf(error->hint, sizeof(error->hint), fmt, args);
	va_end(args);
}
