/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load.c - statements into struct config, by the tables of key.c
 *
 * A key that was set already is an error, wherever the second is: which of the two was
 * meant nobody can know. Sections may be repeated, so that an included file can add to
 * one.
 */
#include "config/load.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/file.h"
#include "config/key.h"
#include "config/setting.h"
#include "config/value.h"

/* ---- what was set, and where -------------------------------------------------- */

struct seen {
	struct seen *next;
	const void *id, *scope;
	struct location at;
};

static struct seen *seen_find(const struct load *l, const void *id, const void *scope)
{
	struct seen *s;

	for (s = l->seen; s; s = s->next)
		if (s->id == id && s->scope == scope)
			return s;
	return NULL;
}

const struct location *load_seen_at(const struct load *l, const void *id)
{
	const struct seen *s = seen_find(l, id, NULL);

	return s ? &s->at : NULL;
}

bool load_seen(struct load *l, const void *id, const void *scope, const struct word *key)
{
	struct seen *s = seen_find(l, id, scope);

	if (s) {
		load_error(l, &key->at, NULL,
		           "'%s' is set twice; the first time in %s:%d", key->text,
		           s->at.file->path, s->at.line);
		return true;
	}
	s = tree_alloc(&l->tree, sizeof(*s));
	if (!s) {
		load_no_memory(l);
		return true;
	}
	*s = (struct seen){ l->seen, id, scope, key->at };
	l->seen = s;
	return false;
}

/* ---- words that are not allowed ---------------------------------------------------- */

#define WORDS_MAX 64

static void unknown_key(struct load *l, const struct word *key, const char *section,
                        const char *const *words, size_t n)
{
	struct load_hint hint = { key->text, "keys", words, n, NULL };

	if (section)
		load_error(l, &key->at, &hint, "unknown key '%s' in section '%s'",
		           key->text, section);
	else
		load_error(l, &key->at, &hint, "unknown key '%s'", key->text);
}

/* The one value of a key, or NULL after an error. */
static const struct word *only_value(struct load *l, const struct statement *s)
{
	const struct word *key = s->words, *value = key->next;

	if (s->has_body) {
		load_error(l, &key->at, NULL,
		           "'%s' is a key, not a section: a value and ';' follow",
		           key->text);
	} else if (!value) {
		load_error(l, &key->at, NULL, "'%s' wants a value", key->text);
	} else if (value->next) {
		struct load_hint hint = { .advice =
			                          value->next->at.line > value->at.line
			                                  ? "is a ';' missing before it?"
			                                  : NULL };
		load_error(l, &value->next->at, &hint, "'%s' takes one value", key->text);
	} else {
		return value;
	}
	return NULL;
}

static bool is_plain_section(struct load *l, const struct statement *s)
{
	const struct word *key = s->words;

	if (!s->has_body)
		load_error(l, &key->at, NULL, "'%s' is a section: %s { … }", key->text,
		           key->text);
	else if (key->next)
		load_error(l, &key->next->at, NULL, "'{' is wanted behind '%s'",
		           key->text);
	else
		return true;
	return false;
}

static void bad_value(struct load *l, const struct word *value, int r, const char *wanted,
                      const char *least, const char *most)
{
	if (r == -ERANGE)
		load_error(l, &value->at, NULL, "'%s' is outside of %s … %s", value->text,
		           least, most);
	else
		load_error(l, &value->at, NULL, "'%s' is not %s", value->text, wanted);
}

/* ---- keys of the tables -------------------------------------------------------- */

static void bad_choice(struct load *l, const struct key *key, const struct word *value)
{
	const char *words[WORDS_MAX];
	struct load_hint hint = { value->text, "values", words, 0, NULL };
	uint32_t i;

	for (i = key->min; i <= key->max; i++)
		if (key->words[i])
			words[hint.words_length++] = key->words[i];
	load_error(l, &value->at, &hint, "unknown value '%s' of '%s'", value->text,
	           key->name);
}

static void bad_key_value(struct load *l, const struct key *key, const struct word *value,
                          int r)
{
	char least[CONFIG_PATH_MAX], most[CONFIG_PATH_MAX];

	if (key->words) {
		bad_choice(l, key, value);
	} else if (r == -ERANGE && key->form->counts) {
		key->form->format(key, &key->min, least);
		key->form->format(key, &key->max, most);
		bad_value(l, value, r, NULL, least, most);
	} else if (r == -ERANGE) {
		load_error(l, &value->at, NULL, "this is more than '%s' can hold",
		           key->name);
	} else {
		bad_value(l, value, r, key->form->wanted, NULL, NULL);
	}
}

