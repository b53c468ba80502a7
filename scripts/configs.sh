#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: configs.sh [NAME...]
#
# Builds the configurations of configs/matrix (all, or those named) to a link,
# boots them, and prints a table. A good result is kept until something that it
# comes from changes, so that an interrupted run goes on where it was.
#
# What they have in common is configs/lean.config. It is built in a tree of its
# own, and each other configuration in a copy of that: only what sees the change
# is compiled again. For one configuration alone that is not built if it is not
# there yet: two kernels take longer than one.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kept.sh"
. "$(dirname "$0")/smoke.sh"

MATRIX=$TOP/configs/matrix
ROWS=$CACHE/configs

# What the guest with the host's files asks of a kernel, then what the
# demonstration in it does.
GUEST_NEEDS='PROC_FS NET_9P SYSFS VIRTIO_CONSOLE TMPFS MULTIUSER'
DEMO_NEEDS='PIDNS_RUST UTS_NS IPC_NS NET_NS USER_NS CGROUPS CHECKPOINT_RESTORE'

# usage: matrix_names
matrix_names() { sed -n 's/^\([a-z0-9-]*\):.*/\1/p' "$MATRIX"; }
# usage: matrix_line NAME; "SYMBOL=VALUE ...", and a note or none
matrix_line() { sed -n "s/^$1:[[:space:]]*//p" "$MATRIX"; }
# usage: matrix_note NAME MARK; what stands behind that mark
matrix_note() { matrix_line "$1" | sed -n "s/.*[$2][[:space:]]*//p"; }

# usage: value CONFIG SYMBOL
value() { sed -n "s/^CONFIG_$2=//p" "$1" | grep . || echo n; }
# usage: lacks SYMBOL...; prints those that BUILD has not
lacks() {
	local symbol
	for symbol in "$@"; do
		[ "$(value "$BUILD/.config" "$symbol")" = y ] || echo "$symbol"
	done | xargs
}

# usage: fragments_of NAME; those that its configuration is made of, but for ours
fragments_of() {
	if [ "$1" = defconfig ]; then
		usual_fragments
	else
		FRAGMENTS=("$TOP"/configs/{guest,lean}.config)
	fi
	printf '%s\n' "${FRAGMENTS[@]}"
}

# usage: row_key NAME; changes when anything does that a result comes from: always, if a
# tree of the user's does
row_key() {
	[ -z "$KDIR" ] || { date +%s.%N && return; }
	{
		printf '%s\n' "$1" "$SRC" "$(matrix_line "$1")"
		laid_but 'tools|Documentation'
		fragments_of "$1" | xargs -d '\n' cat
		cat "$TOP"/scripts/{smoke.c,{smoke,configs,configure,guest,guest-init,kept,tree}.sh,splats,results,ktap.py}
		cat "$GUEST"/{demo,inspect,implementation}.sh "$TOP/tools/testing/pidns/link.py"
		toolchain_id
	} | sha256sum | cut -c1-16
}

# usage: try_config NAME; BUILD/.config of that, and whether it is what was asked for
try_config() {
	local work wanted why base=nothing
	mapfile -t FRAGMENTS < <(fragments_of "$1")
	[ "$1" != defconfig ] || base=x86_64_defconfig
	wanted=$(matrix_line "$1" | sed 's/[!?].*//')
	why=$(matrix_note "$1" '!')
	make_temp work
	implementation_config >"$work/implementation.config"
	xargs -n 1 printf 'CONFIG_%s\n' <<<"$wanted" >"$work/wanted.config"
	make_config "$work" "$LOGS/config-$KEY.log" "$base" "${FRAGMENTS[@]}" \
		"$work/implementation.config" "$work/wanted.config"
	unfit=$(unhonoured "$work/.config" "$work/wanted.config" | xargs)
	if [ -n "$unfit" ]; then
		[ -n "$why" ] || die "Kconfig does not honour $unfit"
		tell "$name" builds "cannot be: $why"
		return 1
	fi
	cmp -s "$work/.config" "$BUILD/.config" || cp "$work/.config" "$BUILD/.config"
}

# usage: use_usual; the tree of what all have in common, built if the configuration of
# that name is it, or if others share the work
use_usual() {
	use_tree matrix-usual
	USUAL=$BUILD
	try_config usual
	if [ "$name" = usual ] || [ "$asked" -gt 1 ] || [ -e "$BUILD/vmlinux" ]; then
		build "$LOGS/build-$KEY.log" bzImage modules
	fi
}

# usage: use_copy; another tree, with what is built of the usual one
use_copy() {
	use_tree matrix
	[ ! -e "$USUAL/vmlinux" ] || copy_built "$USUAL"
}

# usage: tell_symbols; how many differ from the usual configuration, without what
# only tells of the tools
tell_symbols() {
	local changed
	changed=$(diff <(grep ^CONFIG_ "$USUAL/.config" | sort) <(grep ^CONFIG_ "$BUILD/.config" | sort) |
		grep -o 'CONFIG_[A-Z0-9_a-z]*' | sort -u | sed 's/^CONFIG_//') || true
	tell "$name" symbols "$(wc -w <<<"$changed")"
	printf '%s\n' "$changed" >"$ROWS/$name.changed"
}

# usage: only_expected LOG; true if the kernel complains there as the matrix tells, and of
# nothing else; else that is said
only_expected() {
	local work where
	where=$(matrix_note "$name" '?' | cut -d : -f 1)
	make_temp work
	sed "${where:+/WARNING: .* at $where+/,/---\\[ end trace/d}" "$1" >"$work/log"
	if [ -n "$where" ] && cmp -s "$1" "$work/log"; then
		note "there is no warning at $where: take it off configs/matrix"
		return 1
	fi
	silent "$work/log"
}

