/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that the kernel waits for when it reads or writes them.
 */
#ifndef __PIDNS_UFFD_UTIL_H
#define __PIDNS_UFFD_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A userfaultfd with @features, in charge of the missing pages at @start. */
static inline int uffd_register(void *start, size_t len, __u64 features, int flags)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)start, .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(__NR_userfaultfd, O_CLOEXEC | flags);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return uffd;
}

#endif /* __PIDNS_UFFD_UTIL_H */
