#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: kunit.sh
#
# Builds the kernel and lets the kernel's kunit.py run all KUnit suites in it,
# the doctests of the kernel crate among them. Ours must be there.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/overlay.sh"
. "$(dirname "$0")/tree.sh"
. "$(dirname "$0")/guest.sh"
. "$(dirname "$0")/suites.sh"

not_for kunit IMPL
check_options
"$TOP/scripts/setup.sh"
use_toolchain
make_temp stage
run_child "$TOP/scripts/kernel.sh" --stage "$stage"
use_tree "$IMPL"

# kunit.py takes KVM wherever it is, and has no word to prevent that: a QEMU of
# this name, first in the PATH, that has only what works.
mkdir -p "$stage/bin" "$stage/arch/x86/boot"
mv "$stage/bzImage" "$stage/arch/x86/boot/"
if ! kvm_works; then
	without_kvm "$stage/bin/qemu-system-x86_64"
	PATH=$stage/bin:$PATH
fi

log=$LOGS/kunit-$KEY.log
lock_log "$log"
note "running KUnit by kunit.py"
status=0
exec {shown}> >(tee "$log")
tee=$!
run_child env -C "$SRC" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 tools/testing/kunit/kunit.py exec --arch=x86_64 \
	"--build_dir=$stage" "--timeout=${TIMEOUT:-$((DEBUG ? 1800 : 600))}" \
	--kernel_args=slab_nomerge >&"$shown" 2>&1 {shown}>&- </dev/null || status=$?
exec {shown}>&-
wait "$tee" || die "$log could not be written; is its disk full?"
console=${log%.log}.console
touch "$stage/test.log"
cp "$stage/test.log" "$console"

# usage: claim TEXT COMMAND...; one more result
claim() {
	local text=$1
	shift
	"$@" || printf 'not '
	printf 'ok - %s\n' "$text"
}
{
	cat "$console"
	printf '\nKTAP version 1\n'
	claim 'kunit.py is content' test "$status" = 0
	claim 'the kernel log is silent' silent "$console"
	while read -r suite; do
		claim "the suite $suite ran" grep -q "= $suite (" "$log"
	done < <(kunit_suites)
	while read -r doctest; do
		claim "the doctests $doctest ran" grep -q "${doctest}_[0-9]" "$log"
	done < <(doctest_names)
} >"${log%.log}.ktap"
note "this output is in $log, the kernel's in $console"
least=$(least kunit)
"$TOP/scripts/results" "${log%.log}.ktap" "$least" /dev/null "$IMPL"
