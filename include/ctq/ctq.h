/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctq.h - libctq, the client library of ctqd
 *
 * A client opens a connection to the daemon, asks, and is handed the answers one by one:
 *
 *	struct ctq *ctq = ctq_new();
 *
 *	if (!ctq)
 *		return -ENOMEM;
 *	err = ctq_connect(ctq, NULL);
 *	if (!err)
 *		err = ctq_flows_dump(ctq, CTQ_TABLE_FLOWS, NULL, print_flow, stdout);
 *	if (err)
 *		fprintf(stderr, "%s\n", ctq_error(ctq)->text);
 *	ctq_destroy(ctq);
 *
 * What the answers hold. A flow is libnetfilter_conntrack's struct nf_conntrack (its
 *   attributes are read with nfct_get_attr(3) and its relatives) and a record of what only
 *   ctqd knows: struct ctq_flow. Everything else is a record: the attributes of one
 *   message, asked for by the numbers of ctq/ctlink.h. A newer daemon's attributes do
 *   not disturb an older client, an older daemon's missing ones read as absent.
 * Ownership. What a callback receives lives until the callback returns; strings of a
 *   record live as long as the record. ctq_error() lives until the connection's next call.
 *   What a function named _new, _parse or _clone gives is freed by the _destroy beside it.
 * Threads. No global state. A connection, and what came through it, belongs to one
 *   thread at a time; different connections may be used at the same time. Filters are
 *   read only once made and may be shared.
 * Callbacks return 0 to go on; anything else ends the request, which returns that value;
 *   what the daemon still sends of that answer is thrown away later. A callback must not
 *   make requests on its own connection (-EBUSY).
 * Errors. Functions return 0 or a negative errno; ctq_error() has the daemon's own words,
 *   and where in the request the fault lies. What each errno means when nothing else is
 *   said: -ENOMEM; -ENOTCONN without connection; -ETIMEDOUT when the daemon was silent for
 *   the connection's timeout; -ECONNRESET when it hung up; -EBADMSG when its answer cannot be
 *   understood. After these four the connection is closed; ctq_connect() opens it anew.
 *   -EINTR after the last callback: a dump was disturbed and may be incomplete. Other
 *   values are the daemon's own answer.
 * Signals. A signal does not end a wait, except that of ctq_wait().
 * Versions. The soname changes when a program must be compiled anew. Members may be
 *   appended to structs that the library hands out; numbers are never reused.
 */
#ifndef CTQ_CTQ_H
#define CTQ_CTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ctq/ctlink.h>
#include <ctq/reasons.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ctq;          /* a connection to the daemon */
struct ctq_filter;   /* which flows are meant */
struct ctq_flow;     /* one flow, as the daemon described it */
struct ctq_record;   /* attributes of one message, or of one nested attribute */
struct nf_conntrack; /* libnetfilter_conntrack */

/* ---- connection ------------------------------------------------------------- */

/** A connection that is not open yet; NULL: no memory. */
struct ctq *ctq_new(void);

/** Close and free; NULL is allowed. */
void ctq_destroy(struct ctq *ctq);

/**
 * Connect to the daemon's socket at @path; NULL: CTQ_SOCKET_PATH. An open connection is
 * closed first. Returns 0 or a negative errno: -ENOENT, -ECONNREFUSED: no daemon there;
 * -EACCES: not for this user; -ENAMETOOLONG.
 */
int ctq_connect(struct ctq *ctq, const char *path);

/**
 * Use @fd, a connected SOCK_SEQPACKET socket, which then belongs to @ctq (on failure
 * it stays the caller's). Returns 0 or a negative errno.
 */
int ctq_adopt(struct ctq *ctq, int fd);

/** Wait at most @ms milliseconds for each step of an answer; -1: for ever. At first 5000. */
void ctq_timeout_set(struct ctq *ctq, int ms);

/** The socket, to wait for announcements with poll(2); -ENOTCONN when closed. */
int ctq_fd(const struct ctq *ctq);

