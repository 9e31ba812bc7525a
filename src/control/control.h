/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.h - ctlink's end in the daemon
 *
 * Owns the listening socket, the clients, and the groups. Everything runs in the control
 * thread: the owner polls control_fd() (an epoll) and calls control_step() when it is
 * readable, and control_tick() several times a second (events).
 * Never blocks: a client that does not read is skipped, and told what it lost when it reads
 * again; one whose answers find no more room is closed.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "flow/table.h"
#include "path/path.h"
#include "queue/queue.h"
#include "rules/rules.h"

struct control;

/* What the daemon lets requests see and do. Functions run in the control thread. */
/* What a module brings: one of both, the other is NULL. */
struct control_module {
	const struct track_proto *proto;
	const struct helper *helper;
};

struct path_sighting;

struct control_env {
	struct flow_table *flows;
	struct rules *rules;
	struct path *path;
	uint16_t workers;
	const char *version;
	const char *config_path;
	uint64_t started_ns;           /* realtime */
	uint64_t started_monotonic_ns; /* the same moment */
	void *ctx;                     /* first argument of the functions below */
	/** Queue @i of the configuration, 0 …; false: no more. */
	bool (*queue_info)(void *ctx, unsigned int i, struct queue_info *out);
	/** Read configuration and rules again. 0, or a negative errno with a text, which may
	 * have several lines. No other change of rules or sets is under way. */
	int (*reload)(void *ctx, char *text, size_t size);
	/** Open the module of that name and hand out what it brings. 0, or a negative errno with
	 * a text. NULL: there are no modules. */
	int (*module_open)(void *ctx, const char *name, struct control_module *brought,
	                   char *text, size_t size);
	/** No flow, no expectation and no reader has it any more. */
	void (*module_close)(void *ctx, const struct control_module *brought);
	/** Have worker @number go round: an answer waits for it, or nobody is left to answer.
	 * NULL: it goes round soon. */
	void (*wake)(void *ctx, uint16_t number);
	/** A packet that control_log_drops() wants; valid during the call. NULL: nobody logs. */
	void (*dropped)(void *ctx, const struct path_sighting *s);
	/** Degradation @i as one line, 0 …; NULL: no more. */
	const char *(*warning)(void *ctx, unsigned int i);
	/** Name of an interface, or NULL. */
	const char *(*ifname)(void *ctx, uint32_t index);
	/** The configuration in force, or the defaults, as a text that ends with a newline and
	 * that the caller frees; NULL: no memory. NULL itself: there is no configuration. */
	char *(*config_text)(void *ctx, bool defaults);
};

struct control_config {
	const char *socket_path;
	gid_t read_group,
		change_group; /* (gid_t)-1: root and the daemon's own user only */
	/* CTQ_ADMIN_RESERVE more of both are for clients that may change */
	unsigned int clients_max; /* 1 … CONTROL_CLIENTS_LIMIT */
	unsigned int lists_max;   /* lists under way at once, of all clients */
	unsigned int buffer_max; /* bytes queued to one client before it counts as slow */
};

#define CONTROL_CLIENTS_LIMIT   1024
#define CONTROL_CLIENTS_DEFAULT 64
#define CONTROL_BUFFER_DEFAULT  (4u << 20)
/* A client has one list under way at a time. One of rules keeps its generation in memory for
 * as long as its reader likes, so that their number has a limit of its own. */
#define CONTROL_LISTS_DEFAULT 64

void control_config_init(struct control_config *cfg);

/** Bind the socket (replacing a dead one, refusing a live one: -EADDRINUSE). */
struct control *control_new(const struct control_config *cfg,
                            const struct control_env *env, int *err);
void control_destroy(struct control *c);

/** Hand packets that were dropped for @reasons (PATH_WATCH_REASON(); 0: none) to
 * control_env.dropped, @rate of them a second at most; what is above that is counted by
 * path_watch_lost(). 0, or -ENOMEM: as it was. */
int control_log_drops(struct control *c, uint64_t reasons, uint32_t rate);

int control_fd(const struct control *c);
void control_step(struct control *c, uint64_t now_ns);
void control_tick(struct control *c, uint64_t now_ns);

/** Reload (control_env.reload) when the transactions that have ended before are through; who
 * listens to changes of rules is told. 0 or -ENOMEM. */
int control_reload(struct control *c);

/** Is there a transaction that has ended, or a reload, which is not through? */
bool control_is_committing(const struct control *c);

#endif
