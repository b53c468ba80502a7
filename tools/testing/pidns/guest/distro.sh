#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: distro.sh TOOLS [dump]
#
# Runs in the guest: the kselftests and checks of the stage folder. Then, for "dump", starts processes to
# look for, and waits until the host has dumped the guest's memory.

mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
export PATH="$1/bin:$PATH" VMLINUX=$PWD/vmlinux
chmod +x ./*.ko 2>/dev/null
[ ! -d kselftest ] || ./kselftest/run_kselftest.sh
[ -z "$(ls containers)" ] || bash ./containers.sh
[ "${2:-}" = dump ] || exit 0

# shellcheck source=tools/testing/pidns/guest/checks.sh
. ./checks.sh
# shellcheck source=tools/testing/pidns/guest/population.sh
. ./population.sh
population /tmp/table >/dev/null 2>&1
trap "pkill -KILL -x sleep" EXIT
sed 's/^/pidns-table /' /tmp/table
echo pidns-dump
for ((i = 0; i < 60; i++)); do
	sleep 5
	[ ! -e dumped ] || exit 0
done
