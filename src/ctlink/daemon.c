/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/daemon.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

/* ---- CTQ_MSG_DAEMON_NEW ------------------------------------------------------------ */

static const struct ctlink_attr warning_attrs[] = {
	CTLINK_ATTR(CTQA_DAEMON_WARNING, CTLINK_TEXT, struct ctlink_warning, text, 0),
};
static const struct ctlink_layout warning_layout = CTLINK_LAYOUT(
	"CTQA_DAEMON_WARNING", warning_attrs, .item_size = sizeof(struct ctlink_warning));

#define DAEMON(type, kind, member, bit, ...)                                       \
	CTLINK_ATTR(type, kind, struct ctlink_daemon, member, CTLINK_DAEMON_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr daemon_attrs[] = {
	DAEMON(CTQA_DAEMON_VERSION, CTLINK_TEXT, version, VERSION),
	DAEMON(CTQA_DAEMON_PROTOCOL, CTLINK_U32, protocol, PROTOCOL),
	DAEMON(CTQA_DAEMON_PID, CTLINK_U32, pid, PID),
	DAEMON(CTQA_DAEMON_STARTED, CTLINK_U64, started, STARTED),
	DAEMON(CTQA_DAEMON_UPTIME, CTLINK_U32, uptime, UPTIME),
	DAEMON(CTQA_DAEMON_WORKERS, CTLINK_U16, workers, WORKERS),
	DAEMON(CTQA_DAEMON_FLOWS, CTLINK_U32, flows, FLOWS),
	DAEMON(CTQA_DAEMON_FLOWS_MAX, CTLINK_U32, flows_max, FLOWS_MAX),
	DAEMON(CTQA_DAEMON_UNCONFIRMED, CTLINK_U32, unconfirmed, UNCONFIRMED),
	DAEMON(CTQA_DAEMON_DYING, CTLINK_U32, dying, DYING),
	DAEMON(CTQA_DAEMON_ASSURED, CTLINK_U32, assured, ASSURED),
	DAEMON(CTQA_DAEMON_GENERATION, CTLINK_U32, generation, GENERATION),
	DAEMON(CTQA_DAEMON_RULES, CTLINK_U32, rules, RULES),
	DAEMON(CTQA_DAEMON_CLIENTS, CTLINK_U32, clients, CLIENTS),
	DAEMON(CTQA_DAEMON_TABLE_MEMORY, CTLINK_U64, table_memory, TABLE_MEMORY),
	DAEMON(CTQA_DAEMON_SLAB_MEMORY, CTLINK_U64, slab_memory, SLAB_MEMORY),
	DAEMON(CTQA_DAEMON_CONFIG, CTLINK_STRING, config, CONFIG, .max = CTLINK_PATH_MAX),
	CTLINK_ATTR_LIST(CTQA_DAEMON_WARNING, struct ctlink_daemon, warnings,
	                 &warning_layout, CTLINK_WARNINGS_MAX, .flags = CTLINK_PLAIN),
	DAEMON(CTQA_DAEMON_FEATURES, CTLINK_U64, features, FEATURES),
	DAEMON(CTQA_DAEMON_CLIENTS_MAX, CTLINK_U32, clients_max, CLIENTS_MAX),
	DAEMON(CTQA_DAEMON_BUFFER_MAX, CTLINK_U32, buffer_max, BUFFER_MAX),
	DAEMON(CTQA_DAEMON_LISTS, CTLINK_U32, lists, LISTS),
	DAEMON(CTQA_DAEMON_LISTS_MAX, CTLINK_U32, lists_max, LISTS_MAX),
	DAEMON(CTQA_DAEMON_BATCHES, CTLINK_U32, batches, BATCHES),
};
static const struct ctlink_layout daemon_layout = CTLINK_LAYOUT("daemon", daemon_attrs);

struct ctlink_warning *ctlink_daemon_append(struct ctlink_daemon *daemon,
                                            const struct ctlink_memory *memory)
{
	struct ctlink_warning *warning;

	warning = ctlink_list_append(&daemon->warnings, sizeof(*warning),
	                             CTLINK_WARNINGS_MAX, memory);
	if (warning)
		ctlink_mark(warning, 0);
	return warning;
}

void ctlink_daemon_fini(struct ctlink_daemon *daemon, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&daemon_layout, daemon, memory);
	memset(daemon, 0, sizeof(*daemon));
}

int ctlink_daemon_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_daemon *daemon)
{
	return ctlink_layout_build(&daemon_layout, m, header, daemon);
}

int ctlink_daemon_parse(const struct nlmsghdr *nlh, struct ctlink_daemon *daemon,
                        const struct ctlink_memory *memory, struct ctlink_error *error)
{
	return ctlink_layout_parse(&daemon_layout, nlh, daemon, memory, error);
}

