#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: mutants.sh [NAME...]
#
# Do the tests notice mistakes? Builds one kernel with all deliberate mistakes of
# tools/testing/mutants in it, boots a guest for each (all, or those named), makes
# the mistake there, runs the suites, and prints a table of which suite noticed:
# KUnit, each kselftest that the list names for the mistake, and SEEDS= of the fuzzer.
# Fails if one survives, if a kselftest that is named does not notice, or if nothing
# can be said of one. A result is kept until something that it comes from changes, so
# that an interrupted run goes on where it was.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/kept.sh"
. "$(dirname "$0")/suites.sh"

LIST=$TOP/scripts/mutants
ROWS=$CACHE/mutants
MARK=pidns-mutant
# So many of them at a time share guests, as far as these stay as good as new.
BATCH=9
# Seconds without a sign of life after which a guest is stopped.
SILENCE=90
# Memory that is freed is overwritten, and looked at when it is used again: of
# what our code allocates. KUnit runs when the guest asks for it.
PIDNS_BOOT_ARGS='kunit.autorun=0 slab_debug=FZP,pid*,nsproxy,task_struct'

# usage: entry NAME FIELD; a field of what the list says of it
entry() { awk -F'\t' -v name="$1" -v field="$2" '$2 == name { print $field }' "$STAGE/list"; }
# usage: programs NAME; the kselftests that it is tried with
programs() { entry "$1" 4 | xargs -rn 1; }
# usage: suites NAME
suites() { echo kunit && programs "$1" && echo fuzz; }
# usage: key NAME; what that was when the kernel was built
key() { sed -n "s/^$1 //p" "$STAGE/keys"; }

