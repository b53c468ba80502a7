# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by the first process of a guest that nobody else has prepared, whose root is
# read-only: the usual file systems, the writable ones in memory.

export PATH=/run/pidns/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/tmp TMPDIR=/tmp LC_ALL=C.UTF-8

mount -t proc none /proc
mount -t sysfs none /sys
# The kernel may have done it.
mountpoint -q /dev || mount -t devtmpfs none /dev
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 none /dev/pts
mount -t tmpfs -o mode=1777 none /dev/shm
mount -t mqueue none /dev/mqueue
mount -t tmpfs -o mode=755 none /run
mkdir /run/pidns
mount -t tmpfs -o mode=1777 none /tmp
mount -t debugfs none /sys/kernel/debug
mount -t cgroup2 none /sys/fs/cgroup
for fd in 0:stdin 1:stdout 2:stderr; do
	ln -sfn "/proc/self/fd/${fd%:*}" "/dev/${fd#*:}"
done
ln -sfn /proc/self/fd /dev/fd
hostname pidns-guest
ip link set lo up

# By reboot(2): the host's poweroff may need another init. Its number is 169 on x86.
power_off() {
	local number=142
	[ "$(uname -m)" != x86_64 ] || number=169
	perl -e "syscall($number, 0xfee1dead, 0x28121969, 0x4321fedc)"
}
