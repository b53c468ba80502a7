#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh: a KVM that does not work, and guests that do not end well.

. "$(dirname "$0")/check.sh"

mkdir -p "$WORK"/{bin,stage}
export PATH="$WORK/bin:$PATH" OUT=$WORK/stage/out LOG=$WORK/log
# usage: stub NAME LINE...; a program of that name
stub() {
	local name=$1
	shift
	{ echo '#!/bin/sh' && printf '%s\n' "$@"; } >"$WORK/bin/$name"
	chmod +x "$WORK/bin/$name"
}
# usage: with_guest COMMANDS [UNDER...]; they, after all that guest.sh needs
with_guest() {
	"${@:2}" bash -c ". \"$SCRIPTS/lib.sh\"; . \"$SCRIPTS/toolchain.sh\"; . \"$SCRIPTS/guest.sh\"
		KVM_DEVICE=$WORK/kvm; $1" 2>&1 </dev/null
}
# usage: answers STATUS TEXT COMMANDS [UNDER...]; with_guest, UNDER a command, they end
# with STATUS and print TEXT
answers() {
	local want=$1 text=$2 status=0 out
	out=$(with_guest "${@:3}") || status=$?
	printf '%s\n(status %s)\n' "$out" "$status"
	[ "$status" = "$want" ] && [ "$out" = "$text" ]
}

# KVM. A boot sector that wrote to the exit port makes QEMU end with 33.
forget() { rm -f "$XDG_CACHE_HOME"/pidns/kvm-*; }
no_kvm='pidns: /dev/kvm does not run a guest here; QEMU emulates the processor instead (slower)'
stub qemu-system-x86_64 "touch $WORK/tried" 'exit 33'
check 'no KVM is nothing to speak of' answers 1 '' kvm_works
check 'nor to try' not test -e "$WORK/tried"
touch "$WORK/kvm"
check 'KVM works' answers 0 '' kvm_works
forget
stub qemu-system-x86_64 'exit 1'
check 'KVM fails' answers 1 "$no_kvm" kvm_works
check 'which is said once' answers 1 '' kvm_works
check 'virtme-ng as well' answers 0 --disable-kvm "guest_command $WORK/stage; grep -o -- --disable-kvm <<<\"\${VNG[*]}\""
forget
stub qemu-system-x86_64 'exec sleep 1000'
check 'KVM hangs' answers 1 "$no_kvm" kvm_works
check 'which is said once, too' answers 1 '' kvm_works
stub qemu-system-x86_64 'exit 33'
forget
# root may use all, unless it has lost that.
capable=()
[ "$(id -u)" != 0 ] || capable=(setpriv '--bounding-set=-dac_override,-dac_read_search')
refused='pidns: you may not use /dev/kvm; join the group kvm and log in again;'
refused+=' QEMU emulates the processor instead (slower)'
chmod 0400 "$WORK/kvm"
check 'KVM is refused, which is said once' answers 1 "$refused" 'kvm_works || kvm_works' "${capable[@]}"
chmod 0600 "$WORK/kvm"
check 'and not kept' answers 0 '' kvm_works
rm "$WORK/kvm"

# The kernel's log.
echo 'Linux version 7.3' >"$LOG"
check 'a silent log' answers 0 '' "silent $LOG"
echo 'BUG: a' >>"$LOG"
check 'one that is not' answers 1 'BUG: a' "silent $LOG"
: >"$LOG"
check 'an empty one' answers 1 "the kernel's log $LOG is empty or missing" "silent $LOG"
check 'none' answers 1 "the kernel's log $WORK/nowhere is empty or missing" "silent $WORK/nowhere"
check 'splats fails' answers 7 '' "mkdir -p $WORK/top/scripts; TOP=$WORK/top
	printf '#!/bin/sh\nexit 1\n' >$WORK/top/scripts/splats; chmod +x $WORK/top/scripts/splats
	echo Linux >$LOG; silent $LOG || exit 7"

# usage: ends STATUS TEXT [SECONDS]; a boot does, and says TEXT in its last line
ends() {
	local want=$1 text=$2 status=0 out
	out=$(with_guest "boot $WORK/stage $LOG ${3:-60} true") || status=$?
	printf '%s\n(status %s)\n' "$out" "$status"
	[ "$status" = "$want" ] && tail -n 1 <<<"$out" | grep -qF -- "$text"
}
# usage: mark STATUS; how a guest tells its command's status
mark() { echo "echo pidns-guest-exit $1 >>\"\$OUT\""; }
stub vng 'echo said >>"$OUT"' "$(mark 0)"
check 'a good end' ends 0 said
check 'without the mark' answers 0 said "boot $WORK/stage $LOG 60 true"
stub vng "$(mark 7)" 'exit 1'
check "the command's status counts" answers 7 '' "boot $WORK/stage $LOG 60 true"
stub vng 'echo "Kernel panic - not syncing: why"'
check 'a panic' ends 125 "error: the guest's kernel panicked; above is its log's end, all of it is in $LOG"
check 'with its log' grep -q '^Kernel panic .* why$' "$LOG"
stub vng 'echo booting' 'exec sleep 1000'
check 'a guest that hangs' ends 125 "error: the guest did not finish within 1 s and was stopped; above is its log's end" 1
stub vng 'echo "vng: no such option"' 'exit 3'
check 'an early end' ends 125 'error: the guest ended before its time (status 3)'
check 'and why' answers 125 "vng: no such option
pidns: error: the guest ended before its time (status 3); above is its log's end, all of it is in $LOG" \
	"boot $WORK/stage $LOG 60 true"
finish
