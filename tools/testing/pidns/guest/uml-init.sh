#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The first process of a guest by User Mode Linux. The root is the host's files,
# read-only; writable file systems are in memory. The folder of this run, which
# pidns.stage= names, is mounted at /run/pidns.

export PATH=/run/pidns/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/tmp TMPDIR=/tmp LC_ALL=C.UTF-8

mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 none /dev/pts
mount -t tmpfs -o mode=1777 none /dev/shm
mount -t mqueue none /dev/mqueue
mount -t tmpfs -o mode=755 none /run
mkdir /run/pidns
for word in $(</proc/cmdline); do
	[[ $word != pidns.stage=* ]] || mount -t hostfs -o "${word#*=}" none /run/pidns
done
mount -o remount,bind,ro /run/pidns
mount -t tmpfs -o mode=1777 none /tmp
mount -t debugfs none /sys/kernel/debug
mount -t cgroup2 none /sys/fs/cgroup
for fd in 0:stdin 1:stdout 2:stderr; do
	ln -sfn "/proc/self/fd/${fd%:*}" "/dev/${fd#*:}"
done
ln -sfn /proc/self/fd /dev/fd
hostname pidns-guest
ip link set lo up

stty raw -echo <>/dev/tty1
cd /run/pidns || exit
bash ./worker.sh <>/dev/tty1 >&0
# reboot(2): the host's poweroff may need another init.
perl -e 'syscall(169, 0xfee1dead, 0x28121969, 0x4321fedc)'
