#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: guest-fuzz.sh ARGUMENT...
#
# Runs the fuzzer in the guest and sends its transcripts to the host. With
# --programs instead of seeds, those of the stage folder.

status=0
if [ "$1" = --programs ]; then
	shift
	set -- --program programs/*.prog "$@"
fi
cp pidns-fuzz /tmp/
/tmp/pidns-fuzz run --transcripts /tmp/transcripts --jobs "$(nproc)" "$@" || status=$?
echo pidns-fuzz-transcripts
tar -C /tmp/transcripts -cz . | base64
exit $status
