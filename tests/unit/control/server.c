/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"

#include "ctlink/daemon.h"
#include "ctq/module.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

static bool no_queue(void *ctx, unsigned int i, struct queue_info *out)
{
	if (i > 1)
		return false;
	memset(out, 0, sizeof(*out));
	out->number = (uint16_t)(10 + i);
	out->cpu = -1;
	return true;
}

/* ---- one module ----------------------------------------------------------------------- */

static void module_first(union track_state *state, const struct packet *p,
                         const struct track_config *cfg, uint64_t now_ms,
                         struct track_result *res)
{
	res->timeout_s = 10;
}

static void module_later(union track_state *state, const struct packet *p,
                         enum track_dir dir, uint32_t status,
                         const struct track_config *cfg, uint64_t now_ms,
                         struct track_result *res)
{
	res->timeout_s = 20;
}

const struct track_proto server_module = {
	.name = "test", .l4 = 253, .open = module_first, .packet = module_later
};

static void helper_looks(void *state, const struct ctq_payload *payload,
                         struct ctq_announcements *out)
{
	out->length = 1;
	out->list[0] = (struct ctq_announcement){ IPPROTO_UDP, false, payload->data[0] };
}

static const struct ctq_helper announces = { .look = helper_looks };
const struct helper server_helper = {
	.name = "announce",
	.l4 = IPPROTO_UDP,
	.ports = { 2530 },
	.ports_length = 1,
	.classes = { { "announce", 100, 60 } },
	.classes_length = 1,
	.module = &announces,
};
unsigned int server_modules_open;

void (*server_on_flow)(void);

/* No interface has a name; a list asks for each flow. */
static const char *ifname(void *ctx, uint32_t index)
{
	void (*call)(void) = server_on_flow;

	server_on_flow = NULL;
	if (call)
		call();
	return NULL;
}

static const char *label_name(void *ctx, unsigned int number)
{
	return number == 3 ? "web" : number == 100 ? "bulk" : NULL;
}

static int module_open(void *ctx, const char *name, struct control_module *brought,
                       char *text, size_t size)
{
	*brought = (struct control_module){ NULL, NULL };
	if (strcmp(name, server_helper.name) == 0)
		brought->helper = &server_helper;
	else if (strcmp(name, server_module.name) == 0)
		brought->proto = &server_module;
	else {
		snprintf(text, size, "no module '%s'", name);
		return -ENOENT;
	}
	server_modules_open++;
	return 0;
}

static void module_close(void *ctx, const struct control_module *brought)
{
	cr_assert(brought->helper ? brought->helper == &server_helper
	                          : brought->proto == &server_module);
	server_modules_open--;
}

/* Lines of all lengths up to 100. */
char *server_config_text(void *ctx, bool defaults)
{
	char *text = malloc(SERVER_CONFIG_SIZE + 1);
	size_t i, end = 0, length = 0;

	if (!text)
		return NULL;
	for (i = 0; i < SERVER_CONFIG_SIZE; i++) {
		if (i == end) {
			length = length % 100 + 1;
			end += length;
		}
		text[i] = i + 1 == end || i + 1 == SERVER_CONFIG_SIZE
		                  ? '\n'
		                  : (char)('a' + i % 26);
	}
	text[SERVER_CONFIG_SIZE] = '\0';
	return text;
}

unsigned int server_wakes;

static void wake(void *ctx, uint16_t worker)
{
	server_wakes++;
}

unsigned int server_dropped;

static void dropped(void *ctx, const struct path_sighting *s)
{
	server_dropped++;
}

static int reload(void *ctx, char *text, size_t size)
{
	return 0;
}

struct server server_new(unsigned int flows, const struct control_config *cfg)
{
	struct control_config defaults;
	struct control_env env = { .workers = 1,
		                   .version = "test",
		                   .queue_info = no_queue,
		                   .module_open = module_open,
		                   .module_close = module_close,
		                   .ifname = ifname,
		                   .reload = reload,
		                   .wake = wake,
		                   .dropped = dropped,
		                   .config_text = server_config_text };
	struct rules_labels *none;
	struct path_config path;
	struct server s = { .directory = "/tmp/ctq-control-XXXXXX" };
	unsigned int i;
	int err = 0;

