/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making the control server under failing allocation: each failure is -ENOMEM, leaves no
 * socket, and leaks nothing (which the sanitizers' build shows).
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "server.h"

void *__real_calloc(size_t n, size_t size);
char *__real_strdup(const char *s);
void *__wrap_calloc(size_t n, size_t size);
char *__wrap_strdup(const char *s);

/* Calls until one fails; negative: none will. */
static long fail_after = -1;

static bool fails(void)
{
	return fail_after >= 0 && fail_after-- == 0;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

Test(memory, a_server_that_cannot_be_made_says_so)
{
	struct server s = server_new(0, NULL);
	struct control_env env = { .workers = 1,
		                   .version = "test",
		                   .flows = s.flows.table,
		                   .rules = s.rules,
		                   .path = s.path };
	struct control_config cfg;
	struct control *c = NULL;
	char socket[128];
	int err = 0;
	long n;

	snprintf(socket, sizeof(socket), "%s/second", s.directory);
	control_config_init(&cfg);
	cfg.socket_path = socket;
	for (n = 0; !c; n++) {
		fail_after = n;
		c = control_new(&cfg, &env, &err);
		cr_assert(c || (err == -ENOMEM && access(socket, F_OK) == -1),
		          "allocation %ld: %d", n, err);
		cr_assert_lt(n, 100);
	}
	fail_after = -1;
	cr_expect_gt(n, 2, "only %ld allocations", n);
	control_destroy(c);
	server_end(&s);
}
