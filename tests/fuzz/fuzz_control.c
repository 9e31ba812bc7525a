/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations: sequences of valid and broken datagrams of up to four clients to a control
 * server in this process, with flows and rules present. Nothing crashes or leaks; each answer
 * is whole, each refusal has a text and points into its request; and when the clients have
 * gone, no list and no batch is left of them.
 *
 * An input is steps. One byte says what: its lower two bits which client, the others what it
 * does (enum step); a datagram is two bytes of length, little-endian, and its bytes.
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/control.h"
#include "ctlink/answer.h"
#include "ctlink/daemon.h"
#include "ctlink/message.h"
#include "path/path.h"
#include "track/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND  1000000000ull
#define CLIENTS 4
#define FLOWS   8
#define STEPS \
	64 /* datagrams of one input: enough for any state, short enough to be fast */

enum step { STEP_SEND, STEP_SEND_UNREAD, STEP_PACKET, STEP_TICK, STEP_LATER, STEP_CLOSE };

/* Made once: an input leaves flows, which the next one replaces, but no client and no rule. */
static struct {
	struct flow_table *flows;
	struct rules *rules;
	struct path *path;
	struct control *control;
	char folder[32], socket[64];
	uint64_t now_ns;
	int fd[CLIENTS];
} s;

/* ---- the server --------------------------------------------------------------------------- */

static bool queue_none(void *ctx, unsigned int i, struct queue_info *out)
{
	return false;
}

static char *config_text(void *ctx, bool defaults)
{
	return strdup(defaults ? "table {\n\tmax 1;\n}\n" : "table {\n\tmax 2;\n}\n");
}

static int reload(void *ctx, char *text, size_t size)
{
	snprintf(text, size, "not here");
	return -EINVAL;
}

static void server_stop(void)
{
	control_destroy(s.control);
	rmdir(s.folder);
}

static void server_start(void)
{
	struct control_env env = { .workers = 1,
		                   .version = "fuzz",
		                   .queue_info = queue_none,
		                   .reload = reload,
		                   .config_text = config_text };
	struct siphash_key key = { { 1, 2 } };
	struct flow_table_config table;
	struct control_config cfg;
	struct path_config path;
	int err = 0;

	urcu_qsbr_register_thread();
	s.now_ns = 1000 * SECOND;
	flow_table_config_init(&table);
	table.max = 1000;
	env.flows = s.flows = flow_table_new(&table, &key, &err);
	assert(s.flows);
	flow_clock_set(s.flows, s.now_ns, 5000 * SECOND);
	env.rules = s.rules = rules_new("linear", 1, NULL, &err);
	path_config_init(&path);
	env.path = s.path = path_new(&path, s.flows, s.rules, 1);
	strcpy(s.folder, "/tmp/ctq-fuzz-XXXXXX");
	assert(s.rules && s.path && mkdtemp(s.folder));
	snprintf(s.socket, sizeof(s.socket), "%s/sock", s.folder);
	control_config_init(&cfg);
	cfg.socket_path = s.socket;
	s.control = control_new(&cfg, &env, &err);
	assert(s.control);
	atexit(server_stop);
}

static void server_run(void)
{
	struct pollfd control = { control_fd(s.control), POLLIN, 0 };
	int quiet = 0;

	while (quiet < 4) {
		control_step(s.control, s.now_ns);
		quiet = control_is_committing(s.control) ? 0 : quiet + 1;
		if (quiet == 0)
			poll(&control, 1, -1); /* for the builder */
	}
}

/* A flow from 10.0.0.@n, unless it is there. */
static void flow_add(uint8_t n)
{
	struct packet p = {
		.family = AF_INET, .has_tuple = true, .length = 100, .ifin = 2
	};
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow_worker *w = flow_worker(s.flows, 0);
	struct tuple reply;
	struct flow *f;

	memcpy(p.tuple.src, (uint8_t[]){ 10, 0, 0, n }, 4);
	memcpy(p.tuple.dst, "\xc0\x00\x02\x01", 4);
	p.tuple.src_id = htons(1024);
	p.tuple.dst_id = htons(53);
	p.tuple.l3 = AF_INET;
	p.tuple.l4 = IPPROTO_UDP;
	if (flow_peek(s.flows, &p.tuple).flow)
		return;
	f = flow_new(w, &p, TRACK_MACHINE_UDP, s.now_ns, &why);
	if (!f)
		return;
	tuple_invert(&p.tuple, &reply);
	flow_confirm(w, f, &reply, s.now_ns, &why);
}

