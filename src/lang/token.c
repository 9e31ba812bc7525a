/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens that become text of their own. */
#include "lang/lang_priv.h"

#include <string.h>

#include "ctq/ctlink.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \" \\ and \xHH of a string; *@from is behind the backslash. False: none of them. */
static bool escape_read(const char **from, const char *end, char *out)
{
	const char *p = *from;

	if (*p == '"' || *p == '\\') {
		*out = *p;
		*from = p + 1;
		return true;
	}
	if (*p != 'x' || end - p < 3 || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
		return false;
	*out = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
	*from = p + 3;
	return *out != '\0';
}

bool lang_token_copy(struct lang *l, const struct lang_token *t, size_t max, char **out)
{
	const char *p = t->text, *end = p + t->length;
	char text[CTQ_COMMENT_MAX + 1]; /* the longest that any text may be */
	size_t n = 0;

	while (p < end && n < max && n < sizeof(text)) {
		if (*p != '\\' || !t->quoted)
			text[n++] = *p++;
		else if (p++, escape_read(&p, end, &text[n]))
			n++;
		else {
			lang_error_add(l, &t->place,
			               "a backslash in a string means nothing but "
			               "in \\\", \\\\ and \\xHH");
			return false;
		}
	}
	if (n == 0 || n >= max) {
		lang_error_add(l, &t->place,
		               n ? "longer than %zu bytes" : "an empty string", max - 1);
		return false;
	}
	if (ctlink_string_set(out, text, n, l->memory) < 0)
		lang_no_memory(l);
	return !l->no_memory;
}
