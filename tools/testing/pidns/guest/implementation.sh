#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints which implementation the running kernel has, from its own configuration,
# or from the names of its functions: the one place that words it.

if [ -r /proc/config.gz ]; then
	# Without pipefail the last command's status is the pipe's.
	zcat /proc/config.gz | grep -q '^CONFIG_PIDNS_RUST=y'
	rust=$?
elif grep -q ' alloc_pid$' /proc/kallsyms 2>/dev/null; then
	grep -q ' _R.*5pidns' /proc/kallsyms
	rust=$?
else
	rust=unknown
fi
case $rust in
0) echo 'pidns: pid, pid_namespace and nsproxy: Rust' ;;
1) echo 'pidns: pid, pid_namespace and nsproxy: C' ;;
*) echo 'pidns: pid, pid_namespace and nsproxy: not to be told without CONFIG_IKCONFIG_PROC or CONFIG_KALLSYMS' ;;
esac