/* The value as it is stored: a relative path begins where its file is. */
static const char *value_text(struct load *l, const struct key *key,
                              const struct word *value)
{
	const char *text;

	if (!key->form->path || value->text[0] == '\0')
		return value->text;
	text = file_path_resolve(l, value->at.file, value->text);
	if (!text)
		load_no_memory(l);
	return text;
}

static void apply_key(struct load *l, const struct key_table *table, void *base,
                      const struct statement *s, const void *scope)
{
	const struct key *key = key_find(table, s->words->text);
	const char *words[WORDS_MAX], *text;
	const struct word *value;
	size_t i;
	int r;

	if (!key) {
		for (i = 0; i < table->length; i++)
			words[i] = table->keys[i].name;
		unknown_key(l, s->words, table->section, words, table->length);
		return;
	}
	value = only_value(l, s);
	if (!value || load_seen(l, key, scope, s->words))
		return;
	text = value_text(l, key, value);
	if (!text)
		return;
	r = key->form->parse(key, text, (char *)base + key->offset);
	if (r < 0)
		bad_key_value(l, key, value, r);
}

static void apply_keys(struct load *l, const struct key_table *table, void *base,
                       const struct statement *s, const void *scope)
{
	for (; s; s = s->next)
		apply_key(l, table, base, s, scope);
}

static void apply_daemon(struct load *l, const struct statement *s)
{
	if (is_plain_section(l, s))
		apply_keys(l, &keys_daemon, l->cfg, s->body, NULL);
}

static void apply_table(struct load *l, const struct statement *s)
{
	if (is_plain_section(l, s))
		apply_keys(l, &keys_table, l->cfg, s->body, NULL);
}

static void apply_mark(struct load *l, const struct statement *s)
{
	if (is_plain_section(l, s))
		apply_keys(l, &keys_mark, l->cfg, s->body, NULL);
}

static void apply_helpers(struct load *l, const struct statement *s)
{
	if (is_plain_section(l, s))
		apply_keys(l, &keys_helpers, l->cfg, s->body, NULL);
}

static void apply_ask(struct load *l, const struct statement *s)
{
	if (is_plain_section(l, s))
		apply_keys(l, &keys_ask, l->cfg, s->body, NULL);
}

static void apply_modules(struct load *l, const struct statement *s)
{
	if (is_plain_section(l, s))
		apply_keys(l, &keys_modules, l->cfg, s->body, NULL);
}

/* ---- settings of the tracker --------------------------------------------------- */

struct names {
	char bytes[WORDS_MAX][SETTING_NAME_MAX];
	const char *words[WORDS_MAX];
	size_t length;
};

static void names_add(struct names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->length; i++)
		if (strcmp(names->words[i], name) == 0)
			return;
	if (names->length == WORDS_MAX)
		return;
	strcpy(names->bytes[i], name);
	names->words[i] = names->bytes[i];
	names->length++;
}

/* What may stand in @section, or in its section @group. */
static void names_collect(struct names *names, const char *section, const char *group)
{
	const struct track_setting *t;
	struct setting_place place;

	names->length = 0;
	for (t = track_settings; t->name; t++) {
		setting_place(t, &place);
		if (strcmp(place.section, section) != 0)
			continue;
		if (group[0] == '\0' && place.group[0])
			names_add(names, place.group);
		else if (strcmp(place.group, group) == 0)
			names_add(names, place.key);
	}
}

static void unknown_setting(struct load *l, const struct word *key, const char *section,
                            const char *group)
{
	struct names names;

	names_collect(&names, section, group);
	unknown_key(l, key, group[0] ? group : section, names.words, names.length);
}

/* @zone NULL: of all. */
static void apply_setting(struct load *l, const char *section, const char *group,
                          struct config_zone *zone, const struct statement *s)
{
	const struct track_setting *setting =
		setting_find(section, group, s->words->text);
	char least[CONFIG_PATH_MAX], most[CONFIG_PATH_MAX];
	const struct word *value;
	int r;

	if (!setting) {
		unknown_setting(l, s->words, section, group);
		return;
	}
	value = only_value(l, s);
	if (!value || load_seen(l, setting, zone, s->words))
		return;
	r = setting_parse(setting, value->text, zone ? &zone->track : &l->cfg->track);
	if (r == 0 && zone)
		zone->set |= UINT64_C(1) << (setting - track_settings);
	if (r == 0)
		return;
	setting_format(setting, setting->minimum, least);
	setting_format(setting, setting->maximum, most);
	bad_value(l, value, r, setting_wanted(setting), least, most);
}

