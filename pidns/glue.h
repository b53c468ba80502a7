/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rust functions that C calls and that no other header declares.
 */
#ifndef _PIDNS_GLUE_H
#define _PIDNS_GLUE_H

#include <linux/ratelimit_types.h>
#include <linux/types.h>
#include <linux/uidgid_types.h>

struct ctl_table;
struct ctl_table_header;

int pidns_pidfd_open(pid_t pid, unsigned int flags);
int pidns_pidfd_getfd(int pidfd, int fd, unsigned int flags);
int pidns_setns(int fd, int flags);

int pidns_init(void);
int pidns_sysctl_init(void);

int pid_table_root_permissions(struct ctl_table_header *head,
			       const struct ctl_table *table);
void pid_table_root_set_ownership(struct ctl_table_header *head,
				  kuid_t *uid, kgid_t *gid);

/* Module parameters */
extern unsigned int pidns_zap_warn_seconds;
extern bool pidns_log_refused_forks;
extern struct ratelimit_state pidns_refused_forks_ratelimit;
extern struct ratelimit_state pidns_dead_init_ratelimit;

#endif /* _PIDNS_GLUE_H */
