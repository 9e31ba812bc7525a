#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-path.sh - what ctqd itself costs for a packet, without the kernel
#
# Packets from memory through queue_replay and path_batch(): the packet that makes a flow and
# the first answer, and later ones, with tables that fit into the caches and that do not.
# Medians of $RUNS (5) interleaved runs; with valgrind, the instructions of a later packet,
# which no other process disturbs.
set -u
runs=${RUNS:-5}
replay=${top_builddir:-.}/bench-replay
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

tables=(1000 100000 1000000)
for ((run = 0; run < runs; run++)); do
	for flows in "${tables[@]}"; do
		"$replay" "$flows" $((2000000 / flows)) >>"$tmp/$flows" || exit
	done
done
printf '%8s  %16s  %16s   nanoseconds for a packet\n' flows "first, answer" later
for flows in "${tables[@]}"; do
	printf '%8d  %16s  %16s\n' "$flows" "$(sed -n 's/^first //p' "$tmp/$flows" | median)" \
		"$(sed -n 's/^later //p' "$tmp/$flows" | median)"
done

rounds=20 flows=1000
command -v valgrind >/dev/null || { echo "no count of instructions: valgrind is missing"; exit 0; }
# Through libtool: the program itself, not the script that stands for it before installation.
for rules in 0 10 100000; do
	"$(dirname "$replay")/libtool" --mode=execute valgrind --tool=callgrind \
		--toggle-collect=bench_later --callgrind-out-file=/dev/null \
		"$replay" $flows $rounds $rules 2>&1 >/dev/null |
		awk -v n=$((2 * flows * rounds)) -v rules=$rules '/Collected/ {
			printf "%.0f instructions for a later packet, %d rules\n", $NF / n, rules }'
done
