# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What our own sources define for KUnit. Source it after lib.sh, with
# check_options done.

# usage: kunit_suites; the suites
kunit_suites() {
	local sources=("$TOP"/{pidns,nsproxy,rust/kernel})
	[ "$IMPL" = rust ] || return 0
	grep -rhE --include='*.rs' '^[[:space:]]*#\[([a-z:]*::)?kunit_tests\(' "${sources[@]}" |
		sed 's/.*kunit_tests(\([a-z0-9_]*\)).*/\1/' | sort -u
}
