/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setting.h - the tracker's numbers as keys of ctqd.conf
 *
 * Their names, ranges and defaults are the tracker's (track/track.h): a new one needs
 * nothing here.
 */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include "config/config.h"
#include "track/track.h"

#define SETTING_NAME_MAX 64

/*
 * Where a setting stands: `timeouts { tcp { established 5d; } }` is the sysctl
 * tcp_timeout_established, `tracking { tcp-loose yes; }` is tcp_loose. The sysctl's whole
 * name is understood as well, directly in `timeouts` or `tracking`.
 */
struct setting_place {
	const char *section;          /* "timeouts" or "tracking" */
	char group[SETTING_NAME_MAX]; /* "tcp"; "": directly in the section */
	char key[SETTING_NAME_MAX];   /* "established" */
};
void setting_place(const struct track_setting *setting, struct setting_place *place);

/** The setting with that place, or with that long name when @group is ""; '-' and '_' are
 * one. NULL: none. */
const struct track_setting *setting_find(const char *section, const char *group,
                                         const char *key);

/** Store the value that @text says. 0, -EINVAL or -ERANGE. */
int setting_parse(const struct track_setting *setting, const char *text,
                  struct track_config *cfg);

/** What setting_parse() calls well-formed: "… is not <wanted>". */
const char *setting_wanted(const struct track_setting *setting);

/** A value as text. */
void setting_format(const struct track_setting *setting, uint32_t value,
                    char text[CONFIG_PATH_MAX]);

#endif
