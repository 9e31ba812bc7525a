/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * owner.h - the process behind a netlink port
 *
 * A port is usually the process's id, but only for its first netlink socket of a family;
 * further ones get numbers without meaning. So the socket is looked up in
 * /proc/net/netlink and its inode among the open files of all processes that we may see.
 * Slow; for error messages only.
 */
#ifndef QUEUE_OWNER_H
#define QUEUE_OWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Bytes of a command's name, TASK_COMM_LEN. */
#define OWNER_COMMAND_MAX 16

struct owner {
	pid_t pid;
	char command[OWNER_COMMAND_MAX];
};

/** Who has the NETLINK_NETFILTER socket with port @portid? False: not to be found out. */
bool owner_find(uint32_t portid, struct owner *owner);

#endif
