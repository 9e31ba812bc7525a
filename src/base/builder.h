/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * builder.h - a thread that does for another one what takes long
 *
 *   owner:   builder_start(b, work, arg)  …  the eventfd becomes readable: builder_is_idle(b)
 *   builder:                               work(arg)
 *
 * One piece of work at a time, begun and taken back by one owner. What @arg leads to is the
 * builder's from builder_start() to the end of the work, and what the work has written is
 * seen by who then asks builder_is_idle(), or has read the eventfd.
 *
 * The thread is no RCU reader: it holds up no grace period, and works on what it has a
 * reference to. It gives way: with a nice value of BUILDER_NICE it has about a tenth of
 * what a busy thread gets of the same processor, so that packets hardly feel it, and all of
 * an idle one. (Lower still, with SCHED_IDLE, it would not come forward at all beside
 * workers that are busy.)
 */
#ifndef BASE_BUILDER_H
#define BASE_BUILDER_H

#include <stdbool.h>

#include "base/base.h"

#define BUILDER_NICE 10

struct builder;

/** @wake: an eventfd, to which 1 is added at the end of each piece of work. @name: of the
 * thread, at most 15 characters. NULL and *@err: -ENOMEM, or what pthread_create(3) says. */
struct builder *builder_new(const char *name, int wake, int *err) BASE_MUST_CHECK;

/** Waits for work that is under way. NULL is allowed. */
void builder_destroy(struct builder *b);

/** Have @work called with @arg. The builder is idle. */
void builder_start(struct builder *b, void (*work)(void *arg), void *arg);

bool builder_is_idle(struct builder *b);

#endif
