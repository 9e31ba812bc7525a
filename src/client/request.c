/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request.c - one question and the walk through its answer
 *
 * Each request has the next sequence number. While its answer is awaited, messages of
 * other numbers are what an earlier request, ended early by its callback, left behind: they
 * are thrown away. Messages with number 0 are announcements and go to the subscriber, but
 * for an error: that is said to a connection as a whole, before it is closed.
 */
#include <errno.h>
#include <stdio.h>

#include "client/client_priv.h"
#include "ctlink/answer.h"

/* An errno is not beyond this in netlink messages (the kernel's MAX_ERRNO). */
#define ERRNO_MAX 4095

/* One answer being read. */
struct walk {
	struct ctq *ctq;
	enum client_answer answer;
	client_message_cb *cb; /* NULL: only announcements matter */
	void *data;
	uint32_t first;    /* sequence number: the request's own, or its batch's first */
	uint32_t answered; /* the one that ended the answer */
	bool done;
	bool interrupted;
	bool stopped; /* the subscriber wants no more */
	int result;
};

int client_begin_batch(struct ctq *ctq, uint32_t n, uint32_t *first)
{
	if (ctq->busy)
		return -EBUSY;
	ctlink_message_reset(&ctq->out);
	if (n > UINT32_MAX - ctq->seq)
		ctq->seq = 0;
	*first = ctq->seq + 1;
	ctq->seq += n;
	return 0;
}

int client_begin(struct ctq *ctq, struct ctlink_header *header, uint16_t type,
                 enum client_answer answer, uint16_t flags)
{
	static const uint16_t by_answer[] = {
		[CLIENT_ANSWER_ACK] = NLM_F_ACK,
		[CLIENT_ANSWER_ONE] = 0,
		[CLIENT_ANSWER_DUMP] = NLM_F_DUMP,
	};
	uint32_t seq;
	int err;

	err = client_begin_batch(ctq, 1, &seq);
	if (err)
		return err;
	*header = (struct ctlink_header){
		.type = type,
		.flags = (uint16_t)(NLM_F_REQUEST | by_answer[answer] | flags),
		.seq = seq,
	};
	return 0;
}

int client_unbuilt(struct ctq *ctq, int err)
{
	return client_fail(ctq, CTQ_ERROR_LOCAL, err, "the request cannot be built: %s",
	                   client_cause(-err));
}

int client_malformed(struct ctq *ctq, const struct nlmsghdr *nlh)
{
	return client_fail(
		ctq, CTQ_ERROR_ANSWER, -EBADMSG,
		"ctqd's answer cannot be read: a malformed message of type 0x%04x",
		nlh->nlmsg_type);
}

static int answer_unreadable(struct ctq *ctq, const struct ctlink_error *error)
{
	return client_fail(ctq, CTQ_ERROR_ANSWER, -EBADMSG,
	                   "ctqd's answer cannot be read: %s", error->text);
}

static int answer_no_errno(struct ctq *ctq, int code)
{
	return client_fail(ctq, CTQ_ERROR_ANSWER, -EBADMSG,
	                   "ctqd's answer cannot be read: %d is no errno", code);
}

static void walk_finish(struct walk *walk, int result)
{
	walk->done = true;
	walk->result = result;
}

/* What NLMSG_ERROR says becomes the connection's error. */
static int note_refusal(struct ctq *ctq, const struct ctlink_error *error)
{
	client_fail(ctq, CTQ_ERROR_DAEMON, error->code, "%s",
	            error->text[0] ? error->text : client_cause(-error->code));
	ctq->error.offset = error->offset;
	snprintf(ctq->error.hint, sizeof(ctq->error.hint), "%s", error->hint);
	return error->code;
}

/* NLMSG_ERROR: an acknowledgement or a refusal, of a request or of the whole connection. */
static void walk_error(struct walk *walk, const struct nlmsghdr *nlh)
{
	struct ctq *ctq = walk->ctq;
	struct ctlink_error error = { 0 }, malformed = { 0 };

	if (ctlink_answer_parse(nlh, &error, NULL, &malformed)) {
		walk_finish(walk, answer_unreadable(ctq, &malformed));
		return;
	}
	if (error.code < -ERRNO_MAX) {
		walk_finish(walk, answer_no_errno(ctq, error.code));
		return;
	}
	if (error.code == 0 && nlh->nlmsg_seq != ctq->seq)
		return; /* within a batch only its end counts */
	walk->answered = nlh->nlmsg_seq;
	walk_finish(walk, error.code ? note_refusal(ctq, &error) : 0);
}

static int dump_interrupted(struct ctq *ctq)
{
	return client_fail(
		ctq, CTQ_ERROR_ANSWER, -EINTR,
		"the list may be incomplete: it changed too much while it was read");
}

/* NLMSG_DONE: the end of a list, with its own code. */
static void walk_dump_end(struct walk *walk, const struct nlmsghdr *nlh)
{
	struct ctlink_error error = { 0 };
	struct ctlink_done done;

	if (ctlink_done_parse(nlh, &done, &error))
		walk_finish(walk, answer_unreadable(walk->ctq, &error));
	else if (done.code < -ERRNO_MAX)
		walk_finish(walk, answer_no_errno(walk->ctq, done.code));
	else if (done.code)
		walk_finish(walk, client_fail(walk->ctq, CTQ_ERROR_DAEMON, done.code,
		                              "ctqd ended the list early: %s",
		                              client_cause(-done.code)));
	else
		walk_finish(walk, done.interrupted || walk->interrupted
		                          ? dump_interrupted(walk->ctq)
		                          : 0);
}

