/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/suggest.h"
#include "client/client_priv.h"
#include "client/names.h"
#include "lang/words.h"

/* Words compared by names_suggest(): more than any table has. */
#define NAMES_MAX      128
#define NAMES_WORD_MAX 64

/* enum tcp_conntrack */
const struct name names_tcp_states[] = {
	{ "NONE", 0 },     { "SYN_SENT", 1 },   { "SYN_RECV", 2 }, { "ESTABLISHED", 3 },
	{ "FIN_WAIT", 4 }, { "CLOSE_WAIT", 5 }, { "LAST_ACK", 6 }, { "TIME_WAIT", 7 },
	{ "CLOSE", 8 },    { "SYN_SENT2", 9 },  { NULL },
};

/* enum sctp_conntrack */
const struct name names_sctp_states[] = {
	{ "NONE", 0 },           { "CLOSED", 1 },
	{ "COOKIE_WAIT", 2 },    { "COOKIE_ECHOED", 3 },
	{ "ESTABLISHED", 4 },    { "SHUTDOWN_SENT", 5 },
	{ "SHUTDOWN_RECD", 6 },  { "SHUTDOWN_ACK_SENT", 7 },
	{ "HEARTBEAT_SENT", 8 }, { NULL },
};

/* enum ip_conntrack_status: numbers of bits */
const struct name names_statuses[] = {
	{ "EXPECTED", 0 },     { "SEEN_REPLY", 1 },
	{ "REPLIED", 1 },      { "ASSURED", 2 },
	{ "CONFIRMED", 3 },    { "SRC_NAT", 4 },
	{ "SNAT", 4 },         { "DST_NAT", 5 },
	{ "DNAT", 5 },         { "SEQ_ADJUST", 6 },
	{ "SRC_NAT_DONE", 7 }, { "DST_NAT_DONE", 8 },
	{ "DYING", 9 },        { "FIXED_TIMEOUT", 10 },
	{ "TEMPLATE", 11 },    { "UNTRACKED", 12 },
	{ "HELPER", 13 },      { "OFFLOAD", 14 },
	{ "HW_OFFLOAD", 15 },  { NULL },
};

const struct name names_ends[] = {
	{ "expired", CTQ_END_EXPIRED }, { "closed", CTQ_END_CLOSED },
	{ "evicted", CTQ_END_EVICTED }, { "deleted", CTQ_END_DELETED },
	{ "module", CTQ_END_MODULE },   { "rules", CTQ_END_RULES },
	{ "stop", CTQ_END_STOP },       { NULL },
};

static const struct name names_hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },   { "input", NF_INET_LOCAL_IN },
	{ "forward", NF_INET_FORWARD },          { "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING }, { NULL },
};

static const struct name reason_texts[] = {
#define CTQ_REASON(number, symbol, name, class, text) { text, number },
#include "ctq/reasons.def"
#undef CTQ_REASON
	{ NULL },
};

/* ---- lookups ------------------------------------------------------------------------ */

static char fold(char c)
{
	if (c == '-')
		return '_';
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_word(const char *word, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (word[i] == '\0' || fold(word[i]) != fold(text[i]))
			return false;
	return word[length] == '\0';
}

const struct name *names_find(const struct name *table, const char *text, size_t length)
{
	for (; table->word; table++)
		if (same_word(table->word, text, length))
			return table;
	return NULL;
}

const char *names_word(const struct name *table, uint32_t number)
{
	for (; table->word; table++)
		if (table->number == number)
			return table->word;
	return NULL;
}

const char *names_suggest(const struct name *table, const char *typed, size_t length)
{
	const char *words[NAMES_MAX];
	char word[NAMES_WORD_MAX];
	size_t n;

	if (length >= sizeof(word))
		return NULL;
	memcpy(word, typed, length);
	word[length] = '\0';
	for (n = 0; table[n].word && n < NAMES_MAX; n++)
		words[n] = table[n].word;
	return suggest_word(word, words, n);
}

char *names_list(const struct name *table, const char *title, char *buf, size_t size)
{
	const struct name *name;
	size_t used;

	used = (size_t)snprintf(buf, size, "%s:", title);
	for (name = table; name->word && used < size; name++)
		if (names_word(table, name->number) == name->word)
			used += (size_t)snprintf(buf + used, size - used, " %s",
			                         name->word);
	return buf;
}

/* ---- for programs --------------------------------------------------------------------- */

const char *ctq_protocol_name(unsigned int protocol)
{
	return lang_names_name(lang_names_of(CTQ_FIELD_PROTO, 0), protocol);
}

const char *ctq_state_name(unsigned int protocol, unsigned int state)
{
	if (protocol == IPPROTO_TCP)
		return names_word(names_tcp_states, state);
	if (protocol == IPPROTO_SCTP)
		return names_word(names_sctp_states, state);
	return NULL;
}

const char *ctq_status_name(unsigned int bit)
{
	return names_word(names_statuses, bit);
}

const char *ctq_verdict_name(unsigned int verdict)
{
	return lang_names_name(lang_names_of(CTQ_FIELD_VERDICT, 0), verdict);
}

const char *ctq_end_name(unsigned int end)
{
	return names_word(names_ends, end);
}

const char *ctq_hook_name(unsigned int hook)
{
	return names_word(names_hooks, hook);
}

const char *ctq_reason_name(unsigned int reason)
{
	return lang_names_name(lang_names_of(CTQ_FIELD_REASON, 0), reason);
}

const char *ctq_reason_text(unsigned int reason)
{
	return names_word(reason_texts, reason);
}
