#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench-load.sh - what packets and other clients wait while much is loaded
#
# A router asks ctqd about each packet. A ping every millisecond passes it, and a client asks
# for the status all the while; then $RULES (100,000) rules are loaded, one is added, one packet
# is explained, and sets with $ELEMENTS (1,000,000) elements are filled and emptied. Needs root.
here_load=$(cd "$(dirname "$0")" && pwd)
bail() { echo "bench-load: $*" >&2; exit 1; }
skip_all() { bail "$@"; }
# shellcheck source=../../net/hosts.sh
. "$here_load/../../net/hosts.sh"

RULES=${RULES:-100000} ELEMENTS=${ELEMENTS:-1000000}

row() { # row NAME COMMAND...
	"$here_load/watch" "$1" "$SOCKET" "$NS-client" $SERVER4 "${@:2}" || exit
}
tool() { # tool NAME ARGUMENTS OF CTCTL...
	row "$1" "$CTCTL" --socket "$SOCKET" "${@:2}"
}

# rules FIRST: $RULES rules that no ping meets, numbered from FIRST.
rules() {
	awk -v n="$RULES" -v first="$1" 'BEGIN {
		print "chain prerouting { policy accept"
		for (i = first; i < first + n; i++)
			printf "\tsrc 10.%d.%d.0/24 dst 172.%d.%d.%d tcp dport %d drop\n", \
				i / 256 % 256, i % 256, 16 + i / 65536 % 16, i / 256 % 256, \
				i % 256, 1 + i % 60000
		print "}"
	}'
}

# elements: a set of $ELEMENTS addresses, and a rule that looks at it.
elements() {
	awk -v n="$ELEMENTS" 'BEGIN {
		printf "set many { type address; size %d; elements = {\n", n
		for (i = 0; i < n; i++)
			printf "10.%d.%d.%d%s\n", i / 65536 % 256, i / 256 % 256, i % 256, \
				i < n - 1 ? "," : ""
		print "} }\nchain prerouting { policy accept\n\tsrc @many drop\n}"
	}'
}

net_up ping
queue_rules PREROUTING=0 POSTROUTING=10
ctqd_config
ctqd_start || bail "ctqd does not start"
rules 0 >"$TMP/first.ctq"
rules 1 >"$TMP/second.ctq"
elements >"$TMP/elements.ctq"
echo 'chain prerouting { policy accept' >"$TMP/none.ctq"
echo '}' >>"$TMP/none.ctq"

printf '%-28s %7s  %26s   %26s\n' "" "" "packets      p99.9     worst" "requests      p99.9     worst"
row "nothing" sleep 2
tool "load $RULES rules" load "$TMP/first.ctq"
tool "load as many others" load "$TMP/second.ctq"
tool "add one rule" rule add prerouting tcp dport 1 drop
tool "explain a packet" explain tcp 192.0.2.9:1000 ">" 198.51.100.9:80
tool "load the first again" load "$TMP/first.ctq"
tool "load none" load "$TMP/none.ctq"
tool "load $ELEMENTS elements" load "$TMP/elements.ctq"
tool "load them again" load "$TMP/elements.ctq"
tool "flush them" set flush many
tool "load none" load "$TMP/none.ctq"
