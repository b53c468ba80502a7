/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rust functions that C calls and that no other header declares.
 */
#ifndef _PIDNS_GLUE_H
#define _PIDNS_GLUE_H

#include <linux/types.h>

int pidns_pidfd_open(pid_t pid, unsigned int flags);
int pidns_pidfd_getfd(int pidfd, int fd, unsigned int flags);
int pidns_setns(int fd, int flags);

int pidns_init(void);
int pidns_sysctl_init(void);

#endif /* _PIDNS_GLUE_H */
