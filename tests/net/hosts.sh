# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# hosts.sh - three hosts and ctqd on the middle one: for the net tests and the demonstration
#
#       client                       router                       server
#   +-------------+     +---------------------------+     +-------------+
#   |        eth0 +-----+ lan       ctqd        wan +-----+ eth0        |
#   +-------------+     +---------------------------+     +-------------+
#     192.0.2.2          192.0.2.1     198.51.100.1        198.51.100.2
#     2001:db8:1::2      2001:db8:1::1 2001:db8:2::1       2001:db8:2::2
#
# Beyond the server: 203.0.113.0/25 and 2001:db8:3::/64, which it would forward (a packet
# with too small a TTL dies there), and 203.0.113.128/25, which it calls unreachable.
#
# The hosts are network namespaces named after this process, so that tests may run side by
# side. Links are veth pairs with checksum and segmentation offload as the kernel sets them
# (on) and GRO off: TCP reaches the router as packets of up to 64 KiB.
#
# Whatever is started here is ended, and the namespaces are removed, when the shell leaves,
# also by SIGINT, SIGTERM and SIGHUP. Nothing waits by sleeping: ctqd and the servers say
# when they are ready, and `eventually` polls with a limit.
#
# Who sources this defines bail TEXT (give up) and skip_all TEXT (this machine cannot).

set -u

CLIENT4=192.0.2.2     CLIENT6=2001:db8:1::2
SERVER4=198.51.100.2  SERVER6=2001:db8:2::2
ROUTER4=192.0.2.1     ROUTER6=2001:db8:1::1
BEYOND4=203.0.113.1   BEYOND6=2001:db8:3::1
UNREACHABLE4=203.0.113.129

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top_builddir=$(cd "${top_builddir:-$here/../..}" && pwd)
top_srcdir=$(cd "${top_srcdir:-$here/../..}" && pwd)
CTQD=${CTQD:-$top_builddir/ctqd}
CTCTL=${CTCTL:-$top_builddir/ctctl}
NFCT=${NFCT:-$top_builddir/.libs/libctq-nfct.so} # for ctctl run --library
START_WAIT=${START_WAIT:-30} # seconds that ctqd may take until it is ready

pids=() # what we started and must end
hosts=() # the namespaces that we made
router=router # the host that has ctqd
NS=ctq$$
TMP=

# eventually SECONDS COMMAND...: true as soon as COMMAND is, within SECONDS.
eventually() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || { "$@"; return; }
		sleep 0.05 # between looks; the limit is above
	done
}

# ---- processes -----------------------------------------------------------------------

on() { # on HOST COMMAND...
	ip netns exec "$NS-$1" "${@:2}"
}

# spawn HOST COMMAND...: in the background; its id in $spawned.
spawn() {
	ip netns exec "$NS-$1" "${@:2}" &
	spawned=$!
	pids+=("$spawned")
}

