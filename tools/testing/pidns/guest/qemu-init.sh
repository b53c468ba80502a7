#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: qemu-init.sh [worker]
#
# Runs in a guest by QEMU, before anything else of ours: finds the port that leads to
# the host, and gives it to the worker. Without that word there is a shell on the terminal,
# and the host is told of its end alone.

port=
for name in /sys/class/virtio-ports/*/name; do
	[ "$(cat "$name")" != pidns ] || port=/dev/$(basename "$(dirname "$name")")
done
if [ ! -c "$port" ]; then
	echo "pidns: error: the guest has no port to the host; its kernel lacks CONFIG_VIRTIO_CONSOLE"
	exit 1
fi
if [ "${1:-}" != worker ]; then
	PATH=/run/pidns/bin:$PATH bash
	echo "pidns-status $?" >"$port"
	exit
fi

# As for User Mode Linux, whose first process has them in its environment.
for word in $(</proc/cmdline); do
	[[ $word != PIDNS_*=* ]] || export "${word?}"
done

# The host's files are read-only, and its /tmp is not the guest's business.
mount -t tmpfs -o mode=1777 tmpfs /tmp
export HOME=/tmp TMPDIR=/tmp LC_ALL=C.UTF-8
export PATH=/run/pidns/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# A port can be opened once only, and test runners open /dev/stdout again: a
# pipe in between, and the usual links, make that work.
for fd in 0:stdin 1:stdout 2:stderr; do
	ln -sfn "/proc/self/fd/${fd%:*}" "/dev/${fd#*:}"
done
cd /run/pidns || exit 1
exec 3<>"$port"
bash ./worker.sh <&3 3>&- | cat >&3
