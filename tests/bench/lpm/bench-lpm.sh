#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-lpm.sh - our prefix table beside DPDK's, in one run
#
# Run by `make bench-lpm`.
#
#	BENCH_IPV4=900000 BENCH_IPV6=100000   prefixes
#	BENCH_LIMIT=600                       seconds for one table
set -u
here=$(cd "$(dirname "$0")" && pwd)
top_srcdir=${top_srcdir:-$(cd "$here/../../.." && pwd)}
top_builddir=${top_builddir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile=("${CC:-cc}" -std=gnu11 -O2 -fPIC -shared -fvisibility=hidden -I"$top_srcdir/src" -I"$top_srcdir")
peers=(prefix)

"${compile[@]}" -o "$work/prefix.so" "$here/peer_prefix.c" "$top_builddir/.libs/libhashtrie.a" \
	"$top_builddir/.libs/libbase.a" -lurcu-qsbr -lurcu-common || exit 1
# shellcheck disable=SC2046
if "${compile[@]}" -o "$work/rte.so" "$here/peer_rte_lpm.c" $(pkg-config --cflags libdpdk 2>&1) \
	-lrte_lpm -lrte_eal 2>/dev/null; then
	peers+=(rte)
else
	echo "left out: rte_lpm, rte_lpm6 (Debian: libdpdk-dev)"
fi

printf '%-14s%8s%10s%12s%12s%10s%10s%12s%22s\n' table family prefixes 'single M/s' 'bulk M/s' MB \
	'build s' 'update µs' 'bulk beside updates'
for family in 4 6; do
	prefixes=${BENCH_IPV4:-900000}
	((family == 4)) || prefixes=${BENCH_IPV6:-100000}
	for peer in "${peers[@]}"; do
		timeout "${BENCH_LIMIT:-600}" "$top_builddir/bench-one-lpm" "$work/$peer.so" \
			"$family" "$prefixes" 2>"$work/log" | grep -P '\t' |
			awk -F'\t' '{ printf "%-14s%8s%10s%12s%12s%10s%10s%11s%22s\n", $1, "IPv" $2, $3, $4, $5, $6, $7, $8, $9 }'
		((PIPESTATUS[0] == 0)) || { echo "failed: $peer, IPv$family"; tail -3 "$work/log"; }
	done
done
