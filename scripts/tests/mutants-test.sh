#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mutants: what is wrong with a list is found; the copy has all mistakes in it.

. "$(dirname "$0")/check.sh"

top=$WORK/top
list=$top/tools/testing/mutants
rows=$top/tools/testing/pidns/lists/rows.toml
mutants() { "$SCRIPTS/mutants" "$@"; }

# usage: list_of TEXT; a checkout of one source file, with such a list
list_of() {
	rm -rf "$top"
	mkdir -p "$list" "$(dirname "$rows")" "$top"/{pidns,rust/kernel,tools/testing/selftests/pidns}
	printf 'fn f() -> u32 {\n    one();\n    two();\n    two();\n}\n' >"$top/pidns/a.rs"
	echo '//! Ours.' >"$top/rust/kernel/ns.rs"
	echo 'obj-y += a.o' >"$top/Kbuild"
	echo 'TEST_GEN_PROGS := alloc_test' >"$top/tools/testing/selftests/pidns/Makefile"
	cat >"$rows" <<-END
		[row.A1]
		cases = ["alloc_test.one", "pidns_suite"]
		[row.A2]
		cases = ["make run"]
		no_mutant = "nobody can"
	END
	touch "$list"/mutants.{c,rs}
	echo 'mutants 1' >"$top/tools/testing/counts"
	cat >"$list/a.list"
}
# usage: mutant NAME ROWS TESTS FIND WITH
mutant() {
	printf 'mutant: %s\nwhat: it\nrows: %s\ntests: %s\nfile: pidns/a.rs\nfind:\n\t%s\nwith:\n\t%s\n' "$@"
}
good() { mutant good A1 alloc_test 'one();' 'if !MUTANT { one(); }'; }
# usage: faults TEXT; the list has a fault, which is told so
faults() {
	local out status=0
	out=$(mutants check "$top" 2>&1) || status=$?
	printf '%s\n(status %s)\n' "$out" "$status"
	[ "$status" = 1 ] && [ "$(wc -l <<<"$out")" = 1 ] && grep -qF -- "$1" <<<"$out"
}

# usage: told TEXT; one of the faults is this
told() { mutants check "$top" 2>&1 | grep -F -- "$1"; }

good | list_of
check 'a good list' mutants check "$top"
{ good && mutant b A1 alloc_test 'three();' MUTANT; } | list_of
check 'a place that is not there' faults 'b: occurs 0 times'
{ good && mutant b A1 alloc_test 'two();' MUTANT; } | list_of
check 'a place that is there twice' faults 'b: occurs 2 times'
{ good && mutant b A1 alloc_test '    one();' MUTANT; } | list_of
check 'one place for two' faults 'change the same place'
{ good && mutant good A1 alloc_test '-> u32' '-> MUTANT'; } | list_of
check 'one name for two' faults 'there is another good'
{ good && mutant b A1 alloc_test '-> u32' '-> u64'; } | list_of
check 'a mistake that is always made' faults 'does not say MUTANT'
{ good && mutant b A9 alloc_test '-> u32' MUTANT; } | list_of
check 'a row that is not there' faults 'no row A9'
{ good && mutant b A1 missing_test '-> u32' MUTANT; } | list_of
check 'a test that is not there' faults 'no test missing_test'
{ good && mutant b A2 alloc_test '-> u32' MUTANT; } | list_of
check 'a row that cannot be broken, and is' faults 'A2 has a mutant, and a reason'
{ good && mutant b A1 free_test '-> u32' MUTANT; } | list_of
sed -i 's/$/ free_test/' "$top/tools/testing/selftests/pidns/Makefile"
check 'two tests' mutants check "$top"
sed -i 's/$/ wait_test/' "$top/tools/testing/selftests/pidns/Makefile"
check 'a test that no mutant is tried with' faults 'tried with wait_test'
mutant b A1 free_test '-> u32' MUTANT | list_of
echo 'TEST_GEN_PROGS := free_test' >"$top/tools/testing/selftests/pidns/Makefile"
sed -i 's/alloc_test/x_alloc_test/' "$rows"
echo 'OTHER := x_alloc_test' >>"$top/tools/testing/selftests/pidns/Makefile"
check 'a row whose tests no mutant of it is tried with' told 'A1 has mutants, but none with one of its own tests'
list_of </dev/null
check 'a row without a mutant' told 'A1 has no mutant'
check 'fewer than there must be' told '0 mistakes; tools/testing/counts says'
good | list_of
: >"$top/tools/testing/counts"
check 'nobody says how many' faults 'in its line of mutants'
echo 'mutant: b' | list_of
check 'a mutant without anything' faults 'b has no what:'
{ good && echo 'file: kernel/fork.c'; } | list_of
check 'a file that is not ours' faults 'a.list:10: not understood'

{ good && mutant b A1 alloc_test '-> u32' '-> MUTANT'; } | list_of
lay() { (cd "$top" && find Kbuild pidns rust -type f) | mutants lay "$top" "$WORK/laid"; }
check 'they are laid' lay
check 'with a number each' prints 'fn f() -> kernel::ns::mutants::on(2) {
    if !kernel::ns::mutants::on(1) { one(); }
    two();
    two();
}' cat "$WORK/laid/pidns/a.rs"
check 'and what they need' grep -q mutants "$WORK/laid/rust/kernel/ns.rs"
check 'in C, too' test -f "$WORK/laid/pidns/mutants.c"
touch -d @1 "$WORK/laid/pidns/a.rs"
touch "$WORK/laid/pidns/old.rs"
lay
check 'what is the same is left alone' test "$(stat -c %Y "$WORK/laid/pidns/a.rs")" = 1
check 'what is no more is deleted' not test -e "$WORK/laid/pidns/old.rs"
finish
