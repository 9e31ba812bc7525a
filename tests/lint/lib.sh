# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - TAP for the lint tests: each finding is a line; no finding, the test passes
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top_builddir=$(cd "${top_builddir:-$here/../..}" && pwd)
top_srcdir=$(cd "${top_srcdir:-$here/../..}" && pwd)
cd "$top_srcdir" || exit 99
tests=0

# no_findings TEXT FINDINGS: passes when FINDINGS is empty.
no_findings() {
	if [[ -z $2 ]]; then
		echo "ok $((++tests)) - $1"
	else
		echo "not ok $((++tests)) - $1"
		sed 's/^/# /' <<<"$2"
	fi
}

skip() { echo "ok $((++tests)) - $1 # SKIP $2"; }

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

finish() { echo "1..$tests"; }

# sources [PATTERN...]: the project's files, whether in a clone or from a tarball: not what
# the build makes.
sources() {
	if [[ -e .git ]]; then
		git ls-files -- "$@"
	else
		find README.md HACKING.md NEWS.md Makefile.am configure.ac src include man tests \
			contrib build-aux/criterion-tap -type f 2>/dev/null |
			while read -r file; do
				[[ $# == 0 ]] && echo "$file" && continue
				local pattern
				for pattern; do
					# shellcheck disable=SC2053
					[[ $file == $pattern ]] && echo "$file" && break
				done
			done
	fi
}
