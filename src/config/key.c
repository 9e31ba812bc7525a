/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/key.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/reasons.h"
#include "config/value.h"

/* ---- forms: numbers ----------------------------------------------------------- */

static int store_in_range(const struct key *key, uint32_t value, void *field)
{
	if (value < key->min || value > key->max)
		return -ERANGE;
	*(uint32_t *)field = value;
	return 0;
}

static int number_parse(const struct key *key, const char *text, void *field)
{
	uint32_t value;
	int r = value_number_parse(text, &value);

	return r < 0 ? r : store_in_range(key, value, field);
}

static void number_format(const struct key *key, const void *field,
                          char text[CONFIG_PATH_MAX])
{
	snprintf(text, CONFIG_PATH_MAX, "%u", *(const uint32_t *)field);
}

static int time_parse(const struct key *key, const char *text, void *field)
{
	uint32_t value;
	int r = value_time_parse(text, &value);

	return r < 0 ? r : store_in_range(key, value, field);
}

static void time_format(const struct key *key, const void *field,
                        char text[CONFIG_PATH_MAX])
{
	value_time_format(*(const uint32_t *)field, text);
}

static int size_parse(const struct key *key, const char *text, void *field)
{
	uint32_t value;
	int r = value_size_parse(text, &value);

	return r < 0 ? r : store_in_range(key, value, field);
}

static void size_format(const struct key *key, const void *field,
                        char text[CONFIG_PATH_MAX])
{
	value_size_format(*(const uint32_t *)field, text);
}

/* 0 is said "none". */
static int limit_parse(const struct key *key, const char *text, void *field)
{
	if (strcmp(text, "none") != 0)
		return number_parse(key, text, field);
	*(uint32_t *)field = 0;
	return 0;
}

static void limit_format(const struct key *key, const void *field,
                         char text[CONFIG_PATH_MAX])
{
	if (*(const uint32_t *)field)
		number_format(key, field, text);
	else
		strcpy(text, "none");
}

static const struct key_form key_form_limit = { "a number, or none", limit_parse,
	                                        limit_format, true };
static const struct key_form key_form_number = { "a number", number_parse, number_format,
	                                         true };
static const struct key_form key_form_time = { "a time (30s, 5m, 2h, 5d)", time_parse,
	                                       time_format, true };
static const struct key_form key_form_size = { "a size (4096, 64K, 16M)", size_parse,
	                                       size_format, true };

/* ---- forms: words -------------------------------------------------------------- */

static int choice_parse(const struct key *key, const char *text, void *field)
{
	uint32_t i;

	for (i = key->min; i <= key->max; i++) {
		if (key->words[i] && strcmp(key->words[i], text) == 0) {
			*(uint32_t *)field = i;
			return 0;
		}
	}
	return -EINVAL;
}

static void choice_format(const struct key *key, const void *field,
                          char text[CONFIG_PATH_MAX])
{
	snprintf(text, CONFIG_PATH_MAX, "%s", key->words[*(const uint32_t *)field]);
}

static int switch_parse(const struct key *key, const char *text, void *field)
{
	bool yes = strcmp(text, "yes") == 0;

	if (!yes && strcmp(text, "no") != 0)
		return -EINVAL;
	*(bool *)field = yes;
	return 0;
}

static void switch_format(const struct key *key, const void *field,
                          char text[CONFIG_PATH_MAX])
{
	strcpy(text, *(const bool *)field ? "yes" : "no");
}

static int text_parse(const struct key *key, const char *text, void *field)
{
	if (text[0] == '\0')
		return -EINVAL;
	if (strlen(text) >= key->max)
		return -ERANGE;
	strcpy(field, text);
	return 0;
}

static void text_format(const struct key *key, const void *field,
                        char text[CONFIG_PATH_MAX])
{
	snprintf(text, CONFIG_PATH_MAX, "%s", (const char *)field);
}

static const struct key_form key_form_choice = { "one of the values", choice_parse,
	                                         choice_format };
static const struct key_form key_form_switch = { "yes or no", switch_parse,
	                                         switch_format };
