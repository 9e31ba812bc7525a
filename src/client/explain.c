/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.c - a packet in words, and what the daemon would do with it
 *
 *	packet   = PROTOCOL endpoint [ ">" ] endpoint { WORD VALUE }
 *	endpoint = IPV4 [ ":" PORT ] | IPV6 | "[" IPV6 "]" [ ":" PORT ]
 *
 * A port stands exactly where the protocol has ports.
 *
 * Words stand between blanks. Values are those of the rule language (lang/value.h), one
 * each: a packet has no ranges.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>

#include "base/suggest.h"
#include "client/client_priv.h"
#include "client/names.h"
#include "ctlink/explain.h"
#include "lang/value.h"
#include "lang/words.h"

#define BLANKS " \t\r\n"

/* What may stand behind the endpoints. */
static const struct word {
	const char *word;
	uint16_t field; /* whose values it has; CTQ_FIELD_NONE: hooks */
	uint8_t bit;    /* enum ctlink_packet_bit */
	uint16_t member, size;
} words[] = {
#define WORD(word, field, bit, member)                              \
	{                                                           \
		word, CTQ_FIELD_##field, CTLINK_PACKET_##bit,       \
			offsetof(struct ctlink_packet, member),     \
			sizeof(((struct ctlink_packet *)0)->member) \
	}
	WORD("in", IIF, IN, in),
	WORD("out", OIF, OUT, out),
	WORD("at", NONE, HOOK, hook),
	WORD("state", CTSTATE, CTSTATE, ctstate),
	WORD("type", ICMP_TYPE, ICMP_TYPE, icmp_type),
	WORD("code", ICMP_CODE, ICMP_CODE, icmp_code),
	WORD("id", SPORT, ICMP_ID, icmp_id),
	WORD("flags", TCP_FLAGS, TCP_FLAGS, tcp_flags),
	WORD("mark", PKTMARK, MARK, mark),
	WORD("ctmark", MARK, CTMARK, ctmark),
	WORD("status", STATUS, STATUS, status),
	WORD("length", LENGTH, LENGTH, length),
	WORD("ttl", TTL, TTL, ttl),
	WORD("uid", UID, UID, uid),
	WORD("zone", ZONE, ZONE, zone),
	WORD("iif", IIF, IN, in),
	WORD("oif", OIF, OUT, out),
	WORD("hook", NONE, HOOK, hook),
#undef WORD
};

struct token {
	const char *text;
	size_t length; /* 0: the end */
};

struct reader {
	const char *text, *at;
	struct ctlink_packet *out;
	struct ctq_filter_error *error;
};

/* ---- mistakes ------------------------------------------------------------------------ */

