/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - the messages of nfnetlink_queue: bytes from and to the kernel
 *
 * Pure functions over memory of the caller's; netlink.c has the socket.
 */
#ifndef QUEUE_MESSAGE_H
#define QUEUE_MESSAGE_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

struct nlmsghdr;

/** Most bytes of one verdict message: 16 netlink, 4 nfgenmsg, 12 verdict, 8 mark. */
#define MESSAGE_VERDICT_MAX 40

/** Most bytes of one configuration message. */
#define MESSAGE_CONFIG_MAX 64

/** Bytes of a packet's message beside its payload: 200 with every attribute that kernels
 * up to 6.18 send without being asked for more, so this leaves room for new ones. */
#define MESSAGE_OVERHEAD 1024

/* -- packets ------------------------------------------------------------------------ */

enum message_kind {
	MESSAGE_PACKET,
	MESSAGE_ACK,       /* or the refusal of something that was sent */
	MESSAGE_MALFORMED, /* anything else */
};

struct message {
	enum message_kind kind;
	int error;    /* of an ACK: 0 or a negative errno */
	uint32_t seq; /* of an ACK: the message that it answers */
};

/**
 * Read the message at @nlh, of which @size bytes are there. A packet's first part is
 * filled in *@p, its bytes stay where they are; one whose payload is cut off or missing
 * is a packet without bytes, since its id must be answered nevertheless.
 */
struct message message_parse(const struct nlmsghdr *nlh, size_t size, struct packet *p);

/* -- verdicts ----------------------------------------------------------------------- */

/** One verdict for packet @id alone. Returns its bytes, at most MESSAGE_VERDICT_MAX. */
size_t message_verdict_put(void *buf, uint16_t queue, uint32_t id,
                           const struct packet_verdict *verdict);

/** One verdict for all packets up to @id. */
size_t message_verdict_batch_put(void *buf, uint16_t queue, uint32_t id,
                                 const struct packet_verdict *verdict);

/**
 * The verdicts of @n packets in their order, as few messages as Q2 of queue.h allows.
 * @held: bit i: packet i is left out. @batch: false when packets are held already.
 * @buf has room for @n times MESSAGE_VERDICT_MAX. Returns the bytes put.
 */
size_t message_verdicts_put(void *buf, uint16_t queue, const struct packet *packets,
                            const struct packet_verdict *verdicts, unsigned int n,
                            uint64_t held, bool batch);

/* -- configuration ------------------------------------------------------------------ */

/* Each writes one message with NLM_F_ACK and @seq to @buf of MESSAGE_CONFIG_MAX bytes,
 * and returns its bytes. */
size_t message_bind_put(void *buf, uint16_t queue, uint32_t seq);
size_t message_unbind_put(void *buf, uint16_t queue, uint32_t seq);

/** NFQA_CFG_F_* @flags; those in @mask are set or cleared. */
size_t message_flags_put(void *buf, uint16_t queue, uint32_t seq, uint32_t flags,
                         uint32_t mask);
size_t message_maxlen_put(void *buf, uint16_t queue, uint32_t seq, uint32_t maxlen);

/** Copy @range bytes of each packet; from then on packets come. */
size_t message_copy_put(void *buf, uint16_t queue, uint32_t seq, uint32_t range);

#endif
