#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-table.sh - our connection table beside others, in one run
#
# Run by `make bench-table`. Builds each peer whose library is installed, names those
# that are left out, measures all at each size in IPv4 and IPv6, one process each, one table
# after the other in each of several rounds, and prints tables of figures (medians of the
# rounds; of the worst insert the least) and of ratios (ours / theirs). bench-table.raw (each
# round), bench-table.tsv and bench-table.svg are left in the current folder.
#
#	BENCH_SIZES="100000 1000000 4000000"  connections; two keys each
#	BENCH_FAMILIES="4 6"                  key sizes: 16 and 40 bytes
#	BENCH_ROUNDS=5
#	BENCH_LIMIT=300                       seconds for one table at one size
#	BENCH_PEERS="rte_hash ck_ht"          only these, beside ours
set -u
here=$(cd "$(dirname "$0")" && pwd)
top_srcdir=${top_srcdir:-$(cd "$here/../../.." && pwd)}
top_builddir=${top_builddir:-.}
sizes=${BENCH_SIZES:-100000 1000000 4000000}
families=${BENCH_FAMILIES:-4 6}
rounds=${BENCH_ROUNDS:-5}
limit=${BENCH_LIMIT:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags=(-O2 -fPIC -shared -fvisibility=hidden -fno-strict-aliasing -I"$top_srcdir/src" -I"$top_srcdir")
peers=()

wanted() { [[ -z ${BENCH_PEERS-} || " $BENCH_PEERS " == *" $1 "* ]]; }

# peer NAME PACKAGE COMPILE...: build one peer, or say that it is left out.
peer() {
	local name=$1 package=$2
	shift 2
	wanted "$name" || return
	if "$@" -o "$work/$name.so" 2>"$work/log"; then
		peers+=("$name")
	else
		echo "left out: $name (Debian: $package)"
		[[ -z ${V-} ]] || sed 's/^/    /' "$work/log"
	fi
}

build() {
	local c=("${CC:-cc}" -std=gnu11 "${flags[@]}") cxx=("${CXX:-c++}" -std=c++17 "${flags[@]}")

	"${c[@]}" -o "$work/hashtrie.so" "$here/peer_hashtrie.c" \
		"$top_builddir/.libs/libhashtrie.a" "$top_builddir/.libs/libbase.a" \
		-lurcu-qsbr -lurcu-common || exit 1
	# shellcheck disable=SC2046
	{
		peer rte_hash libdpdk-dev "${c[@]}" -DRTE_LOCKFREE=0 "$here/peer_rte_hash.c" \
			$(pkg-config --cflags libdpdk 2>&1) -lrte_hash -lrte_eal
		peer rte_hash_lf libdpdk-dev "${c[@]}" -DRTE_LOCKFREE=1 "$here/peer_rte_hash.c" \
			$(pkg-config --cflags libdpdk 2>&1) -lrte_hash -lrte_eal
		peer lfht liburcu-dev "${c[@]}" "$here/peer_lfht.c" -lurcu-qsbr -lurcu-cds -lurcu-common
		peer ck_ht libck-dev "${c[@]}" "$here/peer_ck_ht.c" -lck
		peer abseil libabsl-dev "${cxx[@]}" "$here/peer_abseil.cc" \
			$(pkg-config --libs absl_flat_hash_map 2>&1)
		peer uthash uthash-dev "${c[@]}" "$here/peer_uthash.c"
		peer chained_n "" "${c[@]}" -DCHAINED_BUCKETS=0 "$here/peer_chained.c"
		peer chained_262144 "" "${c[@]}" -DCHAINED_BUCKETS=262144 "$here/peer_chained.c"
	}
}

measure_one() { # measure_one NAME SIZE FAMILY
	# malloc in huge pages, as ours
	GLIBC_TUNABLES=glibc.malloc.hugetlb=1 timeout "$limit" \
		"$top_builddir/bench-one-table" "$work/$1.so" "$2" "$3" 2>"$work/log" | grep -P '\t' ||
		{ echo "failed: $1 at $2" >&2; sed 's/^/    /' "$work/log" >&2; }
	printf '.' >&2
}

# One line for each table, size and family: medians of the rounds, and the least worst insert.
medians() {
	awk -F'\t' -v OFS='\t' '
	function median(key, column,    n, i, j, v, t) {
		n = rounds[key]
		for (i = 1; i <= n; i++) v[i] = value[key, column, i] + 0
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
		return column == NF ? v[1] : (v[int((n + 1) / 2)] + v[int((n + 2) / 2)]) / 2
	}
	{
		key = $1 FS $2 FS $3
		if (!rounds[key]++) order[++keys] = key
		for (i = 4; i <= NF; i++) value[key, i, rounds[key]] = $i
	}
	END {
		for (k = 1; k <= keys; k++) {
			line = order[k]
			for (i = 4; i <= NF; i++) line = line OFS sprintf("%.1f", median(order[k], i))
			print line
		}
	}'
}

measure() {
	local size family name round
	for size in $sizes; do
		for family in $families; do
			for ((round = 0; round < rounds; round++)); do
				for name in hashtrie "${peers[@]}"; do
					measure_one "$name" "$size" "$family"
				done
			done
		done
	done
	echo >&2
}

columns='insert
insert bulk
hit
hit bulk
miss
miss bulk
delete
delete bulk
iterate
B/conn
worst µs'

# print_table RATIO: the figures, or with RATIO=1 ours / theirs (more is better for us;
# bytes and microseconds the other way round).
print_table() {
	awk -F'\t' -v ratio="$1" -v columns="$columns" '
	BEGIN { n = split(columns, title, "\n") }
	$2 FS $3 != group {
		group = $2 FS $3
		printf "\n%s connections, IPv%s (%s)\n%-22s", $2, $3,
			ratio ? "ours / theirs" : "million keys per second", "table"
		for (i = 1; i <= n; i++) printf "%12s", title[i]
		print ""
	}
	{
		if (NR == 1 || $1 == "hashtrie") for (i = 1; i <= n; i++) ours[i] = $(i + 3)
		if (ratio && $1 == "hashtrie") next
		printf "%-22s", $1
		for (i = 1; i <= n; i++) {
			v = $(i + 3)
			if (v + 0 == 0) printf "%12s", "-"
			else if (!ratio) printf "%12s", v
			else printf "%12.2f", (i > 9 ? v / ours[i] : ours[i] / v)
		}
		print ""
	}' bench-table.tsv
}

plot() {
	command -v gnuplot >/dev/null || { echo "left out: the plot (Debian: gnuplot-nox)"; return; }
	local size=${sizes##* }
	[[ " $sizes " != *" 1000000 "* ]] || size=1000000
	awk -F'\t' -v size="$size" -v family="${families%% *}" -v OFS='\t' \
		'$2 == size && $3 == family { print $1, $4, $5, $6, $7, $8, $9, $10, $11 }' \
		bench-table.tsv >"$work/plot.tsv"
	gnuplot <<-PLOT
		set terminal svg size 1100,520 font "sans,12" background "white"
		set output "bench-table.svg"
		set datafile separator "\t"
		set title "Connection tables, $size connections, two keys each"
		set ylabel "million keys per second, one thread"
		set style data histograms
		set style histogram clustered gap 1
		set style fill solid 0.9
		set grid ytics
		set xtics rotate by -20
		set key outside right
		plot "$work/plot.tsv" using 2:xtic(1) title "insert", "" using 3 title "insert bulk", \
			"" using 4 title "hit", "" using 5 title "hit, bulk 32", "" using 6 title "miss", \
			"" using 7 title "miss, bulk 32", "" using 8 title "delete", \
			"" using 9 title "delete bulk"
	PLOT
	echo "plot: $PWD/bench-table.svg"
}

build
measure >bench-table.raw
medians <bench-table.raw >bench-table.tsv
print_table 0
print_table 1
plot
