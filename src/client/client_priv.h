/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client_priv.h - the inside of a connection; for the files of this folder
 *
 *	connection.c  open, close, datagrams in and out
 *	request.c     one question and the walk through its answer
 *	record.c      attributes by number        flow.c  one flow
 *	flows.c daemon.c rules.c sets.c ask.c events.c  the requests themselves
 *	filter*.c     the filter language       explain.c  a packet in words
 *	names.c       numbers of the wire as words
 */
#ifndef CLIENT_CLIENT_PRIV_H
#define CLIENT_CLIENT_PRIV_H

#include <sys/types.h>

#include "base/base.h"
#include "ctlink/filter.h"
#include "ctlink/memory.h"
#include "ctlink/message.h"
#include "ctq/ctq.h"

/** Patience with the daemon, unless ctq_timeout_set() says otherwise. */
#define CLIENT_TIMEOUT_MS 5000

struct ctq {
	int fd; /* -1: not open */
	int timeout_ms;
	uint32_t seq; /* of the last request; 0 is for announcements */
	bool busy;    /* inside a callback or a request */
	ctq_event_cb *event_cb;
	void *event_data;
	struct ctq_error error;
	char path[108]; /* of the socket, for messages; sizeof(sun_path) */
	uint8_t *in;    /* CTQ_DATAGRAM_MAX bytes: the datagram that is being read */
	struct ctlink_message out;     /* the datagram that is to be sent */
	struct ctlink_message scratch; /* see flow_init() */
	const struct ctlink_memory *memory;
};

struct ctq_record {
	const struct nlmsghdr *message; /* that it is part of */
	const char *attrs;              /* attributes, one after the other */
	size_t size;
};

struct ctq_filter {
	struct ctlink_filter filter;
	const struct ctlink_memory *memory;
};

struct ctq_flow {
	const struct ctlink_memory *memory; /* of one that was parsed */
	const struct nlmsghdr *message;
	struct nf_conntrack *ct;
	struct ctq_record record;
};

/* ---- connection.c ------------------------------------------------------------- */

/**
 * Note an error and return @code. Closes the connection when nothing can follow it
 * (CTQ_ERROR_ANSWER but for -EINTR).
 */
int client_fail(struct ctq *ctq, enum ctq_error_origin origin, int code, const char *fmt,
                ...) BASE_PRINTF(4, 5);

/** An errno in few words, never NULL. */
const char *client_cause(int err);

/** ctq_new() with @memory for all that the connection allocates. */
struct ctq *client_new(const struct ctlink_memory *memory);

/**
 * Send ctq->out as one datagram and empty it. 0 also when the daemon hung up: the reader
 * finds out, and what was said before.
 */
int client_send(struct ctq *ctq) BASE_MUST_CHECK;

/**
 * Read one datagram into ctq->in. @wait_ms as in ctq_wait(). Returns its bytes, -EAGAIN when
 * there is none in time, or a negative errno that is noted.
 */
ssize_t client_receive(struct ctq *ctq, int wait_ms);

/* ---- request.c ------------------------------------------------------------------ */

/* How the answer to a request ends. */
enum client_answer {
	CLIENT_ANSWER_ACK,  /* with an acknowledgement, with or without data before it */
	CLIENT_ANSWER_ONE,  /* with its first message */
	CLIENT_ANSWER_DUMP, /* with NLMSG_DONE */
};

typedef int client_message_cb(void *data, const struct nlmsghdr *nlh);

/**
 * Begin a request: empty ctq->out and fill @header, with a new sequence number. @type:
 * subsystem << 8 | message. The flags follow from @answer; @flags are further ones.
 * Returns 0, or -EBUSY inside a callback.
 */
int client_begin(struct ctq *ctq, struct ctlink_header *header, uint16_t type,
                 enum client_answer answer, uint16_t flags) BASE_MUST_CHECK;

/**
 * Send the datagram built in ctq->out (@built: what building it returned), hand each message
 * of its answer to @cb (may be NULL), and return 0, what @cb returned, or a negative errno.
 */
int client_ask(struct ctq *ctq, int built, enum client_answer answer,
               client_message_cb *cb, void *data) BASE_MUST_CHECK;

/**
 * Begin a batch of @n messages: empty ctq->out and take @n sequence numbers, the first of
 * which is *@first. Returns as client_begin().
 */
int client_begin_batch(struct ctq *ctq, uint32_t n, uint32_t *first) BASE_MUST_CHECK;

/**
 * Send the rest of a batch and await its acknowledgement, which answers its last message, or
 * a refusal, which answers any: *@answered is the sequence number meant. @cb (may be NULL)
 * gets what comes before.
 */
int client_ask_batch(struct ctq *ctq, uint32_t first, uint32_t *answered,
                     client_message_cb *cb, void *data) BASE_MUST_CHECK;

/** Note that building a request failed with @err. Returns @err. */
int client_unbuilt(struct ctq *ctq, int err);

/** A request without attributes, asked as client_ask() does. */
int client_ask_plain(struct ctq *ctq, uint16_t type, enum client_answer answer,
                     client_message_cb *cb, void *data) BASE_MUST_CHECK;

/** Walk through one datagram that is nobody's answer: announcements only. */
int client_walk_announcements(struct ctq *ctq, size_t size);

/** Note that @nlh is not what it should be; the connection is closed. Returns -EBADMSG. */
int client_malformed(struct ctq *ctq, const struct nlmsghdr *nlh);

/* The user's callback behind one of ours. */
struct client_records {
	struct ctq *ctq;
	uint16_t type; /* of the messages that matter */
	ctq_record_cb *cb;
	void *data;
};

/** A client_message_cb for struct client_records. */
int client_record_message(void *data, const struct nlmsghdr *nlh);

/* ---- record.c ---------------------------------------------------------------------- */

/** The attributes behind the nfgenmsg of @nlh. Returns 0 or -EBADMSG: no room for them. */
int record_of_message(const struct nlmsghdr *nlh, struct ctq_record *record);

/* ---- flow.c ------------------------------------------------------------------------- */

/**
 * As ctq_flow_parse(), but @flow borrows the message. @scratch is a datagram for the time of
 * the call. flow_fini() after success.
 */
int flow_init(struct ctq_flow *flow, const struct nlmsghdr *nlh,
              struct ctlink_message *scratch) BASE_MUST_CHECK;
void flow_fini(struct ctq_flow *flow);

/** ctq_flow_parse() with @memory for what the library itself allocates. */
int client_flow_parse(struct ctq_flow **flow, const void *message, size_t size,
                      const struct ctlink_memory *memory);

/* ---- filter.c ------------------------------------------------------------------------ */

/** ctq_filter_parse() with @memory for all that the filter allocates. */
int client_filter_parse(struct ctq_filter **filter, const char *text,
                        struct ctq_filter_error *error,
                        const struct ctlink_memory *memory);

/* ---- explain.c ----------------------------------------------------------------------- */

struct ctlink_packet;

/** Read the words of a packet. 0, or -EINVAL with *@error (may be NULL) filled. */
int client_packet_parse(const char *text, struct ctlink_packet *packet,
                        struct ctq_filter_error *error);

/* ---- rules.c ------------------------------------------------------------------------- */

/** ctq_rules_new() with @memory for all that is read. */
struct ctq_rules *client_rules_new(const struct ctlink_memory *memory);

/* ---- events.c ------------------------------------------------------------------------ */

/** Hand one announcement to the subscriber. */
int client_announce(struct ctq *ctq, const struct nlmsghdr *nlh);

#endif