/* ---- errors ------------------------------------------------------------------ */

/** Who found the error. */
enum ctq_error_origin {
	CTQ_ERROR_NONE,
	CTQ_ERROR_LOCAL,   /* this library: memory, arguments */
	CTQ_ERROR_CONNECT, /* no connection could be had */
	CTQ_ERROR_DAEMON,  /* the daemon refused the request */
	CTQ_ERROR_ANSWER,  /* the answer is incomplete: silence, hang-up, nonsense */
};

/* Bytes of the texts, final zero included; longer ones are cut. */
#define CTQ_ERROR_TEXT_MAX 512
#define CTQ_ERROR_HINT_MAX 256

/** The last error of a connection. */
struct ctq_error {
	enum ctq_error_origin origin;
	int code;        /* negative errno */
	uint32_t offset; /* of the offending attribute in the request; 0: unknown */
	char text[CTQ_ERROR_TEXT_MAX]; /* what is wrong, without final newline */
	char hint[CTQ_ERROR_HINT_MAX]; /* what to do; may be empty */
};

/** Never NULL; origin is CTQ_ERROR_NONE after a success. */
const struct ctq_error *ctq_error(const struct ctq *ctq);

/* ---- records ------------------------------------------------------------------ */

/** Is attribute @type there? */
bool ctq_record_has(const struct ctq_record *record, uint16_t type);

/** The number in attribute @type, of whatever size; 0 when absent or no number. */
uint64_t ctq_record_number(const struct ctq_record *record, uint16_t type);

/** The string in attribute @type; NULL when absent or not a string. */
const char *ctq_record_string(const struct ctq_record *record, uint16_t type);

/** The bytes of attribute @type, *@size of them; NULL when absent. */
const void *ctq_record_bytes(const struct ctq_record *record, uint16_t type,
                             size_t *size);

typedef int ctq_record_cb(void *data, const struct ctq_record *record);

/**
 * Call @cb for each attribute @type, with what is nested in it. Returns 0, or what @cb
 * returned.
 */
int ctq_record_each(const struct ctq_record *record, uint16_t type, ctq_record_cb *cb,
                    void *data);

typedef int ctq_number_cb(void *data, uint64_t number);

/** As ctq_record_each(), for repeated numbers. */
int ctq_record_each_number(const struct ctq_record *record, uint16_t type,
                           ctq_number_cb *cb, void *data);

typedef int ctq_string_cb(void *data, const char *string);

/** As ctq_record_each(), for repeated strings. */
int ctq_record_each_string(const struct ctq_record *record, uint16_t type,
                           ctq_string_cb *cb, void *data);

/* ---- flows --------------------------------------------------------------------- */

/** The part that the kernel's tracker has too. Read only, lives as long as @flow. */
const struct nf_conntrack *ctq_flow_conntrack(const struct ctq_flow *flow);

/** The part that only ctqd has: CTQA_FLOW_*. Never NULL; empty when the daemon sent none. */
const struct ctq_record *ctq_flow_record(const struct ctq_flow *flow);

/** The netlink message itself, *@size bytes, for those who keep flows or pass them on. */
const void *ctq_flow_message(const struct ctq_flow *flow, size_t *size);

/**
 * Read a message that ctq_flow_message() gave, or one of the kernel's own. The bytes are
 * copied. Returns 0, -EBADMSG or -ENOMEM.
 */
int ctq_flow_parse(struct ctq_flow **flow, const void *message, size_t size);

/** Free what ctq_flow_parse() made; NULL is allowed. */
void ctq_flow_destroy(struct ctq_flow *flow);

typedef int ctq_flow_cb(void *data, const struct ctq_flow *flow);

/** Where flows are. */
enum ctq_table {
	CTQ_TABLE_FLOWS,       /* confirmed */
	CTQ_TABLE_DYING,       /* removed; CTQA_FLOW_REFS names who still holds them */
	CTQ_TABLE_UNCONFIRMED, /* not seen at a confirm hook yet */
};