/* A message with data for the request. */
static void walk_data(struct walk *walk, const struct nlmsghdr *nlh)
{
	int result = walk->cb ? walk->cb(walk->data, nlh) : 0;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		walk->interrupted = true;
	if (result || walk->answer == CLIENT_ANSWER_ONE)
		walk_finish(walk, result);
}

static void walk_announcement(struct walk *walk, const struct nlmsghdr *nlh)
{
	int result = walk->stopped ? 0 : client_announce(walk->ctq, nlh);

	if (!result)
		return;
	walk->stopped = true;
	if (!walk->done || !walk->result)
		walk_finish(walk, result);
}

/* Does @nlh answer the request, or refuse the whole connection? */
static bool is_answer(const struct walk *walk, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq == 0)
		return nlh->nlmsg_type == NLMSG_ERROR;
	return nlh->nlmsg_seq >= walk->first && nlh->nlmsg_seq <= walk->ctq->seq;
}

static void walk_message(struct walk *walk, const struct nlmsghdr *nlh)
{
	if (!is_answer(walk, nlh)) {
		if (nlh->nlmsg_seq == 0)
			walk_announcement(walk, nlh);
		return;
	}
	if (walk->done)
		return;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP: break;
	case NLMSG_ERROR: walk_error(walk, nlh); break;
	case NLMSG_DONE: walk_dump_end(walk, nlh); break;
	default: walk_data(walk, nlh);
	}
}

/* All messages of the datagram in ctq->in, also those after the end of the answer. */
static int walk_datagram(struct walk *walk, size_t size)
{
	struct ctlink_datagram datagram;
	struct ctlink_error error = { 0 };
	const struct nlmsghdr *nlh;
	int more;

	ctlink_datagram_init(&datagram, walk->ctq->in, (uint32_t)size);
	while ((more = ctlink_datagram_next(&datagram, &nlh, &error)) > 0)
		walk_message(walk, nlh);
	return more ? answer_unreadable(walk->ctq, &error) : 0;
}

static int walk_answer(struct walk *walk)
{
	struct ctq *ctq = walk->ctq;
	ssize_t size;
	int err;

	while (!walk->done) {
		size = client_receive(ctq, ctq->timeout_ms);
		if (size == -EAGAIN)
			return client_fail(ctq, CTQ_ERROR_ANSWER, -ETIMEDOUT,
			                   "ctqd on %s was silent for %d.%d s", ctq->path,
			                   ctq->timeout_ms / 1000,
			                   ctq->timeout_ms % 1000 / 100);
		if (size < 0)
			return (int)size;
		err = walk_datagram(walk, (size_t)size);
		if (err)
			return err;
	}
	return walk->result;
}

/* Send what is in ctq->out and read the answer. */
static int walk_run(struct walk *walk)
{
	struct ctq *ctq = walk->ctq;
	int err;

	ctq->error.origin = CTQ_ERROR_NONE;
	err = client_send(ctq);
	if (err)
		return err;
	ctq->busy = true;
	err = walk_answer(walk);
	ctq->busy = false;
	return err;
}

int client_ask(struct ctq *ctq, int built, enum client_answer answer,
               client_message_cb *cb, void *data)
{
	struct walk walk = { .ctq = ctq, .answer = answer, .cb = cb, .data = data };

	if (built)
		return client_unbuilt(ctq, built);
	walk.first = ctq->seq;
	return walk_run(&walk);
}

int client_ask_batch(struct ctq *ctq, uint32_t first, uint32_t *answered,
                     client_message_cb *cb, void *data)
{
	struct walk walk = { .ctq = ctq,
		             .answer = CLIENT_ANSWER_ACK,
		             .cb = cb,
		             .data = data,
		             .first = first };
	int err;

	err = walk_run(&walk);
	*answered = walk.answered;
	return err;
}

int client_ask_plain(struct ctq *ctq, uint16_t type, enum client_answer answer,
                     client_message_cb *cb, void *data)
{
	struct ctlink_header header;
	int err;

	err = client_begin(ctq, &header, type, answer, 0);
	if (err)
		return err;
	ctlink_message_begin(&ctq->out, &header);
	return client_ask(ctq, ctlink_message_end(&ctq->out), answer, cb, data);
}

int client_walk_announcements(struct ctq *ctq, size_t size)
{
	struct walk walk = { .ctq = ctq, .first = UINT32_MAX };
	int err;

	ctq->busy = true;
	err = walk_datagram(&walk, size);
	ctq->busy = false;
	return err ? err : walk.result;
}

int client_record_message(void *data, const struct nlmsghdr *nlh)
{
	const struct client_records *records = data;
	struct ctq_record record;

	if (nlh->nlmsg_type != records->type)
		return 0;
	if (record_of_message(nlh, &record))
		return client_malformed(records->ctq, nlh);
	return records->cb ? records->cb(records->data, &record) : 0;
}
