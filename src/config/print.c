/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * print.c - a configuration as text; what differs between two
 *
 * A key that is not set and whose being unset has no word is printed as a comment.
 */
#include "config/config.h"

#include <string.h>

#include "config/key.h"
#include "config/setting.h"

static const struct key_table *const plain_tables[] = { &keys_daemon, &keys_table,
	                                                &keys_mark,   &keys_helpers,
	                                                &keys_ask,    &keys_modules };

/* ---- printing ------------------------------------------------------------------ */

/* Would the scanner take it for something else than one word? */
static bool wants_quotes(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || strchr("{};#\x7f", *text))
			return true;
	return false;
}

static void print_key(FILE *out, const char *indent, const struct key *key,
                      const void *base)
{
	char text[CONFIG_PATH_MAX];

	key_format(key, base, text);
	if (text[0] == '\0')
		fprintf(out, "%s# %s is not set\n", indent, key->name);
	else if (wants_quotes(text))
		fprintf(out, "%s%s \"%s\";\n", indent, key->name, text);
	else
		fprintf(out, "%s%s %s;\n", indent, key->name, text);
}

static void print_table(FILE *out, const struct key_table *table, const void *base)
{
	size_t i;

	fprintf(out, "%s {\n", table->section);
	for (i = 0; i < table->length; i++)
		print_key(out, "\t", &table->keys[i], base);
	fprintf(out, "}\n");
}

/* Could @next stand in the section whose last queue is @last? */
static bool queue_continues(const struct config_queue *last,
                            const struct config_queue *next)
{
	struct config_queue expected = *last;

	expected.number++;
	expected.worker++;
	if (last->cpu != CONFIG_CPU_NONE && next->cpu != CONFIG_CPU_NONE)
		expected.cpu = next->cpu;
	return next->worker != 0 && memcmp(&expected, next, sizeof(*next)) == 0;
}

/* The queues from @i on that one section says; returns the first that it does not. */
static unsigned int section_collect(const struct config *cfg, unsigned int i,
                                    struct key_queues *s)
{
	memset(s, 0, sizeof(*s));
	s->first = cfg->queues[i];
	for (;; i++) {
		if (cfg->queues[i].cpu != CONFIG_CPU_NONE)
			s->cpus[s->cpus_length++] = cfg->queues[i].cpu;
		s->length++;
		if (i + 1 == cfg->queues_length ||
		    !queue_continues(&cfg->queues[i], &cfg->queues[i + 1]))
			return i + 1;
	}
}

static void print_queues(FILE *out, const struct config *cfg)
{
	struct key_queues s;
	unsigned int i = 0;
	size_t k;

	while (i < cfg->queues_length) {
		i = section_collect(cfg, i, &s);
		fprintf(out, "queues %u", s.first.number);
		if (s.length > 1)
			fprintf(out, "-%u", s.first.number + s.length - 1);
		fprintf(out, " {\n");
		for (k = 0; k < keys_queues.length; k++)
			print_key(out, "\t", &keys_queues.keys[k], &s);
		fprintf(out, "}\n");
	}
}

/* @set: those to be printed, a bit for each. */
static void print_settings(FILE *out, const struct track_config *track,
                           const char *section, uint64_t set)
{
	const struct track_setting *t;
	struct setting_place place;
	char group[SETTING_NAME_MAX] = "", text[CONFIG_PATH_MAX];

	for (t = track_settings; t->name; t++) {
		setting_place(t, &place);
		if (strcmp(place.section, section) != 0 ||
		    !(set >> (t - track_settings) & 1))
			continue;
		if (strcmp(group, place.group) != 0) {
			if (group[0])
				fprintf(out, "\t}\n");
			if (place.group[0])
				fprintf(out, "\t%s {\n", place.group);
			strcpy(group, place.group);
		}
		setting_format(t, track_config_get(track, t), text);
		fprintf(out, "\t%s%s %s;\n", group[0] ? "\t" : "", place.key, text);
	}
	if (group[0])
		fprintf(out, "\t}\n");
	fprintf(out, "}\n");
}

void config_print(const struct config *cfg, FILE *out)
{
	size_t i;

	print_table(out, &keys_daemon, cfg);
	print_queues(out, cfg);
	print_table(out, &keys_table, cfg);
	fprintf(out, "timeouts {\n");
	print_settings(out, &cfg->track, "timeouts", UINT64_MAX);
	for (i = 0; i < cfg->zones_length; i++) {
		fprintf(out, "timeouts zone %u {\n", cfg->zones[i].zone);
		print_settings(out, &cfg->zones[i].track, "timeouts", cfg->zones[i].set);
	}
	fprintf(out, "tracking {\n");
	print_settings(out, &cfg->track, "tracking", UINT64_MAX);
	print_table(out, &keys_helpers, cfg);
	print_table(out, &keys_ask, cfg);
	print_table(out, &keys_mark, cfg);
	print_table(out, &keys_modules, cfg);
	for (i = 0; i < keys_top.length; i++)
		print_key(out, "", &keys_top.keys[i], cfg);
}

/* ---- comparing ------------------------------------------------------------------- */

static void diff_key(const char *section, const struct key *key, const void *running,
                     const void *wanted, void (*changed)(void *ctx, const char *key),
                     void *ctx)
{
	char a[CONFIG_PATH_MAX], b[CONFIG_PATH_MAX], name[128];

	if (key->running)
		return;
	key_format(key, running, a);
	key_format(key, wanted, b);
	if (strcmp(a, b) == 0)
		return;
	snprintf(name, sizeof(name), "%s%s%s", section ? section : "", section ? "." : "",
	         key->name);
	changed(ctx, name);
}

static void diff_table(const struct key_table *table, const struct config *running,
                       const struct config *wanted,
                       void (*changed)(void *ctx, const char *key), void *ctx)
{
	size_t i;

	for (i = 0; i < table->length; i++)
		diff_key(table->section, &table->keys[i], running, wanted, changed, ctx);
}

void config_diff(const struct config *running, const struct config *wanted,
                 void (*changed)(void *ctx, const char *key), void *ctx)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(plain_tables); i++)
		diff_table(plain_tables[i], running, wanted, changed, ctx);
	diff_table(&keys_top, running, wanted, changed, ctx);
	if (running->queues_length != wanted->queues_length ||
	    memcmp(running->queues, wanted->queues,
	           running->queues_length * sizeof(running->queues[0])) != 0)
		changed(ctx, "queues");
}