/* ---- CTQ_MSG_DAEMON_CONFIG_GET and _NEW --------------------------------------------- */

static const struct ctlink_attr config_attrs[] = {
	/* As CTQA_STATS_ZERO below: a bit without a member. */
	CTLINK_ATTR(CTQA_CONFIG_DEFAULTS, CTLINK_FLAG, struct ctlink_config, has,
	            CTLINK_CONFIG_DEFAULTS),
	CTLINK_ATTR(CTQA_CONFIG_TEXT, CTLINK_STRING, struct ctlink_config, text,
	            CTLINK_CONFIG_TEXT, .max = CTQ_CONFIG_TEXT_MAX),
};
static const struct ctlink_layout config_layout =
	CTLINK_LAYOUT("configuration", config_attrs);

void ctlink_config_fini(struct ctlink_config *config, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&config_layout, config, memory);
	memset(config, 0, sizeof(*config));
}

int ctlink_config_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_config *config)
{
	return ctlink_layout_build(&config_layout, m, header, config);
}

int ctlink_config_parse(const struct nlmsghdr *nlh, struct ctlink_config *config,
                        const struct ctlink_memory *memory, struct ctlink_error *error)
{
	return ctlink_layout_parse(&config_layout, nlh, config, memory, error);
}

/* ---- CTQ_MSG_DAEMON_STATS_GET and _NEW --------------------------------------------- */

static const struct ctlink_attr counter_attrs[] = {
	CTLINK_ATTR(CTQA_COUNTER_NAME, CTLINK_TEXT, struct ctlink_counter, name,
	            CTLINK_COUNTER_NAME, .flags = CTLINK_REQUIRED, .min = 1),
	CTLINK_ATTR(CTQA_COUNTER_VALUE, CTLINK_U64, struct ctlink_counter, value,
	            CTLINK_COUNTER_VALUE, .flags = CTLINK_REQUIRED),
};
static const struct ctlink_layout counter_layout = CTLINK_LAYOUT(
	"CTQA_STATS_COUNTER", counter_attrs, .item_size = sizeof(struct ctlink_counter));

static const struct ctlink_attr reason_attrs[] = {
	CTLINK_ATTR(CTQA_REASON_NUMBER, CTLINK_U16, struct ctlink_reason, number,
	            CTLINK_REASON_NUMBER, .flags = CTLINK_REQUIRED),
	CTLINK_ATTR(CTQA_REASON_NAME, CTLINK_TEXT, struct ctlink_reason, name,
	            CTLINK_REASON_NAME, .min = 1),
	CTLINK_ATTR(CTQA_REASON_VALUE, CTLINK_U64, struct ctlink_reason, value,
	            CTLINK_REASON_VALUE, .flags = CTLINK_REQUIRED),
};
static const struct ctlink_layout reason_layout = CTLINK_LAYOUT(
	"CTQA_STATS_REASON", reason_attrs, .item_size = sizeof(struct ctlink_reason));

static const struct ctlink_attr stats_attrs[] = {
	/* ZERO has no member; it takes has itself, which its kind never touches. */
	CTLINK_ATTR(CTQA_STATS_ZERO, CTLINK_FLAG, struct ctlink_stats, has,
	            CTLINK_STATS_ZERO),
	CTLINK_ATTR(CTQA_STATS_PACKETS, CTLINK_U64, struct ctlink_stats, packets,
	            CTLINK_STATS_PACKETS),
	CTLINK_ATTR(CTQA_STATS_BYTES, CTLINK_U64, struct ctlink_stats, bytes,
	            CTLINK_STATS_BYTES),
	CTLINK_ATTR_LIST(CTQA_STATS_COUNTER, struct ctlink_stats, counters,
	                 &counter_layout, CTLINK_COUNTERS_MAX),
	CTLINK_ATTR_LIST(CTQA_STATS_REASON, struct ctlink_stats, reasons, &reason_layout,
	                 CTLINK_COUNTERS_MAX),
	CTLINK_ATTR(CTQA_STATS_INTERVAL, CTLINK_U64, struct ctlink_stats, interval,
	            CTLINK_STATS_INTERVAL),
};
static const struct ctlink_layout stats_layout = CTLINK_LAYOUT("statistics", stats_attrs);

struct ctlink_counter *ctlink_stats_append_counter(struct ctlink_stats *stats,
                                                   const struct ctlink_memory *memory)
{
	return ctlink_list_append(&stats->counters, sizeof(struct ctlink_counter),
	                          CTLINK_COUNTERS_MAX, memory);
}

