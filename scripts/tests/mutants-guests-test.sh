#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mutants.sh: what a guest says, or that it ended, becomes the right result. The
# guests are stand-ins.

. "$(dirname "$0")/check.sh"

# usage: batch GUEST...; lets mutants.sh try the mistakes one and two, where each
# GUEST is what a guest says: "panic", "silent", "killed" and "shell" are how it ends.
# Prints their rows, and the verdicts.
batch() {
	rm -rf "$WORK/stage" "$XDG_CACHE_HOME/pidns"
	mkdir -p "$WORK/stage" "$XDG_CACHE_HOME"/pidns/{log,mutants}
	printf '1\tone\tA1\talloc_test\tit\tx\n2\ttwo\tA1\talloc_test\tit\tx\n' >"$WORK/stage/list"
	printf 'one k1\ntwo k2\n' >"$WORK/stage/keys"
	printf 'one\ntwo\n' >"$WORK/stage/todo"
	: >"$WORK/stage/done"
	printf '%s\n' "$@" >"$WORK/guests"
	# All of it but what it does when it is run.
	{
		sed '/^declare -A/q' "$SCRIPTS/mutants.sh"
		cat <<-'END'
			STAGE=$WORK/stage
			watch_guest() { :; }
			boot() {
				local words word first
				read -ra words <"$WORK/guests" || exit
				read -r _ first _ <"$1/plan"
				[[ ${words[0]} = "$first",* ]] || exit
				sed -i 1d "$WORK/guests"
				: >"$2"
				for word in "${words[@]}"; do
					case $word in
					panic) echo 'Kernel panic - not syncing: it' >"$2" ;;
					silent) touch "$1/silent" ;;
					killed) ;;
					shell) echo "fork: no memory"; echo "$EXIT_MARK 254" ;;
					*) echo "$MARK: ${word//,/ }" ;;
					esac
				done >"$1/out"
			}
			batch one two 2>/dev/null
			for name in one two; do
				echo "$name: $(verdict "$name")"
				grep -v ^fuzz "$ROWS/$name.row" | tr '\t' ' '
			done
			echo "$(wc -l <"$WORK/guests") left"
		END
	} >"$WORK/script"
	WORK=$WORK bash -c '. "$WORK/script"' "$SCRIPTS/mutants.sh"
}
# What the last of the suites say, where nothing is noticed.
one_end='one,alloc_test,passed one,fuzz,passed'
two='two,kunit,passed two,alloc_test,passed two,fuzz,passed'
survived='two: SURVIVES
kunit passed
alloc_test passed
key k2
0 left'

check 'both survive' prints "one: SURVIVES
kunit passed
alloc_test.took 12
alloc_test passed
key k1
$survived" batch "one,kunit,passed one,alloc_test,took,12 $one_end $two"
check 'a failure counts at once' prints "one: caught by alloc_test
kunit passed
alloc_test caught: it
key k1
$survived" batch "one,kunit,passed one,alloc_test,begins one,alloc_test,caught:,it" "one,fuzz,passed $two"
check 'each kselftest must notice' prints "one: MISSED by alloc_test
kunit caught: it
alloc_test passed
key k1
$survived" batch "one,kunit,begins one,kunit,caught:,it" "$one_end $two"
check 'a panic counts, too' prints "one: caught by kunit alloc_test
kunit caught: the kernel panics: Kernel panic - not syncing: it
alloc_test caught: it
key k1
$survived" batch 'one,kunit,begins panic silent' "one,alloc_test,caught:,it one,fuzz,passed $two"
check 'a killed guest does not' prints "one: SURVIVES
kunit passed
alloc_test passed
key k1
$survived" batch 'one,kunit,begins killed' "one,kunit,passed $one_end $two"
check 'nor does the next one, and it is not kept' prints "one: UNDECIDED in kunit
kunit undecided: the guest ended before its time
alloc_test passed
$survived" batch 'one,kunit,begins killed' 'one,kunit,begins killed' "$one_end $two"
check 'a guest that hangs once does not' prints "one: SURVIVES
kunit passed
alloc_test passed
key k1
$survived" batch 'one,kunit,begins silent' "one,kunit,passed $one_end $two"
check 'but twice' prints "one: caught by alloc_test
kunit passed
alloc_test caught: the guest hangs
key k1
$survived" batch 'one,kunit,passed one,alloc_test,begins silent' 'one,alloc_test,begins silent' "one,fuzz,passed $two"
check 'a test that hangs twice counts' prints "one: caught by alloc_test
kunit passed
alloc_test caught: hangs
key k1
$survived" batch 'one,kunit,passed one,alloc_test,caught:,hangs' 'one,alloc_test,caught:,hangs' "one,fuzz,passed $two"
check 'a shell that fails twice, too' prints "one: caught by alloc_test
kunit passed
alloc_test caught: the guest's shell fails: fork: no memory
key k1
$survived" batch 'one,kunit,passed one,alloc_test,begins shell' 'one,alloc_test,begins shell' "one,fuzz,passed $two"
check 'what a used guest says is asked of a fresh one' prints "one: SURVIVES
kunit passed
alloc_test passed
key k1
two: caught by kunit alloc_test
kunit caught: the guest hangs
alloc_test caught: it
key k2
0 left" batch "one,kunit,passed $one_end two,kunit,begins silent" 'two,kunit,begins silent' \
	'two,kunit,begins silent' 'two,alloc_test,caught:,it two,fuzz,passed'
finish
