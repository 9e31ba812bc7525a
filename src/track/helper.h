/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper.h - helpers: what a conversation announces of connections to come
 *
 * Some protocols agree, in the payload of one connection, on addresses and ports of others:
 * ftp on its data connection, sip on the media of a call. A helper reads that payload and
 * says which connections are to be expected. A new flow that meets an expectation is
 * RELATED, and the flow that announced it is its master.
 *
 * A helper is pure, as a machine of track.h is: from its own small state, a packet's
 * payload, its direction and the master's tuples it computes a list of actions. It knows
 * nothing of tables, locks or clocks, and allocates nothing. The caller holds the flow,
 * and carries the actions out in their order:
 *
 *     helper_look() ──▶ struct helper_result ──▶ HELPER_EXPECT   into the table
 *     state in, out                              HELPER_REFRESH  the timeouts of some
 *                                                HELPER_FLUSH    away with a class of them
 *
 * There is one list of helpers for the whole process, as there is one of its shared objects.
 * Life of a helper that a module brings; the grace periods are the caller's to wait for:
 *
 *     helper_add()     new flows to its ports get it
 *     in force
 *        │ helper_close()  no flow has it any more, and none gets it: its number leads nowhere
 *        │ grace: no thread is inside, and none expects anything by it any more. What it expects
 *        │ is to be removed, and its number to be taken from flows
 *     helper_remove()  its memory may go, and its number be another's
 *
 * Threads: helper_add() and what takes it back from control only, all else from any; a helper is
 * good until the reader's next quiescent state.
 *
 * The names, policies and flags are the kernel's (nf_conntrack_helper.h,
 * nf_conntrack_expect.h of Linux 6.18), and so is what the helpers here accept; what differs
 * stands in docs/tracking.md.
 *
 * Which packets. Packets of the flow with at least one byte of payload behind the transport
 * header, accepted by the flow's machine and by the rules, in both directions. What stands
 * behind the part that the queue copied is not seen: @length tells the whole, and a helper
 * never takes the end of what was copied for the end of a message.
 */
#ifndef TRACK_HELPER_H
#define TRACK_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/tuple.h"
#include "track/track.h"

/** Bytes of a helper's name with its final zero (kernel: NF_CT_HELPER_NAME_LEN). */
#define HELPER_NAME_MAX 16
/** Classes of expectations that one helper has (kernel: NF_CT_MAX_EXPECT_CLASSES). */
#define HELPER_CLASSES_MAX 4
#define HELPER_CLASSES_ALL ((1u << HELPER_CLASSES_MAX) - 1)
/** Default ports of one helper, and ports that may be configured (kernel: MAX_PORTS). */
#define HELPER_PORTS_MAX 8
/** Bytes of state for each flow: what is left of its last cache line (kernel: 32). */
#define HELPER_STATE_SIZE 24
/** Actions of one packet: sip's flush, then RTP and RTCP of three media make seven. */
#define HELPER_ACTIONS_MAX 8
/** Helpers at once, those that are built in included. */
#define HELPERS_MAX 32

/* One class of expectations: how many of one master there may be, and for how long. */
struct helper_policy {
	const char *name;
	uint32_t max_expected; /* at the next one, the oldest of the class goes */
	uint32_t timeout_s;
};

/* Flags of an expectation, the kernel's numbers (NF_CT_EXPECT_*): they are on the wire. */
#define HELPER_EXPECT_PERMANENT 0x1u /* stays when a flow has met it */
#define HELPER_EXPECT_INACTIVE  0x2u /* is met by nobody until it is refreshed */
#define HELPER_EXPECT_USERSPACE 0x4u /* made by a tool */

/* Which bits of the source count. The destination always counts as a whole, as in the kernel
 * (struct nf_conntrack_tuple_mask): that makes it a key. */
struct helper_mask {
	uint8_t src[16];
	uint16_t src_id;
};

enum helper_action_kind {
	HELPER_EXPECT, /* expect @tuple under @mask */
	HELPER_REFRESH, /* those of @class to the destination of @tuple: activate, and let them
	                 * live @timeout_s from now */
	HELPER_FLUSH,                  /* forget those of the classes in @classes … */
	HELPER_FLUSH_UNLESS_REFRESHED, /* … if no HELPER_REFRESH of this result met one */
};

