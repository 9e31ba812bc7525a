#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-rules.sh - our backends beside DPDK's rte_acl, on the same rules and packets
#
# Run by `make bench-rules`. The answers of all must agree.
#
#	BENCH_RULES="1000 10000 100000"       sizes of rule sets
#	BENCH_LIMIT=600                       seconds for one classifier
#	BENCH_PACKETS="trace uniform"         in bursts of connections, or anywhere
set -u
here=$(cd "$(dirname "$0")" && pwd)
top_srcdir=${top_srcdir:-$(cd "$here/../../.." && pwd)}
top_builddir=${top_builddir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile=("${CC:-cc}" -std=gnu11 -O2 -fPIC -shared -fvisibility=hidden
	-I"$top_srcdir/src" -I"$top_srcdir/include" -I"$top_srcdir")
archives=()
for name in rules sets ctlink hashtrie packet base; do archives+=("$top_builddir/.libs/lib$name.a"); done
peers=()

ours() { # name, flags
	"${compile[@]}" "${@:2}" -o "$work/$1.so" "$here/peer_ours.c" "$here/generate_rule.c" "${archives[@]}" -lmnl \
		-lurcu-qsbr -lurcu-common || exit 1
	peers+=("$1")
}
for name in $(sed -nE 's/^RULES_BACKEND\((.*)\)$/\1/p' "$top_srcdir/src/rules/backends.def"); do
	ours "$name" -DPEER_BACKEND="\"$name\""
done
ours whole -DPEER_BACKEND='"forest"' -DPEER_WHOLE
# shellcheck disable=SC2046
if "${compile[@]}" -o "$work/rte.so" "$here/peer_rte_acl.c" $(pkg-config --cflags libdpdk 2>&1) \
	-lrte_acl -lrte_eal 2>"$work/log"; then
	peers+=(rte)
else
	echo "left out: rte_acl (Debian: libdpdk-dev)"
fi

printf '%-15s%6s%9s%9s%10s%11s%9s%12s\n' classifier style rules packets 'M/s' 'build ms' MB \
	'update ms'
for rules in ${BENCH_RULES:-1000 10000 100000}; do
	for style in acl fw ipc; do
		for packets in ${BENCH_PACKETS:-trace uniform}; do
			wanted=
			for peer in "${peers[@]}"; do
				line=$(timeout "${BENCH_LIMIT:-600}" "$top_builddir/bench-one-classifier" \
					"$work/$peer.so" $style "$rules" $packets 2>"$work/log" | grep -P '\t')
				[[ $line ]] || {
					echo "failed: $peer, $style $rules: $(tail -1 "$work/log")"
					continue
				}
				sum=${line##*$'\t'}
				wanted=${wanted:-$sum}
				[[ $sum == "$wanted" ]] || echo "wrong answers: $peer, $style $rules"
				awk -F'\t' '{ printf "%-15s%6s%9s%9s%10s%11s%9s%12s\n", $1, $2, $3, $4, $5,
					$6, $7, $8 < 0 ? "-" : $8 }' <<<"$line"
			done
		done
	done
done
