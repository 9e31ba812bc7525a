/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * announcements.h - what all commands that listen have in common
 */
#ifndef CTCTL_ANNOUNCEMENTS_H
#define CTCTL_ANNOUNCEMENTS_H

#include "ctctl/ctctl.h"

/** A callback's value that ends announcements_wait() with 0. */
#define ANNOUNCEMENTS_ENOUGH 1

/** From now on SIGINT and SIGTERM end announcements_wait(). */
void announcements_begin(void);

/** Dispatch until a signal, @ms milliseconds (-1: no limit), or a callback ends it. @err: what
 * subscribing returned. Returns 0 or a negative errno. */
int announcements_wait(struct tool *tool, int err, int ms);

/** Say that @lost announcements were lost; added to *@sum. */
void announcements_lost(struct tool *tool, uint64_t lost, uint64_t *sum);

#endif
