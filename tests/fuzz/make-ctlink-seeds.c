/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Write the examples of all kinds of messages as seeds of fuzz-ctlink:
 *	make make-ctlink-seeds && ./make-ctlink-seeds tests/fuzz/seeds/ctlink
 */
#include <stdio.h>
#include <stdlib.h>

#include "ctlink/answer.h"

#include "kinds.h"

static void seed_write(const char *folder, const char *name,
                       const struct ctlink_message *m)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	if (!file || fwrite(m->data, 1, m->size, file) != m->size || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static void answers_write(const char *folder)
{
	struct ctlink_error error = {
		.code = -22, .offset = 20, .text = "text", .hint = "hint"
	};
	struct nlmsghdr request = { .nlmsg_len = 20, .nlmsg_type = 0x5401 };
	struct ctlink_message m;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	if (ctlink_answer_build(&m, &request, &error) == 0)
		seed_write(folder, "error", &m);
	ctlink_message_reset(&m);
	if (ctlink_done_build(&m, &request, true, 0) == 0)
		seed_write(folder, "done", &m);
	ctlink_message_fini(&m);
}

/* All examples in one datagram. */
static void all_write(const char *folder)
{
	struct ctlink_header header = { .seq = 1 };
	struct ctlink_message m;
	size_t i;

	ctlink_message_init(&m, CTQ_DATAGRAM_MAX, NULL);
	for (i = 0; i < n_kinds; i++) {
		header.type = kinds[i].type;
		header.flags = kinds[i].flags;
		if (kinds[i].example(&m, &header) != 0)
			exit(1);
	}
	seed_write(folder, "all", &m);
	ctlink_message_fini(&m);
}

int main(int argc, char **argv)
{
	struct ctlink_message m;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	for (i = 0; i < n_kinds; i++) {
		if (kind_example(&kinds[i], &m, NULL) != 0)
			return 1;
		seed_write(argv[1], kinds[i].name, &m);
		ctlink_message_fini(&m);
	}
	answers_write(argv[1]);
	all_write(argv[1]);
	return 0;
}
