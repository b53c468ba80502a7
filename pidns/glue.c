// SPDX-License-Identifier: GPL-2.0
/*
 * What only C can say: system call entries with their per-architecture stubs
 * and metadata. Nothing is decided here.
 */

#include <linux/syscalls.h>

#include "glue.h"

SYSCALL_DEFINE2(setns, int, fd, int, flags)
{
	return pidns_setns(fd, flags);
}
