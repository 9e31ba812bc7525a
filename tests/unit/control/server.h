/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.h - a control server on a real socket, in the test's own thread
 *
 *	struct server s = server_new(5);           five confirmed flows
 *	int fd = server_connect(&s);
 *	server_ask(&s, fd, &message);              send, let the server step
 *	n = server_read(&s, fd, &nlh);             messages of the next datagram
 */
#ifndef TESTS_UNIT_CONTROL_SERVER_H
#define TESTS_UNIT_CONTROL_SERVER_H

#include "../flow/flow_fixture.h"
#include "control/control.h"
#include "ctlink/answer.h"
#include "ctlink/message.h"
#include "path/path.h"

struct server {
	struct fixture flows;
	struct rules *rules;
	struct path *path;
	struct control *control;
	char directory[64], socket[96];
};

struct server server_new(unsigned int flows, const struct control_config *cfg);
void server_end(struct server *s);

int server_connect(struct server *s);

/** Send one datagram and let the server work until nothing moves. */
void server_ask(struct server *s, int fd, const struct ctlink_message *m);
void server_run(struct server *s);

uint32_t server_generation(const struct server *s);

/** Let time pass and the server work until something waits in @fd; -1: for a while. */
void server_wait(struct server *s, int fd);

/** The one module, "test", protocol 253; and how often it is open. */
extern const struct track_proto server_module;
extern const struct helper
	server_helper; /* "announce": the first byte is a port, of UDP 2530 */
extern unsigned int server_modules_open;

/** Packets that control_log_drops() has handed out. */
extern unsigned int server_dropped;

/** How often its one worker was woken. */
extern unsigned int server_wakes;

/* What a client has read: messages of one or more datagrams. */
struct answers {
	uint8_t data[4 * CTQ_DATAGRAM_MAX];
	uint32_t size;
	unsigned int datagrams;
};

/** All that waits in the socket; the server goes on between datagrams. */
void server_read(struct server *s, int fd, struct answers *out);

/** Messages of that type; *@last: the last one. */
unsigned int answers_count(const struct answers *a, uint16_t type,
                           const struct nlmsghdr **last);

/** The one NLMSG_ERROR among the answers. */
struct ctlink_error answers_error(const struct answers *a);

/** The client of @fd hears of @groups (a bit for each) from now on. */
void server_subscribe(struct server *s, int fd, uint32_t groups);

/** Called once, in the middle of a list: when the next flow is shown. */
extern void (*server_on_flow)(void);

/** control_env.config_text of the server: a text of several pieces. */
#define SERVER_CONFIG_SIZE 100000
char *server_config_text(void *ctx, bool defaults);

/** A message with header only, ended: into @m. */
void request(struct ctlink_message *m, uint16_t type, uint16_t flags);

#endif
