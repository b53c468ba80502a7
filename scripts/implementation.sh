#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints which implementation the running kernel has, from its own
# configuration: the one place that words it.

if zcat /proc/config.gz | grep -q '^CONFIG_PIDNS_RUST=y'; then
	echo 'pidns: pid, pid_namespace and nsproxy: Rust'
else
	echo 'pidns: pid, pid_namespace and nsproxy: C'
fi