# usage: sources; changes when something does that is built
sources() {
	overlay_map | cut -f1 | (cd "$OVERLAY" && xargs -d '\n' cat) | sha256sum
	cat "$TOP"/tools/testing/mutants/* | sha256sum
}

# usage: base_key; changes when anything does that all results come from
base_key() {
	{
		printf '%s\n' "$SRC" "$DEBUG" "$PIDNS_BOOT_ARGS"
		laid_but 'tools|Documentation|samples'
		cat "$TOP"/configs/*.config "$TOP"/scripts/{mutants,{mutants,guest-mutants,guest,kept,tree}.sh}
		cat "$TOP"/tools/testing/mutants/mutants.{c,rs}
		cat "$TOP"/tools/testing/selftests/pidns/*.h
		cat "$STAGE"/fuzz/{pidns-fuzz,seeds}
		toolchain_id
	} | sha256sum | cut -c1-16
}

# usage: row_key NAME; changes when anything does that its result comes from
row_key() {
	{
		echo "$BASE_KEY $(entry "$1" 6)"
		programs "$1" | sed "s|.*|$TOP/tools/testing/selftests/pidns/&.c|" | xargs -rd "\n" cat
	} | sha256sum | cut -c1-16
}

# usage: build_mutants; STAGE/bzImage with all mistakes in it
build_mutants() {
	local overlay=$ROWS/overlay usual
	use_tree rust
	usual=$BUILD
	use_tree mutants
	if [ ! -e "$BUILD/vmlinux" ]; then
		# What the mistakes do not touch need not be built again.
		need_space 3000 "the mutants' kernel"
		copy_built "$usual"
	fi
	mkdir -p "$overlay"
	{
		overlay_map | cut -f1
		(cd "$TOP" && ls patches/*.patch)
	} | "$LIST" lay "$TOP" "$overlay"
	PIDNS_OVERLAY=$overlay "$TOP/scripts/integrate.sh" --update "$SRC"
	configure
	note "building the mutants' kernel in $BUILD"
	build "$LOGS/build-$KEY.log" bzImage
	lay_over
	cp "$BUILD/arch/x86/boot/bzImage" "$STAGE/"
}

# usage: watch_guest FOLDER; stops the guest there when it has been silent too long
watch_guest() {
	while sleep 5; do
		if [ -e "$1/out" ] && [ $(($(date +%s) - $(stat -c %Y "$1/out"))) -gt "$SILENCE" ]; then
			touch "$1/silent"
			kill -KILL "$(cat "$1/qemu.pid")" 2>/dev/null || true
			return
		fi
	done
}

# usage: death FOLDER LOG; what it says of a mistake that the guest ended in its midst
death() {
	if grep -q 'Kernel panic' "$2"; then
		echo "caught: the kernel panics: $("$TOP/scripts/splats" "$2" | sed -n 1p)"
	elif [ -e "$1/silent" ]; then
		echo 'caught: the guest hangs'
	elif grep -q "^$EXIT_MARK " "$1/out"; then
		echo "caught: the guest's shell fails: $(grep -v "^$EXIT_MARK \|^$MARK:" "$1/out" | tail -n 1)"
	else
		echo 'undecided: the guest ended before its time'
	fi
}

# usage: doubtful NAME SUITE HOW; the first time that this may be the doing of a busy
# host, or of one that ended the guest. Where another suite hung in two guests, the
# mistake makes suites hang.
doubtful() {
	[[ $3 =~ ^undecided|hangs|'shell fails'|stall|lockup|LOCKUP ]] || return 1
	[[ $3 = undecided* || ${RESULTS[$1]} != *hangs* ]] || return 1
	[ -z "${TRIED[$1 $2]:-}" ] || return 1
	TRIED[$1 $2]=1
	note "$1: $2: $3; once more"
}

# usage: settle NAME SUITE HOW; one result, unless it is doubtful: then the suite is
# left for a fresh guest. It is written to the row when all suites have theirs, and
# kept if they tell something.
settle() {
	local name=$1
	! doubtful "$@" || return 0
	RESULTS[$name]+="$2"$'\t'"$3"$'\n'
	PENDING[$name]=$(xargs -n 1 <<<"${PENDING[$name]}" | grep -vx "$2" | xargs) || true
	[ -z "${PENDING[$name]}" ] || return 0
	printf '%s' "${RESULTS[$name]}" >"$ROWS/$name.row"
	[[ ${RESULTS[$name]} = *$'\t'undecided* ]] || tell "$name" key "$(key "$name")"
	unset "PENDING[$name]"
	echo "$name" >>"$STAGE/done"
	progress "$name"
}

# usage: progress NAME; a line on what has just been told, and what is left
progress() {
	local count all spent left=
	count=$(wc -l <"$STAGE/done")
	all=$(wc -l <"$STAGE/todo")
	spent=$(($(date +%s) - $(stat -c %Y "$STAGE/todo")))
	[ "$count" -ge "$all" ] || left=", about $((spent * (all - count) / count / 60 + 1)) min to go"
	note "$count of $all: $1: $(verdict "$1")$left"
}

# usage: verdict NAME
verdict() {
	local suite caught=() undecided=() missed=()
	for suite in $(suites "$1"); do
		case $suite:$(told "$1" "$suite") in
		*:caught*) caught+=("$suite") ;;
		*:undecided*) undecided+=("$suite") ;;
		kunit:* | fuzz:*) ;;
		*) missed+=("$suite") ;;
		esac
	done
	if [[ $1 = none-* && ${#caught[@]} = 0 && ${#undecided[@]} = 0 ]]; then
		echo 'nothing fails'
	elif [ ${#undecided[@]} -gt 0 ]; then
		echo "UNDECIDED in ${undecided[*]}"
	elif [ ${#caught[@]} = 0 ]; then
		echo SURVIVES
	elif [ ${#missed[@]} -gt 0 ]; then
		echo "MISSED by ${missed[*]}"
	else
		echo "caught by ${caught[*]}"
	fi
}

# usage: guest NAME...; boots one for these, the first of which has it for itself as
# long as it lasts, and settles what it tells. QUEUE becomes what is left.
guest() {
	local stage log watcher line name suite what last='' told='' names=("$@")
	make_temp stage
	cp -al "$STAGE/." "$stage/"
	for name in "$@"; do
		echo "$(entry "$name" 1) $name ${PENDING[$name]}"
	done >"$stage/plan"
	log=$CACHE/log/mutants-$1.log
	watch_guest "$stage" &
	watcher=$!
	boot "$stage" "$log" 3000 bash guest-mutants.sh >/dev/null 2>"$stage/said" || true
	kill "$watcher" 2>/dev/null || true
	cp "$stage/out" "${log%.log}.out"

	while read -r line; do
		read -r name suite what <<<"$line"
		last=$name
		case $what in
		begins) told="$name $suite" ;;
		unsure) told='' ;;
		took*) RESULTS[$name]+="$suite.took"$'\t'"${what#took }"$'\n' ;;
		*)
			[[ $what != *'the kernel complains'* ]] ||
				what+=": $("$TOP/scripts/splats" "$log" | sed -n 1p)"
			told=''
			settle "$name" "$suite" "$what"
			;;
		esac
	done < <(sed -n "s/^$MARK: \([^ ]* [^ ]* \(begins\|passed\|skipped\|caught\|unsure\|took\)\)/\1/p" "$stage/out")
	if [ -z "$last" ]; then
		tail -n 20 "$stage/said" >&2
		die "the guest did not begin; its log is $log"
	fi
	# It ended in the midst of something. That can count if nothing was before.
	if [ -n "$told" ] && [ "$last" = "$1" ]; then
		read -r name suite <<<"$told"
		settle "$name" "$suite" "$(death "$stage" "$log")"
	fi
	QUEUE=()
	[ -z "${PENDING[$last]:-}" ] || QUEUE=("$last")
	for name in "${names[@]}"; do
		[ -z "${PENDING[$name]:-}" ] || [ "$name" = "$last" ] || QUEUE+=("$name")
	done
	rm -rf "$stage"
}

# usage: batch NAME...
batch() {
	local name
	QUEUE=("$@")
	for name in "$@"; do
		PENDING[$name]=$(suites "$name" | xargs)
		RESULTS[$name]=
		rm -f "$ROWS/$name.row"
	done
	while [ ${#QUEUE[@]} -gt 0 ]; do
		guest "${QUEUE[@]}"
	done
}

# usage: limits NAME...; how many seconds each of KUnit's suites, of the fuzzer's
# programs and of the kselftests may take: many times what it took in these, which are
# without a mistake, and more. Of the first two that is what all of them took together.
limits() {
	local name suite
	echo "kunit $((20 + $(told "$1" kunit.took)))"
	echo "fuzz $((20 + $(told "$1" fuzz.took)))"
	for name in "$@"; do
		for suite in $(programs "$name"); do
			echo "$suite $((20 + 4 * $(told "$name" "$suite.took")))"
		done
	done
}

# usage: try NAME...; those of them that are not told yet, several guests at a time
try() {
	local name guests count size
	for name in "$@"; do
		is_kept "$name" "$(key "$name")" || echo "$name"
	done >"$STAGE/todo"
	: >"$STAGE/done"
	count=$(wc -l <"$STAGE/todo")
	[ "$count" -gt 0 ] || return 0
	guests=$(awk -v jobs="$JOBS" '/^MemAvailable/ {
		fit = int($2 / 3000000); if (fit > jobs) fit = jobs; print fit < 1 ? 1 : fit }' /proc/meminfo)
	size=$(((count + guests - 1) / guests))
	note "$count to try, $(($# - count)) kept from before; $guests guests at a time"
	run_child xargs -a "$STAGE/todo" -P "$guests" -n $((size < BATCH ? size : BATCH)) "$0" --batch "$STAGE"
}

# usage: table NAME...
table() {
	local name suite how words
	printf '\n%-32s %-12s %-9s %-9s %-9s how\n' mutant rows kunit kselftest fuzz
	for name in "$@"; do
		how='' words=()
		for suite in $(suites "$name"); do
			how+=$(told "$name" "$suite" | sed -n "s/^\(caught\|undecided\): /; $suite: /p")
			[[ $suite != kunit && $suite != fuzz ]] || words+=("$(told "$name" "$suite" | sed 's/:.*//')")
		done
		printf '%-32s %-12s %-9s %-9s %-9s %s\n' "$name" "$(entry "$name" 3)" "${words[0]}" \
			"$(caught_by "$name")" "${words[1]}" "${how#; }"
	done
}

