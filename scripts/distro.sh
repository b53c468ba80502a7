#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: distro.sh IMPL...
#
# Looks at a kernel that is configured as a distribution's, of each implementation, with
# the tools that an administrator has: tracefs, bpftrace, perf, a livepatch, drgn and
# crash, live and on a dump; and compares them, check by check. CHECKS= names some.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/guest.sh"

export PIDNS_VARIANT=distribution
# What is not a file of distro/: our kselftests, and what the host does after the guest.
KSELFTESTS=kselftests ON_DUMP=dump

# usage: chosen_checks; fills CHOSEN with the names of files in distro/, and LEAST
# with how many checks they have, with two of the guest
chosen_checks() {
	local name all count
	mapfile -t all < <(basename -s .sh "$TOP"/scripts/distro/*.sh; printf '%s\n' "$KSELFTESTS" "$ON_DUMP")
	mapfile -t CHOSEN < <(tr -s '[:space:]' '\n' <<<"${CHECKS:-}" | sed '/^$/d' | sort -u)
	[ ${#CHOSEN[@]} -gt 0 ] || CHOSEN=("${all[@]}")
	LEAST=2
	for name in "${CHOSEN[@]}"; do
		[[ " ${all[*]} " = *" $name "* ]] || die "CHECKS=$name is not known; there are: ${all[*]}"
		case $name in
		"$ON_DUMP") count=3 ;;
		# Four of them are of the run of make test.
		"$KSELFTESTS") count=$(($(least test c) - 4)) ;;
		*) count=$(grep -c '^check ' "$TOP/scripts/distro/$name.sh") ;;
		esac
		LEAST=$((LEAST + count))
	done
}

# usage: chosen NAME
chosen() { [[ " ${CHOSEN[*]} " = *" $1 "* ]]; }

# usage: functions; those of the C files that take a probe: not system calls and objects,
# nor what runs once, at boot
functions() {
	sed -E '/^(#|$|__x64_sys_|init_|pidns_.*operations|nsproxy_cache_init|pid_idr_init)/d; s/ .*//' \
		"$TOP/tools/testing/symbols" | LC_ALL=C sort
}

# usage: on_dump STAGE; three results more, of drgn, crash and BTF on the host
on_dump() {
	local stage=$1 said
	printf 'KTAP version 1\n1..3\n'
	said=$("$DISTRO_TOOLS/bin/drgn" -c "$stage/dump" -s "$stage/vmlinux" --no-default-symbols \
		"$stage/distro-drgn.py" "$stage/table" 2>&1) || printf 'not '
	printf 'ok 1 dump: drgn: all tasks, by number and in namespaces\n'
	printf '# %s\n' "${said//$'\n'/$'\n# '}"
	said=$(PATH=$DISTRO_TOOLS/bin:$PATH bash "$stage/distro-crash.sh" "$stage/table" "$stage/vmlinux" \
		"$stage/dump" 2>&1) || printf 'not '
	printf 'ok 2 dump: crash: ps\n'
	printf '# %s\n' "${said//$'\n'/$'\n# '}"
	# shellcheck disable=SC2046 # names of functions
	"$DISTRO_TOOLS/bin/pfunct" --prototypes -F btf "$stage/vmlinux" |
		grep -E " \**($(functions | paste -sd'|'))\(" | LC_ALL=C sort >"$stage/prototypes"
	[ -f "$WORK/prototypes" ] || cp "$stage/prototypes" "$WORK/prototypes"
	said=$(diff "$WORK/prototypes" "$stage/prototypes" &&
		[ "$(wc -l <"$stage/prototypes")" = "$(functions | wc -l)" ] ||
		echo "$(wc -l <"$stage/prototypes") prototypes of $(functions | wc -l) functions") || true
	[ -z "$said" ] || printf 'not '
	printf 'ok 3 dump: BTF has the prototypes of C\n'
	printf '# %s\n' "${said//$'\n'/$'\n# '}"
}

# usage: run_on IMPL; its results are in $CACHE/log/distro-IMPL.ktap
run_on() {
	local IMPL=$1 stage log name dump='' dumper='' end=0 suites=()
	log=$CACHE/log/distro-$IMPL.log
	make_temp stage
	! chosen "$KSELFTESTS" || suites=(--kselftest pidns)
	run_child env "IMPL=$IMPL" "${HARNESS[@]}" pidns kernel --stage "$stage" "${suites[@]}"
	cp "$TOP"/scripts/guest-distro.sh "$TOP"/scripts/distro-{workload,drgn}.py \
		"$TOP"/scripts/distro-{crash,population}.sh "$stage/"
	functions >"$stage/functions"
	mkdir -p "$stage/containers" "$CACHE/log"
	for name in "${CHOSEN[@]}"; do
		[ ! -f "$TOP/scripts/distro/$name.sh" ] || cp "$TOP/scripts/distro/$name.sh" "$stage/containers/"
	done
	: >"$stage/out"
	if chosen "$ON_DUMP"; then
		dump=dump
		timeout -k 10 "${TIMEOUT:-3600}" "$TOP/scripts/qmp-dump" "$stage" &
		dumper=$!
	fi
	note "booting it (IMPL=$IMPL)"
	PIDNS_QEMU="-device vmcoreinfo -qmp unix:$stage/qmp,server=on,wait=off" \
		PIDNS_BOOT_ARGS='nokaslr sysctl.vm.mem_profiling=1' MEMORY=${MEMORY:-1G} \
		boot "$stage" "$log" "${TIMEOUT:-3600}" bash guest-distro.sh "$DISTRO_TOOLS" $dump \
		> >(sed -u "/^pidns-/d; s/^/$IMPL: /" >&2) || end=$?
	if [ -n "$dumper" ]; then
		# If the guest died early it waits in vain.
		kill "$dumper" 2>/dev/null || true
		wait "$dumper" || true
		[ -s "$stage/dump" ] || note "error: there is no dump of IMPL=$IMPL"
	fi
	sed -n 's/^pidns-table //p' "$stage/out" >"$stage/table"
	{
		guest_results "$stage" "$log" "$end"
		! chosen "$ON_DUMP" || on_dump "$stage"
	} >"${log%.log}.ktap"
	FILES+=("$IMPL=${log%.log}.ktap")
	rm -rf "$stage"
}

[ $# -gt 0 ] || die "distro.sh: say which implementations"
chosen_checks
FILES=()
for impl in "$@"; do
	IMPL=$impl
	check_options
done
[ -z "$DEBUG" ] || die "DEBUG=1 is not for make distro; leave it out"
"$TOP/scripts/setup.sh"
DISTRO_TOOLS=$("$TOP/scripts/distro-tools.sh")
make_temp WORK
for impl in "$@"; do
	run_on "$impl"
done
echo
known=none
! chosen "$KSELFTESTS" || known=tests
"${HARNESS[@]}" pidns.table "$LEAST" "$known" "${FILES[@]}"