	s.flows = fixture_new(NULL);
	for (i = 0; i < flows; i++)
		confirmed_number(&s.flows, i);
	s.rules = rules_new("linear", 1, NULL, &err);
	cr_assert_eq(rules_label_names(s.rules, label_name, NULL, &none), 0);
	path_config_init(&path);
	s.path = path_new(&path, s.flows.table, s.rules, 1);
	cr_assert_not_null(mkdtemp(s.directory));
	snprintf(s.socket, sizeof(s.socket), "%s/sock", s.directory);
	control_config_init(&defaults);
	if (cfg)
		defaults = *cfg;
	defaults.socket_path = s.socket;
	env.flows = s.flows.table;
	env.rules = s.rules;
	env.path = s.path;
	s.control = control_new(&defaults, &env, &err);
	cr_assert_not_null(s.control, "control_new: %d", err);
	return s;
}

void server_end(struct server *s)
{
	control_destroy(s->control);
	cr_assert_eq(access(s->socket, F_OK), -1, "the socket is gone");
	rmdir(s->directory);
	path_destroy(s->path);
	fixture_end(&s->flows);
	rules_destroy(s->rules);
}

int server_connect(struct server *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->socket);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	server_run(s);
	return fd;
}

void server_run(struct server *s)
{
	struct pollfd control = { control_fd(s->control), POLLIN, 0 };
	int quiet = 0;

	while (quiet < 8) {
		control_step(s->control, s->flows.now_ns);
		quiet = control_is_committing(s->control) ? 0 : quiet + 1;
		if (quiet == 0)
			poll(&control, 1, -1); /* for the builder */
	}
}

uint32_t server_generation(const struct server *s)
{
	return ruleset_generation(rules_peek(s->rules));
}

void server_wait(struct server *s, int fd)
{
	struct pollfd fds[] = { { control_fd(s->control), POLLIN, 0 },
		                { fd, POLLIN, 0 } };
	int patience;

	for (patience = 0; patience < 1000; patience++) {
		rcu_offline();
		poll(fds, 2, 10);
		rcu_online();
		if (fd >= 0 && fds[1].revents)
			return;
		s->flows.now_ns += 1000000;
		control_step(s->control, s->flows.now_ns);
		rcu_quiet();
	}
	cr_assert_lt(fd, 0, "no answer came");
}

void server_ask(struct server *s, int fd, const struct ctlink_message *m)
{
	cr_assert_eq(send(fd, m->data, m->size, 0), m->size);
	server_run(s);
}

void server_read(struct server *s, int fd, struct answers *out)
{
	ssize_t n;

	out->size = out->datagrams = 0;
	while ((n = recv(fd, out->data + out->size, sizeof(out->data) - out->size, 0)) >
	       0) {
		out->size += (uint32_t)n;
		out->datagrams++;
		server_run(s);
	}
}

unsigned int answers_count(const struct answers *a, uint16_t type,
                           const struct nlmsghdr **last)
{
	struct ctlink_datagram d;
	const struct nlmsghdr *nlh;
	unsigned int n = 0;

	ctlink_datagram_init(&d, a->data, a->size);
	while (ctlink_datagram_next(&d, &nlh, NULL) == 1) {
		if (nlh->nlmsg_type != type)
			continue;
		n++;
		if (last)
			*last = nlh;
	}
	return n;
}

struct ctlink_error answers_error(const struct answers *a)
{
	const struct nlmsghdr *nlh = NULL;
	struct ctlink_error error;

	cr_assert_eq(answers_count(a, NLMSG_ERROR, &nlh), 1);
	cr_assert_eq(ctlink_answer_parse(nlh, &error, NULL, NULL), 0);
	return error;
}

void server_subscribe(struct server *s, int fd, uint32_t groups)
{
	struct ctlink_header header = {
		.type = CTLINK_TYPE(CTQ_SUBSYS_DAEMON, CTQ_MSG_DAEMON_SUBSCRIBE),
		.flags = NLM_F_REQUEST | NLM_F_ACK,
	};
	struct ctlink_groups value = { .has = groups };
	struct answers answers;
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	cr_assert_eq(ctlink_groups_build(&m, &header, &value), 0);
	server_ask(s, fd, &m);
	server_read(s, fd, &answers);
	cr_assert_eq(answers_error(&answers).code, 0);
	ctlink_message_fini(&m);
}

void request(struct ctlink_message *m, uint16_t type, uint16_t flags)
{
	struct ctlink_header header = { .type = type,
		                        .flags = (uint16_t)(NLM_F_REQUEST | flags),
		                        .seq = 77 };

	ctlink_message_init(m, CTQ_DATAGRAM_MAX, NULL);
	ctlink_message_begin(m, &header);
	cr_assert_eq(ctlink_message_end(m), 0);
}
