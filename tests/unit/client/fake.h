/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake.h - a daemon for tests: a thread behind a socket that knows five flows
 *
 *	struct fake *fake = fake_new();
 *	fake->refuse = CTLINK_TYPE(...);           what it does wrong, before it is asked
 *	err = ctq_connect(ctq, fake->path);
 *	...
 *	fake_end(fake);
 *
 * It answers every request that libctq makes, takes any filter without looking at it, and
 * keeps what it was sent. One client at a time, as many as come. What tests set they set
 * before the request that it is for; what it keeps they read after its answer.
 */
#ifndef TESTS_UNIT_CLIENT_FAKE_H
#define TESTS_UNIT_CLIENT_FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctlink/error.h"
#include "ctlink/flow.h"
#include "ctlink/message.h"

#define FAKE_REQUESTS_MAX 2048

struct fake {
	char directory[64], path[96];
	int listener;
	int stop[2]; /* a pipe: closed to end the thread */
	pthread_t thread;

	/* -- what it was asked ------------------------------------------------------ */
	struct nlmsghdr *requests[FAKE_REQUESTS_MAX];
	unsigned int n_requests;
	unsigned int datagrams;

	/* -- what it does wrong; types of requests, 0: none ---------------------------- */
	uint16_t refuse; /* is answered by `error` */
	uint32_t
		refuse_number; /* … but only the one that comes so often before, from 0 */
	struct ctlink_error error;
	uint16_t silent;  /* is not answered */
	uint16_t hang_up; /* ends the connection */
	uint16_t garbage; /* is answered by these bytes, whose sequence number is set */
	const void *garbage_bytes;
	uint32_t garbage_size;
	bool unwelcome;      /* clients get `error` at once and are closed */
	bool interrupted;    /* lists end with NLM_F_DUMP_INTR */
	bool empty;          /* lists have no flows, counts are 0 */
	bool degraded;       /* the daemon has a warning */
	bool announce;       /* announcements stand before each answer */
	unsigned int lost;   /* … and say that so many were lost */
	unsigned int repeat; /* lists have their flows so many times more */
};

struct fake *fake_new(void);
void fake_end(struct fake *fake);

/** Flow @i (0 … FAKE_FLOWS - 1): what the lists show. */
#define FAKE_FLOWS 5
void fake_flow(unsigned int i, struct ctlink_flow *flow);

/** Flow @i as a message of @type, in @m, which the caller finishes. */
void fake_flow_message(unsigned int i, uint16_t type, uint16_t flags, uint32_t seq,
                       struct ctlink_message *m);

/** The last request of @type, or NULL. */
const struct nlmsghdr *fake_request(const struct fake *fake, uint16_t type);

#endif