static bool is_timeout_group(const char *word)
{
	const struct track_setting *t;
	struct setting_place place;

	for (t = track_settings; t->name; t++) {
		setting_place(t, &place);
		if (place.group[0] && strcmp(place.group, word) == 0)
			return true;
	}
	return false;
}

/* The zone's, in order; a new one if need be. NULL: there are too many. */
static struct config_zone *zone_find(struct load *l, uint32_t number,
                                     const struct word *at)
{
	struct config *cfg = l->cfg;
	unsigned int i;

	for (i = 0; i < cfg->zones_length; i++)
		if (cfg->zones[i].zone == number)
			return &cfg->zones[i];
	if (cfg->zones_length == CONFIG_ZONES_MAX) {
		load_error(l, &at->at, NULL, "more than %d zones have timeouts",
		           CONFIG_ZONES_MAX);
		return NULL;
	}
	cfg->zones[cfg->zones_length].zone = number;
	return &cfg->zones[cfg->zones_length++];
}

/* `timeouts { … }` or `timeouts zone N { … }`: *@zone NULL or its place. */
static bool parse_timeouts_head(struct load *l, const struct statement *s,
                                struct config_zone **zone)
{
	const struct word *key = s->words, *word = key->next;
	const struct word *number = word ? word->next : NULL;
	uint32_t value;
	int r;

	*zone = NULL;
	if (!word || strcmp(word->text, "zone") != 0)
		return is_plain_section(l, s);
	if (!s->has_body || !number || number->next) {
		load_error(l, &word->at, NULL,
		           "timeouts of a zone are a section: timeouts zone N { … }");
		return false;
	}
	r = value_number_parse(number->text, &value);
	if (r == 0 && value > UINT16_MAX)
		r = -ERANGE;
	if (r < 0)
		bad_value(l, number, r, "a zone", "0", "65535");
	else
		*zone = zone_find(l, value, number);
	return *zone != NULL;
}

static void apply_timeouts(struct load *l, const struct statement *s)
{
	const struct statement *sub, *inner;
	struct config_zone *zone;

	if (!parse_timeouts_head(l, s, &zone))
		return;
	for (sub = s->body; sub; sub = sub->next) {
		if (!is_timeout_group(sub->words->text))
			apply_setting(l, "timeouts", "", zone, sub);
		else if (is_plain_section(l, sub))
			for (inner = sub->body; inner; inner = inner->next)
				apply_setting(l, "timeouts", sub->words->text, zone,
				              inner);
	}
}

static void apply_tracking(struct load *l, const struct statement *s)
{
	const struct statement *sub;

	if (!is_plain_section(l, s))
		return;
	for (sub = s->body; sub; sub = sub->next)
		apply_setting(l, "tracking", "", NULL, sub);
}

/* ---- queues -------------------------------------------------------------------- */

static bool parse_queue_range(struct load *l, const struct statement *s, uint32_t *first,
                              uint32_t *last)
{
	const struct word *key = s->words, *range = key->next;
	const char *text;
	int r;

	if (!s->has_body || !range || range->next) {
		load_error(l, &key->at, NULL,
		           "queues are a section: queues N { … } or "
		           "queues N-M { … }");
		return false;
	}
	text = range->text;
	r = value_range_parse(&text, UINT16_MAX, first, last);
	if (r == 0 && *text)
		r = -EINVAL;
	if (r < 0)
		bad_value(l, range, r, "a queue or a range of queues (0, 0-3)", "0",
		          "65535");
	else if (*last - *first >= CONFIG_WORKERS_MAX)
		load_error(l, &range->at, NULL,
		           "a range has at most %d queues: each has a worker",
		           CONFIG_WORKERS_MAX);
	else
		return true;
	return false;
}

static bool queue_is_new(struct load *l, const struct word *at, uint32_t number)
{
	const struct location *first;
	unsigned int i;

	for (i = 0; i < l->cfg->queues_length; i++) {
		if (l->cfg->queues[i].number != number)
			continue;
		first = &l->queue_at[i];
		load_error(l, &at->at, NULL, "queue %u is configured already in %s:%d",
		           number, first->file->path, first->line);
		return false;
	}
	return true;
}

/* The @i-th queue of the section. */
static void add_queue(struct load *l, const struct key_queues *section, uint32_t i,
                      const struct word *at)
{
	struct config *cfg = l->cfg;
	struct config_queue *q = &cfg->queues[cfg->queues_length];

	*q = section->first;
	q->number = (uint16_t)(section->first.number + i);
	q->worker = (uint16_t)i;
	if (section->cpus_length)
		q->cpu = section->cpus[i];
	l->queue_at[cfg->queues_length++] = at->at;
}

