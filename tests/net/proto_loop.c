/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proto_loop.c - unload and load protocols, again and again
 *
 *	proto-loop SOCKET ROUNDS NAME...
 *		One process for each NAME, all at once. Says what failed; 0 when nothing did.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctq/ctq.h"

#define PATIENCE_MS 60000

static int failed(struct ctq *ctq, const char *what, const char *name, long round)
{
	fprintf(stderr, "round %ld: %s %s: %s\n", round, what, name,
	        ctq_error(ctq)->text);
	return 1;
}

static int loop(const char *socket, long rounds, const char *name)
{
	struct ctq *ctq = ctq_new();
	long i;

	if (!ctq || ctq_connect(ctq, socket) < 0)
		return failed(ctq, "connect", name, 0);
	ctq_timeout_set(ctq, PATIENCE_MS);
	for (i = 1; i <= rounds; i++) {
		if (ctq_protocol_unload(ctq, name) < 0)
			return failed(ctq, "unload", name, i);
		if (ctq_protocol_load(ctq, name) < 0)
			return failed(ctq, "load", name, i);
	}
	ctq_destroy(ctq);
	return 0;
}

int main(int argc, char **argv)
{
	int i, status, worst = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: proto-loop SOCKET ROUNDS NAME...\n");
		return 2;
	}
	for (i = 3; i < argc; i++)
		if (fork() == 0)
			_exit(loop(argv[1], atol(argv[2]), argv[i]));
	while (wait(&status) > 0)
		if (status)
			worst = 1;
	return worst;
}
