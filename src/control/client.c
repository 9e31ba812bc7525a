/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.c - one connection
 *
 * Requests are answered one after the other. A long one becomes a job, which goes on
 * whenever the client has read what was sent before: a client that reads slowly slows its own
 * job and nothing else, and at most one datagram of it waits here. No request is answered before
 * the client has read the answer to the one before: requests wait in the socket, or in `input`
 * when they came in the same datagram.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/control_priv.h"

/* Datagrams of a job, and requests, before others get their turn. One that is as long as it can
 * be, with a thousand steps of a transaction, is a turn of its own: some milliseconds. */
#define CLIENT_TURN 16

struct control_client *control_client_new(struct control *c, int fd, bool may_change)
{
	struct control_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->input = malloc(CTQ_DATAGRAM_MAX);
	if (!client->input) {
		free(client);
		return NULL;
	}
	client->control = c;
	client->polled = EPOLLIN;
	client->fd = fd;
	client->may_change = may_change;
	client->datagram_max = CTQ_DATAGRAM_MAX;
	CDS_INIT_LIST_HEAD(&client->output);
	cds_list_add_tail(&client->node, &c->clients);
	c->clients_length++;
	return client;
}

static void output_drop_first(struct control_client *client)
{
	struct control_output *out =
		cds_list_first_entry(&client->output, struct control_output, node);

	client->output_bytes -= out->size;
	cds_list_del(&out->node);
	free(out);
}

static void job_end(struct control_client *client)
{
	if (!client->job)
		return;
	client->job->destroy(client->job);
	client->job = NULL;
	client->control->jobs_length--;
}

void control_client_destroy(struct control_client *client)
{
	struct control *c = client->control;

	job_end(client);
	control_watch_leave(client);
	control_batch_close(client);
	while (!cds_list_empty(&client->output))
		output_drop_first(client);
	/* closing alone would leave it there while another process has the socket, too */
	epoll_ctl(c->epoll, EPOLL_CTL_DEL, client->fd, NULL);
	close(client->fd);
	cds_list_del(&client->node);
	c->clients_length--;
	free(client->input);
	free(client);
	control_groups_update(c);
}

/* ---- out ------------------------------------------------------------------------------- */

/*
 * Poll for writing, or for reading. Never for both: what a client has sent is not read before
 * it has read what waits for it, and a socket that is readable all the while would have us go
 * round without end. For neither while its job waits: a hang-up is heard all the same.
 */
static void poll_for(struct control_client *client, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = client };

	if (client->polled == events)
		return;
	client->polled = events;
	epoll_ctl(client->control->epoll, EPOLL_CTL_MOD, client->fd, &event);
}