struct ctlink_reason *ctlink_stats_append_reason(struct ctlink_stats *stats,
                                                 const struct ctlink_memory *memory)
{
	return ctlink_list_append(&stats->reasons, sizeof(struct ctlink_reason),
	                          CTLINK_COUNTERS_MAX, memory);
}

void ctlink_stats_fini(struct ctlink_stats *stats, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&stats_layout, stats, memory);
	memset(stats, 0, sizeof(*stats));
}

int ctlink_stats_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_stats *stats)
{
	return ctlink_layout_build(&stats_layout, m, header, stats);
}

int ctlink_stats_parse(const struct nlmsghdr *nlh, struct ctlink_stats *stats,
                       const struct ctlink_memory *memory, struct ctlink_error *error)
{
	return ctlink_layout_parse(&stats_layout, nlh, stats, memory, error);
}

/* ---- CTQ_MSG_DAEMON_SUBSCRIBE ------------------------------------------------------ */

static bool group_known(uint32_t group)
{
	switch (group) {
	case CTQ_GROUP_FLOW_NEW:
	case CTQ_GROUP_FLOW_UPDATE:
	case CTQ_GROUP_FLOW_DESTROY:
	case CTQ_GROUP_EXPECT_NEW:
	case CTQ_GROUP_EXPECT_UPDATE:
	case CTQ_GROUP_EXPECT_DESTROY:
	case CTQ_GROUP_RULES:
	case CTQ_GROUP_DROP:
	case CTQ_GROUP_ASK:
	case CTQ_GROUP_TRACE:
	case CTQ_GROUP_SETS: return true;
	default: return false;
	}
}

static int group_parse(struct ctlink_parser *p, const struct ctlink_attr *attr,
                       const struct nlattr *nla, void *value)
{
	struct ctlink_groups *groups = value;
	uint32_t group;

	if (mnl_attr_get_payload_len(nla) != sizeof(group)) {
		ctlink_parser_fail(p, -EINVAL, nla, "%s has %u bytes", attr->name,
		                   mnl_attr_get_payload_len(nla));
		ctlink_error_hint(p->error, "it has 4");
		return -EINVAL;
	}
	group = be32toh(mnl_attr_get_u32(nla));
	if (!group_known(group))
		return ctlink_parser_fail(p, -EOPNOTSUPP, nla, "group %u is not known",
		                          group);
	ctlink_mark(groups, group);
	return 0;
}

static void group_build(struct ctlink_message *m, const struct ctlink_attr *attr,
                        const void *value)
{
	const struct ctlink_groups *groups = value;
	uint32_t group;

	for (group = 0; group < CTQ_GROUP_LIMIT; group++) {
		if (ctlink_has(groups, group))
			ctlink_message_put_u32(m, attr->type, group);
	}
}

static const struct ctlink_codec group_codec = { group_build, group_parse };
static const struct ctlink_attr group_attrs[] = {
	{ .type = CTQA_GROUP_NUMBER,
	  .name = "CTQA_GROUP_NUMBER",
	  .kind = CTLINK_CUSTOM,
	  .flags = CTLINK_REPEATED,
	  .bit = CTLINK_NO_BIT,
	  .codec = &group_codec },
};
static const struct ctlink_layout group_layout = CTLINK_LAYOUT("groups", group_attrs);

int ctlink_groups_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_groups *groups)
{
	ctlink_message_begin(m, header);
	group_build(m, &group_attrs[0], groups);
	return ctlink_message_end(m);
}

int ctlink_groups_parse(const struct nlmsghdr *nlh, struct ctlink_groups *groups,
                        struct ctlink_error *error)
{
	memset(groups, 0, sizeof(*groups));
	return ctlink_layout_parse(&group_layout, nlh, groups, NULL, error);
}

#define WATCH(type, kind, member, bit, ...)                                      \
	CTLINK_ATTR(type, kind, struct ctlink_watch, member, CTLINK_WATCH_##bit, \
	            __VA_ARGS__)

static const struct ctlink_attr watch_attrs[] = {
	WATCH(CTQA_GROUP_BYTES, CTLINK_U32, bytes, BYTES),
	WATCH(CTQA_GROUP_RATE, CTLINK_U32, rate, RATE),
	WATCH(CTA_CTQ_FILTER, CTLINK_STRUCT, filter, FILTER,
	      .nested = &ctlink_expression_layout),
};
static const struct ctlink_layout watch_layout = CTLINK_LAYOUT("groups", watch_attrs);

int ctlink_watch_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_groups *groups,
                       const struct ctlink_watch *watch)
{
	ctlink_message_begin(m, header);
	group_build(m, &group_attrs[0], groups);
	ctlink_layout_put(&watch_layout, m, watch);
	return ctlink_message_end(m);
}

