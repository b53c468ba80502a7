#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The first process of a guest by User Mode Linux. The root is the host's files,
# read-only; writable file systems are in memory. The folder of this run, which
# pidns.stage= names, is mounted at /run/pidns.

# shellcheck source=tools/testing/pidns/guest/mounts.sh
. "${0%/*}/mounts.sh"
# By mount(2): hostfs takes a bare path from it, but not from fsconfig(2), which libmount uses
# since 2.39.
for word in $(</proc/cmdline); do
	[[ $word != pidns.stage=* ]] ||
		LIBMOUNT_FORCE_MOUNT2=always mount -t hostfs -o "${word#*=}" none /run/pidns
done
mount -o remount,bind,ro /run/pidns

stty raw -echo <>/dev/tty1
cd /run/pidns || exit
bash ./worker.sh <>/dev/tty1 >&0
power_off