/** All flows of @table that @filter takes (NULL: all), in no order. */
int ctq_flows_dump(struct ctq *ctq, enum ctq_table table, const struct ctq_filter *filter,
                   ctq_flow_cb *cb, void *data);

/** As ctq_flows_dump() of confirmed flows; their packet and byte counters become zero. */
int ctq_flows_dump_zero(struct ctq *ctq, const struct ctq_filter *filter, ctq_flow_cb *cb,
                        void *data);

/**
 * How many flows @filter takes (NULL: all) and how many there are; either pointer may be
 * NULL.
 */
int ctq_flows_count(struct ctq *ctq, const struct ctq_filter *filter, uint32_t *flows,
                    uint32_t *total);

/** Remove the flows that @filter takes; *@deleted (may be NULL) is their number. A filter
 * of "all" is a flush, and *@deleted the number of flows just before. */
int ctq_flows_delete(struct ctq *ctq, const struct ctq_filter *filter, uint32_t *deleted);

/** Remove all flows. */
int ctq_flows_flush(struct ctq *ctq);

/**
 * The flow with the original tuple of @tuple (family, protocol, addresses, ports or ICMP
 * type, code and id, zone). Returns -ENOENT when there is none.
 */
int ctq_flow_get(struct ctq *ctq, const struct nf_conntrack *tuple, ctq_flow_cb *cb,
                 void *data);

/** Remove the flow with the tuple, and the id if set, of @tuple. -ENOENT: there is none. */
int ctq_flow_delete(struct ctq *ctq, const struct nf_conntrack *tuple);

/**
 * Create a flow from the attributes of @ct: both tuples, ATTR_TIMEOUT, and what is set of
 * ATTR_MARK, ATTR_STATUS and the protocol's state. -EEXIST: its tuple is taken.
 */
int ctq_flow_create(struct ctq *ctq, const struct nf_conntrack *ct);

/**
 * Change ATTR_MARK and ATTR_TIMEOUT, those which are set, of the flow with the tuple of
 * @ct. -ENOENT: there is none; -EOPNOTSUPP: another attribute cannot be changed.
 */
int ctq_flow_update(struct ctq *ctq, const struct nf_conntrack *ct);

/**
 * Set and take away labels, "+web,-17" by name or number, of the flow with the tuple of
 * @tuple. -ENOENT: there is no such flow; -EINVAL: no label is called so.
 */
int ctq_flow_labels(struct ctq *ctq, const struct nf_conntrack *tuple,
                    const char *labels);

/* ---- expectations --------------------------------------------------------------- */

/** Each connection that is expected: records of CTA_EXPECT_* (the kernel's). */
int ctq_expects_dump(struct ctq *ctq, ctq_record_cb *cb, void *data);

/** Remove the one with this CTA_EXPECT_ID. -ENOENT: there is none. */
int ctq_expect_delete(struct ctq *ctq, uint32_t id);

/** Remove all. */
int ctq_expects_flush(struct ctq *ctq);

/* ---- filters -------------------------------------------------------------------- */

/** What is wrong with a filter's text. */
struct ctq_filter_error {
	size_t offset, length;         /* bytes: the offending part; length 0: the end */
	char text[CTQ_ERROR_TEXT_MAX]; /* what is wrong */
	char suggestion[CTQ_ERROR_HINT_MAX]; /* "did you mean 'dport'?", or empty */
	char hint[CTQ_ERROR_TEXT_MAX];       /* what is allowed, what to do, or empty */
};

/**
 * Read a filter: "proto tcp and (dport 80,443 or not src 10.0.0.0/8) age > 1h"; the language
 * is described in ctctl(8). Words without "or" between them must all hold. "all" takes
 * every flow. Returns 0; -EINVAL with *@error (may be NULL) filled; -ENOMEM.
 */
int ctq_filter_parse(struct ctq_filter **filter, const char *text,
                     struct ctq_filter_error *error);

/**
 * Have @filter take only what @text takes too. Returns as ctq_filter_parse(); on failure
 * the filter is what it was.
 */
