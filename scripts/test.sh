#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: test.sh
#
# Builds the kernel and the kselftests, boots, runs them and KUnit, and counts.
# The kernel's log being silent is one more test. TESTS= names some kselftests.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"
. "$(dirname "$0")/suites.sh"

check_options
read -r -a tests <<<"${TESTS:-}"
for test in "${tests[@]}"; do
	[ -f "$TOP/tools/testing/selftests/pidns/$test.c" ] ||
		die "TESTS=$test is not known; they are in tools/testing/selftests/pidns"
done
"$TOP/scripts/setup.sh"
make_temp stage
run_child "$TOP/scripts/kernel.sh" --stage "$stage" --kselftest pidns
cp "$TOP"/scripts/{guest-test,inspect,implementation}.sh "$stage/"
: >"$stage/kunit-suites"
if [ ${#tests[@]} = 0 ] && [ "$IMPL" = rust ]; then
	kunit_suites >"$stage/kunit-suites"
	# Those of the whole kernel crate are one suite.
	echo rust_doctests_kernel >>"$stage/kunit-suites"
fi

mkdir -p "$CACHE/log"
log=$CACHE/log/test-$IMPL${DEBUG:+-debug}.log
ktap=${log%.log}.ktap
note "booting it"
end=0
seconds=${TIMEOUT:-$((DEBUG ? 7200 : 2400))}
boot "$stage" "$log" "$seconds" bash guest-test.sh "${tests[@]}" || end=$?
# The logs of whole runs are kept, with what they depend on besides the implementation.
[ "$IMPL" = c ] && other=rust || other=c
whole=$CACHE/log/whole
if [ ${#tests[@]} = 0 ]; then
	cp "$log" "$whole-$IMPL${DEBUG:+-debug}.log"
	{
		cat "$TOP"/configs/*.config "$TOP"/patches/*
		find "$TOP/tools/testing/selftests" -type f -exec sha256sum {} + | LC_ALL=C sort
		printf '%s\n' "$KDIR" "${CPUS:-}" "${MEMORY:-}"
	} | sha256sum >"$whole-$IMPL${DEBUG:+-debug}.key"
fi
# A guest that came to its end has said so; what its tests say is counted below.
{
	grep -v "^$EXIT_MARK " "$stage/out" || true
	if [ ${#tests[@]} -gt 0 ]; then
		:
	elif cmp -s "$whole"-{c,rust}"${DEBUG:+-debug}.key"; then
		printf 'KTAP version 1\n1..1\n'
		"$TOP/scripts/log-diff" "$whole"-{c,rust}"${DEBUG:+-debug}.log" >"$stage/differences" ||
			printf 'not '
		echo "ok 1 the kernel's log has the same lines with C and with Rust"
		sed 's/^/# /' "$stage/differences"
	else
		note "the kernel's log is compared with that of IMPL=$other once that has run, too"
	fi
	printf 'KTAP version 1\n1..4\n'
	[ "$end" != 125 ] || printf 'not '
	echo 'ok 1 the guest came to its end'
	not=
	silent "$log" 2>"$stage/splats" || not='not '
	sed 's/^/# /' "$stage/splats"
	echo "${not}ok 2 the kernel log is silent"
	"$TOP/scripts/linked" "$IMPL" "$stage"/{objects,vmlinux.map} "$TOP/tools/testing/symbols" \
		>"$stage/link" || printf 'not '
	echo 'ok 3 the kernel is linked from the chosen implementation, and nothing of the other'
	sed 's/^/# /' "$stage/link"
	"$TOP/scripts/symbols" "$TOP/tools/testing/symbols" "$stage"/{symbols,Module.symvers} \
		>"$stage/missing" || printf 'not '
	echo 'ok 4 the kernel has the symbols and exports of the C files'
	sed 's/^/# /' "$stage/missing"
} >"$ktap"
sed -n '/ok 1 the guest came/,$p' "$ktap"
note "this output is in $ktap, the kernel's log in $log"
least=1
[ ${#tests[@]} -gt 0 ] || least=$(least "test-$IMPL")
"$TOP/scripts/results" "$ktap" "$least" "$TOP/scripts/tests-known" "$IMPL"