/* 1: sent; 0: the client must read first; negative: it is gone. */
static int send_now(struct control_client *client, const void *data, uint32_t size)
{
	if (send(client->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 1;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : -errno;
}

static bool send_datagram(struct control_client *client, const uint8_t *data,
                          uint32_t size)
{
	struct control_output *out;
	int sent = 0;

	if (cds_list_empty(&client->output))
		sent = send_now(client, data, size);
	if (sent) {
		client->is_gone |= sent < 0;
		return true;
	}
	out = malloc(sizeof(*out) + size);
	if (!out)
		return false;
	out->size = size;
	memcpy(out->data, data, size);
	cds_list_add_tail(&out->node, &client->output);
	client->output_bytes += size;
	poll_for(client, EPOLLOUT);
	return true;
}

/* Bytes of the first messages that @limit has room for; at least of one. */
static uint32_t first_size(const uint8_t *data, uint32_t size, uint32_t limit)
{
	const struct nlmsghdr *nlh;
	uint32_t end = 0, next;

	while (end < size) {
		nlh = (const struct nlmsghdr *)(data + end);
		next = end + NLMSG_ALIGN(nlh->nlmsg_len);
		if (end && next > limit)
			break;
		end = next;
	}
	return end;
}

/* All or nothing, but for want of memory. What the socket takes needs no room here. */
static bool send_within(struct control_client *client, const uint8_t *data, uint32_t size,
                        uint32_t limit)
{
	uint32_t n;

	if (!cds_list_empty(&client->output) &&
	    client->output_bytes + size > client->control->cfg.buffer_max)
		return false;
	for (; size; data += n, size -= n) {
		n = first_size(data, size, limit);
		if (!send_datagram(client, data, n))
			return false;
	}
	return true;
}

bool control_client_send(struct control_client *client, const void *data, uint32_t size)
{
	return send_within(client, data, size, client->datagram_max);
}

bool control_client_announce(struct control_client *client, const void *data,
                             uint32_t size)
{
	return send_within(client, data, size,
	                   client->wants_single ? 1 : client->datagram_max);
}

/* True: nothing waits any more. */
static bool flush_output(struct control_client *client)
{
	struct control_output *out;
	int sent;

	while (!cds_list_empty(&client->output)) {
		out = cds_list_first_entry(&client->output, struct control_output, node);
		sent = send_now(client, out->data, out->size);
		if (sent == 0)
			return false;
		client->is_gone |= sent < 0;
		output_drop_first(client);
	}
	if (client->lost)
		control_groups_overrun(client);
	return true;
}

/* An answer. One that finds no room ends the connection: no later one would make sense. */
static void send_answer(struct control_client *client, const struct ctlink_message *m)
{
	if (control_client_send(client, m->data, m->size))
		return;
	client->control->counters[CONTROL_COUNTER_SLOW]++;
	client->is_gone = true;
}

/* ---- the job ---------------------------------------------------------------------------- */

static int job_answer(struct control_client *client, int result, struct ctlink_message *m)
{
	struct control_job *job = client->job;
	struct ctlink_error error = { .code = 0 };
	struct ctlink_done done = { .code = result,
		                    .interrupted = job->interrupted,
		                    .generation = job->generation,
		                    .generation_end = job->generation_end };

	if (job->is_dump)
		return ctlink_done_put(m, &job->request, &done);
	if (job->error)
		error = *job->error;
	error.code = result;
	if (result < 0 || job->request.nlmsg_flags & NLM_F_ACK)
		return ctlink_answer_build(m, &job->request, result < 0 ? &error : NULL);
	return 0;
}

bool control_client_is_waiting(const struct control_client *client)
{
	const struct control_job *job = client->job;

	return job && job->is_ready && !job->is_ready(job);
}

/* What happens to flows from here on is because of this client. */
static void act_for(const struct control_client *client)
{
	flow_event_origin_set(control_worker(client->control), client->port);
}

/* One datagram of the job. */
static void job_step(struct control_client *client)
{
	struct ctlink_message m;
	int result;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	act_for(client);
	result = client->job->step(client, client->job, &m);
	if (result <= 0) {
		if (job_answer(client, result, &m) == -EMSGSIZE) {
			send_answer(client, &m);
			ctlink_message_reset(&m);
			client->is_gone |= job_answer(client, result, &m) < 0;
		}
		job_end(client);
	}
	send_answer(client, &m);
	ctlink_message_fini(&m);
	rcu_quiet();
}

/* ---- in ------------------------------------------------------------------------------------ */

/* No refusal goes out without a text. */
static void error_complete(struct ctlink_error *error)
{
	if (!error->text[0])
		ctlink_error_set(error, error->code, error->offset, "%s",
		                 strerror(-error->code));
}

/* An answer that does not fit a datagram is our own mistake; the client is told. */
static void answer(struct control_client *client, const struct nlmsghdr *nlh)
{
	struct ctlink_error error = { .code = 0 };
	struct ctlink_message m;
	int err;

	client->control->counters[CONTROL_COUNTER_REQUESTS]++;
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	act_for(client);
	err = control_dispatch(client, nlh, &m, &error);
	if (err < 0) {
		client->control->counters[CONTROL_COUNTER_ERRORS]++;
		ctlink_message_reset(&m);
		error.code = err;
		error_complete(&error);
		err = ctlink_answer_build(&m, nlh, &error);
	} else if (nlh->nlmsg_flags & NLM_F_ACK && !client->job && !client->batch) {
		err = ctlink_answer_build(&m, nlh, NULL);
	}
	client->is_gone |= err < 0;
	send_answer(client, &m);
	ctlink_message_fini(&m);
}

/* A datagram that cannot be taken apart is answered once, and its rest is lost. */
static void answer_garbage(struct control_client *client,
                           const struct ctlink_error *error)
{
	struct nlmsghdr none = { .nlmsg_len = NLMSG_HDRLEN };
	struct ctlink_message m;

	client->control->counters[CONTROL_COUNTER_ERRORS]++;
	control_batch_spoil(client);
	if (error->code == -EMSGSIZE)
		client->control->counters[CONTROL_COUNTER_TOO_LONG]++;
	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	client->is_gone |= ctlink_answer_build(&m, &none, error) < 0;
	send_answer(client, &m);
	ctlink_message_fini(&m);
}

/* Up to a request that begins a job, or whose answer waits for its reader. */
static void datagram_step(struct control_client *client)
{
	struct ctlink_error error = { .code = 0 };
	const struct nlmsghdr *nlh;
	int more;

	while (!client->job && !client->is_gone && cds_list_empty(&client->output)) {
		more = ctlink_datagram_next(&client->datagram, &nlh, &error);
		if (more <= 0) {
			if (more < 0)
				answer_garbage(client, &error);
			client->datagram.size = 0;
			return;
		}
		answer(client, nlh);
	}
}

/* False: there is nothing to read now. *@turn goes on by what was read. */
static bool receive(struct control_client *client, unsigned int *turn)
{
	struct ctlink_error error = { .code = -EMSGSIZE };
	ssize_t n = recv(client->fd, client->input, CTQ_DATAGRAM_MAX,
	                 MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		client->is_gone = true;
		return false;
	}
	if (n > CTQ_DATAGRAM_MAX) {
		ctlink_error_set(&error, -EMSGSIZE, 0,
		                 "a datagram of %zd bytes, %d are allowed", n,
		                 CTQ_DATAGRAM_MAX);
		answer_garbage(client, &error);
		return true;
	}
	*turn += (unsigned int)n / (CTQ_DATAGRAM_MAX / CLIENT_TURN);
	ctlink_datagram_init(&client->datagram, client->input, (uint32_t)n);
	datagram_step(client);
	return true;
}

void control_client_step(struct control_client *client)
{
	unsigned int turn;

	for (turn = 0; turn < CLIENT_TURN && !client->is_gone; turn++) {
		if (!flush_output(client) || control_client_is_waiting(client))
			break;
		if (client->job)
			job_step(client);
		else if (client->datagram.size)
			datagram_step(client);
		else if (!receive(client, &turn))
			break;
	}
	flow_event_origin_set(control_worker(client->control), 0);
	/* A job goes on when the socket is writable, which it is mostly at once. */
	if (!cds_list_empty(&client->output))
		poll_for(client, EPOLLOUT);
	else if (control_client_is_waiting(client))
		poll_for(client, 0);
	else
		poll_for(client,
		         client->job || client->datagram.size ? EPOLLOUT : EPOLLIN);
}