int ctq_filter_narrow(struct ctq_filter *filter, const char *text,
                      struct ctq_filter_error *error);

/** Free; NULL is allowed. */
void ctq_filter_destroy(struct ctq_filter *filter);

/** Does it take every flow? */
bool ctq_filter_is_all(const struct ctq_filter *filter);

/** Does it take @flow? For announcements; lists are filtered by the daemon. */
bool ctq_filter_takes(const struct ctq_filter *filter, const struct ctq_flow *flow);

/**
 * Write the one original tuple that @filter asks for into @tuple, made by nfct_new(3).
 * Returns 0, or -EINVAL when it may take more than one flow.
 */
int ctq_filter_tuple(const struct ctq_filter *filter, struct nf_conntrack *tuple);

/* ---- the daemon -------------------------------------------------------------------- */

/** Version, uptime, table, warnings: one record of CTQA_DAEMON_*. */
int ctq_daemon_get(struct ctq *ctq, ctq_record_cb *cb, void *data);

/** Counters: one record of CTQA_STATS_*; with @zero they are zeroed as they are read. */
int ctq_stats_get(struct ctq *ctq, bool zero, ctq_record_cb *cb, void *data);

/** Each queue: records of CTQA_QUEUE_*. */
int ctq_queues_dump(struct ctq *ctq, ctq_record_cb *cb, void *data);

/** Questions of rules that ask, which are open: records of CTQA_ASK_*, by their ids. */
int ctq_questions_dump(struct ctq *ctq, ctq_record_cb *cb, void *data);

/**
 * Answer question @id: CTQ_VERDICT_ACCEPT or _DROP, for the packets that wait or for all of
 * their flow. -ENOENT: there is no such question, or it is answered; -EPERM.
 */
int ctq_answer(struct ctq *ctq, uint32_t id, enum ctq_verdict verdict,
               enum ctq_ask_scope scope);

/** Each protocol and its timeouts: records of CTQA_PROTO_*. */
int ctq_protocols_dump(struct ctq *ctq, ctq_record_cb *cb, void *data);

/**
 * Load the tracker of a protocol, one that is built in or a module's; and unload it: new
 * flows of its protocol are generic, and those that it has followed end. Both return when
 * that is done, which may take longer than ctq_timeout_set() says. -ENOENT: there is none
 * of that name, or it is unloaded already; -EEXIST: it is loaded already; -EBUSY: it is
 * being loaded or unloaded.
 */
int ctq_protocol_load(struct ctq *ctq, const char *name);
int ctq_protocol_unload(struct ctq *ctq, const char *name);

/**
 * The configuration in force, or with @defaults what would be if nothing were said, as a
 * ctqd.conf(5): records of CTQA_CONFIG_TEXT, one behind the other.
 */
int ctq_config_dump(struct ctq *ctq, bool defaults, ctq_record_cb *cb, void *data);

/** Have configuration and rules read again; returns when that is done. */
int ctq_reload(struct ctq *ctq);

/* ---- names ----------------------------------------------------------------------------- */

/* Numbers as words; NULL when this library knows none. The strings live for ever. */

/** Of IPPROTO_*: "tcp". */
const char *ctq_protocol_name(unsigned int protocol);

/** Of a protocol's state: "ESTABLISHED". */
const char *ctq_state_name(unsigned int protocol, unsigned int state);

/** Of bit @bit (0 … 31) of the status: "ASSURED". */
const char *ctq_status_name(unsigned int bit);

/** Of enum ctq_verdict: "accept". */
const char *ctq_verdict_name(unsigned int verdict);

/** Of enum ctq_flow_end: "expired". */
const char *ctq_end_name(unsigned int end);

/** Of NF_INET_*: "prerouting". */
const char *ctq_hook_name(unsigned int hook);

/** Of enum ctq_reason: "drop.policy"; and what it means, in words. */
const char *ctq_reason_name(unsigned int reason);
const char *ctq_reason_text(unsigned int reason);

/* ---- rules -------------------------------------------------------------------------- */

