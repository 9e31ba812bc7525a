/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/labels.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"

#define LABELS_TEXT_MAX 512 /* of a message */

struct labels_load {
	struct config_labels *labels;
	const char *path;
	unsigned int line;
	config_report *report;
	void *ctx;
	bool failed;
};

static void BASE_PRINTF(2, 3) complain(struct labels_load *l, const char *fmt, ...)
{
	char text[LABELS_TEXT_MAX];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "%.256s:%u: error: ", l->path, l->line);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	l->report(l->ctx, text);
	l->failed = true;
}

/* Numbers are names of their own, and commas stand between names. */
static bool is_name(const char *name)
{
	const char *p;

	if (isdigit((unsigned char)name[0]) || name[0] == '+' || name[0] == '-')
		return false;
	for (p = name; *p; p++)
		if (!isgraph((unsigned char)*p) || *p == ',' || *p == '*')
			return false;
	return true;
}

static bool is_used(const struct config_labels *labels, const char *name)
{
	unsigned int i;

	for (i = 0; i < CONFIG_LABELS; i++)
		if (strcmp(labels->name[i], name) == 0)
			return true;
	return false;
}

static void add(struct labels_load *l, const char *number, const char *name)
{
	uint32_t n;

	if (value_number_parse(number, &n) < 0 || n >= CONFIG_LABELS)
		complain(l, "'%.64s' is not the number of a label, 0 to %d", number,
		         CONFIG_LABELS - 1);
	else if (!name)
		complain(l, "label %u has no name", n);
	else if (strlen(name) >= CONFIG_LABEL_NAME_MAX)
		complain(l, "the name of label %u has more than %d bytes", n,
		         CONFIG_LABEL_NAME_MAX - 1);
	else if (!is_name(name))
		complain(l,
		         "'%s' cannot be a name: it begins with a letter or '_' and "
		         "has no comma or '*'",
		         name);
	else if (l->labels->name[n][0])
		complain(l, "label %u has the name '%s' already", n, l->labels->name[n]);
	else if (is_used(l->labels, name))
		complain(l, "another label has the name '%s'", name);
	else
		strcpy(l->labels->name[n], name);
}

static void read_line(struct labels_load *l, char *line)
{
	static const char blanks[] = " \t\r\v\f";
	char *rest, *number, *name, *more;

	line[strcspn(line, "#")] = '\0';
	number = strtok_r(line, blanks, &rest);
	if (!number)
		return;
	name = strtok_r(NULL, blanks, &rest);
	more = name ? strtok_r(NULL, blanks, &rest) : NULL;
	if (more)
		complain(l, "'%.64s' is too much: a number and a name stand on a line",
		         more);
	else
		add(l, number, name);
}

int config_labels_load(struct config_labels *labels, const char *path,
                       const struct config_reader *reader, config_report *report,
                       void *ctx)
{
	struct labels_load l = { labels, path, 0, report, ctx, false };
	char *bytes, *line, *next;
	size_t size;
	int r = reader->read(reader, path, &bytes, &size);

	memset(labels, 0, sizeof(*labels));
	if (r < 0) {
		complain(&l, "%s", strerror(-r));
		return r == -ENOMEM ? r : -EINVAL;
	}
	if (memchr(bytes, '\0', size))
		complain(&l, "there is a zero byte in this file");
	for (line = bytes; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		l.line++;
		read_line(&l, line);
	}
	free(bytes);
	return l.failed ? -EINVAL : 0;
}
