#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What hangs is stopped, with all that it started, and that is said.

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
	bash -c '. "$1/lib.sh"; '"$1" - "$SCRIPTS" "$WORK"
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
finish