# usage: caught_by NAME; how many of its kselftests noticed
caught_by() {
	local suite number=0 noticed=0
	for suite in $(programs "$1"); do
		number=$((number + 1))
		[[ $(told "$1" "$suite") != caught* ]] || noticed=$((noticed + 1))
	done
	echo "$noticed of $number"
}

declare -A PENDING=() RESULTS=() TRIED=()
[ -z "${KDIR:-}" ] || die "KDIR= is not for the mutants, which change the source; leave it out"
not_for mutants IMPL DEBUG
IMPL=rust
check_options
case ${1:-} in
--build)
	STAGE=$2
	use_toolchain
	lock_cache
	build_mutants
	exit
	;;
--batch)
	STAGE=$2
	shift 2
	use_toolchain
	batch "$@"
	exit
	;;
esac

"$LIST" check "$TOP" >&2 || die "the list of mutants has faults, see above"
make_temp STAGE
"$LIST" list "$TOP" >"$STAGE/list"
mapfile -t all < <(cut -f2 "$STAGE/list")
for name in "$@"; do
	[[ " ${all[*]} " = *" $name "* ]] ||
		die "MUTANTS=$name is not known; they are in tools/testing/mutants"
done
[ $# -gt 0 ] || set -- "${all[@]}"
"$TOP/scripts/setup.sh"
use_toolchain
mkdir -p "$ROWS" "$CACHE/log"
use_tree mutants
begun=$(sources)
run_child env IMPL=rust "${HARNESS[@]}" pidns kernel --stage "$STAGE" --kselftest pidns
run_child "$0" --build "$STAGE"
[ "$begun" = "$(sources)" ] || die "the sources were changed during the build; start again"
cp "$TOP/scripts/guest-mutants.sh" "$STAGE/"
kunit_suites >"$STAGE/kunit-suites"
# What the fuzzer sees where there is no mistake.
export SEEDS=${SEEDS:-0..4}
run_child env TIMEOUT= IMPL=rust "${HARNESS[@]}" pidns fuzz
mkdir "$STAGE/fuzz"
echo "$SEEDS" >"$STAGE/fuzz/seeds"
cp "$CACHE"/fuzz/target/*/release/pidns-fuzz "$STAGE/fuzz/"
cp -R "$CACHE/fuzz/rust" "$STAGE/fuzz/reference"

# Without a mistake all must pass; this tells how long each takes, too.
mapfile -t all < <(for name in "$@"; do programs "$name"; done | sort -u)
printf '%s\n' "${all[@]}" | xargs -n 12 |
	awk '{ printf "0\tnone-%d\t-\t%s\t-\t-\n", NR, $0 }' >"$STAGE/without"
cat "$STAGE/without" >>"$STAGE/list"
mapfile -t without < <(cut -f2 "$STAGE/without")
use_tree mutants
BASE_KEY=$(base_key)
for name in "${without[@]}" "$@"; do
	echo "$name $(row_key "$name")"
done >"$STAGE/keys"
printf '%s 300\n' kunit fuzz "${all[@]}" >"$STAGE/limits"
note "${#all[@]} kselftests, KUnit and the fuzzer, without a mistake"
try "${without[@]}"
for name in "${without[@]}"; do
	if [ "$(verdict "$name")" != 'nothing fails' ]; then
		table "$name"
		rm -f "$ROWS/$name.row"
		die "the tests do not pass without a mistake, so they tell nothing; run: make test"
	fi
done
limits "${without[@]}" >"$STAGE/limits"
note "$# mutants"
try "$@"

table "$@"
echo
for suite in kunit fuzz; do
	by=0
	for name in "$@"; do
		[[ $(told "$name" "$suite") != caught* ]] || by=$((by + 1))
	done
	echo "$suite caught $by of $#"
done
# Those that are undecided are so because the guests ended before their time: run it again.
failed=0
for name in "$@"; do
	how=$(verdict "$name")
	[[ $how != caught* ]] || continue
	echo "$name: $how"
	failed=$((failed + 1))
done
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" = 0 ]
