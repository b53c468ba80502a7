#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/symbols: tells what the kernel lacks, and what it exports otherwise.

. "$(dirname "$0")/check.sh"

symbols() { "$SCRIPTS/symbols" "$WORK"/{wanted,defined,exported}; }

printf '# Wanted.\nalloc_pid\nput_pid EXPORT_SYMBOL_GPL\n' >"$WORK/wanted"
printf 'ffffffff81000000 T %s\n' alloc_pid put_pid other >"$WORK/defined"
printf '0x00000000\t%s\tvmlinux\tEXPORT_SYMBOL_GPL\t\n' put_pid other >"$WORK/exported"
check 'all is there' symbols

printf '0x00000000\tput_pid\tvmlinux\tEXPORT_SYMBOL\t\n' >"$WORK/exported"
check 'another export' prints 'put_pid is EXPORT_SYMBOL; it must be EXPORT_SYMBOL_GPL' symbols
printf '0x00000000\t%s\tvmlinux\tEXPORT_SYMBOL_GPL\t\n' put_pid alloc_pid >"$WORK/exported"
check 'one too many' prints 'alloc_pid is EXPORT_SYMBOL_GPL; it must be not exported' symbols
: >"$WORK/exported"
check 'one is missing' prints 'put_pid is not exported; it must be EXPORT_SYMBOL_GPL' symbols

printf '0x00000000\tput_pid\tvmlinux\tEXPORT_SYMBOL_GPL\t\n' >"$WORK/exported"
echo 'ffffffff81000000 T put_pid' >"$WORK/defined"
check 'not defined' prints 'alloc_pid is not defined' symbols
check 'and that is an error' not symbols
finish