static void apply_queues(struct load *l, const struct statement *s)
{
	struct key_queues section;
	const struct word *range = s->words->next;
	uint32_t first, last, i;

	if (!parse_queue_range(l, s, &first, &last))
		return;
	key_queues_init(&section);
	section.first.number = (uint16_t)first;
	section.length = last - first + 1;
	apply_keys(l, &keys_queues, &section, s->body, s);
	if (section.first.hook == KEY_HOOK_UNSET &&
	    !seen_find(l, key_find(&keys_queues, "hook"), s))
		load_error(l, &range->at, NULL, "these queues have no 'hook'");
	if (section.cpus_length && section.cpus_length != section.length)
		load_error(l, &range->at, NULL,
		           "%u queues want as many CPUs; 'cpu' lists %u", section.length,
		           section.cpus_length);
	if (l->cfg->queues_length + section.length > CONFIG_QUEUES_MAX) {
		load_error(l, &range->at, NULL, "more than %d queues", CONFIG_QUEUES_MAX);
		return;
	}
	for (i = 0; i < section.length; i++)
		if (queue_is_new(l, range, first + i))
			add_queue(l, &section, i, range);
}

/* ---- top level ----------------------------------------------------------------- */

static void apply_file(struct load *l, const struct statement *statements);

static int include_one(void *arg, const char *path)
{
	struct load *l = arg;
	struct statement *statements;

	if (file_load(l, path, &statements) == 0)
		apply_file(l, statements);
	return l->no_memory ? -ENOMEM : 0;
}

static void apply_include(struct load *l, const struct statement *s)
{
	const struct location *outer = l->include_at;
	const struct word *pattern = only_value(l, s);

	if (!pattern)
		return;
	if (l->includes == LOAD_INCLUDES_MAX) {
		load_error(l, &pattern->at, NULL,
		           "files include each other more than %d deep",
		           LOAD_INCLUDES_MAX);
		return;
	}
	l->includes++;
	l->include_at = &pattern->at;
	file_expand(l, pattern, include_one);
	l->include_at = outer;
	l->includes--;
}

static const struct section {
	const char *name;
	void (*apply)(struct load *l, const struct statement *s);
} sections[] = {
	{ "daemon", apply_daemon },     { "queues", apply_queues },
	{ "table", apply_table },       { "timeouts", apply_timeouts },
	{ "tracking", apply_tracking }, { "mark", apply_mark },
	{ "helpers", apply_helpers },   { "ask", apply_ask },
	{ "modules", apply_modules },   { "include", apply_include },
};

static const struct section *section_find(const char *name)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(sections); i++)
		if (strcmp(sections[i].name, name) == 0)
			return &sections[i];
	return NULL;
}

static void unknown_top(struct load *l, const struct word *key)
{
	const char *words[WORDS_MAX];
	size_t i, n = 0;

	for (i = 0; i < BASE_ARRAY_LENGTH(sections); i++)
		words[n++] = sections[i].name;
	for (i = 0; i < keys_top.length; i++)
		words[n++] = keys_top.keys[i].name;
	unknown_key(l, key, NULL, words, n);
}

static void apply_file(struct load *l, const struct statement *s)
{
	const struct section *section;

	for (; s && !l->no_memory; s = s->next) {
		section = section_find(s->words->text);
		if (section)
			section->apply(l, s);
		else if (key_find(&keys_top, s->words->text))
			apply_key(l, &keys_top, l->cfg, s, NULL);
		else
			unknown_top(l, s->words);
	}
}

static int load_run(struct load *l, const char *path)
{
	struct statement *statements;

	l->queue_at = tree_alloc(&l->tree, CONFIG_QUEUES_MAX * sizeof(l->queue_at[0]));
	if (!l->queue_at)
		return -ENOMEM;
	if (file_load(l, path, &statements) == 0) {
		apply_file(l, statements);
		load_check(l);
	}
	if (l->no_memory)
		return -ENOMEM;
	return l->errors ? -EINVAL : 0;
}

int config_load(struct config *cfg, const char *path, const struct config_reader *reader,
                config_report *report, void *ctx)
{
	struct load l = { .cfg = cfg, .reader = reader, .report = report, .ctx = ctx };
	int r;

	config_init(cfg);
	cfg->queues_length = 0;
	r = load_run(&l, path);
	load_errors_end(&l);
	tree_fini(&l.tree);
	return r;
}