int ctlink_watch_parse(const struct nlmsghdr *nlh, struct ctlink_watch *watch,
                       const struct ctlink_memory *memory, struct ctlink_error *error)
{
	memset(watch, 0, sizeof(*watch));
	return ctlink_layout_parse(&watch_layout, nlh, watch, memory, error);
}

void ctlink_watch_fini(struct ctlink_watch *watch, const struct ctlink_memory *memory)
{
	ctlink_layout_fini(&watch_layout, watch, memory);
}

/* ---- CTQ_MSG_DAEMON_SOCKET --------------------------------------------------------- */

static int socket_check(struct ctlink_parser *p, const struct nlattr *nest, void *value)
{
	const struct ctlink_socket *socket = value;

	if (!ctlink_has(socket, CTLINK_SOCKET_DATAGRAM) ||
	    (socket->datagram >= CTQ_DATAGRAM_MIN &&
	     socket->datagram <= CTQ_DATAGRAM_MAX))
		return 0;
	ctlink_parser_fail(p, -ERANGE,
	                   ctlink_parser_find(p, NULL, CTQA_SOCKET_DATAGRAM, 0),
	                   "datagrams of %u bytes", socket->datagram);
	ctlink_error_hint(p->error, "from %u to %u", CTQ_DATAGRAM_MIN, CTQ_DATAGRAM_MAX);
	return -ERANGE;
}

static const struct ctlink_attr socket_attrs[] = {
	CTLINK_ATTR(CTQA_SOCKET_DATAGRAM, CTLINK_U32, struct ctlink_socket, datagram,
	            CTLINK_SOCKET_DATAGRAM),
	{ .type = CTQA_SOCKET_SINGLE,
	  .name = "CTQA_SOCKET_SINGLE",
	  .kind = CTLINK_FLAG,
	  .bit = CTLINK_SOCKET_SINGLE },
	CTLINK_ATTR(CTQA_SOCKET_PORT, CTLINK_U32, struct ctlink_socket, port,
	            CTLINK_SOCKET_PORT),
};
static const struct ctlink_layout socket_layout =
	CTLINK_LAYOUT("socket", socket_attrs, .check = socket_check);

int ctlink_socket_build(struct ctlink_message *m, const struct ctlink_header *header,
                        const struct ctlink_socket *socket)
{
	return ctlink_layout_build(&socket_layout, m, header, socket);
}

int ctlink_socket_parse(const struct nlmsghdr *nlh, struct ctlink_socket *socket,
                        struct ctlink_error *error)
{
	memset(socket, 0, sizeof(*socket));
	return ctlink_layout_parse(&socket_layout, nlh, socket, NULL, error);
}

/* ---- CTQ_MSG_DAEMON_OVERRUN and CTQ_MSG_DAEMON_COUNT ------------------------------- */

static const struct ctlink_attr overrun_attrs[] = {
	CTLINK_ATTR(CTQA_OVERRUN_LOST, CTLINK_U64, struct ctlink_overrun, lost,
	            CTLINK_OVERRUN_LOST),
};
static const struct ctlink_layout overrun_layout =
	CTLINK_LAYOUT("overrun", overrun_attrs);

int ctlink_overrun_build(struct ctlink_message *m, const struct ctlink_header *header,
                         const struct ctlink_overrun *overrun)
{
	return ctlink_layout_build(&overrun_layout, m, header, overrun);
}

int ctlink_overrun_parse(const struct nlmsghdr *nlh, struct ctlink_overrun *overrun,
                         struct ctlink_error *error)
{
	memset(overrun, 0, sizeof(*overrun));
	return ctlink_layout_parse(&overrun_layout, nlh, overrun, NULL, error);
}

static const struct ctlink_attr count_attrs[] = {
	CTLINK_ATTR(CTQA_COUNT_FLOWS, CTLINK_U32, struct ctlink_count, flows,
	            CTLINK_COUNT_FLOWS),
	CTLINK_ATTR(CTQA_COUNT_TOTAL, CTLINK_U32, struct ctlink_count, total,
	            CTLINK_COUNT_TOTAL),
};
static const struct ctlink_layout count_layout = CTLINK_LAYOUT("count", count_attrs);

int ctlink_count_build(struct ctlink_message *m, const struct ctlink_header *header,
                       const struct ctlink_count *count)
{
	return ctlink_layout_build(&count_layout, m, header, count);
}

int ctlink_count_parse(const struct nlmsghdr *nlh, struct ctlink_count *count,
                       struct ctlink_error *error)
{
	memset(count, 0, sizeof(*count));
	return ctlink_layout_parse(&count_layout, nlh, count, NULL, error);
}