static void rules_forget(void)
{
	struct rules_error error;
	int err;
	struct rules_change *change = rules_change_new(s.rules, &err);

	assert(change);
	assert(rules_change_flush(change) == 0 &&
	       rules_change_build(change, &error) == 0);
	rules_change_commit(change, 1, 1);
	rules_change_destroy(change);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void error_check(const struct nlmsghdr *nlh)
{
	struct ctlink_error answer, error;
	struct nlmsghdr request;

	assert(ctlink_answer_parse(nlh, &answer, &request, &error) == 0);
	if (answer.code == 0)
		return;
	assert(answer.text[0]);
	assert(answer.offset == 0 || answer.offset < request.nlmsg_len);
}

static void answers_check(const uint8_t *bytes, size_t size)
{
	const struct nlmsghdr *nlh;
	struct ctlink_datagram d;
	struct ctlink_header header;
	int more;

	ctlink_datagram_init(&d, bytes, (uint32_t)size);
	while ((more = ctlink_datagram_next(&d, &nlh, NULL)) > 0) {
		if (nlh->nlmsg_type == NLMSG_ERROR)
			error_check(nlh);
		else if (nlh->nlmsg_type != NLMSG_DONE)
			assert(ctlink_header_parse(nlh, &header, NULL) == 0 &&
			       ctlink_attributes_check(nlh, NULL) == 0);
	}
	assert(more == 0);
}

/* All that a client can read; the last datagram stays. Returns its bytes. */
static size_t answers_read(int fd, uint8_t *bytes)
{
	ssize_t size;
	size_t last = 0;

	while ((size = recv(fd, bytes, CTQ_DATAGRAM_MAX, MSG_DONTWAIT)) > 0) {
		answers_check(bytes, (size_t)size);
		last = (size_t)size;
		server_run();
	}
	return last;
}

/* ---- clients --------------------------------------------------------------------------------- */

static uint32_t buffer[CTQ_DATAGRAM_MAX / 4];

static int client_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, s.socket);
	assert(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	server_run();
	return fd;
}

static void client_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	server_run();
}

/* The datagram of a step; returns the bytes of the input that it took. */
static size_t client_send(int *fd, const uint8_t *data, size_t left, bool reads)
{
	size_t size = left < 2 ? 0 : (size_t)data[0] | (size_t)data[1] << 8;

	if (left < 2)
		return left;
	if (size > left - 2)
		size = left - 2;
	if (*fd < 0)
		*fd = client_connect();
	(void)!send(*fd, data + 2, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	server_run();
	if (reads)
		answers_read(*fd, (uint8_t *)buffer);
	return size + 2;
}

/* Nobody is left but who asks this, and nothing of those who were. */
static void all_gone(void)
{
	struct ctlink_header header = { .type = CTLINK_TYPE(CTQ_SUBSYS_DAEMON,
		                                            CTQ_MSG_DAEMON_GET),
		                        .flags = NLM_F_REQUEST };
	struct ctlink_daemon value = { .has = 0 };
	struct ctlink_message m;
	int fd = client_connect();

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	assert(ctlink_message_put(&m, &header) == 0);
	assert(send(fd, m.data, m.size, 0) == m.size);
	server_run();
	assert(answers_read(fd, (uint8_t *)buffer) > 0);
	assert(ctlink_daemon_parse((struct nlmsghdr *)buffer, &value, NULL, NULL) == 0);
	assert(value.clients == 1 && value.lists == 0 && value.batches == 0);
	ctlink_daemon_fini(&value, NULL);
	ctlink_message_fini(&m);
	client_close(&fd);
}

static size_t step_run(const uint8_t *data, size_t left)
{
	int *fd = &s.fd[data[0] % CLIENTS];

	switch ((enum step)(data[0] / CLIENTS % (STEP_CLOSE + 1))) {
	case STEP_SEND: return 1 + client_send(fd, data + 1, left - 1, true);
	case STEP_SEND_UNREAD: return 1 + client_send(fd, data + 1, left - 1, false);
	case STEP_PACKET: flow_add(left > 1 ? data[1] : 0); return 2;
	case STEP_TICK: control_tick(s.control, s.now_ns); return 1;
	case STEP_LATER: s.now_ns += SECOND / 100; return 1;
	case STEP_CLOSE: client_close(fd); return 1;
	}
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t offset = 0, step;
	unsigned int steps = 0;
	uint8_t n;
	int i;

	if (!s.control)
		server_start();
	for (i = 0; i < CLIENTS; i++)
		s.fd[i] = -1;
	for (n = 0; n < FLOWS; n++)
		flow_add(n);
	for (; offset < size && steps < STEPS; steps++) {
		step = step_run(data + offset, size - offset);
		offset += step;
	}
	control_tick(s.control, s.now_ns);
	for (i = 0; i < CLIENTS; i++) {
		if (s.fd[i] >= 0)
			answers_read(s.fd[i], (uint8_t *)buffer);
		client_close(&s.fd[i]);
	}
	all_gone();
	rules_forget();
	rcu_offline();
	rcu_settle(); /* what waits to be freed is no leak */
	rcu_online();
	return 0;
}
