/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rust functions that C calls and no header of the kernel declares.
 */
#ifndef _PIDNS_GLUE_H
#define _PIDNS_GLUE_H

int pidns_setns(int fd, int flags);

#endif /* _PIDNS_GLUE_H */