/** The rule set in force: one record of CTQA_RULESET_*. */
int ctq_ruleset_get(struct ctq *ctq, ctq_record_cb *cb, void *data);

/** Each chain, in order: records of CTQA_CHAIN_*. */
int ctq_chains_dump(struct ctq *ctq, ctq_record_cb *cb, void *data);

/** Each rule, in order, chain by chain: records of CTQA_RULE_*. */
int ctq_rules_dump(struct ctq *ctq, ctq_record_cb *cb, void *data);

/** Write the rule of a CTQA_RULE_* record as a line of the rule language, without newline. */
int ctq_rule_print(const struct ctq_record *rule, FILE *out);

/** Write the head of the chain of a CTQA_CHAIN_* record, without newline and "}". */
int ctq_chain_print(const struct ctq_record *chain, FILE *out);

/** Write the first match of a CTQA_RULE_* record. -ENOENT: it has none. */
int ctq_match_print(const struct ctq_record *rule, FILE *out);

/** Write the statements of a CTQA_RULE_* record. */
int ctq_statements_print(const struct ctq_record *rule, FILE *out);

/** Are these the words of a packet, as ctq_explain() takes them? Returns 0, or -EINVAL with
 * *@error (may be NULL) filled. */
int ctq_packet_check(const char *packet, struct ctq_filter_error *error);

/**
 * What would happen to a packet: "tcp 192.0.2.1:1024 > 198.51.100.1:443 in eth0"; ctctl(8)
 * describes the words. Each step is a record of CTQA_EXPLAIN_* and CTQA_RULE_*; the last one
 * has the verdict. Nothing is sent and nothing is counted. -EINVAL with *@error (may be NULL)
 * filled: not a packet.
 */
int ctq_explain(struct ctq *ctq, const char *packet, struct ctq_filter_error *error,
                ctq_record_cb *cb, void *data);

/* Rules that are read from a text and not in force yet. */
struct ctq_rules;

/** NULL: no memory. */
struct ctq_rules *ctq_rules_new(void);

/** Free; NULL is allowed. */
void ctq_rules_destroy(struct ctq_rules *rules);

/**
 * Read a file and what it includes, or a text, for which @name stands in messages (a text
 * cannot include). What is read is added to what was read before. Returns 0; -EINVAL when
 * there are mistakes (see below); -ENOMEM.
 */
int ctq_rules_read_file(struct ctq_rules *rules, const char *path);
int ctq_rules_read_text(struct ctq_rules *rules, const char *name, const char *text,
                        size_t size);

/** Write what was read as the daemon would list it: chain by chain, in one spelling. 0 or
 * -ENOMEM. */
int ctq_rules_print(const struct ctq_rules *rules, FILE *out);

/**
 * The sets that were read, as records of CTQA_SET_*, and the elements of those called @set, as
 * records of CTQA_ELEMENT_*: what ctq_sets_dump() and ctq_elements_dump() tell of the sets in
 * force, as far as a text says it. Return 0, what @cb returned, or -ENOMEM.
 */
int ctq_rules_sets(const struct ctq_rules *rules, ctq_record_cb *cb, void *data);
int ctq_rules_elements(const struct ctq_rules *rules, const char *set, ctq_record_cb *cb,
                       void *data);

#define CTQ_RULES_CHECK 0x1 /* flag: have them checked only */

/**
 * Replace the rule set in force by @rules, in one transaction: on any failure the old one
 * stays. Returns 0; -EINVAL when the daemon found a mistake in one of the rules (see
 * below); other errors as in ctq_error().
 */
int ctq_rules_load(struct ctq *ctq, struct ctq_rules *rules, unsigned int flags);

/** A change of single rules. */
struct ctq_rules_change {
	enum ctq_rules_change_kind {
		CTQ_RULES_ADD = 1, /* behind the rules that their chains have */
		CTQ_RULES_INSERT,  /* before rule @id, which is in their chain */
		CTQ_RULES_REPLACE, /* one rule, in the place of rule @id */
		CTQ_RULES_DELETE,  /* rule @id */
	} kind;
	uint32_t id;         /* CTQA_RULE_ID; 0 with ADD */
	uint32_t generation; /* refuse (-ESTALE) when another is in force; 0: any, and when
	                      * others change rules at the same time it is tried again */
};

