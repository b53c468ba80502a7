#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What hangs is stopped, with all that it started, and that is said; and a build on a full disk.

. "$(dirname "$0")/check.sh"

# usage: hang FILE; does not end, nor does what it starts, whose number it writes to FILE
cat >"$WORK/hang" <<'END'
#!/bin/bash
sleep 100 >/dev/null 2>&1 &
echo $! >"$1"
wait
END
chmod +x "$WORK/hang"
# usage: with TEXT; that, with the functions; $2 is $WORK
with() {
	bash -c '. "$1/lib.sh"; . "$1/overlay.sh"; . "$1/tree.sh"; '"$1" \
		- "$SCRIPTS" "$WORK"
}
# usage: gone FILE; what was started there has ended, or does so at once, if anybody
# reaps it or not
gone() {
	local tries=100
	[ -s "$WORK/$1" ] || return 1
	while grep '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$(cat "$WORK/$1")/status"; do
		((tries-- > 0)) || return 1
		sleep 0.1
	done
}

check 'a command that hangs' says 124 'it was not done after 0.05 minutes and was stopped' \
	with 'limited 0.05 "$2/hang" "$2/child"'
check 'with what it started' gone child
check 'one that fails' prints 3 with 'limited 1 bash -c "exit 3" || echo $?'
check 'a build' says 1 'the build was not done after 0.05 minutes; start it again' \
	with 'KMAKE=("$2/hang" "$2/made") SRC=x BUILD=x JOBS=1 BUILD_LIMIT=0.05; build "$2/log" goal'
check 'and what it started' gone made
# A build.
check 'the disk is full in the midst of a build' says 1 "the disk of $XDG_CACHE_HOME/pidns is full; free some space," bash -c \
	". \"$SCRIPTS/lib.sh\"; . \"$SCRIPTS/tree.sh\"; KMAKE=(sh -c 'echo \"cc: No space left on device\"; exit 1')
	SRC=/ BUILD=/ JOBS=1; build $WORK/log all"
bash -c ". \"$SCRIPTS/lib.sh\"; . \"$SCRIPTS/tree.sh\"; KMAKE=(sh -c 'echo error: x; exit 1')
	SRC=/ BUILD=/ JOBS=1; build $WORK/log all" >"$WORK/said" 2>&1
check 'a build that fails otherwise' grep -q '^pidns: error: the build failed; ' "$WORK/said"
check 'not for the disk' not grep full "$WORK/said"
finish
