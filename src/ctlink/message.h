/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - datagrams of netlink messages: writing them, taking them apart
 *
 * Writing. A struct ctlink_message holds one datagram: whole messages, one after the
 * other, in a buffer that grows up to a limit. The put functions return nothing: the
 * first failure is remembered, what follows does nothing, and ctlink_message_end() tells
 * it and takes the unfinished message away again, so that the datagram always holds
 * whole messages only. A dump therefore puts flows until -EMSGSIZE, sends, resets, and
 * puts the last one again.
 *
 *	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
 *	ctlink_message_begin(&m, &header);
 *	ctlink_message_put_u32(&m, CTA_MARK, 1);
 *	nest = ctlink_message_nest_begin(&m, CTA_COUNTERS_ORIG);
 *	...
 *	ctlink_message_nest_end(&m, nest);
 *	error = ctlink_message_end(&m);
 *	send(fd, m.data, m.size, 0);
 *	ctlink_message_fini(&m);
 *
 * Reading. ctlink_datagram_next() walks the messages of a received datagram and refuses
 * lengths that lie; ctlink_header_parse() takes a message's two headers;
 * ctlink_request_check() holds them against what a request may be. Buffers must be
 * aligned to 4 bytes, as from malloc or recv into an aligned array.
 *
 * Nothing here is shared between threads.
 */
#ifndef CTLINK_MESSAGE_H
#define CTLINK_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "ctlink/error.h"
#include "ctlink/memory.h"
#include "ctq/ctlink.h"

/** nlmsghdr and nfgenmsg as one value in host order. */
struct ctlink_header {
	uint16_t type;   /* nlmsg_type: subsystem << 8 | message */
	uint16_t flags;  /* nlmsg_flags, NLM_F_* */
	uint32_t seq;    /* nlmsg_seq */
	uint32_t portid; /* nlmsg_pid */
	uint8_t family;  /* AF_INET, AF_INET6, or AF_UNSPEC */
	uint8_t version; /* of nfgenmsg: 0; the kernel's subsystems know 1 as well */
	uint16_t
		res_id; /* a batch's subsystem; else 0, or the low bits of a generation */
	uint64_t sequence; /* of an announcement: written as CTA_CTQ_SEQUENCE; else 0 */
};

/** nlmsg_type of message @message of subsystem @subsystem. */
#define CTLINK_TYPE(subsystem, message) ((uint16_t)((subsystem) << 8 | (message)))

/* ---- writing ----------------------------------------------------------------------- */

/** A datagram being written. Read data, size and count only. */
struct ctlink_message {
	uint8_t *data;     /* aligned as from malloc */
	uint32_t size;     /* bytes written */
	uint32_t capacity; /* bytes allocated */
	uint32_t limit;    /* bytes at most */
	uint32_t start;    /* where the open message begins */
	uint32_t count;    /* whole messages */
	bool open;
	int error; /* of the open message; 0 or negative errno */
	const struct ctlink_memory *memory;
};

/** Make @m an empty datagram of at most @limit bytes. Allocates nothing yet. */
void ctlink_message_init(struct ctlink_message *m, uint32_t limit,
                         const struct ctlink_memory *memory);

/** Free what @m holds. */
void ctlink_message_fini(struct ctlink_message *m);

/** Empty the datagram, keep its buffer. */
void ctlink_message_reset(struct ctlink_message *m);

/** Begin a message with both headers. None may be open. */
void ctlink_message_begin(struct ctlink_message *m, const struct ctlink_header *header);

/** The same with the @size bytes at @bytes in nfgenmsg's place (NLMSG_ERROR). */
void ctlink_message_begin_bytes(struct ctlink_message *m,
                                const struct ctlink_header *header, const void *bytes,
                                uint32_t size);

/** A builder's own failure: the open message will not be in the datagram. */
void ctlink_message_fail(struct ctlink_message *m, int error);

/**
 * End the message. Returns 0; -EMSGSIZE when it would exceed the datagram's limit or
 * CTQ_MESSAGE_MAX, -ENOMEM, or what ctlink_message_fail() was given: it is then not in
 * the datagram.
 */
int ctlink_message_end(struct ctlink_message *m) BASE_MUST_CHECK;

/** A message without attributes: most requests. Returns as ctlink_message_end(). */
int ctlink_message_put(struct ctlink_message *m,
                       const struct ctlink_header *header) BASE_MUST_CHECK;

/* Attributes. Integers are given in host order and written in network order. */
void ctlink_message_put_u8(struct ctlink_message *m, uint16_t type, uint8_t value);
void ctlink_message_put_u16(struct ctlink_message *m, uint16_t type, uint16_t value);
void ctlink_message_put_u32(struct ctlink_message *m, uint16_t type, uint32_t value);
void ctlink_message_put_u64(struct ctlink_message *m, uint16_t type, uint64_t value);
void ctlink_message_put_flag(struct ctlink_message *m, uint16_t type);
/** With its final zero. */
void ctlink_message_put_string(struct ctlink_message *m, uint16_t type,
                               const char *value);
/** @size bytes as they are. */
void ctlink_message_put_bytes(struct ctlink_message *m, uint16_t type, const void *bytes,
                              uint32_t size);

/** Begin a nested attribute (NLA_F_NESTED is added); give the result to nest_end(). */
uint32_t ctlink_message_nest_begin(struct ctlink_message *m, uint16_t type);
void ctlink_message_nest_end(struct ctlink_message *m, uint32_t nest);

/* ---- reading ----------------------------------------------------------------------- */

/** A received datagram being taken apart. Make it with ctlink_datagram_init(). */
struct ctlink_datagram {
	const uint8_t *data;
	uint32_t size;
	uint32_t offset; /* of the next message */
};

void ctlink_datagram_init(struct ctlink_datagram *d, const void *data, uint32_t size);

/**
 * The next message. Returns 1 and sets *@nlh (its nlmsg_len is within the datagram and at
 * least a header); 0 at the end; -EBADMSG when a length lies (nothing more can be read),
 * -EMSGSIZE for a message above CTQ_MESSAGE_MAX.
 */
int ctlink_datagram_next(struct ctlink_datagram *d, const struct nlmsghdr **nlh,
                         struct ctlink_error *error) BASE_MUST_CHECK;

/**
 * Both headers of @nlh. Returns 0, -EBADMSG when there is no room for nfgenmsg, or
 * -EPROTONOSUPPORT when nfgenmsg.version is not 0.
 */
int ctlink_header_parse(const struct nlmsghdr *nlh, struct ctlink_header *header,
                        struct ctlink_error *error) BASE_MUST_CHECK;

/**
 * Are the attributes of @nlh whole, at its first level? For messages that have none to say:
 * parsers see for themselves. Returns 0, or -EBADMSG with the offset of the first that is
 * not.
 */
int ctlink_attributes_check(const struct nlmsghdr *nlh,
                            struct ctlink_error *error) BASE_MUST_CHECK;

/**
 * What all requests have in common: NLM_F_REQUEST is set, and of the other flags only
 * those in @flags (NLM_F_ACK is always allowed). Returns 0, -EINVAL or -EOPNOTSUPP.
 */
int ctlink_request_check(const struct ctlink_header *header, uint16_t flags,
                         struct ctlink_error *error) BASE_MUST_CHECK;

#endif