struct helper_action {
	uint8_t kind;       /* enum helper_action_kind */
	uint8_t class;      /* below the helper's classes_length */
	uint8_t classes;    /* bits 1 << class, for HELPER_FLUSH */
	uint8_t dir;        /* enum track_dir of the packet that announced it */
	bool helped;        /* a flow that meets it gets this helper, too */
	bool shared;        /* that others expect the very same does not matter */
	uint32_t flags;     /* HELPER_EXPECT_* */
	uint32_t timeout_s; /* 0: what the class says */
	struct tuple tuple; /* original direction of what is expected; bits that the mask
	                     * leaves out are zero */
	struct helper_mask mask;
};

struct ctq_helper;

struct helper_result {
	unsigned int length;
	struct helper_action actions[HELPER_ACTIONS_MAX];
	const char *drop;   /* not NULL: drop the packet, for this reason; a helper that
	                      * sees half an announcement has no other way to see it whole */
	uint32_t timeout_s; /* not 0: the master's timeout from now on */
};

/* One packet of a helped flow. */
struct helper_input {
	const uint8_t *data; /* payload behind the transport header */
	uint32_t captured;   /* bytes at @data, at least 1 */
	uint32_t length;     /* bytes of payload in the packet, >= @captured */
	uint32_t seq;        /* TCP: sequence number of data[0]; else 0 */
	uint32_t status;     /* TRACK_* of the flow */
	enum track_dir dir;  /* of this packet */
	bool established;    /* its class is ESTABLISHED, not NEW or RELATED */
	bool loose;          /* configured: believe addresses that are not the sender's */
	struct tuple tuple[2]; /* of the flow, by enum track_dir; behind NAT */
};

/* One helper. Constant, and valid as long as a flow or an expectation points to it. */
struct helper {
	const char *name;       /* shorter than HELPER_NAME_MAX */
	uint8_t l4;             /* IPPROTO_* of the flows that it is for */
	uint8_t classes_length; /* 1 … HELPER_CLASSES_MAX */
	uint8_t state_size;     /* at most HELPER_STATE_SIZE */
	uint8_t ports_length;   /* at most HELPER_PORTS_MAX */
	uint16_t
		ports[HELPER_PORTS_MAX]; /* where its servers listen by default, host byte
	                                   * order: an advice to who configures */
	struct helper_policy classes[HELPER_CLASSES_MAX];
	/**
	 * Read one packet. @state: state_size bytes, all zero for a new flow, aligned as
	 * uint64_t. @res is empty. Called by helper_look().
	 */
	void (*look)(void *state, const struct helper_input *in,
	             struct helper_result *res);
	/** The flow was not seen from its beginning (a tool made it): set @state so that the
	 * next packet is looked at. NULL: every packet is. */
	void (*pick_up)(void *state);
	const struct ctq_helper
		*module; /* a module's, which stands for look(); else NULL */
};

/** The helper with that name, or NULL. */
const struct helper *helper_named(const char *name);

/** Helpers by number, so that a flow can name one: 1 … HELPERS_MAX; 0 is none. Of a helper that is
 * closed: 0, and NULL. */
uint16_t helper_number(const struct helper *helper);
const struct helper *helper_numbered(uint16_t number);

/** The module's helper for connections of @l4 to @port (host byte order), or NULL: ports of those
 * that are built in are configured. */
const struct helper *helper_at_port(uint8_t l4, uint16_t port);

/* ---- modules' helpers -------------------------------------------------------------- */

/** Returns its number, or -EEXIST: there is one of that name; -ENOSPC: there are HELPERS_MAX. */
int helper_add(const struct helper *helper);
void helper_close(uint16_t number);
void helper_remove(uint16_t number);

/* ---- reading ----------------------------------------------------------------------- */

/** Read one packet of a helped flow. Fills @res. Reads nothing outside
 * @in->data[0 … captured). */
void helper_look(const struct helper *helper, void *state, const struct helper_input *in,
                 struct helper_result *res);

/* ---- for helpers: adding actions -------------------------------------------------- */

/**
 * Expect a connection of @l4 to @daddr, @dport (network byte order), in the master's family
 * and zone. @saddr NULL: from any address; the source port is any. Returns the action, for
 * more to be said, or NULL: there are HELPER_ACTIONS_MAX.
 */
struct helper_action *helper_expect(struct helper_result *res,
                                    const struct helper_input *in, uint8_t class,
                                    const uint8_t *saddr, const uint8_t *daddr,
                                    uint8_t l4, uint16_t dport);

/** Any other action, all zero but for its kind; NULL: there are HELPER_ACTIONS_MAX. */
struct helper_action *helper_act(struct helper_result *res, enum helper_action_kind kind);

#endif
