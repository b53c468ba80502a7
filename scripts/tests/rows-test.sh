#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rows: what has no test is found, and a table that is not what the tests are.

. "$(dirname "$0")/check.sh"

top=$WORK/top
tests=$top/tools/testing/selftests/pidns
rows() { "$SCRIPTS/rows" "$1" "$top"; }

# usage: tree ROW...; a checkout with two programs, a KUnit suite and these rows
tree() {
	rm -rf "$top"
	mkdir -p "$tests" "$top"/{pidns,tools/testing/mutants,Documentation/pidns}
	printf 'TEST_GEN_PROGS := pidns_a1_x_test \\\n\tpidns_d1_y_test\n' >"$tests/Makefile"
	printf 'TEST_F_TIMEOUT(pidns, a1_one, 9)\nTEST_F_TIMEOUT(pidns, a1_two, 9)\n' >"$tests/pidns_a1_x_test.c"
	echo 'TEST_F_TIMEOUT(pidns, d1_one, 9)' >"$tests/pidns_d1_y_test.c"
	printf '#[kunit_tests(pidns_z)]\nmod tests {\n    #[test]\n' >"$top/pidns/z.rs"
	printf 'mutant: m\nrows: A1\n' >"$top/tools/testing/mutants/m.list"
	printf '%s\n' '# Rows.' "$@" >"$top/tools/testing/rows"
	rows write >/dev/null || true
}
# usage: said TEXT; that is what is wrong, and nothing else
said() {
	local out status=0
	out=$(rows check 2>&1) || status=$?
	printf '%s\n(status %s)\n' "$out" "$status"
	[ "$status" = 1 ] && [ "$(wc -l <<<"$out")" = 1 ] && grep -qF -- "$1" <<<"$out"
}
# usage: fault TEXT ROW...; with these rows
fault() {
	tree "${@:2}"
	said "$1"
}
# usage: fault_in FILE LINE TEXT; with that line in that file
fault_in() {
	tree "$a1" "$d1"
	echo "$2" >>"$tests/$1"
	said "$3"
}
a1='A1 | one | pidns_z |'
d1='D1 | two | | why not'

tree "$a1" "$d1"
check 'all is well' rows check
check 'cases are told' grep -q 'pidns_a1_x_test.*: a1_one, a1_two' "$top/Documentation/pidns/rows.rst"
check 'and how many of a suite' grep -q 'pidns_z.*: 1 case' "$top/Documentation/pidns/rows.rst"
check 'and the mutants' grep -q 'mutants: 1' "$top/Documentation/pidns/rows.rst"
sed -i s/a1_two/a1_three/ "$tests/pidns_a1_x_test.c"
check 'the table is old' not rows check

check 'a row without a test' fault 'D2 has no test' "$a1" "$d1" 'D2 | three | | why not'
check 'a test without a row' fault 'pidns_d1_y_test tests no row' "$a1"
tree "$a1" "$d1" 'D2 | three | pidns_d1_y_test | why not'
echo 'TEST_F_TIMEOUT(pidns, d2_one, 9)' >>"$tests/pidns_d1_y_test.c"
rows write >/dev/null
check 'a case of the row that it is named for' rows check
tree "$a1" "$d1"
echo 'TEST_F_TIMEOUT(pidns, d2_one, 9)' >>"$tests/pidns_d1_y_test.c"
rows write >/dev/null
check 'a case of another row' said 'd2_one names no row of this program; begin with d1_'
check 'a suite without a row' fault 'pidns_z tests no row' 'A1 | one | |' "$d1"
check 'a test that is not there' fault 'D1: there is no test pidns_d1_z_test' "$a1" \
	'D1 | two | pidns_d1_z_test | why not'
check 'a program that is not built' fault_in pidns_d1_z_test.c \
	'TEST_F_TIMEOUT(pidns, d1_three, 9)' 'pidns_d1_z_test.c is not built'
for macro in TEST TEST_F TEST_SIGNAL TEST_F_SIGNAL; do
	check "a test without a limit of its own: $macro" fault_in pidns_d1_y_test.c \
		"$macro(pidns, d1_three)" 'pidns_d1_y_test.c: a test without a limit'
done
check 'a row twice' fault 'each row once' "$a1" "$d1" "$d1"
finish