static const struct key_form key_form_name = { "a name", text_parse, text_format };
static const struct key_form key_form_path = { "a path", text_parse, text_format,
	                                       .path = true };

/* ---- forms: marks ---------------------------------------------------------------- */

/* Adding the lowest bit to one run of ones carries out of it and leaves no other bit. */
static bool is_one_run(uint32_t mask)
{
	return (((uint64_t)mask + (mask & -mask)) & mask) == 0;
}

static int mask_parse(const struct key *key, const char *text, void *field)
{
	uint32_t mask;
	int r;

	if (strcmp(text, "none") == 0) {
		*(uint32_t *)field = 0;
		return 0;
	}
	r = value_number_parse(text, &mask);
	if (r < 0)
		return r;
	if (mask == 0 || !is_one_run(mask))
		return -EINVAL;
	*(uint32_t *)field = mask;
	return 0;
}

static void mask_format(const struct key *key, const void *field,
                        char text[CONFIG_PATH_MAX])
{
	uint32_t mask = *(const uint32_t *)field;

	if (mask)
		snprintf(text, CONFIG_PATH_MAX, "0x%08x", mask);
	else
		strcpy(text, "none");
}

/* VALUE/MASK, as iptables and nft users write it. */
static int mark_parse(const struct key *key, const char *text, void *field)
{
	struct config_mark mark = { 0, 0 };
	const char *slash = strchr(text, '/');
	char value[VALUE_TEXT_MAX];
	int r;

	if (strcmp(text, "none") == 0) {
		*(struct config_mark *)field = mark;
		return 0;
	}
	if (!slash || (size_t)(slash - text) >= sizeof(value))
		return -EINVAL;
	memcpy(value, text, (size_t)(slash - text));
	value[slash - text] = '\0';
	r = value_number_parse(value, &mark.value);
	if (r == 0)
		r = value_number_parse(slash + 1, &mark.mask);
	if (r < 0)
		return r;
	if (mark.mask == 0 || (mark.value & ~mark.mask))
		return -EINVAL;
	*(struct config_mark *)field = mark;
	return 0;
}

static void mark_format(const struct key *key, const void *field,
                        char text[CONFIG_PATH_MAX])
{
	const struct config_mark *mark = field;

	if (mark->mask)
		snprintf(text, CONFIG_PATH_MAX, "0x%x/0x%x", mark->value, mark->mask);
	else
		strcpy(text, "none");
}

/* "60%-95%" */
static int adaptive_parse(const struct key *key, const char *text, void *field)
{
	struct config_adaptive a = { 0, 0 };
	char rest;

	if (strcmp(text, "none") != 0) {
		if (sscanf(text, "%3u%%-%3u%%%c", &a.start, &a.end, &rest) != 2 ||
		    text[strlen(text) - 1] != '%')
			return -EINVAL;
		if (a.start >= a.end || a.end > 100)
			return -EINVAL;
	}
	*(struct config_adaptive *)field = a;
	return 0;
}

static void adaptive_format(const struct key *key, const void *field,
                            char text[CONFIG_PATH_MAX])
{
	const struct config_adaptive *a = field;

	if (a->end)
		snprintf(text, CONFIG_PATH_MAX, "%u%%-%u%%", a->start, a->end);
	else
		strcpy(text, "none");
}

static const struct key_form key_form_adaptive = {
	"START%-END% (60%-95%) with START below END and END at most 100, or none",
	adaptive_parse, adaptive_format
};
static const struct key_form key_form_mask = {
	"a mask of one run of bits (0x0fff0000), or none", mask_parse, mask_format
};
static const struct key_form key_form_mark = {
	"VALUE/MASK (0x10/0xf0) with a value inside the "
	"mask, or none",
	mark_parse, mark_format
};

/* ---- forms: queues ------------------------------------------------------------- */

static int copy_parse(const struct key *key, const char *text, void *field)
{
	if (strcmp(text, "headers") == 0)
		*(uint32_t *)field = QUEUE_COPY_RANGE_DEFAULT;
	else if (strcmp(text, "packet") == 0)
		*(uint32_t *)field = QUEUE_COPY_RANGE_MAX;
	else
		return size_parse(key, text, field);
	return 0;
}

