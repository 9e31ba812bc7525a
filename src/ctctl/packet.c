/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/packet.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

/* ---- text ------------------------------------------------------------------------------- */

static void BASE_PRINTF(2, 3) append(char buf[PACKET_TEXT_MAX], const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + used, PACKET_TEXT_MAX - used, fmt, ap);
	va_end(ap);
}

static unsigned int number(const struct ctq_record *packet, uint16_t type)
{
	return (unsigned int)ctq_record_number(packet, type);
}

/* An address as text; "?" when it is absent. */
static const char *address_text(const struct ctq_record *packet, uint16_t type,
                                char buf[INET6_ADDRSTRLEN])
{
	size_t size = 0;
	const void *address = ctq_record_bytes(packet, type, &size);

	if (!address || (size != 4 && size != 16))
		return "?";
	return inet_ntop(size == 4 ? AF_INET : AF_INET6, address, buf, INET6_ADDRSTRLEN);
}

static void append_endpoint(const struct ctq_record *packet, uint16_t address,
                            uint16_t port, char buf[PACKET_TEXT_MAX])
{
	char text[INET6_ADDRSTRLEN];
	const char *host = address_text(packet, address, text);

	if (!ctq_record_has(packet, port))
		append(buf, "%s", host);
	else if (strchr(host, ':'))
		append(buf, "[%s]:%u", host, number(packet, port));
	else
		append(buf, "%s:%u", host, number(packet, port));
}

static void append_protocol(const struct ctq_record *packet, char buf[PACKET_TEXT_MAX])
{
	const char *name = ctq_protocol_name(number(packet, CTQA_PACKET_PROTO));

	if (!ctq_record_has(packet, CTQA_PACKET_PROTO))
		append(buf, "? ");
	else if (name)
		append(buf, "%s ", name);
	else
		append(buf, "%u ", number(packet, CTQA_PACKET_PROTO));
}

static void append_name(const struct ctq_record *packet, const char *word, uint16_t type,
                        char buf[PACKET_TEXT_MAX])
{
	const char *name = ctq_record_string(packet, type);

	if (name)
		append(buf, " %s %s", word, name);
}

char *packet_text(const struct ctq_record *packet, char buf[PACKET_TEXT_MAX])
{
	buf[0] = '\0';
	append_protocol(packet, buf);
	append_endpoint(packet, CTQA_PACKET_SRC, CTQA_PACKET_SPORT, buf);
	append(buf, " > ");
	append_endpoint(packet, CTQA_PACKET_DST, CTQA_PACKET_DPORT, buf);
	if (ctq_record_has(packet, CTQA_PACKET_ICMP_TYPE))
		append(buf, " type %u code %u", number(packet, CTQA_PACKET_ICMP_TYPE),
		       number(packet, CTQA_PACKET_ICMP_CODE));
	append_name(packet, "in", CTQA_PACKET_IN, buf);
	append_name(packet, "out", CTQA_PACKET_OUT, buf);
	return buf;
}

char *packet_outcome(const struct ctq_record *packet, char buf[PACKET_TEXT_MAX])
{
	uint16_t invalid = (uint16_t)number(packet, CTQA_PACKET_INVALID);
	const char *name = ctq_record_string(packet, CTQA_PACKET_RULE_NAME);

	buf[0] = '\0';
	append(buf, "%s", ctq_reason_name(number(packet, CTQA_PACKET_REASON)) ?: "?");
	if (invalid)
		append(buf, ", %s", ctq_reason_name(invalid) ?: "?");
	if (!ctq_record_has(packet, CTQA_PACKET_GENERATION))
		return buf;
	if (!ctq_record_has(packet, CTQA_PACKET_RULE))
		append(buf, " (generation %u)", number(packet, CTQA_PACKET_GENERATION));
	else if (name)
		append(buf, ": %s (rule %u, generation %u)", name,
		       number(packet, CTQA_PACKET_RULE),
		       number(packet, CTQA_PACKET_GENERATION));
	else
		append(buf, ": rule %u (generation %u)", number(packet, CTQA_PACKET_RULE),
		       number(packet, CTQA_PACKET_GENERATION));
	return buf;
}