/**
 * Change single rules in one transaction: on any failure all stay as they are. @rules has
 * what is added (NULL with DELETE): the chains that its text names must exist, their hooks
 * and policies do not change. Returns as ctq_rules_load(); -ENOENT: there is no such
 * rule.
 */
int ctq_rules_change(struct ctq *ctq, const struct ctq_rules_change *change,
                     struct ctq_rules *rules, unsigned int flags);

/** A mistake in the text of rules. Lines and columns count from 1. */
struct ctq_rules_error {
	const char *file;
	unsigned int line, column;           /* 0: the file as a whole */
	unsigned int last_line, last_column; /* inclusive */
	const char *text;                    /* what is wrong */
	const char *suggestion;              /* "did you mean 'accept'?", or empty */
	const char *hint;                    /* which values are allowed, or empty */
};

/** How many mistakes were found; and number @i (from 0): 0, or -ENOENT (not all are kept). */
unsigned int ctq_rules_error_count(const struct ctq_rules *rules);
int ctq_rules_error_get(const struct ctq_rules *rules, unsigned int i,
                        struct ctq_rules_error *error);

/** Write all mistakes for people: message, line, carets. */
void ctq_rules_errors_print(const struct ctq_rules *rules, FILE *out);

/* ---- sets ----------------------------------------------------------------------------- */

/** Each named set: records of CTQA_SET_*. */
int ctq_sets_dump(struct ctq *ctq, ctq_record_cb *cb, void *data);

/** One set: a record of CTQA_SET_*. -ENOENT: there is none. */
int ctq_set_get(struct ctq *ctq, const char *set, ctq_record_cb *cb, void *data);

/** Each element of a set: records of CTQA_ELEMENT_*. -ENOENT. */
int ctq_elements_dump(struct ctq *ctq, const char *set, ctq_record_cb *cb, void *data);

/** Write the head of the set of a CTQA_SET_* record, without newline and "}". */
int ctq_set_print(const struct ctq_record *set, FILE *out);

/**
 * Write the element of a CTQA_ELEMENT_* record, which belongs to a set of @type (enum
 * ctq_set_type), as it stands in the rule language; what is left of its timeout as its
 * timeout. ctq_element_key_print(): its key alone.
 */
int ctq_element_print(unsigned int type, const struct ctq_record *element, FILE *out);
int ctq_element_key_print(unsigned int type, const struct ctq_record *element, FILE *out);

/** An element to add or delete. */
struct ctq_element {
	const char *key;     /* "192.0.2.0/24", "22", "eth0", "192.0.2.1 . 80" */
	int64_t timeout;     /* seconds; 0: none; -1: the set's */
	const char *comment; /* or NULL */
};

struct ctq_elements_result {
	uint32_t killed; /* flows, with CTQ_ELEMENTS_KILL */
	size_t wrong;    /* the element that was refused; their number: none of them */
};

#define CTQ_ELEMENTS_KILL 0x1 /* delete flows with an address of what is added */
#define CTQ_ELEMENTS_NEW  0x2 /* refuse what is there already; else it is refreshed */

/**
 * Add @n elements to a set, all or none. With CTQ_ELEMENTS_KILL the daemon answers when all
 * flows that have one of the addresses are gone: no packet of theirs passes
 * any more, provided that a rule drops what is in the set. @result may be NULL. Returns 0;
 * -EINVAL: a key that is none of this set; -ENOENT: no such set; -EEXIST; -E2BIG: the set is
 * full.
 */
int ctq_elements_add(struct ctq *ctq, const char *set, const struct ctq_element *elements,
                     size_t n, unsigned int flags, struct ctq_elements_result *result);