static void copy_format(const struct key *key, const void *field,
                        char text[CONFIG_PATH_MAX])
{
	uint32_t copy = *(const uint32_t *)field;

	if (copy == QUEUE_COPY_RANGE_DEFAULT)
		strcpy(text, "headers");
	else if (copy == QUEUE_COPY_RANGE_MAX)
		strcpy(text, "packet");
	else
		size_format(key, field, text);
}

/* "2-5,8" into cpus[]. */
static int cpus_parse(const struct key *key, const char *text, void *field)
{
	struct key_queues *s = base_container_of(field, struct key_queues, cpus);
	uint32_t first, last, n = 0;
	int32_t cpus[CONFIG_WORKERS_MAX];
	int r;

	do {
		r = value_range_parse(&text, CONFIG_CPU_MAX, &first, &last);
		if (r < 0)
			return r;
		for (; first <= last; first++) {
			if (n == CONFIG_WORKERS_MAX)
				return -ERANGE;
			cpus[n++] = (int32_t)first;
		}
	} while (*text);
	memcpy(s->cpus, cpus, n * sizeof(cpus[0]));
	s->cpus_length = n;
	return 0;
}

/* Runs of following numbers as ranges. */
static void cpus_format(const struct key *key, const void *field,
                        char text[CONFIG_PATH_MAX])
{
	const int32_t *cpus = field;
	const struct key_queues *s =
		(const void *)((const char *)field - offsetof(struct key_queues, cpus));
	size_t used = 0;
	uint32_t i, j;

	text[0] = '\0';
	for (i = 0; i < s->cpus_length && used < CONFIG_PATH_MAX; i = j) {
		for (j = i + 1; j < s->cpus_length && cpus[j] == cpus[j - 1] + 1; j++)
			;
		used += (size_t)snprintf(text + used, CONFIG_PATH_MAX - used, "%s%d",
		                         i ? "," : "", cpus[i]);
		if (j > i + 1 && used < CONFIG_PATH_MAX)
			used += (size_t)snprintf(text + used, CONFIG_PATH_MAX - used,
			                         "-%d", cpus[j - 1]);
	}
}

static const struct key_form key_form_copy = { "headers, packet, or a size", copy_parse,
	                                       copy_format, true };
static const struct key_form key_form_cpus = { "a list of CPUs (2-5, or 0,2,4)",
	                                       cpus_parse, cpus_format };

/* ---- forms: networks ------------------------------------------------------------- */

/* The bits of a prefix: up to three digits. */
static int bits_parse(const char *text, size_t size, unsigned int most, uint8_t *out)
{
	unsigned int bits = 0;
	size_t i;

	if (size == 0 || size > 3)
		return -EINVAL;
	for (i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		bits = 10 * bits + (unsigned int)(text[i] - '0');
	}
	if (bits > most)
		return -EINVAL;
	*out = (uint8_t)bits;
	return 0;
}

/* "192.0.2.1", "2001:db8::/32". */
static int network_parse(const char *text, size_t size, struct config_network *out)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = memchr(text, '/', size);
	size_t length = slash ? (size_t)(slash - text) : size;
	unsigned int i;

	memset(out, 0, sizeof(*out));
	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	out->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(out->family, address, out->address) != 1)
		return -EINVAL;
	out->bits = out->family == AF_INET ? 32 : 128;
	if (slash && bits_parse(slash + 1, size - length - 1, out->bits, &out->bits) < 0)
		return -EINVAL;
	for (i = out->bits; i < 128; i++)
		out->address[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return 0;
}

static int networks_parse(const struct key *key, const char *text, void *field)
{
	struct config_networks networks = { .length = 0 };
	size_t size;

	if (strcmp(text, "none") == 0) {
		*(struct config_networks *)field = networks;
		return 0;
	}
	for (;; text += size + 1) {
		size = strcspn(text, ",");
		if (networks.length == CONFIG_NETWORKS_MAX ||
		    network_parse(text, size, &networks.network[networks.length++]) < 0)
			return -EINVAL;
		if (!text[size])
			break;
	}
	*(struct config_networks *)field = networks;
	return 0;
}

