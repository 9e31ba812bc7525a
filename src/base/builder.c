/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/builder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct builder {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	void (*work)(void *arg); /* NULL: idle */
	void *arg;
	bool ends;
	int wake;
};

static void lock(struct builder *b)
{
	pthread_mutex_lock(&b->lock);
}

static void unlock(struct builder *b)
{
	pthread_mutex_unlock(&b->lock);
}

/* The next piece of work; false: there will be none. */
static bool work_wait(struct builder *b)
{
	bool ends;

	lock(b);
	while (!b->work && !b->ends)
		pthread_cond_wait(&b->changed, &b->lock);
	ends = !b->work;
	unlock(b);
	return !ends;
}

static void work_end(struct builder *b)
{
	const uint64_t one = 1;

	lock(b);
	b->work = NULL;
	unlock(b);
	(void)!write(b->wake, &one, sizeof(one)); /* full: it is readable */
}

static void *builder_run(void *arg)
{
	struct builder *b = arg;

	/* Linux: of this thread alone. Where it is not allowed, work is only less polite. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), BUILDER_NICE);
	while (work_wait(b)) {
		b->work(b->arg);
		work_end(b);
	}
	return NULL;
}

/* Signals are the owner's. */
static int thread_start(struct builder *b, const char *name)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&b->thread, NULL, builder_run, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err == 0)
		pthread_setname_np(b->thread, name);
	return err;
}

struct builder *builder_new(const char *name, int wake, int *err)
{
	struct builder *b = calloc(1, sizeof(*b));

	*err = -ENOMEM;
	if (!b)
		return NULL;
	b->wake = wake;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	*err = thread_start(b, name);
	if (*err == 0)
		return b;
	free(b);
	return NULL;
}

void builder_destroy(struct builder *b)
{
	if (!b)
		return;
	lock(b);
	b->ends = true;
	pthread_cond_signal(&b->changed);
	unlock(b);
	pthread_join(b->thread, NULL);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

void builder_start(struct builder *b, void (*work)(void *arg), void *arg)
{
	lock(b);
	b->work = work;
	b->arg = arg;
	pthread_cond_signal(&b->changed);
	unlock(b);
}

bool builder_is_idle(struct builder *b)
{
	bool idle;

	lock(b);
	idle = !b->work;
	unlock(b);
	return idle;
}
