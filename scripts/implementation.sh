#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints which implementation the running kernel has, from its own
# configuration: the one place that words it.

if zcat /proc/config.gz | grep -q '^CONFIG_PIDNS_RUST=y'; then
	echo 'pidns: nsproxy: Rust (pid, pid_namespace: C)'
else
	echo 'pidns: nsproxy: C (pid, pid_namespace: C)'
fi