static void networks_format(const struct key *key, const void *field,
                            char text[CONFIG_PATH_MAX])
{
	const struct config_networks *networks = field;
	const struct config_network *n;
	char address[INET6_ADDRSTRLEN];
	size_t used = 0;
	uint32_t i;

	strcpy(text, "none");
	for (i = 0; i < networks->length; i++) {
		n = &networks->network[i];
		inet_ntop(n->family, n->address, address, sizeof(address));
		used += (size_t)snprintf(text + used, CONFIG_PATH_MAX - used, "%s%s/%u",
		                         i ? "," : "", address, n->bits);
	}
}

static const struct key_form key_form_networks = {
	"a list of up to 64 networks (192.0.2.10,2001:db8::/32), or none", networks_parse,
	networks_format, false, false
};

/* ---- forms: reasons ------------------------------------------------------------- */

static int key_reasons_parse(const struct key *key, const char *text, void *field)
{
	return reasons_parse(text, field);
}

static void key_reasons_format(const struct key *key, const void *field,
                               char text[CONFIG_PATH_MAX])
{
	reasons_format(*(const uint64_t *)field, text, CONFIG_PATH_MAX);
}

static const struct key_form key_form_reasons = {
	"a list of reasons to drop (drop.policy,drop.table-full), all or none",
	key_reasons_parse, key_reasons_format, false, false
};

/* ---- forms: ports -------------------------------------------------------------- */

/* "21,2121", or none. */
static int ports_parse(const struct key *key, const char *text, void *field)
{
	struct config_ports ports = { .length = 0 };
	uint32_t first, last;
	int r;

	if (strcmp(text, "none") == 0) {
		*(struct config_ports *)field = ports;
		return 0;
	}
	do {
		r = value_range_parse(&text, UINT16_MAX, &first, &last);
		if (r < 0)
			return r;
		for (; first <= last; first++) {
			if (first == 0 || ports.length == HELPER_PORTS_MAX)
				return -EINVAL;
			ports.port[ports.length++] = (uint16_t)first;
		}
	} while (*text);
	*(struct config_ports *)field = ports;
	return 0;
}

static void ports_format(const struct key *key, const void *field,
                         char text[CONFIG_PATH_MAX])
{
	const struct config_ports *ports = field;
	size_t used = 0;
	uint32_t i;

	strcpy(text, "none");
	for (i = 0; i < ports->length; i++)
		used += (size_t)snprintf(text + used, CONFIG_PATH_MAX - used, "%s%u",
		                         i ? "," : "", ports->port[i]);
}

static const struct key_form key_form_ports = {
	"one to eight ports (21, or 21,2121), or none", ports_parse, ports_format
};

/* ---- tables ---------------------------------------------------------------------- */

#define CHOICE(name_, words_, first_, offset_, running_)                        \
	{                                                                       \
		.name = (name_), .form = &key_form_choice, .offset = (offset_), \
		.min = (first_), .max = BASE_ARRAY_LENGTH(words_) - 1,          \
		.words = (words_), .running = (running_)                        \
	}
#define TEXT(name_, form_, field_)                          \
	{                                                   \
		.name = (name_), .form = (form_),           \
		.offset = offsetof(struct config, field_),  \
		.max = sizeof(((struct config *)0)->field_) \
	}