/* ---- JSON --------------------------------------------------------------------------------- */

/* A word, or the number that has none. */
static void json_word(struct json *json, const char *key, const char *word, uint64_t n)
{
	if (word)
		json_string(json, key, word);
	else
		json_number(json, key, n);
}

static const char *state_name(unsigned int state)
{
	switch (state) {
	case CTQ_CTSTATE_INVALID: return "invalid";
	case CTQ_CTSTATE_NEW: return "new";
	case CTQ_CTSTATE_ESTABLISHED: return "established";
	case CTQ_CTSTATE_RELATED: return "related";
	case CTQ_CTSTATE_UNTRACKED: return "untracked";
	default: return NULL;
	}
}

static const char *family_name(unsigned int family)
{
	return family == AF_INET ? "ipv4" : family == AF_INET6 ? "ipv6" : NULL;
}

/* Members with words instead of numbers. */
static const struct {
	const char *key;
	uint16_t type;
	const char *(*name)(unsigned int number);
} named[] = {
	{ "hook", CTQA_PACKET_HOOK, ctq_hook_name },
	{ "family", CTQA_PACKET_FAMILY, family_name },
	{ "proto", CTQA_PACKET_PROTO, ctq_protocol_name },
	{ "state", CTQA_PACKET_CTSTATE, state_name },
	{ "verdict", CTQA_PACKET_VERDICT, ctq_verdict_name },
	{ "reason", CTQA_PACKET_REASON, ctq_reason_name },
	{ "invalid", CTQA_PACKET_INVALID, ctq_reason_name },
};

static const struct {
	const char *key;
	uint16_t type;
} numbers[] = {
	{ "sport", CTQA_PACKET_SPORT },
	{ "dport", CTQA_PACKET_DPORT },
	{ "icmp_type", CTQA_PACKET_ICMP_TYPE },
	{ "icmp_code", CTQA_PACKET_ICMP_CODE },
	{ "icmp_id", CTQA_PACKET_ICMP_ID },
	{ "length", CTQA_PACKET_LENGTH },
	{ "ttl", CTQA_PACKET_TTL },
	{ "tcp_flags", CTQA_PACKET_TCP_FLAGS },
	{ "uid", CTQA_PACKET_UID },
	{ "zone", CTQA_PACKET_ZONE },
	{ "mark", CTQA_PACKET_MARK },
	{ "new_mark", CTQA_PACKET_NEW_MARK },
	{ "flow", CTQA_PACKET_FLOW },
	{ "flow_mark", CTQA_PACKET_CTMARK },
	{ "rule_id", CTQA_PACKET_RULE },
	{ "generation", CTQA_PACKET_GENERATION },
	{ "queue", CTQA_PACKET_QUEUE },
	{ "worker", CTQA_PACKET_WORKER },
	{ "time", CTQA_PACKET_TIME },
};

static const struct {
	const char *key;
	uint16_t type;
} strings[] = {
	{ "in", CTQA_PACKET_IN },
	{ "out", CTQA_PACKET_OUT },
	{ "rule", CTQA_PACKET_RULE_NAME },
};

static void json_address(struct json *json, const char *key,
                         const struct ctq_record *packet, uint16_t type)
{
	char text[INET6_ADDRSTRLEN];

	if (ctq_record_has(packet, type))
		json_string(json, key, address_text(packet, type, text));
}

static int held_json(void *data, uint64_t id)
{
	json_number(data, NULL, id);
	return 0;
}

static void flags_json(struct json *json, const struct ctq_record *packet)
{
	uint64_t flags = ctq_record_number(packet, CTQA_PACKET_FLAGS);

	if (!ctq_record_has(packet, CTQA_PACKET_FLAGS))
		return;
	json_bool(json, "new_flow", flags & CTQ_PACKET_BORN);
	json_bool(json, "rules_asked", flags & CTQ_PACKET_ASKED);
	json_string(json, "direction", flags & CTQ_PACKET_REPLY ? "reply" : "original");
	json_bool(json, "flow_ends", flags & CTQ_PACKET_ENDED);
}

