/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setting.c - the tracker's numbers under names of our own
 *
 * Everything is derived from track_settings[], so that a new setting of the tracker needs
 * nothing here:
 *
 *   <proto>_timeout_<key>   seconds   timeouts { <proto> { <key> } }
 *   <proto>_timeout         seconds   timeouts { <proto> { unreplied } } when the
 * protocol has other timeouts, else timeouts { <proto> } others tracking { <name> }
 */
#include "config/setting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/value.h"

#define TIMEOUT_INFIX "_timeout"

static void dashes(char *text)
{
	for (; *text; text++)
		if (*text == '_')
			*text = '-';
}

static bool has_further_timeouts(const char *name, size_t length)
{
	const struct track_setting *s;

	for (s = track_settings; s->name; s++)
		if (strncmp(s->name, name, length) == 0 && s->name[length] == '_')
			return true;
	return false;
}

static void timeout_place(const char *name, struct setting_place *place)
{
	const char *infix = strstr(name, TIMEOUT_INFIX);
	const char *rest = infix + strlen(TIMEOUT_INFIX);
	int proto = (int)(infix - name);

	place->section = "timeouts";
	if (*rest == '_' || has_further_timeouts(name, strlen(name))) {
		snprintf(place->group, sizeof(place->group), "%.*s", proto, name);
		snprintf(place->key, sizeof(place->key), "%s",
		         *rest ? rest + 1 : "unreplied");
	} else {
		place->group[0] = '\0';
		snprintf(place->key, sizeof(place->key), "%.*s", proto, name);
	}
}

void setting_place(const struct track_setting *setting, struct setting_place *place)
{
	if (setting->unit == TRACK_UNIT_SECONDS && strstr(setting->name, TIMEOUT_INFIX)) {
		timeout_place(setting->name, place);
	} else {
		place->section = "tracking";
		place->group[0] = '\0';
		snprintf(place->key, sizeof(place->key), "%s", setting->name);
	}
	dashes(place->group);
	dashes(place->key);
}

const struct track_setting *setting_find(const char *section, const char *group,
                                         const char *key)
{
	char wanted[SETTING_NAME_MAX], full[SETTING_NAME_MAX];
	const struct track_setting *s;
	struct setting_place place;

	snprintf(wanted, sizeof(wanted), "%s", key);
	dashes(wanted);
	for (s = track_settings; s->name; s++) {
		setting_place(s, &place);
		if (strcmp(place.section, section) != 0)
			continue;
		snprintf(full, sizeof(full), "%s", s->name);
		dashes(full);
		if ((strcmp(place.group, group) == 0 && strcmp(place.key, wanted) == 0) ||
		    (group[0] == '\0' && strcmp(full, wanted) == 0))
			return s;
	}
	return NULL;
}

int setting_parse(const struct track_setting *setting, const char *text,
                  struct track_config *cfg)
{
	uint32_t value;
	int r;

	switch (setting->unit) {
	case TRACK_UNIT_SECONDS: r = value_time_parse(text, &value); break;
	case TRACK_UNIT_BOOL:
		value = strcmp(text, "yes") == 0;
		r = value || strcmp(text, "no") == 0 ? 0 : -EINVAL;
		break;
	default: r = value_number_parse(text, &value); break;
	}
	return r < 0 ? r : track_config_set(cfg, setting->name, value);
}

const char *setting_wanted(const struct track_setting *setting)
{
	switch (setting->unit) {
	case TRACK_UNIT_SECONDS: return "a time (30s, 5m, 2h, 5d)";
	case TRACK_UNIT_BOOL: return "yes or no";
	default: return "a number";
	}
}

void setting_format(const struct track_setting *setting, uint32_t value,
                    char text[CONFIG_PATH_MAX])
{
	switch (setting->unit) {
	case TRACK_UNIT_SECONDS: value_time_format(value, text); break;
	case TRACK_UNIT_BOOL: strcpy(text, value ? "yes" : "no"); break;
	default: snprintf(text, CONFIG_PATH_MAX, "%u", value); break;
	}
}