static const char *const log_words[] = {
	[LOG_LEVEL_ERROR] = "error",   [LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_NOTICE] = "notice", [LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};
static const char *const on_change_words[] = {
	[CONFIG_REEVALUATE] = "reevaluate",
	[CONFIG_KEEP] = "keep",
	[CONFIG_KILL] = "kill",
};
static const char *const evict_words[] = {
	[CONFIG_EVICT_UNASSURED] = "unassured",
	[CONFIG_EVICT_CLOSING] = "closing",
};
static const char *const without_answer_words[] = {
	[CONFIG_ASK_DROP] = "drop",
	[CONFIG_ASK_ACCEPT] = "accept",
};
static const char *const hook_words[] = {
	[PACKET_HOOK_PREROUTING] = "prerouting",
	[PACKET_HOOK_INPUT] = "input",
	[PACKET_HOOK_OUTPUT] = "output",
	[PACKET_HOOK_POSTROUTING] = "postrouting",
};

static const struct key top_keys[] = {
	{ "rules", &key_form_path, offsetof(struct config, rules), .max = CONFIG_PATH_MAX,
	  .running = true },
	{ "labels", &key_form_path, offsetof(struct config, labels),
	  .max = CONFIG_PATH_MAX, .running = true },
	TEXT("rules-backend", &key_form_name, rules_backend), /* load_check() */
	CHOICE("on-policy-change", on_change_words, 0,
	       offsetof(struct config, on_policy_change), false),
};
const struct key_table keys_top = { NULL, top_keys, BASE_ARRAY_LENGTH(top_keys) };

static const struct key daemon_keys[] = {
	TEXT("socket", &key_form_path, daemon.socket),
	TEXT("group", &key_form_name, daemon.group),
	TEXT("admin-group", &key_form_name, daemon.admin_group),
	TEXT("user", &key_form_name, daemon.user),
	CHOICE("log", log_words, LOG_LEVEL_ERROR, offsetof(struct config, daemon.log),
	       true),
	{ "log-drops", &key_form_reasons, offsetof(struct config, daemon.log_drops),
	  .running = true },
	/* Lines of some 150 bytes: at most 150 KB a second. */
	{ "log-drops-rate", &key_form_number,
	  offsetof(struct config, daemon.log_drops_rate), 1, 1000, .running = true },
	/* A client is a descriptor and some KiB; the limit of control.h. */
	{ "clients", &key_form_number, offsetof(struct config, daemon.clients), 1, 1024 },
	/* Two of the largest datagrams, so that one can be waited for
	 * while one is made. */
	{ "client-buffer", &key_form_size, offsetof(struct config, daemon.client_buffer),
	  256 << 10, 1 << 30 },
	/* As many as clients: each has one at most. */
	{ "lists", &key_form_number, offsetof(struct config, daemon.lists), 1, 1024 },
	{ "watchdog", &key_form_switch, offsetof(struct config, daemon.watchdog) },
};
const struct key_table keys_daemon = { "daemon", daemon_keys,
	                               BASE_ARRAY_LENGTH(daemon_keys) };

static const struct key table_keys[] = {
	/* 2^26: FLOW_MAX_LIMIT of flow/table.h. */
	{ "max", &key_form_number, offsetof(struct config, table.max), 1, 1u << 26 },
	{ "per-source", &key_form_limit, offsetof(struct config, table.per_source), 1,
	  1u << 26 },
	{ "reserve", &key_form_limit, offsetof(struct config, table.reserve), 1,
	  1u << 26 },
	{ "reserved", &key_form_networks, offsetof(struct config, table.reserved) },
	CHOICE("evict", evict_words, 0, offsetof(struct config, table.evict), false),
	{ "unconfirmed", &key_form_time, offsetof(struct config, table.unconfirmed_s), 1,
	  3600 },
	{ "fragments", &key_form_number, offsetof(struct config, table.fragments), 8,
	  1 << 24 },
	{ "events", &key_form_number, offsetof(struct config, table.events), 16,
	  1 << 20 },
	{ "adaptive", &key_form_adaptive, offsetof(struct config, table.adaptive),
	  .running = true },
};
const struct key_table keys_table = { "table", table_keys,
	                              BASE_ARRAY_LENGTH(table_keys) };

static const struct key mark_keys[] = {
	{ "cookie", &key_form_mask, offsetof(struct config, mark.cookie_mask) },
	{ "seen", &key_form_mark, offsetof(struct config, mark.seen) },
	{ "reject", &key_form_mark, offsetof(struct config, mark.reject) },
	{ "offload", &key_form_mark, offsetof(struct config, mark.offload) },
	{ "zone", &key_form_mask, offsetof(struct config, mark.zone_mask) },
};
const struct key_table keys_mark = { "mark", mark_keys, BASE_ARRAY_LENGTH(mark_keys) };

static const struct key modules_keys[] = {
	TEXT("directory", &key_form_path, modules.directory),
	TEXT("load", &key_form_name, modules.load),
};
const struct key_table keys_modules = { "modules", modules_keys,
	                                BASE_ARRAY_LENGTH(modules_keys) };

static const struct key helpers_keys[] = {
	{ "ftp", &key_form_ports, offsetof(struct config, helpers.ftp) },
	{ "ftp-loose", &key_form_switch, offsetof(struct config, helpers.ftp_loose) },
	{ "sip", &key_form_ports, offsetof(struct config, helpers.sip) },
	{ "sip-loose", &key_form_switch, offsetof(struct config, helpers.sip_loose) },
	{ "tftp", &key_form_ports, offsetof(struct config, helpers.tftp) },
	/* 2^18: FLOW_EXPECTS_LIMIT of flow/expect.h. */
	{ "expectations", &key_form_number, offsetof(struct config, helpers.expectations),
	  1, 1u << 18 },
};
const struct key_table keys_helpers = { "helpers", helpers_keys,
	                                BASE_ARRAY_LENGTH(helpers_keys) };

static const struct key ask_keys[] = {
	{ "timeout", &key_form_time, offsetof(struct config, ask.timeout_s), 1, 3600 },
	CHOICE("default", without_answer_words, 0,
	       offsetof(struct config, ask.without_answer), false),
	/* 4096: PATH_ASK_LIMIT_MAX of path/path.h. */
	{ "limit", &key_form_number, offsetof(struct config, ask.limit), 1, 4096 },
	{ "flow-limit", &key_form_number, offsetof(struct config, ask.flow_limit), 1,
	  4096 },
};
const struct key_table keys_ask = { "ask", ask_keys, BASE_ARRAY_LENGTH(ask_keys) };

#define QUEUE(field) offsetof(struct key_queues, first.field)

static const struct key queue_keys[] = {
	CHOICE("hook", hook_words, 0, QUEUE(hook), false),
	/* Below 48 bytes not even an IPv6 and a UDP header fit. */
	{ "copy", &key_form_copy, QUEUE(copy), 48, QUEUE_COPY_RANGE_MAX },
	{ "length", &key_form_number, QUEUE(length), 1, 1 << 20 },
	{ "rcvbuf", &key_form_size, QUEUE(rcvbuf), 64 << 10, 1 << 30 },
	{ "gso", &key_form_switch, QUEUE(gso) },
	{ "fail-open", &key_form_switch, QUEUE(fail_open) },
	{ "cpu", &key_form_cpus, offsetof(struct key_queues, cpus), 0, CONFIG_CPU_MAX },
	{ "zone", &key_form_number, QUEUE(zone), 0, UINT16_MAX },
};
const struct key_table keys_queues = { "queues", queue_keys,
	                               BASE_ARRAY_LENGTH(queue_keys) };

/* ---- functions -------------------------------------------------------------------- */

void key_queues_init(struct key_queues *s)
{
	memset(s, 0, sizeof(*s));
	s->length = 1;
	s->first = (struct config_queue){
		.copy = QUEUE_COPY_RANGE_DEFAULT,
		.length = QUEUE_MAXLEN_DEFAULT,
		.rcvbuf = 64u << 20,
		.hook = KEY_HOOK_UNSET,
		.gso = true,
		.cpu = CONFIG_CPU_NONE,
	};
}

const struct key *key_find(const struct key_table *table, const char *name)
{
	size_t i;

	for (i = 0; i < table->length; i++)
		if (strcmp(table->keys[i].name, name) == 0)
			return &table->keys[i];
	return NULL;
}

void key_format(const struct key *key, const void *base, char text[CONFIG_PATH_MAX])
{
	key->form->format(key, (const char *)base + key->offset, text);
}

const char *config_hook_name(uint32_t hook)
{
	return hook < BASE_ARRAY_LENGTH(hook_words) && hook_words[hook] ? hook_words[hook]
	                                                                : "?";
}
