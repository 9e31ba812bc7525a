/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.c - the numbers of the machines, by the names that operators know
 *
 * Names and defaults are those of /proc/sys/net/netfilter/nf_conntrack_* (the kernel's
 * Documentation/networking/nf_conntrack-sysctl.rst). Only tcp_timeout_syn_sent2 is no
 * sysctl there: the kernel sets that one by timeout policies (nfct(8)) alone.
 */
#include "track/track.h"

#include <errno.h>
#include <string.h>

#include "base/base.h"

/* A year. Long enough for whoever wants to forget nothing, and far from the overflow of
 * any clock: the kernel's own bound is 2^31 ticks, 24 days at 1000 Hz. */
#define TIMEOUT_MAX_S (365 * 24 * 3600)

#define MINUTE 60u
#define DAY    (24 * 3600u)

#define SECONDS(name, field, initial)                                                  \
	{                                                                              \
		name, initial, 1, TIMEOUT_MAX_S, offsetof(struct track_config, field), \
			TRACK_UNIT_SECONDS                                             \
	}
#define COUNT(name, field, initial)                                                \
	{                                                                          \
		name, initial, 0, UINT8_MAX, offsetof(struct track_config, field), \
			TRACK_UNIT_COUNT                                           \
	}
#define SWITCH(name, field, initial)                                       \
	{                                                                  \
		name, initial, 0, 1, offsetof(struct track_config, field), \
			TRACK_UNIT_BOOL                                    \
	}

/* clang-format off */
const struct track_setting track_settings[] = {
	SECONDS("tcp_timeout_syn_sent",       tcp_timeout[TRACK_TCP_SYN_SENT],    2 * MINUTE),
	SECONDS("tcp_timeout_syn_sent2",      tcp_timeout[TRACK_TCP_SYN_SENT2],   2 * MINUTE),
	SECONDS("tcp_timeout_syn_recv",       tcp_timeout[TRACK_TCP_SYN_RECV],    1 * MINUTE),
	SECONDS("tcp_timeout_established",    tcp_timeout[TRACK_TCP_ESTABLISHED], 5 * DAY),
	SECONDS("tcp_timeout_fin_wait",       tcp_timeout[TRACK_TCP_FIN_WAIT],    2 * MINUTE),
	SECONDS("tcp_timeout_close_wait",     tcp_timeout[TRACK_TCP_CLOSE_WAIT],  1 * MINUTE),
	SECONDS("tcp_timeout_last_ack",       tcp_timeout[TRACK_TCP_LAST_ACK],    30),
	SECONDS("tcp_timeout_time_wait",      tcp_timeout[TRACK_TCP_TIME_WAIT],   2 * MINUTE),
	SECONDS("tcp_timeout_close",          tcp_timeout[TRACK_TCP_CLOSE],       10),
	SECONDS("tcp_timeout_max_retrans",    tcp_timeout[TRACK_TCP_RETRANS],     5 * MINUTE),
	SECONDS("tcp_timeout_unacknowledged", tcp_timeout[TRACK_TCP_UNACK],       5 * MINUTE),
	COUNT("tcp_max_retrans",              tcp_max_retrans,                    3),
	SWITCH("tcp_loose",                   tcp_loose,                          1),
	SWITCH("tcp_be_liberal",              tcp_be_liberal,                     0),
	SWITCH("tcp_ignore_invalid_rst",      tcp_ignore_invalid_rst,             0),
	SECONDS("udp_timeout",                udp_timeout,                        30),
	SECONDS("udp_timeout_stream",         udp_timeout_stream,                 2 * MINUTE),
	SECONDS("icmp_timeout",               icmp_timeout,                       30),
	SECONDS("icmpv6_timeout",             icmpv6_timeout,                     30),
	SECONDS("sctp_timeout_closed",            sctp_timeout[TRACK_SCTP_CLOSED],            10),
	SECONDS("sctp_timeout_cookie_wait",       sctp_timeout[TRACK_SCTP_COOKIE_WAIT],       3),
	SECONDS("sctp_timeout_cookie_echoed",     sctp_timeout[TRACK_SCTP_COOKIE_ECHOED],     3),
	SECONDS("sctp_timeout_established",       sctp_timeout[TRACK_SCTP_ESTABLISHED],       210),
	SECONDS("sctp_timeout_shutdown_sent",     sctp_timeout[TRACK_SCTP_SHUTDOWN_SENT],     3),
	SECONDS("sctp_timeout_shutdown_recd",     sctp_timeout[TRACK_SCTP_SHUTDOWN_RECD],     3),
	SECONDS("sctp_timeout_shutdown_ack_sent", sctp_timeout[TRACK_SCTP_SHUTDOWN_ACK_SENT], 3),
	SECONDS("sctp_timeout_heartbeat_sent",    sctp_timeout[TRACK_SCTP_HEARTBEAT_SENT],    30),
	SECONDS("gre_timeout",                gre_timeout,                        30),
	SECONDS("gre_timeout_stream",         gre_timeout_stream,                 3 * MINUTE),
	SECONDS("generic_timeout",            generic_timeout,                    10 * MINUTE),
	SWITCH("checksum",                    checksum,                           1),
	{ .name = NULL },
};
/* clang-format on */

static void setting_store(struct track_config *cfg, const struct track_setting *setting,
                          uint32_t value)
{
	void *field = (char *)cfg + setting->offset;

	switch (setting->unit) {
	case TRACK_UNIT_SECONDS: *(uint32_t *)field = value; break;
	case TRACK_UNIT_COUNT: *(uint8_t *)field = (uint8_t)value; break;
	case TRACK_UNIT_BOOL: *(bool *)field = value != 0; break;
	}
}

uint32_t track_config_get(const struct track_config *cfg,
                          const struct track_setting *setting)
{
	const void *field = (const char *)cfg + setting->offset;

	switch (setting->unit) {
	case TRACK_UNIT_SECONDS: return *(const uint32_t *)field;
	case TRACK_UNIT_COUNT: return *(const uint8_t *)field;
	default: return *(const bool *)field;
	}
}

void track_config_init(struct track_config *cfg)
{
	const struct track_setting *setting;

	memset(cfg, 0, sizeof(*cfg));
	for (setting = track_settings; setting->name; setting++)
		setting_store(cfg, setting, setting->initial);
	/* A flow in NONE never waits; the slots hold what a new flow would get. */
	cfg->tcp_timeout[TRACK_TCP_NONE] = cfg->tcp_timeout[TRACK_TCP_SYN_SENT];
	cfg->sctp_timeout[TRACK_SCTP_NONE] = cfg->sctp_timeout[TRACK_SCTP_CLOSED];
}

const struct track_setting *track_setting_find(const char *name)
{
	const struct track_setting *setting;

	for (setting = track_settings; setting->name; setting++)
		if (strcmp(setting->name, name) == 0)
			return setting;
	return NULL;
}

int track_config_set(struct track_config *cfg, const char *name, uint32_t value)
{
	const struct track_setting *setting = track_setting_find(name);

	if (!setting)
		return -ENOENT;
	if (value < setting->minimum || value > setting->maximum)
		return -ERANGE;
	setting_store(cfg, setting, value);
	return 0;
}
