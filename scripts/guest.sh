# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Boots a kernel under QEMU on this machine's own files, read-only, by
# virtme-ng. Source it after lib.sh and toolchain.sh.
#
# What the guest needs of us lies in a stage folder that it sees as /run/pidns.
# Its output comes over a port of its own, so that the kernel's log on the
# console stays apart; the last line there is the command's exit status.

EXIT_MARK='pidns-guest-exit'
KVM_DEVICE=/dev/kvm

# usage: silent LOG; true if nothing in the kernel's log is a complaint; else that
# is said. A kernel that logged nothing was not heard.
silent() {
	local said
	[ -s "$1" ] || { printf "the kernel's log %s is empty or missing\n" "$1" >&2 && return 1; }
	said=$("$TOP/scripts/splats" "$1") || return 1
	[ -z "$said" ] || { printf '%s\n' "$said" >&2 && return 1; }
}

# usage: kvm_works; by a boot sector that writes to QEMU's exit port: /dev/kvm
# may exist and be open to us, and a guest on it still hang. The answer is kept
# until the next boot; that we may not open it is not, which can change sooner.
KVM_REFUSED=
kvm_works() {
	local answer status=0 sector
	[ -e "$KVM_DEVICE" ] || return 1
	if [ ! -r "$KVM_DEVICE" ] || [ ! -w "$KVM_DEVICE" ]; then
		[ -n "$KVM_REFUSED" ] || note "you may not use /dev/kvm; join the group kvm and log in" \
			"again; QEMU emulates the processor instead (slower)"
		KVM_REFUSED=1
		return 1
	fi
	answer=$CACHE/kvm-$(cat /proc/sys/kernel/random/boot_id)-$(id -u)
	if [ ! -f "$answer" ]; then
		make_temp sector
		# mov dx, 0xf4; mov al, 0x10; out dx, al; hlt
		printf '\xba\xf4\x00\xb0\x10\xee\xf4' >"$sector/boot"
		truncate -s 510 "$sector/boot"
		printf '\x55\xaa' >>"$sector/boot"
		run_child timeout -k 1 5 qemu-system-x86_64 -accel kvm -m 64M -display none -nodefaults \
			-device isa-debug-exit -drive "file=$sector/boot,format=raw" \
			>/dev/null 2>&1 </dev/null || status=$?
		[ "$status" = 33 ] ||
			note "/dev/kvm does not run a guest here; QEMU emulates the processor instead (slower)"
		mkdir -p "$CACHE"
		rm -f "$CACHE"/kvm-*
		[ "$status" = 33 ] && echo yes >"$answer" || echo no >"$answer"
	fi
	[ "$(cat "$answer")" = yes ]
}

# Of every guest's kernel. With five levels of page tables KASAN can take good memory
# for wild: at boot the processor's features, of which they are one, are forgotten
# and read anew, and an interrupt may come in between.
BOOT_ARGS='slab_nomerge oops=panic panic=-1 no5lvl'

# usage: guest_command STAGE; fills VNG with all but what to run
guest_command() {
	export PATH="$TOOLS/virtme-ng-$VIRTME_VERSION/bin:$PATH"
	VNG=(vng --run "$1/bzImage" --name pidns --user root --force-9p --disable-microvm
		--cpus "${CPUS:-2}" --memory "${MEMORY:-2G}" --rodir "/run/pidns=$1"
		--append "$BOOT_ARGS")
	kvm_works || VNG+=(--disable-kvm)
}

# usage: _run_guest STAGE LOG SECONDS COMMAND...; COMMAND, a QEMU with OUT_PORT.
# What comes over the port is shown. The status is that which came last over it;
# 125 if the guest did not come to its end, with the reason said.
_run_guest() {
	local stage=$1 log=$2 seconds=$3 status=0 mark shower out=$1/out
	shift 3
	lock_log "$log"
	cp "$TOP/scripts/guest-init.sh" "$stage/"
	: >"$out"
	: >"$log"
	# QEMU truncates a file that it is given as a console: cat stands between.
	(cd / && exec setsid timeout -k 10 "$seconds" "$@") > >(exec cat >"$log") 2>&1 </dev/null &
	CHILD=$!
	# Ends by itself, all shown, when the guest has ended.
	tail -n +1 -s 0.2 -f "--pid=$CHILD" "$out" | sed -u "/^$EXIT_MARK /d" &
	shower=$!
	wait "$CHILD" || status=$?
	CHILD=
	wait "$shower" || true

	mark=$(sed -n "s/^$EXIT_MARK //p" "$out" | tail -n 1)
	[ -z "$mark" ] || return "$mark"
	{
		tail -n 40 "$log"
		if late "$status"; then
			note "error: the guest did not finish within $seconds s and was stopped;" \
				"above is its log's end, all of it is in $log"
		elif grep -q 'Kernel panic' "$log"; then
			note "error: the guest's kernel panicked;" \
				"above is its log's end, all of it is in $log"
		else
			note "error: the guest ended before its time (status $status);" \
				"above is its log's end, all of it is in $log"
		fi
	} >&2
	return 125
}

# usage: guest_results STAGE LOG STATUS; what a boot that ended with STATUS said,
# and two results more, all in KTAP
guest_results() {
	local stage=$1 log=$2 status=$3
	grep -v "^$EXIT_MARK " "$stage/out" || true
	printf '\nKTAP version 1\n1..2\n'
	[ "$status" != 125 ] || printf 'not '
	echo 'ok 1 the guest came to its end'
	silent "$log" || printf 'not '
	echo 'ok 2 the kernel log is silent'
}

# usage: out_port STAGE; fills OUT_PORT with QEMU's arguments for the port, and for
# where QEMU's process can be known from. Each bus of ports has the one port that is
# needed, and not queues for thirty: QEMU's main loop looks at all of them at each turn.
out_port() {
	OUT_PORT=(-pidfile "$1/qemu.pid" -global virtio-serial-device.max_ports=2
		-device virtio-serial-pci -chardev "file,id=pidns_out,path=$1/out"
		-device "virtserialport,chardev=pidns_out,name=pidns.out")
}

# usage: boot STAGE LOG SECONDS COMMAND...; COMMAND, in STAGE, in a fresh guest.
# Its status is ours; 125 if the guest did not come to its end, with the reason
# said. The kernel's log is in LOG. PIDNS_BOOT_ARGS may hold more for the kernel, and
# PIDNS_QEMU for QEMU.
boot() {
	local stage=$1 log=$2 seconds=$3
	shift 3
	guest_command "$stage"
	out_port "$stage"
	_run_guest "$stage" "$log" "$seconds" "${VNG[@]}" --verbose \
		--append "kunit.enable=1 ${PIDNS_BOOT_ARGS:-}" \
		--qemu-opts="${OUT_PORT[*]} ${PIDNS_QEMU:-}" --exec "bash /run/pidns/guest-init.sh $*"
}
