#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bad input: one clear line, a status that is not 0, nothing half done.

. "$(dirname "$0")/check.sh"
. "$(dirname "$0")/kernel-tree.sh"

# usage: options [VARIABLE=VALUE]...; what every command says to them
options() { env "$@" bash -c '. "$1/lib.sh"; check_options' - "$SCRIPTS"; }
check 'CPUS= that is no number' says 1 'CPUS=x is not a number from 1' options CPUS=x
check 'no CPUS=' says 1 'CPUS=0 is not a number from 1' options CPUS=0
check 'JOBS= that is no number' says 1 'JOBS=-1 is not a number from 1' options JOBS=-1
check 'MEMORY= in an unknown unit' says 1 'MEMORY=2GB is not an amount of memory' options MEMORY=2GB
check 'IMPL= unknown' says 1 'IMPL=java is not known' options IMPL=java
check 'DEBUG= unknown' says 1 'DEBUG=yes is not known' options DEBUG=yes
check 'KDIR= unknown' says 1 'is not a folder' options KDIR="$WORK/nowhere"
check 'what they may be' options CPUS=16 JOBS=1 MEMORY=512M TIMEOUT=10
check 'MEMORY= without a unit' options CPUS= JOBS= MEMORY=4096
check 'DEBUG= of a profile' says 1 'DEBUG=1 is not for profile' env DEBUG=1 "$SCRIPTS/profile.sh" kill0 1
check 'a profile of nothing' says 1 'say what to look at' "$SCRIPTS/profile.sh" ''
check 'a profile of an unknown operation' says 1 'OP=nope is not known' "$SCRIPTS/profile.sh" nope 1
check 'a profile too deep' says 1 'say what to look at' "$SCRIPTS/profile.sh" vfork 40
check 'no HOME and no cache' says 1 'HOME is not set' env -u HOME -u XDG_CACHE_HOME "$SCRIPTS/setup.sh"
for cache in cache "$WORK/a b" "$WORK/a:b"; do
	check "a cache in $cache" says 1 'set XDG_CACHE_HOME to such a one' \
		env -C "$WORK" XDG_CACHE_HOME="$cache" "$SCRIPTS/setup.sh"
done
top=$(cd "$SCRIPTS/.." && pwd -P)
check 'an exported CDPATH' prints "$top" env -C "$top" CDPATH=. bash -c '. scripts/lib.sh; echo "$TOP"'
check 'the same in a test' prints "$SCRIPTS" env -C "$top" CDPATH=. \
	bash -c '. scripts/tests/check.sh; echo "$SCRIPTS"'
check 'a test without a folder of its own' not env TMPDIR="$WORK/nowhere" \
	bash -c '. "$1/tests/check.sh"; exit 0' - "$SCRIPTS"

# A tree that was built in place.
make_tree "$WORK/linux"
touch "$WORK/linux/.config"
check 'KDIR= built in place' says 1 'make mrproper' bash -c ". \"$SCRIPTS/lib.sh\"; . \"$SCRIPTS/tree.sh\"
	KDIR=$WORK/linux IMPL=c; check_options; use_tree c"

# A full disk, as df tells it.
mkdir "$WORK/bin"
printf '#!/bin/sh\necho Filesystem 1M-blocks Used Available\necho /dev/x 100 88 12 88%% /\n' >"$WORK/bin/df"
chmod +x "$WORK/bin/df"
check 'a full disk' says 1 'the disk has 12 MB' env PATH="$WORK/bin:$PATH" \
	bash -c ". \"$SCRIPTS/lib.sh\"; need_space 4000 'the build'"

# Two runs that write one log.
bash -c ". '$SCRIPTS/lib.sh'; lock_log '$WORK/log'; lock_log '$WORK/log'; echo locked; exec sleep 1000" \
	>"$WORK/first" &
first=$!
for _ in $(seq 100); do [ ! -s "$WORK/first" ] || break; sleep 0.1; done
check 'two runs of one log' says 1 'another run writes' bash -c ". '$SCRIPTS/lib.sh'; lock_log '$WORK/log'"
kill "$first"
wait "$first" 2>/dev/null
check 'one after the other' bash -c ". '$SCRIPTS/lib.sh'; lock_log '$WORK/log'"

# A signal in the midst of a step.
cat >"$WORK/step" <<END
. "$SCRIPTS/lib.sh"
make_temp work
echo "\$work"
run_child sh -c 'echo \$\$ >"$WORK/child"; sleep 1000; true'
END
for signal in INT TERM HUP; do
	rm -f "$WORK/child"
	# A shell's background job ignores SIGINT, and what nohup starts SIGHUP:
	# python gives them back.
	python3 -c 'import os, signal, sys
for number in signal.SIGINT, signal.SIGHUP:
	signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' bash "$WORK/step" >"$WORK/temp" &
	step=$!
	for _ in $(seq 100); do [ ! -s "$WORK/child" ] || break; sleep 0.1; done
	kill -$signal $step
	wait $step 2>/dev/null
	check "SIG$signal comes in the midst" test -s "$WORK/child" -a -s "$WORK/temp"
	check "SIG$signal ends the children" not kill -0 "$(cat "$WORK/child")"
	check "SIG$signal leaves nothing" not test -e "$(cat "$WORK/temp")"
done
finish
