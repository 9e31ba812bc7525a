/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/check.h"
#include "daemon/daemon.h"
#include "daemon/options.h"

int main(int argc, char **argv)
{
	struct daemon_env env = {
		.queue_ops = &queue_netlink,
		.notify_socket = getenv("NOTIFY_SOCKET"),
		.watchdog_usec = getenv("WATCHDOG_USEC"),
		.watchdog_pid = getenv("WATCHDOG_PID"),
		.runtime_directory = getenv("RUNTIME_DIRECTORY"),
	};
	struct options options;
	int status;

	if (!options_parse(&options, argc, argv, stdout, stderr, &status))
		return status;
	log_init("ctqd", LOG_LEVEL_NOTICE);
	if (options.check || options.print)
		return check_run(&options, stdout, stderr);
	return daemon_run(&options, &env);
}
