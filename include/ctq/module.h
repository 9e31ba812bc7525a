/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * module.h - ctqd learns a protocol: the interface of modules
 *
 * A module is a shared object NAME.so in the directory that ctqd.conf names
 * (modules { directory …; }). It exports one symbol, ctq_module, and is loaded by
 * `ctctl proto load NAME`, or at the start by modules { load NAME; }. It brings one
 * handler: what follows the connections of one IP protocol that ctqd knows by addresses
 * only. contrib/module has an example with its makefile.
 *
 *	static const struct ctq_handler handler = { .name = "ping253", .protocol = 253, … };
 *	const struct ctq_module ctq_module = CTQ_MODULE(&handler);
 *
 * Shape. A handler is pure: from the state of a connection and a packet it computes the
 * new state and what is to become of the connection. Two connections are different when
 * their addresses or zones are: a handler cannot add ports of its own.
 *
 * Threads. Functions are called by several threads at once, never twice at once for one
 * connection. They must not allocate, wait, lock, log or keep anything outside the state:
 * they run between a packet's arrival and its verdict, for every packet.
 *
 * Ownership. What the module exports is constant and lives until it is unloaded. The
 * daemon unloads it when no connection points to it and no thread is inside; it calls
 * nothing of it then, nor before it is loaded: constructors and destructors are of no use.
 * Packets and results belong to the daemon and are good during the call only.
 *
 * Trust. A module runs with all that the daemon may. The daemon refuses files that are not
 * root's, or that others may write, and directories of that kind.
 *
 * Units. Sizes are bytes, times as their names say. Numbers are in host byte order; packets
 * are as they came.
 *
 * Versions. CTQ_MODULE_ABI changes when modules must be compiled anew; the daemon refuses
 * others.
 */
#ifndef CTQ_MODULE_H
#define CTQ_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CTQ_MODULE_ABI 1

/** Bytes of state for each connection. */
#define CTQ_STATE_SIZE 64
/** States and timeouts of one handler, at most. */
#define CTQ_HANDLER_STATES_MAX   32
#define CTQ_HANDLER_TIMEOUTS_MAX 32
/** Bytes of names, with the final zero: letters, digits, '-', '_'. */
#define CTQ_HANDLER_NAME_MAX 32

struct ctq_packet {
	const uint8_t *data; /* behind the IP headers */
	uint32_t
		captured; /* bytes at data: read nothing behind them. 0 for the second and
	                        later fragments */
	uint32_t length;  /* bytes behind the IP headers, as these say; >= captured */
	uint64_t now_ms;  /* a clock that only goes forward */
	uint8_t family;   /* AF_INET, AF_INET6 */
	bool reply;       /* of the reply direction: not as the first packet */
	bool answered;    /* a packet of the reply direction came before */
	bool assured;
};

/** What is to become of the connection. All zero when a handler is called. */
struct ctq_outcome {
	bool invalid; /* the packet is none of the connection's: INVALID, and the rest of
	                    this, and what was written to the state, does not count */
	bool close;   /* the connection ends with this packet */
	bool assured; /* from now on it is not evicted when the table is full */
	uint8_t timeout; /* place in the handler's timeouts: how long it lives without a
	                    further packet */
};

/** A time that a connection is remembered after a packet. */
struct ctq_handler_timeout {
	const char *name; /* for lists: "answered" */
	uint32_t seconds; /* at least 1 */
};

struct ctq_handler {
	const char *name;   /* the module's: its file is NAME.so */
	uint8_t protocol;   /* IPPROTO_*, of which no other handler is */
	uint8_t state_size; /* bytes of the state that it uses, from the first on */
	uint8_t states;     /* 0: it has none that have names */
	uint8_t timeouts;   /* at least 1 */
	const char *const *state_names;                  /* .states of them */
	const struct ctq_handler_timeout *timeout_table; /* .timeouts of them */
	/** The first packet of a connection. @state: CTQ_STATE_SIZE bytes, all zero, aligned
	 * to 8. */
	void (*open)(void *state, const struct ctq_packet *packet,
	             struct ctq_outcome *out);
	/** A later packet. */
	void (*packet)(void *state, const struct ctq_packet *packet,
	               struct ctq_outcome *out);
	/** The state's number, below .states; NULL when there are none. A change of it is
	 * announced. */
	unsigned int (*state_get)(const void *state);
};

struct ctq_module {
	uint32_t abi;  /* CTQ_MODULE_ABI */
	uint32_t size; /* of this structure */
	const struct ctq_handler *handler;
};

#define CTQ_MODULE(handler_)                                                    \
	{                                                                       \
		CTQ_MODULE_ABI, (uint32_t)sizeof(struct ctq_module), (handler_) \
	}

/** What a module defines and exports. */
__attribute__((visibility("default"))) extern const struct ctq_module ctq_module;

#ifdef __cplusplus
}
#endif

#endif
