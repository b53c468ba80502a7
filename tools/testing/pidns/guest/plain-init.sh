#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The first process of a guest on a root of our own (rootfs.py), which has mounted the
# folder of this run on /mnt. The kernel's command line has PIDNS_SHELL=1, and the kernel
# gives it to us, where a shell on the console is wanted.

# shellcheck source=tools/testing/pidns/guest/mounts.sh
. "${0%/*}/mounts.sh"
mount --move /mnt /run/pidns
cd /run/pidns || exit
if [ "${PIDNS_SHELL:-}" = 1 ]; then
	read -ra consoles </sys/class/tty/console/active
	setsid --wait --ctty bash ./qemu-init.sh <>"/dev/${consoles[-1]}" >&0 2>&1
else
	bash ./qemu-init.sh worker
fi
power_off