static int BASE_PRINTF(3, 4)
	mistake(struct reader *r, const struct token *token, const char *fmt, ...)
{
	va_list ap;

	memset(r->error, 0, sizeof(*r->error));
	r->error->offset = (size_t)(token->text - r->text);
	r->error->length = token->length;
	va_start(ap, fmt);
	vsnprintf(r->error->text, sizeof(r->error->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void hint(struct reader *r, const char *text)
{
	snprintf(r->error->hint, sizeof(r->error->hint), "%s", text);
}

static void suggest(struct reader *r, const char *word)
{
	if (word)
		snprintf(r->error->suggestion, sizeof(r->error->suggestion),
		         "did you mean '%s'?", word);
}

static int mistake_word(struct reader *r, const struct token *token)
{
	const char *list[BASE_ARRAY_LENGTH(words)];
	char typed[CTQ_NAME_MAX];
	size_t i;

	mistake(r, token, "unknown word '%.*s'", (int)token->length, token->text);
	for (i = 0; i < BASE_ARRAY_LENGTH(words); i++)
		list[i] = words[i].word;
	snprintf(typed, sizeof(typed), "%.*s", (int)token->length, token->text);
	suggest(r, suggest_word(typed, list, BASE_ARRAY_LENGTH(words)));
	hint(r, "words: in out at state type code id flags mark ctmark status length ttl "
	        "uid zone");
	return -EINVAL;
}

/* ---- words ----------------------------------------------------------------------------- */

static struct token next(struct reader *r)
{
	struct token token;

	r->at += strspn(r->at, BLANKS);
	token = (struct token){ r->at, strcspn(r->at, BLANKS) };
	r->at += token.length;
	return token;
}

static bool token_is(const struct token *token, const char *text)
{
	return strlen(text) == token->length &&
	       strncmp(token->text, text, token->length) == 0;
}

/* One value of @field. 0, or -EINVAL with the mistake noted. */
static int value_read(struct reader *r, uint16_t field, const struct token *token,
                      struct ctlink_value *value)
{
	struct lang_fault fault = { "", "", "" };
	int err;

	*value = (struct ctlink_value){ .has = 0 };
	err = lang_value_parse(ctlink_field_get(field), r->out->proto, token->text,
	                       token->length, value, NULL, &fault);
	if (err == -EINVAL) {
		mistake(r, token, "%s", fault.text);
		hint(r, fault.allowed);
		snprintf(r->error->suggestion, sizeof(r->error->suggestion), "%s",
		         fault.meant);
	}
	if (!err &&
	    value->has & ~(1ull << CTLINK_VALUE_FIRST | 1ull << CTLINK_VALUE_STRING))
		err = mistake(r, token, "'%.*s' is more than one value; a packet has one",
		              (int)token->length, token->text);
	return err;
}

/* ---- endpoints --------------------------------------------------------------------------- */

static int address_read(struct reader *r, const struct token *token, uint8_t *address,
                        uint8_t *size)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t family;

	snprintf(text, sizeof(text), "%.*s", (int)token->length, token->text);
	family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (token->length >= sizeof(text) || inet_pton(family, text, address) != 1)
		return mistake(r, token, "'%.*s' is not an IP address",
		               (int)token->length, token->text);
	*size = family == AF_INET ? 4 : 16;
	if (r->out->family && r->out->family != family)
		return mistake(r, token, "one address is IPv4, the other IPv6");
	r->out->family = family;
	ctlink_mark(r->out, CTLINK_PACKET_FAMILY);
	return 0;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

static int port_read(struct reader *r, const struct token *token, uint16_t *port)
{
	struct ctlink_value value;
	int err;

	if (!has_ports(r->out->proto))
		return mistake(r, token, "this protocol has no ports");
	err = value_read(r, CTQ_FIELD_SPORT, token, &value);
	if (!err)
		*port = (uint16_t)ctlink_value_number(value.first, value.first_size);
	return err;
}

/* Split "10.0.0.1:80" and "[2001:db8::1]:80". False: a bracket is not closed, or something
 * else than a port follows it. */
static bool endpoint_split(const struct token *token, struct token *address,
                           struct token *port)
{
	const char *end = token->text + token->length, *colon;

	*port = (struct token){ end, 0 };
	*address = *token;
	if (token->text[0] == '[') {
		colon = memchr(token->text, ']', token->length);
		if (!colon)
			return false;
		*address = (struct token){ token->text + 1,
			                   (size_t)(colon - token->text) - 1 };
		if (++colon == end)
			return true;
	} else {
		colon = memchr(token->text, ':', token->length);
		if (!colon || memchr(colon + 1, ':', (size_t)(end - colon - 1)))
			return true; /* no colon, or IPv6 without port */
		address->length = (size_t)(colon - token->text);
	}
	*port = (struct token){ colon + 1, (size_t)(end - colon) - 1 };
	return *colon == ':' && port->length > 0;
}

static int endpoint_read(struct reader *r, const char *what, uint8_t *address,
                         uint8_t *size, uint16_t *port)
{
	struct token token = next(r), host, service;
	int err;

	if (token.length == 0)
		return mistake(r, &token, "the %s address is missing", what);
	if (!endpoint_split(&token, &host, &service)) {
		mistake(r, &token, "'%.*s' is not ADDRESS:PORT or [IPV6]:PORT",
		        (int)token.length, token.text);
		return -EINVAL;
	}
	err = address_read(r, &host, address, size);
	if (err)
		return err;
	if (service.length)
		return port_read(r, &service, port);
	if (!has_ports(r->out->proto))
		return 0;
	mistake(r, &token, "the %s port is missing", what);
	hint(r, r->out->family == AF_INET ? "say: 192.0.2.1:1024"
	                                  : "say: [2001:db8::1]:1024");
	return -EINVAL;
}

static int endpoints_read(struct reader *r)
{
	struct ctlink_packet *p = r->out;
	const char *before;
	struct token arrow;
	int err;

	err = endpoint_read(r, "source", p->src, &p->src_size, &p->sport);
	if (err)
		return err;
	ctlink_mark(p, CTLINK_PACKET_SRC);
	before = r->at;
	arrow = next(r);
	if (!token_is(&arrow, ">") && !token_is(&arrow, "->") && !token_is(&arrow, "→"))
		r->at = before;
	err = endpoint_read(r, "destination", p->dst, &p->dst_size, &p->dport);
	if (err)
		return err;
	ctlink_mark(p, CTLINK_PACKET_DST);
	if (!has_ports(p->proto))
		return 0;
	ctlink_mark(p, CTLINK_PACKET_SPORT);
	ctlink_mark(p, CTLINK_PACKET_DPORT);
	return 0;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static int protocol_read(struct reader *r)
{
	struct token token = next(r);
	struct ctlink_value value;
	int err;

	if (token.length == 0) {
		mistake(r, &token, "no packet is described");
		hint(r, "say: tcp 192.0.2.1:1024 > 198.51.100.1:443 in eth0");
		return -EINVAL;
	}
	err = value_read(r, CTQ_FIELD_PROTO, &token, &value);
	if (err)
		return err;
	r->out->proto = value.first[0];
	ctlink_mark(r->out, CTLINK_PACKET_PROTO);
	return 0;
}

static const struct word *word_find(const struct token *token)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(words); i++)
		if (token_is(token, words[i].word))
			return &words[i];
	return NULL;
}

/* Hooks that queues can be at; packets are named with others, too. */
static int mistake_hook(struct reader *r, const struct token *token)
{
	char typed[CTQ_NAME_MAX], allowed[CTQ_ERROR_HINT_MAX];
	const char *list[8];
	size_t i;

	mistake(r, token, "unknown hook '%.*s'", (int)token->length, token->text);
	for (i = 0; i < lang_hooks.length && i < BASE_ARRAY_LENGTH(list); i++)
		list[i] = lang_hooks.list[i].name;
	snprintf(typed, sizeof(typed), "%.*s", (int)token->length, token->text);
	suggest(r, suggest_word(typed, list, i));
	lang_names_list(&lang_hooks, allowed, sizeof(allowed));
	hint(r, allowed);
	return -EINVAL;
}

static int hook_read(struct reader *r, const struct token *token)
{
	uint64_t hook;

	if (!lang_names_value(&lang_hooks, token->text, token->length, &hook))
		return mistake_hook(r, token);
	r->out->hook = (uint8_t)hook;
	return 0;
}

static int name_store(struct reader *r, const struct token *token, char *to, size_t size)
{
	if (token->length >= size || memchr(token->text, '*', token->length))
		return mistake(r, token, "'%.*s' is not the name of an interface",
		               (int)token->length, token->text);
	memcpy(to, token->text, token->length);
	to[token->length] = '\0';
	return 0;
}

static void number_store(void *to, size_t size, uint64_t number)
{
	uint8_t u8 = (uint8_t)number;
	uint16_t u16 = (uint16_t)number;
	uint32_t u32 = (uint32_t)number;

	memcpy(to,
	       size == 1   ? (void *)&u8
	       : size == 2 ? (void *)&u16
	                   : (void *)&u32,
	       size);
}

static int member_read(struct reader *r, const struct word *word,
                       const struct token *token)
{
	char *to = (char *)r->out + word->member;
	struct ctlink_value value;
	int err;

	if (word->field == CTQ_FIELD_NONE)
		return hook_read(r, token);
	if (word->bit == CTLINK_PACKET_IN || word->bit == CTLINK_PACKET_OUT)
		return name_store(r, token, to, word->size);
	err = value_read(r, word->field, token, &value);
	if (!err)
		number_store(to, word->size,
		             ctlink_value_number(value.first, value.first_size));
	return err;
}

static int words_read(struct reader *r)
{
	const struct word *word;
	struct token token, value;
	int err = 0;

	while (!err) {
		token = next(r);
		if (token.length == 0)
			return 0;
		word = word_find(&token);
		if (!word)
			return mistake_word(r, &token);
		if (ctlink_has(r->out, word->bit))
			return mistake(r, &token, "'%.*s' is there twice",
			               (int)token.length, token.text);
		value = next(r);
		if (value.length == 0)
			return mistake(r, &value, "'%s' lacks its value", word->word);
		err = member_read(r, word, &value);
		ctlink_mark(r->out, word->bit);
	}
	return err;
}

int client_packet_parse(const char *text, struct ctlink_packet *packet,
                        struct ctq_filter_error *error)
{
	struct ctq_filter_error unwanted;
	struct reader r = { text, text, packet, error ? error : &unwanted };
	int err;

	memset(packet, 0, sizeof(*packet));
	err = protocol_read(&r);
	if (!err)
		err = endpoints_read(&r);
	if (!err)
		err = words_read(&r);
	return err;
}

int ctq_packet_check(const char *packet, struct ctq_filter_error *error)
{
	struct ctlink_packet value;

	return client_packet_parse(packet, &value, error);
}

int ctq_explain(struct ctq *ctq, const char *packet, struct ctq_filter_error *error,
                ctq_record_cb *cb, void *data)
{
	struct client_records records = {
		ctq, CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_EXPLAIN), cb, data
	};
	struct ctlink_packet value;
	struct ctlink_header header;
	int err;

	if (error)
		memset(error, 0, sizeof(*error));
	err = client_packet_parse(packet, &value, error);
	if (err)
		return client_fail(ctq, CTQ_ERROR_LOCAL, err, "%s",
		                   error ? error->text : "not a packet");
	err = client_begin(ctq, &header, records.type, CLIENT_ANSWER_DUMP, 0);
	if (err)
		return err;
	return client_ask(ctq, ctlink_packet_build(&ctq->out, &header, &value),
	                  CLIENT_ANSWER_DUMP, client_record_message, &records);
}
