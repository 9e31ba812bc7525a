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

# Is FILE made by flex or bison? (A tarball has such files.)
is_generated() {
	local base=${1%.[ch]}
	[[ $1 == *.[ch] && (-e $base.y || -e $base.l) ]]
}

# All files of the project: from git, or of a tarball.
all_files() {
	if [[ -e .git ]]; then
		git ls-files
	else
		find README.md HACKING.md NEWS.md Makefile.am configure.ac src include man tests contrib \
			build-aux/criterion-tap build-aux/bootstrap build-aux/install-packages -type f
	fi
}

# The project's own files.
sources() {
	local file
	all_files | while read -r file; do
		is_generated "$file" || echo "$file"
	done
}
