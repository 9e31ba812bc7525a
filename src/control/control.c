/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.c - the socket and its loop
 */
#include "control/control.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/control_priv.h"

#define CONTROL_EVENTS  64 /* of one epoll_wait(): the rest comes with the next */
#define CONTROL_BACKLOG 16
#define CONTROL_ACCEPTS \
	64 /* of one step: anybody may connect, and as fast as we accept */
#define CONTROL_TIMER_NS   1000000 /* between two steps of works that wait */
#define CONTROL_GROUPS_MAX 256     /* supplementary groups of a peer that are looked at */

void control_config_init(struct control_config *cfg)
{
	*cfg = (struct control_config){
		.socket_path = CTQ_SOCKET_PATH,
		.read_group = (gid_t)-1,
		.change_group = (gid_t)-1,
		.clients_max = CONTROL_CLIENTS_DEFAULT,
		.buffer_max = CONTROL_BUFFER_DEFAULT,
		.lists_max = CONTROL_LISTS_DEFAULT,
	};
}

/* ---- the socket ------------------------------------------------------------------------ */

/* Does somebody answer at this address? */
static bool is_alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return false;
	alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	        errno == EAGAIN;
	close(fd);
	return alive;
}

/* What a server left that is gone: a socket, which nobody answers. Anything else stays. */
static bool is_dead(const struct sockaddr_un *address)
{
	struct stat st;

	return lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       !is_alive(address);
}

static int bind_path(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct sockaddr *sa = (const struct sockaddr *)&address;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (bind(fd, sa, sizeof(address)) < 0) {
		if (errno != EADDRINUSE)
			return -errno;
		if (!is_dead(&address))
			return -EADDRINUSE;
		if (unlink(path) < 0 || bind(fd, sa, sizeof(address)) < 0)
			return -errno;
	}
	/* Everybody may connect; credentials decide what for. */
	return chmod(path, 0666) < 0 ? -errno : 0;
}

static int listener_open(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	err = bind_path(fd, path);
	if (err == 0 && listen(fd, CONTROL_BACKLOG) < 0)
		err = -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

/* ---- the timer --------------------------------------------------------------------------- */

static int timer_open(struct control *c)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &c->timer };

	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer < 0)
		return -errno;
	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->timer, &event) < 0 ? -errno : 0;
}

void control_timer_set(struct control *c, bool wanted)
{
	struct timespec every = { 0, wanted ? CONTROL_TIMER_NS : 0 };
	struct itimerspec spec = { every, every };

	timerfd_settime(c->timer, 0, &spec, NULL);
}

/* Clients that wait for what has ended go on. */
void control_clients_wake(struct control *c)
{
	struct control_client *client;

	cds_list_for_each_entry (client, &c->clients, node)
		if (client->job && client->job->is_ready && !client->is_gone)
			control_client_step(client);
}

static void on_timer(struct control *c)
{
	uint64_t expirations;

	if (read(c->timer, &expirations, sizeof(expirations)) < 0)
		return;
	if (control_works_step(c))
		control_clients_wake(c);
	if (!control_works_are_under_way(c))
		control_timer_set(c, false);
}

/* ---- questions --------------------------------------------------------------------------- */

static int questions_poll(struct control *c)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &c->questions };

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, path_question_fd(c->env.path), &event);
}

/* ---- life --------------------------------------------------------------------------------- */

struct control *control_new(const struct control_config *cfg,
                            const struct control_env *env, int *err)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct control *c = calloc(1, sizeof(*c));

	*err = -ENOMEM;
	if (!c)
		return NULL;
	c->cfg = *cfg;
	c->env = *env;
	c->timer = -1;
	c->socket_path = strdup(cfg->socket_path);
	c->works = control_works_new();
	if (!c->socket_path || !c->works)
		goto free_control;
	CDS_INIT_LIST_HEAD(&c->clients);
	CDS_INIT_LIST_HEAD(&c->questions);
	ctlink_message_init(&c->sets_out, CTQ_DATAGRAM_MAX, NULL);
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0) {
		*err = -errno;
		goto free_control;
	}
	*err = timer_open(c);
	if (*err < 0)
		goto close_timer;
	c->listener = listener_open(cfg->socket_path);
	if (c->listener < 0) {
		*err = c->listener;
		goto close_timer;
	}
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->listener, &event) < 0 ||
	    questions_poll(c) < 0) {
		*err = -errno;
		goto close_listener;
	}
	*err = control_commits_open(c);
	if (*err < 0)
		goto close_commits;
	sets_listen(rules_sets(env->rules), control_sets_told, c);
	return c;

close_commits:
	control_commits_close(c);
close_listener:
	unlink(c->socket_path);
	close(c->listener);
close_timer:
	if (c->timer >= 0)
		close(c->timer);
	close(c->epoll);
free_control:
	control_works_destroy(c->works);
	free(c->socket_path);
	free(c);
	return NULL;
}

void control_destroy(struct control *c)
{
	struct control_client *client, *next;

	if (!c)
		return;
	cds_list_for_each_entry_safe (client, next, &c->clients, node)
		control_client_destroy(client);
	control_commits_close(c);
	control_works_destroy(c->works);
	control_ask_fini(c);
	sets_listen(rules_sets(c->env.rules), NULL, NULL);
	ctlink_message_fini(&c->sets_out);
	unlink(c->socket_path);
	close(c->listener);
	close(c->timer);
	close(c->epoll);
	free(c->socket_path);
	free(c);
}

