/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "track/track.h"

/* A second writing of the kernel's document, complete. */
static const struct {
	const char *name;
	uint32_t initial;
} documented[] = {
	{ "checksum", 1 },
	{ "generic_timeout", 600 },
	{ "gre_timeout", 30 },
	{ "gre_timeout_stream", 180 },
	{ "icmp_timeout", 30 },
	{ "icmpv6_timeout", 30 },
	{ "sctp_timeout_closed", 10 },
	{ "sctp_timeout_cookie_echoed", 3 },
	{ "sctp_timeout_cookie_wait", 3 },
	{ "sctp_timeout_established", 210 },
	{ "sctp_timeout_heartbeat_sent", 30 },
	{ "sctp_timeout_shutdown_ack_sent", 3 },
	{ "sctp_timeout_shutdown_recd", 3 },
	{ "sctp_timeout_shutdown_sent", 3 },
	{ "tcp_be_liberal", 0 },
	{ "tcp_ignore_invalid_rst", 0 },
	{ "tcp_loose", 1 },
	{ "tcp_max_retrans", 3 },
	{ "tcp_timeout_close", 10 },
	{ "tcp_timeout_close_wait", 60 },
	{ "tcp_timeout_established", 432000 },
	{ "tcp_timeout_fin_wait", 120 },
	{ "tcp_timeout_last_ack", 30 },
	{ "tcp_timeout_max_retrans", 300 },
	{ "tcp_timeout_syn_recv", 60 },
	{ "tcp_timeout_syn_sent", 120 },
	{ "tcp_timeout_syn_sent2", 120 },
	{ "tcp_timeout_time_wait", 120 },
	{ "tcp_timeout_unacknowledged", 300 },
	{ "udp_timeout", 30 },
	{ "udp_timeout_stream", 120 },
};

Test(config, has_the_kernels_names_and_defaults)
{
	const struct track_setting *setting;
	struct track_config cfg;
	size_t i;

	track_config_init(&cfg);
	for (i = 0; i < BASE_ARRAY_LENGTH(documented); i++) {
		setting = track_setting_find(documented[i].name);
		cr_assert_not_null(setting, "%s", documented[i].name);
		cr_assert_eq(setting->initial, documented[i].initial, "%s",
		             setting->name);
		cr_assert_eq(track_config_get(&cfg, setting), documented[i].initial, "%s",
		             setting->name);
	}
	for (setting = track_settings, i = 0; setting->name; setting++, i++)
		;
	cr_assert_eq(i, BASE_ARRAY_LENGTH(documented), "no others");
}

Test(config, each_setting_sets_its_own_field)
{
	const struct track_setting *setting, *other;
	struct track_config cfg, initial;
	uint32_t value;

	track_config_init(&initial);
	for (setting = track_settings; setting->name; setting++) {
		cfg = initial;
		value = setting->initial == setting->maximum ? setting->minimum
		                                             : setting->maximum;
		cr_assert_eq(track_config_set(&cfg, setting->name, value), 0);
		for (other = track_settings; other->name; other++)
			cr_assert_eq(track_config_get(&cfg, other),
			             other == setting ? value : other->initial, "%s, %s",
			             setting->name, other->name);
	}
}

Test(config, no_timeout_of_any_state_is_zero)
{
	struct track_config cfg;
	size_t i;

	track_config_init(&cfg);
	for (i = 0; i < BASE_ARRAY_LENGTH(cfg.tcp_timeout); i++)
		cr_assert_gt(cfg.tcp_timeout[i], 0, "tcp %zu", i);
	for (i = 0; i < BASE_ARRAY_LENGTH(cfg.sctp_timeout); i++)
		cr_assert_gt(cfg.sctp_timeout[i], 0, "sctp %zu", i);
}

Test(config, refuses_and_changes_nothing)
{
	static const struct {
		const char *name;
		uint32_t value;
		int error;
	} bad[] = {
		{ "tcp_timeout", 1, -ENOENT },
		{ "", 1, -ENOENT },
		{ "TCP_LOOSE", 1, -ENOENT },
		{ "tcp_timeout_close", 0, -ERANGE },
		{ "tcp_timeout_close", 365 * 86400 + 1, -ERANGE },
		{ "tcp_max_retrans", 256, -ERANGE },
		{ "tcp_loose", 2, -ERANGE },
	};
	struct track_config cfg, initial;
	size_t i;

	track_config_init(&initial);
	cfg = initial;
	for (i = 0; i < BASE_ARRAY_LENGTH(bad); i++)
		cr_assert_eq(track_config_set(&cfg, bad[i].name, bad[i].value),
		             bad[i].error, "%s", bad[i].name);
	cr_assert_eq(memcmp(&cfg, &initial, sizeof(cfg)), 0);
}
