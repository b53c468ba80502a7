#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# results: the innermost results are counted, and whatever did not come to its
# end is a failure.

. "$(dirname "$0")/check.sh"

# usage: counts "N passed, N failed, N skipped" STATUS; of the KTAP on stdin
counts() {
	local status=0
	cat >"$WORK/ktap"
	"$SCRIPTS/results" "$WORK/ktap" >"$WORK/counted" || status=$?
	tail -n 1 "$WORK/counted"
	echo "status $status"
	[ "$(tail -n 1 "$WORK/counted")" = "$1" ] && [ "$status" = "$2" ]
}

check 'leaves are counted, not what holds them' counts '2 passed, 0 failed, 1 skipped' 0 <<'EOT'
TAP version 13
1..1
# timeout set to 45
# selftests: pidns: a_test
# TAP version 13
# 1..3
# # Starting 3 tests from 1 test cases.
# #  RUN           global.one ...
# #            OK  global.one
# ok 1 global.one
# ok 2 global.two # SKIP no such file
# ok 3 global.three
# # PASSED: 3 / 3 tests passed.
# # Totals: pass:2 fail:0 xfail:0 xpass:0 skip:1 error:0
ok 1 selftests: pidns: a_test
EOT
check 'a failure is counted once' counts '1 passed, 1 failed, 0 skipped' 1 <<'EOT'
TAP version 13
1..1
# TAP version 13
# 1..2
# ok 1 one
# not ok 2 two
not ok 1 selftests: pidns: a_test # exit=1
EOT
check 'a program without results of its own is one' counts '1 passed, 1 failed, 1 skipped' 1 <<'EOT'
TAP version 13
1..3
# hello
ok 1 selftests: pidns: a.sh
not ok 2 selftests: pidns: b.sh # exit=1
ok 3 selftests: pidns: c.sh # SKIP
EOT
check 'a program that skips all is one skip' counts '0 passed, 0 failed, 1 skipped' 0 <<'EOT'
TAP version 13
1..1
# TAP version 13
# 1..0 # SKIP must run as root
ok 1 selftests: pidns: a_test # SKIP
EOT
check 'a program that dies fails' counts '1 passed, 1 failed, 0 skipped' 1 <<'EOT'
TAP version 13
1..1
# TAP version 13
# 1..3
# ok 1 one
not ok 1 selftests: pidns: a_test # exit=139
EOT
check 'fewer results than planned fail, whatever the exit status' counts '1 passed, 1 failed, 0 skipped' 1 <<'EOT'
TAP version 13
1..1
# TAP version 13
# 1..3
# ok 1 one
ok 1 selftests: pidns: a_test
EOT
check 'good results and a bad end fail' counts '1 passed, 1 failed, 0 skipped' 1 <<'EOT'
TAP version 13
1..1
# TAP version 13
# 1..1
# ok 1 one
not ok 1 selftests: pidns: a_test # TIMEOUT 45 seconds
EOT
check 'a run that stops fails' counts '1 passed, 1 failed, 0 skipped' 1 <<'EOT'
TAP version 13
1..5
# TAP version 13
# 1..1
# ok 1 one
ok 1 selftests: pidns: a_test
# selftests: pidns: b_test
EOT
check 'a run that stops within a test fails' counts '1 passed, 2 failed, 0 skipped' 1 <<'EOT'
TAP version 13
1..1
# TAP version 13
# 1..2
# ok 1 one
EOT
check 'no test is a failure' counts '0 passed, 1 failed, 0 skipped' 1 <<'EOT'
TAP version 13
1..0
EOT
check 'nothing is a failure' counts '0 passed, 1 failed, 0 skipped' 1 </dev/null
check 'KUnit nests by indentation, and streams follow each other' counts '4 passed, 1 failed, 1 skipped' 1 <<'EOT'
TAP version 13
1..1
ok 1 selftests: pidns: a_test
KTAP version 1
1..1
    KTAP version 1
    # Subtest: pidns_numbers
    # speed: normal
    1..4
    # wraps.speed: normal
    ok 1 wraps
    # holes: EXPECTATION FAILED at kernel/pidns/pidns/allocator.rs:1
    not ok 2 holes
    ok 3 levels # SKIP not configured
        KTAP version 1
        # Subtest: bounds
        1..2
        ok 1 low
        ok 2 high
    ok 4 bounds
# pidns_numbers: pass:2 fail:1 skip:1 total:4
not ok 1 pidns_numbers
EOT
printf '%s\n' 'KTAP version 1' 1..2 'ok 1 one' 'ok 2 two # SKIP no such file' >"$WORK/ktap"
echo 'two | skip | no such file here' >"$WORK/known"
: >"$WORK/empty"
results() { "$SCRIPTS/results" "$WORK/ktap" "$@"; }
check 'as many as must be, skips being known' results 2 "$WORK/known" rust
check 'one less is a failure' not results 3 "$WORK/known" rust
check 'so is a skip that nobody knows' not results 2 "$WORK/empty" rust
printf '%s\n' 'KTAP version 1' 1..1 'ok 1 one # XFAIL C errs' >"$WORK/ktap"
check 'what fails as expected passes' results
check 'but not if nobody knows' not results 1 "$WORK/empty" c
echo 'one | skip | because' >"$WORK/known"
check 'or if it is known for something else' not results 1 "$WORK/known" c
echo 'one | c-errs | because' >"$WORK/known"
check 'it is of C' results 1 "$WORK/known" c
check 'not of Rust' not results 1 "$WORK/known" rust
printf '%s\n' 'KTAP version 1' 1..1 'ok 1 one # SKIP no such file' >"$WORK/ktap"
check 'where C errs, skipping is a failure' not results 1 "$WORK/known" c
check 'with Rust, too' not results 1 "$WORK/known" rust
printf '%s\n' 'KTAP version 1' 1..2 'ok 1 one' 'ok 2 two' >"$WORK/ktap"
check 'what C is to fail and does not' not results 1 "$WORK/known" c
check 'Rust is not' results 1 "$WORK/known" rust
echo 'one | skip | no such file' >"$WORK/known"
check 'what is to skip and does not' not results 1 "$WORK/known" rust
echo 'three | skip | no such file' >"$WORK/known"
check 'what is listed and no test' not results 2 "$WORK/known" rust
check 'where not all ran it may be one of the others' results 1 "$WORK/known" rust
finish