/** Delete @n elements, all or none; only keys matter. -ENOENT: no such set or element. */
int ctq_elements_delete(struct ctq *ctq, const char *set,
                        const struct ctq_element *elements, size_t n,
                        struct ctq_elements_result *result);

/** Delete all elements of a set. */
int ctq_set_flush(struct ctq *ctq, const char *set);

/** The element that holds @key: an address is held by the narrowest prefix or range around
 * it, a prefix or range by itself. A record of CTQA_ELEMENT_*. -ENOENT. */
int ctq_element_get(struct ctq *ctq, const char *set, const char *key, ctq_record_cb *cb,
                    void *data);

/* ---- announcements --------------------------------------------------------------------- */

/** What happened: exactly one of the pointers is not NULL, or none (CTQ_EVENT_OVERRUN). */
struct ctq_event {
	enum ctq_event_kind {
		CTQ_EVENT_FLOW_NEW,
		CTQ_EVENT_FLOW_UPDATE,
		CTQ_EVENT_FLOW_DESTROY,
		CTQ_EVENT_RULES,      /* a new generation: @record has CTQA_RULESET_* */
		CTQ_EVENT_EXPECT_NEW, /* @record has CTA_EXPECT_* */
		CTQ_EVENT_EXPECT_UPDATE,
		CTQ_EVENT_EXPECT_DESTROY,
		CTQ_EVENT_OVERRUN, /* @lost announcements did not reach this client */
		/* @record has CTQA_SET_*: */
		CTQ_EVENT_SET_NEW, /* made, or changed */
		CTQ_EVENT_SET_DELETE,
		/* @record has CTQA_ELEMENT_*: */
		CTQ_EVENT_ELEMENT_NEW,    /* added, or refreshed */
		CTQ_EVENT_ELEMENT_DELETE, /* deleted, or expired */
		CTQ_EVENT_PACKET, /* a packet was judged: @record has CTQA_PACKET_* */
		/* @record has CTQA_ASK_*: */
		CTQ_EVENT_QUESTION, /* a packet waits for an answer */
		CTQ_EVENT_SETTLED, /* a question was answered, or something else decided */
	} kind;
	const struct ctq_flow *flow;
	const struct ctq_record *record;
	uint64_t lost;
	uint64_t
		sequence; /* the announcement's number in its group: a gap is what was lost;
	                    * 0: the daemon does not number, or CTQ_EVENT_OVERRUN */
};

typedef int ctq_event_cb(void *data, const struct ctq_event *event);

/**
 * From now on hear of @n @groups (enum ctq_group), instead of those before; 0: of
 * none. @cb is called from ctq_dispatch(), and from other requests of this connection
 * when announcements arrive between their answers.
 */
int ctq_subscribe(struct ctq *ctq, const uint32_t *groups, size_t n, ctq_event_cb *cb,
                  void *data);

/** Which packets are announced in CTQ_GROUP_DROP and CTQ_GROUP_TRACE. */
struct ctq_watch {
	const struct ctq_filter *filter; /* NULL: all; used during the call only */
	uint32_t bytes;                  /* of each packet, at most CTQ_GROUP_BYTES_MAX */
	uint32_t rate;                   /* packets a second at most; 0: no limit */
};

/**
 * As ctq_subscribe(), with what is wanted of packets. -EOPNOTSUPP: packets cannot be filtered
 * so; -EBUSY: CTQ_GROUP_WATCHERS_MAX others watch; -EPERM: not their bytes.
 */
int ctq_watch(struct ctq *ctq, const uint32_t *groups, size_t n,
              const struct ctq_watch *watch, ctq_event_cb *cb, void *data);

/**
 * Hand the announcements that have arrived to the callback, without waiting. Returns 0,
 * also when there were none, what the callback returned, or a negative errno.
 */
int ctq_dispatch(struct ctq *ctq);

/**
 * Wait until announcements arrive, at most @ms milliseconds (-1: for ever). Returns 0;
 * -ETIMEDOUT (the connection stays open); -EINTR when a signal came.
 */
int ctq_wait(struct ctq *ctq, int ms);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