# spawn_ready HOST COMMAND...: as spawn, but wait until it says "ready".
spawn_ready() {
	local line fifo=$TMP/fifo.$RANDOM
	mkfifo "$fifo"
	ip netns exec "$NS-$1" "${@:2}" >"$fifo" 2>"$TMP/${2##*/}.err" &
	spawned=$!
	pids+=("$spawned")
	read -rt 20 line <"$fifo" || line=
	rm -f "$fifo"
	[[ $line == ready* ]] || bail "${2##*/} did not start: $(<"$TMP/${2##*/}.err")"
}

# hold_open HOST COUNT [PORT]: the client opens COUNT TCP connections and keeps them; the
# holder's id in $spawned.
hold_open() { spawn_ready client "$here/probe" -n "$2" hold "$1" "${3:-7}"; }

# hold_close PID: use each connection once more and close it; true when all were alive.
hold_close() {
	kill -USR1 "$1"
	wait "$1"
}

# reap PID: end a process that we started, and forget it.
reap() {
	local pid rest=()
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	for pid in "${pids[@]}"; do
		[[ $pid == "$1" ]] || rest+=("$pid")
	done
	pids=("${rest[@]}")
}

cleanup() {
	local pid host
	trap - EXIT
	trap '' INT TERM HUP
	for pid in "${pids[@]}"; do
		kill -CONT "$pid" 2>/dev/null
		kill "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	# Whose shell is ended may go on itself: what listens to the kernel does.
	for host in "${hosts[@]}"; do
		for pid in $(ip netns pids "$NS-$host" 2>/dev/null); do
			kill "$pid" 2>/dev/null
		done
		ip netns del "$NS-$host" 2>/dev/null
	done
	[[ -z $TMP ]] || rm -rf "$TMP"
}

# ---- the network ---------------------------------------------------------------------

need() { # need COMMAND...
	local what
	for what; do
		[[ -x $what ]] || command -v "$what" >/dev/null || skip_all "$what is missing"
	done
}

proc_set() { # proc_set HOST VALUE PATH...
	local host=$1 value=$2
	shift 2
	# shellcheck disable=SC2016
	on "$host" sh -c 'v=$1; shift; for p; do echo "$v" >"/proc/sys/net/$p" || exit; done' - \
		"$value" "$@" || bail "$host: cannot set $*"
}

link_up() { # link_up HOST DEVICE IPV4/LEN IPV6/LEN
	ip -n "$NS-$1" addr add "$3" dev "$2" &&
		ip -n "$NS-$1" addr add "$4" dev "$2" nodad &&
		ip -n "$NS-$1" link set "$2" up || bail "$1: cannot set up $2"
}

host_new() {
	ip netns add "$NS-$1" || bail "cannot make a network namespace"
	hosts+=("$1")
	ip -n "$NS-$1" link set lo up
	# No address checks and router solicitations: fewer packets that are not the test's.
	# And no limit to the rate of ICMP errors.
	proc_set "$1" 0 ipv6/conf/all/accept_dad ipv6/conf/default/accept_dad \
		ipv6/conf/default/router_solicitations ipv4/icmp_ratemask ipv6/icmp/ratelimit
}

# The first iptables of this machine that can queue packets, in $IPT4 and $IPT6.
iptables_find() {
	local variant
	for variant in -legacy -nft ''; do
		IPT4=iptables$variant IPT6=ip6tables$variant
		on router "$IPT4" -t mangle -N probe 2>/dev/null || continue
		on router "$IPT4" -t mangle -A probe -j NFQUEUE --queue-num 0 2>/dev/null || continue
		on router "$IPT4" -t mangle -F probe && on router "$IPT4" -t mangle -X probe && return
	done
	skip_all "neither iptables-legacy nor iptables-nft can queue packets here"
}

net_up() {
	((EUID == 0)) || skip_all "network namespaces need root"
	need ip jq "$CTQD" "$CTCTL" /usr/bin/python3 "$@"
	TMP=$(mktemp -d /tmp/ctqd-test.XXXXXX) || bail "cannot make a directory"
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	host_new client
	host_new router
	host_new server
	iptables_find
	ip -n "$NS-router" link add lan type veth peer name eth0 netns "$NS-client" &&
		ip -n "$NS-router" link add wan type veth peer name eth0 netns "$NS-server" ||
		bail "cannot make veth pairs"
	link_up client eth0 $CLIENT4/24 $CLIENT6/64
	link_up router lan $ROUTER4/24 $ROUTER6/64
	link_up router wan 198.51.100.1/24 2001:db8:2::1/64
	link_up server eth0 $SERVER4/24 $SERVER6/64
	proc_set router 1 ipv4/ip_forward ipv6/conf/all/forwarding
	proc_set server 1 ipv4/ip_forward ipv6/conf/all/forwarding
	ip -n "$NS-client" route add default via $ROUTER4
	ip -n "$NS-client" route add default via $ROUTER6
	ip -n "$NS-server" route add default via 198.51.100.1
	ip -n "$NS-server" route add default via 2001:db8:2::1
	ip -n "$NS-router" route add 203.0.113.0/24 via $SERVER4
	ip -n "$NS-router" route add 2001:db8:3::/64 via $SERVER6
	ip -n "$NS-server" link add beyond type veth peer name nowhere
	ip -n "$NS-server" link set nowhere up
	link_up server beyond 203.0.113.2/25 2001:db8:3::2/64
	ip -n "$NS-server" route add unreachable 203.0.113.128/25
	spawn_ready server "$here/serve"
	server_pid=$spawned
	SOCKET=$TMP/ctl.sock
}

# ipt ARGUMENTS: on the router, for both families.
ipt() {
	on "$router" "$IPT4" -w "$@" && on "$router" "$IPT6" -w "$@" || bail "iptables $* failed"
}

# queue_rules CHAIN=QUEUE...: send what passes CHAIN of the mangle table to QUEUE, a number or
# a range A:B. IPv6's neighbour discovery stays in the kernel, as in contrib/iptables:
# without it no packet would find its way.
queue_rules() {
	local rule chain queue type
	for rule; do
		chain=${rule%=*} queue=${rule#*=}
		for type in 133 134 135 136 137 143; do
			on "$router" "$IPT6" -w -t mangle -A "$chain" -p icmpv6 --icmpv6-type $type -j ACCEPT
		done
		if [[ $queue == *:* ]]; then
			ipt -t mangle -A "$chain" -j NFQUEUE --queue-balance "$queue"
		else
			ipt -t mangle -A "$chain" -j NFQUEUE --queue-num "$queue"
		fi
	done
}

# Packets that iptables counted in the rule with comment TEXT, both families together.
counted() { # counted TABLE TEXT
	{
		on router "$IPT4" -w -t "$1" -nvxL
		on router "$IPT6" -w -t "$1" -nvxL
	} | awk -v text="/* $2 */" 'index($0, text) { sum += $1 } END { print sum + 0 }'
}

# ---- ctqd ----------------------------------------------------------------------------

# ctqd_config [TEXT]: the configuration: worker 0 with queue 0 at PREROUTING and queue 10
# at POSTROUTING, unless $QUEUES says otherwise; unconfirmed flows live a second, so that
# what must be gone in the end is gone soon; TEXT is added.
ctqd_config() {
	local queues='queues 0 { hook prerouting; } queues 10 { hook postrouting; }'
	cat >"$TMP/ctqd.conf" <<-CONF
		daemon { socket "$SOCKET"; log info; }
		table { unconfirmed 1s; ${TABLE-} }
		${QUEUES-$queues}
		${1-}
	CONF
}

# ctqd_start: with $TMP/ctqd.conf; true when it says READY=1. Its id in $ctqd_pid, what it
# prints in $TMP/ctqd.log, what it notifies in $TMP/notify.log.
ctqd_start() {
	local line fifo=$TMP/ready.$RANDOM
	[[ -e $TMP/ctqd.conf ]] || ctqd_config
	mkfifo "$fifo"
	# shellcheck disable=SC2086
	spawn "$router" "$here/supervise" "$fifo" "$TMP/notify.log" \
		${CTQD_WRAPPER-} "$CTQD" -c "$TMP/ctqd.conf" >>"$TMP/ctqd.log" 2>&1
	supervisor=$spawned
	read -rt "$START_WAIT" line <"$fifo" || line="nothing in $START_WAIT s"
	rm -f "$fifo"
	ctqd_pid=${line#ready }
	[[ $line == ready* ]] && return
	{ echo "ctqd: $line" && tail -n 20 "$TMP/ctqd.log"; } | sed 's/^/# /'
	return 1
}

ctqd_up() { ctqd_start || bail "ctqd does not start"; }

# ctqd_down: SIGTERM, and its exit status.
ctqd_down() {
	local status=0
	kill -TERM "$ctqd_pid" 2>/dev/null
	wait "$supervisor" || status=$?
	reap "$supervisor"
	ctqd_pid=
	return $status
}

ctctl() { "$CTCTL" --socket "$SOCKET" "$@"; }

