/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper_tftp.c - TFTP: the server answers a request from another port (RFC 1350, 4)
 *
 *     client:p ──▶ server:69    RRQ or WRQ
 *     client:p ◀── server:any   all the rest of the transfer: this is expected
 */
#include <netinet/in.h>

#include "track/helper_priv.h"

/* RFC 1350, 5: the first two bytes of each message. */
enum { OPCODE_RRQ = 1, OPCODE_WRQ = 2 };
#define OPCODE_SIZE 2

static void tftp_look(void *state, const struct helper_input *in,
                      struct helper_result *res)
{
	const struct tuple *reply = &in->tuple[TRACK_REPLY];
	unsigned int opcode;

	if (in->captured < OPCODE_SIZE)
		return;
	opcode = (unsigned int)in->data[0] << 8 | in->data[1];
	if (opcode == OPCODE_RRQ || opcode == OPCODE_WRQ)
		helper_expect(res, in, 0, reply->src, reply->dst, IPPROTO_UDP,
		              reply->dst_id);
}

const struct helper helper_tftp = {
	.name = "tftp",
	.l4 = IPPROTO_UDP,
	.ports = { 69 },
	.ports_length = 1,
	.classes = { { "tftp", 1, 5 * 60 } },
	.classes_length = 1,
	.look = tftp_look,
};
