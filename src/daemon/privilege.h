/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privilege.h - keep CAP_NET_ADMIN, drop everything else
 *
 * Binding a queue and answering its packets takes CAP_NET_ADMIN in the network namespace,
 * as does a receive buffer above net.core.rmem_max. Capabilities belong to threads: drop
 * before the first thread starts. What needs root is opened before
 * (queue/kernel_stats.h); what a reload opens must be readable afterwards.
 */
#ifndef DAEMON_PRIVILEGE_H
#define DAEMON_PRIVILEGE_H

#include <stddef.h>

/**
 * Become @user (and its groups), or stay who we are when it is "", keep CAP_NET_ADMIN if
 * we have it, and no other capability, and gain none ever after. Returns 0, or a negative
 * errno with a line in @error.
 */
int privilege_drop(const char *user, char *error, size_t size);

#endif
