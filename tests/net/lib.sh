# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - TAP, and questions to ctctl: sourced by each *.test
. "${BASH_SOURCE[0]%/*}/hosts.sh"

tests=0 failures=0

# ---- TAP -----------------------------------------------------------------------------

diag() { sed 's/^/# /' <<<"$*"; }

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

bail() {
	echo "Bail out! $*"
	exit 99
}

pass() { echo "ok $((++tests)) - $1"; }

fail() {
	echo "not ok $((++tests)) - $1"
	failures=$((failures + 1))
}

skip() { echo "ok $((++tests)) - $1 # SKIP $2"; }

# check TEXT COMMAND...: one test, which passes when COMMAND succeeds. COMMAND runs in this
# shell (it may wait for our children); what it printed stays in $TMP/out.
check() {
	local text=$1 status=0
	shift
	"$@" >"$TMP/out" 2>&1 || status=$?
	if ((status == 0)); then
		pass "$text"
		return 0
	fi
	fail "$text"
	diag "command: $* (status $status)"
	diag "$(<"$TMP/out")"
	return 1
}

# check_fails TEXT COMMAND...: passes when COMMAND fails (and was not killed).
check_fails() {
	local text=$1 status=0
	shift
	"$@" >"$TMP/out" 2>&1 || status=$?
	if ((status > 0 && status < 126)); then
		pass "$text"
		return 0
	fi
	fail "$text"
	diag "command: $* (status $status)"
	diag "$(<"$TMP/out")"
	return 1
}

# check_is TEXT GOT WANTED
check_is() {
	if [[ $2 == "$3" ]]; then
		pass "$1"
		return 0
	fi
	fail "$1"
	diag "got:    $2"
	diag "wanted: $3"
	return 1
}

# check_like TEXT GOT REGEX
check_like() {
	if [[ $2 =~ $3 ]]; then
		pass "$1"
		return 0
	fi
	fail "$1"
	diag "got:          $2"
	diag "wanted match: $3"
	return 1
}

# flows ARGUMENTS OF LIST...: one JSON object a line.
flows() { ctctl -J list "$@"; }

# flow_count FILTER...: how many there are.
flow_count() {
	local out
	out=$(flows "$@") || { echo "ctctl failed"; return; }
	grep -c . <<<"$out"
}

# flow_where EXPRESSION FILTER...: true when a flow fits the jq EXPRESSION.
flow_where() {
	local out
	out=$(flows "${@:2}") || return
	jq -es "any(.[]; $1)" <<<"$out" >/dev/null || {
		echo "no flow with $1 among:"
		echo "$out"
		return 1
	}
}

# counter NAME: a counter or a reason of ctctl stats.
counter() { ctctl -j stats | jq -r --arg name "$1" '.counters[$name] // .reasons[$name] // 0'; }

# rule_hits NAME: of the rule with that name.
rule_hits() {
	ctctl -j rules | jq -r --arg name "$1" \
		'[.. | objects | select(.name? == $name) | .hits // .packets] | add // 0'
}

# queue_packets NUMBER: that ctqd took from the queue.
queue_packets() {
	ctctl -j queues | jq --argjson n "$1" \
		'[.. | objects | select((.queue? // .number?) == $n) | .packets] | add // 0'
}

# rules_load TEXT: replace the rule set.
rules_load() { ctctl load - <<<"$1"; }

# take_results FILE: lines "pass TEXT" and "fail TEXT" that a script left are tests of ours.
take_results() {
	local word text
	while read -r word text; do
		case $word in
		pass) pass "$text" ;;
		fail) fail "$text" ;;
		*) echo "$word $text" ;;
		esac
	done <"$1"
}

# ---- the end of each test ------------------------------------------------------------

no_flow_left() { # no_flow_left unconfirmed|dying
	local out
	out=$(flows "$1") && [[ -z $out ]]
}

queues_clean() {
	ctctl -j queues | jq -e 'all(.. | objects | select(has("errors")); .errors == 0)' >/dev/null || {
		ctctl queues
		return 1
	}
}

# finish: what must hold after every test: nothing leaked, nothing refused by the kernel,
# a clean stop. Prints the plan and leaves.
finish() {
	if [[ -n ${ctqd_pid-} ]]; then
		check "end: no unconfirmed flow is left" eventually 15 no_flow_left unconfirmed
		check "end: no dying flow is left" eventually 15 no_flow_left dying
		check "end: the kernel refused no verdict" queues_clean
		check "end: ctqd stops with status 0" ctqd_down
	fi
	check_is "end: no sanitizer spoke" \
		"$(grep -cE 'ERROR: (Address|Leak|Thread)Sanitizer|runtime error:' "$TMP/ctqd.log")" 0
	echo "1..$tests"
	if ((failures)); then
		diag "ctqd's log:"
		diag "$(tail -n 30 "$TMP/ctqd.log")"
	fi
	exit 0
}