# usage: one_smoke; boots without files
one_smoke() {
	local work log=$LOGS/smoke-$KEY-$name.log counts
	make_temp work
	smoke "$work" "$log" 300 || true
	counts=$("$TOP/scripts/results" "$log" | tail -n 1) || true
	if ! grep -q '^smoke: [0-9]* passed, 0 failed' "$log"; then
		tell "$name" smoke "NO: see $log"
	elif ! "$TOP/scripts/results" "$log" >&2; then
		tell "$name" smoke "NO: $counts, see $log"
	elif ! only_expected "$log"; then
		tell "$name" smoke "NO: the kernel complains, see $log"
	else
		tell "$name" smoke "${counts%%,*}"
		return 0
	fi
	return 1
}

# usage: one_demo; boots on this machine's files
one_demo() {
	local stage lacking log=$LOGS/demo-$KEY-$name.log
	read -ra needs <<<"$GUEST_NEEDS"
	lacking=$(lacks "${needs[@]}")
	if [ -n "$lacking" ]; then
		tell "$name" demo "- (the guest's root needs $lacking)"
		return 0
	fi
	read -ra needs <<<"$DEMO_NEEDS"
	lacking=$(lacks "${needs[@]}")
	make_temp stage
	cp "$BUILD/arch/x86/boot/bzImage" "$stage/"
	[ ! -f "$BUILD/samples/rust/pidns_inspect.ko" ] ||
		[ "$(value "$BUILD/.config" SAMPLE_PIDNS_INSPECT)" != m ] ||
		cp "$BUILD/samples/rust/pidns_inspect.ko" "$stage/"
	cp "$GUEST"/{demo,inspect,implementation}.sh "$stage/"
	if [ -n "$lacking" ]; then
		boot "$stage" "$log" 300 bash implementation.sh >&2 &&
			tell "$name" demo "boots (the demonstration needs $lacking)"
	else
		boot "$stage" "$log" 600 bash demo.sh >"$stage/said" &&
			tell "$name" demo "$(sed -n 's/ claims checked.*/ claims/p' "$stage/said")"
	fi || { tell "$name" demo "NO: see $log" && return 1; }
	if ! only_expected "$log"; then
		tell "$name" demo "NO: the kernel complains, see $log"
		return 1
	fi
}

# usage: one; the configuration of that name. With the key, what is told is good and
# is kept.
one() {
	local implementation=(rust) goals=(bzImage)
	tell "$name" builds "NO: the usual configuration does not build"
	use_usual
	[ "$name" = usual ] || use_copy
	tell "$name" builds 'NO: it cannot be configured so'
	try_config "$name" || { tell "$name" key "$key" && return; }
	tell_symbols
	tell "$name" builds "NO: see $LOGS/build-$KEY-$name.log"
	[ "$(value "$BUILD/.config" MODULES)" = n ] || goals+=(modules)
	build "$LOGS/build-$KEY-$name.log" "${goals[@]}"
	[ "$(value "$BUILD/.config" PID_NS)" = y ] || implementation=(--no-pid-ns c)
	"llvm-ar-$LLVM_MAJOR" t "$BUILD/vmlinux.a" >"$ROWS/$name.objects"
	if ! "${HARNESS[@]}" pidns.link "${implementation[@]}" "$ROWS/$name.objects" >&2; then
		tell "$name" builds "NO: not linked from IMPL=${implementation[-1]}"
		return 1
	fi
	tell "$name" builds "yes (${implementation[-1]})"
	one_smoke
	one_demo
	tell "$name" key "$key"
}

# usage: table NAME...
table() {
	local name
	printf '\n%-24s %7s  %-10s %-12s %8s  %s\n' configuration symbols builds smoke seconds demonstration
	for name in "$@"; do
		printf '%-24s %7s  %-10s %-12s %8s  %s\n' "$name" "$(told "$name" symbols)" \
			"$(told "$name" builds)" "$(told "$name" smoke)" "$(told "$name" seconds)" \
			"$(told "$name" demo)"
	done
	echo "(symbols: how many differ from the usual configuration; which, is in $ROWS/*.changed)"
}

not_for configs IMPL DEBUG
IMPL=rust DEBUG=''
check_options
mapfile -t all < <(matrix_names)
if [ "${1:-}" = --one ]; then
	name=$2 key=$3 asked=$4
	use_toolchain
	one
	exit
fi
for name in "$@"; do
	[[ " ${all[*]} " = *" $name "* ]] ||
		die "CONFIGS=$name is not known; there are: ${all[*]}"
done
[ $# -gt 0 ] || set -- "${all[@]}"
"$TOP/scripts/setup.sh"
use_toolchain
mkdir -p "$ROWS"
lock_cache
use_tree matrix
# Those of what is laid over now: the checkout may be changed while this runs.
declare -A keys
for name in "$@"; do
	keys[$name]=$(row_key "$name")
done
lay_over
need_space 6000 "the matrix"

count=0 tried=0 passed=0 failed=0 begun=$SECONDS
for name in "$@"; do
	count=$((count + 1))
	if is_kept "$name" "${keys[$name]}"; then
		note "$count of $#: $name: kept from before"
		passed=$((passed + 1))
		continue
	fi
	estimate=
	[ "$tried" = 0 ] ||
		estimate=", about $(((SECONDS - begun) * ($# - count + 1) / tried / 60 + 1)) min to go"
	note "$count of $#: $name: $(matrix_line "$name")$estimate"
	tried=$((tried + 1))
	start=$SECONDS
	: >"$ROWS/$name.row"
	run_child "$0" --one "$name" "${keys[$name]}" $# || true
	tell "$name" seconds $((SECONDS - start))
	if [ -n "$(told "$name" key)" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
table "$@"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
