/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See drop_log.h. */
#include "daemon/drop_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon_priv.h"
#include "daemon/rule_log.h"

#define LOST_NS 1000000000u /* between two lines about what was not logged */

/* Behind what can be read nothing can: no ports, no type. */
#define KEY_IDS                                                                \
	(RULE_KEY_BIT(SPORT) | RULE_KEY_BIT(DPORT) | RULE_KEY_BIT(ICMP_TYPE) | \
	 RULE_KEY_BIT(ICMP_CODE))

void drop_log_entry(const struct path_sighting *s, const char *in, const char *out,
                    struct rules_log_entry *e)
{
	memset(e, 0, sizeof(*e));
	e->when_ns = s->when_ns;
	e->reason = s->reason;
	e->level = LOG_LEVEL_NOTICE;
	rule_key_init(&e->key, s->hook, s->family);
	e->key.length = s->length;
	if (s->tuple.l3)
		rule_key_set_tuple(&e->key, &s->tuple);
	if (!s->has_tuple)
		e->key.present &= ~KEY_IDS;
	rule_key_set_interfaces(&e->key, in, out);
}

void drop_log_format(const struct path_sighting *s, const struct rules_log_entry *e,
                     char *text, size_t size)
{
	size_t used;

	rule_log_format(e, text, size);
	used = strlen(text);
	if (s->invalid)
		snprintf(text + used, size - used, ", %s", rule_log_reason(s->invalid));
}

void drop_log_packet(void *daemon, const struct path_sighting *s)
{
	struct daemon *d = daemon;
	struct rules_log_entry e;
	char text[LOG_LINE_MAX];
	const char *name = "";

	drop_log_entry(s, setup_ifname(d, s->ifin), setup_ifname(d, s->ifout), &e);
	if (s->generation &&
	    rules_name_read(d->rules, s->generation, s->rule, &e.rule, &name))
		strncpy(e.name, name, sizeof(e.name) - 1);
	drop_log_format(s, &e, text, sizeof(text));
	log_line((enum log_level)e.level, "%s", text);
}

int drop_log_configure(struct daemon *d, const struct config *cfg)
{
	return control_log_drops(d->control, cfg->daemon.log_drops,
	                         cfg->daemon.log_drops_rate);
}

void drop_log_step(struct daemon *d, uint64_t now_ns)
{
	uint64_t lost;

	if (now_ns < d->drop_log.lost_due_ns)
		return;
	d->drop_log.lost_due_ns = now_ns + LOST_NS;
	lost = path_watch_lost(d->path, PATH_WATCH_LOG);
	if (lost != d->drop_log.lost)
		log_notice("%" PRIu64
		           " more dropped packets were not logged: log-drops-rate %u",
		           lost - d->drop_log.lost, d->config->daemon.log_drops_rate);
	d->drop_log.lost = lost;
}