int control_fd(const struct control *c)
{
	return c->epoll;
}

/* ---- who may do what ------------------------------------------------------------------------- */

struct control_peer {
	struct ucred cred;
	gid_t groups[CONTROL_GROUPS_MAX];
	unsigned int groups_length;
};

static int peer_read(int fd, struct control_peer *peer)
{
	socklen_t size = sizeof(peer->cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer->cred, &size) < 0)
		return -errno;
	size = sizeof(peer->groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &size) < 0)
		size = 0; /* in more groups than we look at: only the first one counts */
	peer->groups_length = size / sizeof(peer->groups[0]);
	return 0;
}

static bool peer_is_in(const struct control_peer *peer, gid_t group)
{
	unsigned int i;

	if (group == (gid_t)-1)
		return false;
	if (peer->cred.gid == group)
		return true;
	for (i = 0; i < peer->groups_length; i++)
		if (peer->groups[i] == group)
			return true;
	return false;
}

static bool peer_may_change(const struct control *c, const struct control_peer *peer)
{
	return peer->cred.uid == 0 || peer->cred.uid == geteuid() ||
	       peer_is_in(peer, c->cfg.change_group);
}

/* ---- connections -------------------------------------------------------------------------------- */

/* Say why before closing: an error that answers no request. */
static void refuse(int fd, const struct ctlink_error *error)
{
	const struct nlmsghdr none = { .nlmsg_len = NLMSG_HDRLEN };
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	if (ctlink_answer_build(&m, &none, error) == 0)
		(void)!send(fd, m.data, m.size, MSG_NOSIGNAL | MSG_DONTWAIT);
	ctlink_message_fini(&m);
}

/* May this one connect, and is there room? What is in the way is told to it and counted. */
static bool client_is_welcome(struct control *c, const struct control_peer *peer, int fd)
{
	bool may_change = peer_may_change(c, peer);
	struct ctlink_error error = { .code = 0 };

	if (!may_change && !peer_is_in(peer, c->cfg.read_group)) {
		c->counters[CONTROL_COUNTER_REFUSED]++;
		ctlink_error_set(&error, -EPERM, 0, "this user may not connect");
		ctlink_error_hint(&error,
		                  "run as root, or in a group that ctqd.conf names as "
		                  "group or admin-group");
	} else if (c->clients_length >= control_limit(c->cfg.clients_max, may_change)) {
		c->counters[CONTROL_COUNTER_FULL]++;
		ctlink_error_set(&error, -EBUSY, 0,
		                 "%u clients are connected, more are not allowed",
		                 c->clients_length);
		ctlink_error_hint(&error, "see 'clients' in ctqd.conf");
	}
	if (error.code)
		refuse(fd, &error);
	return !error.code;
}

static void client_add(struct control *c, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct control_peer peer;
	struct control_client *client;

	if (peer_read(fd, &peer) < 0)
		goto close_fd;
	if (!client_is_welcome(c, &peer, fd))
		goto close_fd;
	client = control_client_new(c, fd, peer_may_change(c, &peer));
	if (!client)
		goto close_fd;
	event.data.ptr = client;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		control_client_destroy(client);
		return;
	}
	c->counters[CONTROL_COUNTER_CLIENTS]++;
	return;

close_fd:
	close(fd);
}

static void accept_some(struct control *c)
{
	unsigned int n;
	int fd;

	for (n = 0; n < CONTROL_ACCEPTS; n++) {
		fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		client_add(c, fd);
	}
}

static void close_gone(struct control *c)
{
	struct control_client *client, *next;

	cds_list_for_each_entry_safe (client, next, &c->clients, node)
		if (client->is_gone)
			control_client_destroy(client);
}

/* Who hangs up while its job waits would be reported for ever. */
static void client_event(struct control_client *client, uint32_t events)
{
	if (events & (EPOLLHUP | EPOLLERR) && control_client_is_waiting(client))
		client->is_gone = true;
	else
		control_client_step(client);
}

void control_step(struct control *c, uint64_t now_ns)
{
	struct epoll_event events[CONTROL_EVENTS];
	void *source; /* NULL: the listener */
	int n, i;

	c->now_ns = now_ns;
	n = epoll_wait(c->epoll, events, CONTROL_EVENTS, 0);
	for (i = 0; i < n; i++) {
		source = events[i].data.ptr;
		if (!source)
			accept_some(c);
		else if (source == &c->timer)
			on_timer(c);
		else if (source == c->commits)
			control_commits_step(c);
		else if (source == &c->questions)
			control_ask_events(c);
		else
			client_event(source, events[i].events);
		rcu_quiet();
	}
	control_sets_flush(c);
	close_gone(c);
}

void control_tick(struct control *c, uint64_t now_ns)
{
	c->now_ns = now_ns;
	if (!control_is_committing(c)) /* one change of sets at a time */
		control_sets_update(c);
	control_sets_flush(c);
	control_groups_events(c);
	control_watch_events(c);
	close_gone(c);
}
