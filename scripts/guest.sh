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

# usage: kvm_works; by a boot sector that writes to QEMU's exit port: /dev/kvm
# may exist and be open to us, and a guest on it still hang
kvm_works() {
	local answer status=0 sector
	[ -e /dev/kvm ] || return 1
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
		mkdir -p "$CACHE"
		rm -f "$CACHE"/kvm-*
		[ "$status" = 33 ] && echo yes >"$answer" || echo no >"$answer"
		[ "$status" = 33 ] ||
			note "/dev/kvm does not run a guest here; QEMU emulates the processor instead (slower)"
	fi
	[ "$(cat "$answer")" = yes ]
}

# usage: guest_command STAGE; fills VNG with all but what to run
guest_command() {
	export PATH="$TOOLS/virtme-ng-$VIRTME_VERSION/bin:$PATH"
	VNG=(vng --run "$1/bzImage" --name pidns --user root --force-9p --disable-microvm
		--cpus "${CPUS:-2}" --memory "${MEMORY:-2G}" --rodir "/run/pidns=$1"
		--append "slab_nomerge oops=panic panic=-1")
	kvm_works || VNG+=(--disable-kvm)
}

# usage: boot STAGE LOG SECONDS COMMAND...; COMMAND, in STAGE, in a fresh guest.
# Its status is ours; 125 if the guest did not come to its end, with the reason
# said. The kernel's log is in LOG.
boot() {
	local stage=$1 log=$2 seconds=$3 status=0 mark shower out=$1/out
	local port="-device virtserialport,chardev=pidns_out,name=pidns.out"
	shift 3
	guest_command "$stage"
	cp "$TOP/scripts/guest-init.sh" "$stage/"
	: >"$out"
	: >"$log"
	# QEMU truncates a file that it is given as a console: cat stands between.
	(cd / && exec setsid timeout -k 10 "$seconds" "${VNG[@]}" --verbose --append kunit.enable=1 \
		--qemu-opts="-device virtio-serial-pci -chardev file,id=pidns_out,path=$out $port" \
		--exec "bash /run/pidns/guest-init.sh $*") > >(exec cat >"$log") 2>&1 </dev/null &
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
		if [ "$status" = 124 ] || [ "$status" = 137 ]; then
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