void packet_json(struct json *json, const struct ctq_record *packet)
{
	uint64_t n;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(named); i++) {
		n = ctq_record_number(packet, named[i].type);
		if (ctq_record_has(packet, named[i].type))
			json_word(json, named[i].key, named[i].name((unsigned int)n), n);
	}
	json_address(json, "src", packet, CTQA_PACKET_SRC);
	json_address(json, "dst", packet, CTQA_PACKET_DST);
	for (i = 0; i < BASE_ARRAY_LENGTH(strings); i++)
		if (ctq_record_string(packet, strings[i].type))
			json_string(json, strings[i].key,
			            ctq_record_string(packet, strings[i].type));
	for (i = 0; i < BASE_ARRAY_LENGTH(numbers); i++)
		if (ctq_record_has(packet, numbers[i].type))
			json_number(json, numbers[i].key,
			            ctq_record_number(packet, numbers[i].type));
	flags_json(json, packet);
	json_list_begin(json, "rules_held");
	ctq_record_each_number(packet, CTQA_PACKET_HELD, held_json, json);
	json_list_end(json);
}

/* ---- a line -------------------------------------------------------------------------------- */

static int append_held(void *data, uint64_t id)
{
	append(data, " %" PRIu64, id);
	return 0;
}

static void append_time(const struct ctq_record *packet, char buf[PACKET_TEXT_MAX])
{
	uint64_t ns = ctq_record_number(packet, CTQA_PACKET_TIME);
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		append(buf, "%02d:%02d:%02d.%06u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		       (unsigned int)(ns % 1000000000u / 1000u));
}

/* Of which flow, new or known; and which rules held when they were asked. */
static void append_decisions(const struct ctq_record *packet, char buf[PACKET_TEXT_MAX])
{
	unsigned int flags = number(packet, CTQA_PACKET_FLAGS);

	append(buf, ", length %u, %s", number(packet, CTQA_PACKET_LENGTH),
	       state_name(number(packet, CTQA_PACKET_CTSTATE)) ?: "no state");
	if (ctq_record_has(packet, CTQA_PACKET_FLOW))
		append(buf, ", %s flow %u%s", flags & CTQ_PACKET_BORN ? "new" : "known",
		       number(packet, CTQA_PACKET_FLOW),
		       flags & CTQ_PACKET_REPLY ? " reply" : "");
	if (ctq_record_has(packet, CTQA_PACKET_HELD)) {
		append(buf, ", rules that held:");
		ctq_record_each_number(packet, CTQA_PACKET_HELD, append_held, buf);
	}
	if (ctq_record_has(packet, CTQA_PACKET_NEW_MARK))
		append(buf, ", mark 0x%x", number(packet, CTQA_PACKET_NEW_MARK));
}

static void packet_line(struct tool *tool, const struct ctq_record *packet)
{
	char text[PACKET_TEXT_MAX], buf[PACKET_TEXT_MAX] = "";
	unsigned int verdict = number(packet, CTQA_PACKET_VERDICT);

	append_time(packet, buf);
	append(buf, "%s ", ctq_hook_name(number(packet, CTQA_PACKET_HOOK)) ?: "?");
	append(buf, "%s", packet_text(packet, text));
	append_decisions(packet, buf);
	append(buf, ": %s: ", ctq_verdict_name(verdict) ?: "?");
	append(buf, "%s", packet_outcome(packet, text));
	fprintf(tool->out, "%s\n", buf);
}

void packet_write(struct tool *tool, const char *event, const struct ctq_record *packet)
{
	struct json json;

	if (!tool_is_json(tool)) {
		packet_line(tool, packet);
		return;
	}
	json_init(&json, tool->out);
	json_object_begin(&json, NULL);
	json_string(&json, "event", event);
	packet_json(&json, packet);
	json_object_end(&json);
	json_newline(&json);
}
