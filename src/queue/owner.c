/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue/owner.h"

#include <dirent.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Columns of /proc/net/netlink: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
static bool parse_socket_line(const char *line, uint32_t portid, unsigned long *inode)
{
	unsigned int family, port;

	return sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &family, &port,
	              inode) == 3 &&
	       family == NETLINK_NETFILTER && port == portid;
}

static bool find_inode(uint32_t portid, unsigned long *inode)
{
	FILE *f = fopen("/proc/net/netlink", "re");
	bool found = false;
	char line[256];

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = parse_socket_line(line, portid, inode);
	fclose(f);
	return found;
}

static bool has_open(const char *pid, unsigned long inode)
{
	char path[300], target[64], wanted[64];
	struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		found = strcmp(target, wanted) == 0;
	}
	closedir(dir);
	return found;
}

static bool find_process(unsigned long inode, pid_t *pid)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	if (!proc)
		return false;
	while (!found && (entry = readdir(proc))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		found = has_open(entry->d_name, inode);
		*pid = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	closedir(proc);
	return found;
}

static bool read_command(pid_t pid, char command[OWNER_COMMAND_MAX])
{
	char path[32];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(command, OWNER_COMMAND_MAX, f) != NULL;
	fclose(f);
	if (ok)
		command[strcspn(command, "\n")] = '\0';
	return ok;
}

bool owner_find(uint32_t portid, struct owner *owner)
{
	unsigned long inode;

	return find_inode(portid, &inode) && find_process(inode, &owner->pid) &&
	       read_command(owner->pid, owner->command);
}
