#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-nfqueue.sh - packets a second through a router that asks about each, without loss
#
#   client: udp-load --> router: mangle PREROUTING (and POSTROUTING) --> server: counts
#
# Small UDP packets (60 bytes) of $FLOWS flows. For each contestant the highest rate is
# searched at which no more than one of a thousand packets is lost, by halving, with probes
# of $PROBE seconds; all contestants take turns, $RUNS times; medians are printed.
#
#   forward   no queue at all: what this machine can
#   classic   nfq-loop: recv one, send one verdict, default buffers
#   batched   nfq-loop: 64 at a time, headers only, large buffers: the best without tracking
#   ctqd      ctqd with one queue, at PREROUTING: tracks, judges, accepts
#   ctqd-2    ctqd with queues at PREROUTING and POSTROUTING
#
# The sender has the first CPU and the loops the second, if there is one; the router's part
# of the kernel runs with the sender, as on a machine with one receiving interrupt.
# Arguments: the contestants; all, if there are none.
bail() { echo "bench-nfqueue: $*" >&2; exit 1; }
skip_all() { bail "$@"; }
# shellcheck source=../../net/hosts.sh
. "$(dirname "$0")/../../net/hosts.sh"

FLOWS=${FLOWS:-1000} PROBE=${PROBE:-0.5} RUNS=${RUNS:-3} TOP=${TOP:-1000000}
loop=$top_builddir/nfq-loop
load=$top_builddir/udp-load
contestants=("$@")
[[ $# -gt 0 ]] || contestants=(forward classic batched ctqd ctqd-2)
need taskset "$loop" "$load"
sender_cpu=0
loop_cpu=$(($(nproc) > 1 ? 1 : 0))
contestant='' ctqd_pid=''

# -- contestants ---------------------------------------------------------------------------
begin_loop() {
	queue_rules PREROUTING=0
	spawn_ready router taskset -c $loop_cpu "$loop" "$1" 0
	contestant=$spawned
}

begin_ctqd() {
	ctqd_config "table { max 262144; }"
	ctqd_start || bail "ctqd does not start"
	taskset -a -cp $loop_cpu "$ctqd_pid" >/dev/null
}

begin() {
	case $1 in
	forward) ;;
	classic | batched) begin_loop "$1" ;;
	ctqd)
		queue_rules PREROUTING=0
		QUEUES='queues 0 { hook prerouting; }' begin_ctqd
		;;
	ctqd-2)
		queue_rules PREROUTING=0 POSTROUTING=10
		begin_ctqd
		;;
	*) bail "no contestant $1" ;;
	esac
}

end() {
	[[ -z $contestant ]] || reap "$contestant"
	[[ -z $ctqd_pid ]] || ctqd_down || echo "# ctqd ended with status $?" >&2
	contestant='' ctqd_pid=''
	ipt -t mangle -F
}

# -- one probe -----------------------------------------------------------------------------
# Packets that wait in the kernel for a verdict.
waiting() {
	on router awk '{ sum += $3 } END { print sum + 0 }' \
		/proc/net/netfilter/nfnetlink_queue 2>/dev/null
}
none_waits() { (($(waiting) == 0)); }
arrived() { on server "$IPT4" -w -t raw -nvxL PREROUTING | awk '/dpts:/ { print $1 }'; }

# holds RATE: does the contestant keep up with RATE packets a second? The rate that the sender
# reached is in $reached. A queue that has filled up when the sender stops would overflow.
holds() {
	local count sent seconds left got
	count=$(awk -v rate="$1" -v probe="$PROBE" 'BEGIN { print int(rate * probe) }')
	on server "$IPT4" -w -t raw -Z PREROUTING
	on client taskset -c $sender_cpu "$load" send $SERVER4 10000 "$FLOWS" "$count" "$1" \
		>"$TMP/sent"
	left=$(waiting)
	eventually 10 none_waits
	got=$(arrived)
	sent=$(sed -n 's/^sent=//p' "$TMP/sent") seconds=$(sed -n 's/^seconds=//p' "$TMP/sent")
	reached=$(awk -v sent="$sent" -v s="$seconds" 'BEGIN { print int(sent / s) }')
	[[ -z ${VERBOSE-} ]] || echo "# $1: reached $reached, lost $((sent - got)), waiting $left" >&2
	((1000 * (sent - got) <= sent && left <= 1024))
}

# Halve between what held and what did not, down to one part in sixty-four. "+" behind the
# rate: the sender could do no more.
search() {
	local low=0 high=$TOP rate
	while ((high - low > high / 64)); do
		rate=$(((low + high) / 2))
		if holds $rate; then
			low=$reached
			((reached >= rate * 9 / 10)) || { low+=+; break; }
		else
			high=$rate
		fi
	done
	echo "$low"
}

# -- all ------------------------------------------------------------------------------------
net_up
ipt_server() { on server "$IPT4" -w -t raw "$@" || bail "iptables on the server"; }
ipt_server -A PREROUTING -p udp --dport 10000:$((10000 + FLOWS - 1)) -j DROP

declare -A rates=()
for ((run = 1; run <= RUNS; run++)); do
	for name in "${contestants[@]}"; do
		begin "$name"
		holds 20000 # flows, caches and neighbours
		rate=$(search)
		rates[$name]+="$rate "
		printf '# run %d: %-8s %7s packets/s\n' $run "$name" "$rate" >&2
		end
	done
done

median() { tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
base=$(median "${rates[batched]-}") classic=$(median "${rates[classic]-}")
printf '%-8s %9s %12s %12s   %s\n' "" kpps "to batched" "to classic" "runs, kpps"
for name in "${contestants[@]}"; do
	awk -v name="$name" -v rate="$(median "${rates[$name]}")" -v base="${base:-0}" \
		-v classic="${classic:-0}" -v runs="${rates[$name]}" '
		function ratio(to) { return to > 0 ? sprintf("%.2f", rate / to) : "-" }
		BEGIN {
			n = split(runs, r, " ")
			for (i = 1; i <= n; i++)
				list = list sprintf(" %.0f%s", r[i] / 1000, r[i] ~ /+/ ? "+" : "")
			printf "%-8s %9.1f %12s %12s  %s\n", name, rate / 1000, ratio(base), \
				ratio(classic), list
		}'
done
