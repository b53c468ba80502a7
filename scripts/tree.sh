# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Which source and which build tree a command works on. Source it after lib.sh
# and toolchain.sh, with check_options done.

# usage: tree_key NAME; what the build tree of that name is called
tree_key() { printf '%s\n' "$SOURCE_KEY-$1${DEBUG:+-debug}${PIDNS_VARIANT:+-$PIDNS_VARIANT}"; }

# usage: use_tree NAME; sets SRC, and BUILD for what is called NAME ("rust", "c")
use_tree() {
	if [ -n "$KDIR" ]; then
		check_kdir "$KDIR"
		SRC=$(cd "$KDIR" && pwd -P)
		if [ -e "$SRC/.config" ] || [ -d "$SRC/include/config" ]; then
			die "KDIR=$SRC was configured or built in place;" \
				"run make mrproper there, or give a clean git worktree of it"
		fi
		SOURCE_KEY=kdir-$(printf '%s' "$SRC" | sha256sum | cut -c1-8)
	else
		SRC=$("$TOP/scripts/source.sh")
		SOURCE_KEY=${SRC##*/}
	fi
	KEY=$(tree_key "$1")
	BUILD=$CACHE/build/$KEY
	LOGS=$CACHE/log
	mkdir -p "$BUILD" "$LOGS"
}

# usage: lay_over; the current state of the checkout into SRC
lay_over() {
	if [ -n "$KDIR" ]; then
		"$TOP/scripts/integrate.sh" "$SRC"
	else
		"$TOP/scripts/integrate.sh" --update "$SRC"
	fi
}

# usage: copy_built FOLDER; all that is built in that other tree into BUILD, so that
# only what is to differ is built again
copy_built() {
	run_child rsync -a --delete "$1/" "$BUILD/"
	# The tools' commands have their tree's path in them, and all objects hang on
	# objtool.
	find "$BUILD/tools" -name '.*.cmd' -exec sed -i "s|$1/|$BUILD/|g" {} +
}

# usage: kmake ARGUMENT...; the kernel's make on our trees
kmake() { "${KMAKE[@]}" -C "$SRC" "O=$BUILD" "$@"; }

# Minutes that a build may take, also from nothing and on a slow machine.
BUILD_LIMIT=180

# usage: build LOG GOAL...; with progress, and on failure the end of the errors
build() {
	local log=$1 start=$SECONDS status=0 count shown=0
	shift
	setsid timeout -k 30 "${BUILD_LIMIT}m" "${KMAKE[@]}" -C "$SRC" "O=$BUILD" "-j$JOBS" "$@" >"$log" 2>&1 </dev/null &
	CHILD=$!
	while kill -0 "$CHILD" 2>/dev/null; do
		sleep 1
		count=$(grep -c '^  [A-Z]' "$log") || true
		if [ -t 2 ]; then
			printf '\r\033[K  %5d  %.64s' "$count" "$(grep '^  [A-Z]' "$log" | tail -n 1)" >&2
		elif [ "$count" -ge $((shown + 500)) ]; then
			shown=$count
			printf '  %5d  %s\n' "$count" "$(elapsed "$start")" >&2
		fi
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
	wait "$CHILD" || status=$?
	CHILD=
	[ "$status" -ne 0 ] || return 0
	! late "$status" ||
		die "the build was not done after $BUILD_LIMIT minutes; start it again, it goes on from there"
	full_disk "$log"
	grep -E -A 12 '\b(error|ERROR)[:[]|undefined (symbol|reference)|\*\*\* ' "$log" |
		head -n 60 >&2 || tail -n 20 "$log" >&2
	die "the build failed; the whole of its output is in $log"
}
