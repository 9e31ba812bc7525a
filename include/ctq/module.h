/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * module.h - ctqd learns a protocol: the interface of modules
 *
 * A module is a shared object NAME.so in the directory that ctqd.conf names
 * (modules { directory …; }). It exports one symbol, ctq_module, and is loaded by
 * `ctctl proto load NAME`, or at the start by modules { load NAME; }. It brings one of both:
 *
 *   a handler  follows the connections of one IP protocol that ctqd knows by addresses only
 *   a helper   reads what connections to some ports say, and announces others by it: when
 *              these come they are RELATED
 *
 * contrib/module has an example of each.
 *
 *	static const struct ctq_handler handler = { .name = "ping253", .protocol = 253, … };
 *	const struct ctq_module ctq_module = CTQ_MODULE(&handler);
 *
 *	static const struct ctq_helper helper = { .name = "callback", .ports = { 2530 }, … };
 *	const struct ctq_module ctq_module = CTQ_MODULE_HELPER(&helper);
 *
 * Shape. Both are pure. From the state of a connection and a packet a handler computes the
 * new state and what is to become of the connection. Two connections are different when
 * their addresses or zones are, and of protocol 33 (DCCP) their ports: a handler cannot add
 * ports of its own. From its own state of a connection and a payload a helper computes what is
 * to be expected. It names ports only: between the two ends of the connection, whose addresses
 * ctqd knows, behind NAT too.
 *
 * Threads. Functions are called by several threads at once, never twice at once for one
 * connection. They must not allocate, wait, lock, log or keep anything outside the state:
 * they run between a packet's arrival and its verdict, for every packet.
 *
 * Ownership. What the module exports is constant and lives until it is unloaded. The
 * daemon unloads it when no connection or expectation points to it and no thread is inside; it calls
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
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CTQ_MODULE_ABI 2

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

/* ---- helpers ------------------------------------------------------------------------ */

/** Bytes of state for each connection. */
#define CTQ_HELPER_STATE_SIZE 24
/** Ports of one helper, and what one payload may announce, at most. */
#define CTQ_HELPER_PORTS_MAX  8
#define CTQ_ANNOUNCEMENTS_MAX 4
/** Bytes of its name, with the final zero: as CTQ_HANDLER_NAME_MAX, but shorter. */
#define CTQ_HELPER_NAME_MAX 16

/** A packet of a connection that the rules have accepted, with at least one byte of payload. */
struct ctq_payload {
	const uint8_t *data; /* behind the TCP or UDP header */
	uint32_t
		captured; /* bytes at data, at least 1: read nothing behind them. What the
	                        queue's `copy` leaves out is not there */
	uint32_t length;  /* bytes of payload in the packet; >= captured */
	uint32_t seq;     /* TCP: sequence number of data[0]; else 0 */
	uint8_t family;   /* AF_INET, AF_INET6 */
	bool reply;       /* sent by who was connected to */
	bool answered;    /* a packet of each direction was seen */
};

/** One connection that will come, from any port: of the receiver of this payload to its sender,
 * or the other way round. */
struct ctq_announcement {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	bool to_receiver; /* the sender will connect */
	uint16_t port;    /* to which; not 0 */
};

/** What follows from a payload. All zero when a helper is called. */
struct ctq_announcements {
	bool forget; /* what was announced before and has not come */
	bool drop; /* the packet: an announcement that is cut in two must be sent again */
	uint32_t length; /* of the list; above the maximum nothing of it counts */
	struct ctq_announcement list[CTQ_ANNOUNCEMENTS_MAX];
};

struct ctq_helper {
	const char *name; /* the module's: its file is NAME.so */
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP: of the connections that it reads */
	uint8_t state_size;   /* bytes of the state that it uses, from the first on */
	uint8_t ports_length; /* at least 1 */
	uint16_t ports[CTQ_HELPER_PORTS_MAX]; /* where these are connected to */
	uint32_t
		max_expected; /* of one connection, at least 1; at the next the oldest goes */
	uint32_t timeout_s; /* that something is expected, at least 1 */
	/** Read a payload. @state: CTQ_HELPER_STATE_SIZE bytes, all zero at a connection's first
	 * payload, aligned to 8. */
	void (*look)(void *state, const struct ctq_payload *payload,
	             struct ctq_announcements *out);
};

/* ---- modules ------------------------------------------------------------------------- */

struct ctq_module {
	uint32_t abi;                      /* CTQ_MODULE_ABI */
	uint32_t size;                     /* of this structure */
	const struct ctq_handler *handler; /* one of both is NULL */
	const struct ctq_helper *helper;
};

#define CTQ_MODULE(handler_)                                                          \
	{                                                                             \
		CTQ_MODULE_ABI, (uint32_t)sizeof(struct ctq_module), (handler_), NULL \
	}
#define CTQ_MODULE_HELPER(helper_)                                                   \
	{                                                                            \
		CTQ_MODULE_ABI, (uint32_t)sizeof(struct ctq_module), NULL, (helper_) \
	}

/** What a module defines and exports. */
__attribute__((visibility("default"))) extern const struct ctq_module ctq_module;

#ifdef __cplusplus
}
#endif

#endif
