#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-dump.sh - listing FLOWS connections: ctctl from ctqd beside conntrack -L from the kernel
#
# Both tables are filled with the same connections over the same messages (fill.c). Needs root.
# The kernel's limit, which is the machine's, is raised for the run if it may be, and put back;
# what it does not take is said, and ours is measured with as many as well.
here_dump=$(cd "$(dirname "$0")" && pwd)
. "$here_dump/../../net/lib.sh"

FLOWS=${FLOWS:-1000000}
RUNS=${RUNS:-3}
limit=/proc/sys/net/netfilter/nf_conntrack_max

row() { "$here_dump/measure" "$@"; }

best() { # best NAME FLOWS PID COMMAND...: the fastest of RUNS
	local run
	for ((run = 0; run < RUNS; run++)); do row "$@"; done | sort -k2,2n -t$'\n' |
		awk -v n="$1" '{ s = substr($0, 29); split(s, f, " "); if (!m || f[1] < m) { m = f[1]; l = $0 } } END { print l }'
}

ours() { # ours FLOWS
	local socket=$SOCKET
	ctqd_config
	TABLE="max $((FLOWS + 1000));" ctqd_config
	ctqd_up
	on router "$top_builddir/bench-fill" "$1" "$socket" || bail "ctqd is not filled"
	printf '%s: %d connections, %.1f MiB before the first list\n' ctqd "$(ctctl count)" \
		"$(awk '/^VmRSS/ { print $2 / 1024 }' "/proc/$ctqd_pid/status")"
	best "ctctl list" "$1" "$ctqd_pid" "$CTCTL" --socket "$socket" list
	best "ctctl -o conntrack list" "$1" "$ctqd_pid" "$CTCTL" --socket "$socket" -o conntrack list
	best "ctctl -J list" "$1" "$ctqd_pid" "$CTCTL" --socket "$socket" -J list
	best "ctctl -j list" "$1" "$ctqd_pid" "$CTCTL" --socket "$socket" -j list
	best "ctctl count" "$1" "$ctqd_pid" "$CTCTL" --socket "$socket" count proto tcp
	ctqd_down
}

kernel() { # kernel FLOWS
	local had
	on server "$top_builddir/bench-fill" "$1" || true
	had=$(on server cat /proc/sys/net/netfilter/nf_conntrack_count)
	echo "kernel: $had connections"
	best "conntrack -L" "$had" - ip netns exec "$NS-server" conntrack -L
	best "conntrack -L -o xml" "$had" - ip netns exec "$NS-server" conntrack -L -o xml
	kernel_had=$had
}

net_up conntrack "$top_builddir/bench-fill"
was=$(<$limit)
restore() { echo "$was" >$limit 2>/dev/null; cleanup; }
trap restore EXIT
((was >= FLOWS + 1000)) || echo $((FLOWS + 1000)) >$limit 2>/dev/null || true

printf '%-28s %8s %10s %9s %9s %9s\n' "" seconds flows/s "MiB tool" "MiB out" "MiB ctqd"
kernel "$FLOWS"
ours "$FLOWS"
((kernel_had + 1000 > FLOWS)) || ours "$kernel_had"
