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

# usage: doctest_names; how KUnit names the doctests of those of our files in the
# kernel crate that have some that run
doctest_names() {
	find "$TOP/rust/kernel" -name '*.rs' -print0 | xargs -0 awk -v top="$TOP/rust/kernel/" '
		FNR == 1 { inside = 0 }
		/^[[:space:]]*\/\/[\/!] ```/ {
			inside = !inside
			if (inside && /```(rust|no_run)?$/) print substr(FILENAME, length(top) + 1)
		}' | sort -u | sed 's|[/.]|_|g; s|^|rust_doctest_kernel_|'
}
