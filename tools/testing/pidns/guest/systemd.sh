#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run in the guest that systemd has booted, as a service of it: waits for the
# boot to end and tells how it went, a line each: "NAME: VALUE".

# It prints the state, and fails where that is not "running".
printf 'state: %s\n' "$(systemctl is-system-running --wait)"
printf 'PID 1: %s\n' "$(readlink /proc/1/exe)"
target=$(systemctl get-default)
printf 'default target: %s, %s\n' "$target" "$(systemctl is-active "$target")"
printf 'failed units: %s\n' "$(systemctl --failed --plain --no-legend | awk '{ print $1 }' | xargs)"
printf 'active services: %s\n' \
	"$(systemctl list-units --type=service --state=running --plain --no-legend | awk '{ print $1 }' | xargs)"
systemd-analyze time | head -n 1 | sed 's/^/# /'
systemctl --failed --plain --no-legend | while read -r unit _; do
	journalctl -b -u "$unit" --no-pager | tail -n 8 | sed 's/^/# /'
done
