/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hold a clone between the allocation of its numbers and its becoming visible:
 * the kernel then writes the pidfd to a page that userfaultfd does not provide
 * yet. The page belongs to a memfd; truncating that makes the write fail.
 */
#ifndef __PIDNS_WINDOW_H
#define __PIDNS_WINDOW_H

#include <poll.h>
#include <sys/mman.h>

#include "kid_util.h"
#include "uffd_util.h"

struct window {
	struct kid kid;		/* the task that clones */
	int file;		/* the memfd of the page */
	int uffd;		/* the userfaultfd */
	unsigned long page;
};

/*
 * Let a child join the PID namespace @nsfd, or unshare one if @nsfd is
 * negative, and clone; returns 0 when the clone has its number and waits. The
 * cloned process only waits to be killed.
 */
static inline int window_open(struct window *w, int nsfd)
{
	struct pollfd events[2];
	int uffd;
	void *page;
	pid_t pid;

	w->file = memfd_create("window", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (w->file < 0 || ftruncate(w->file, getpagesize()))
		return -errno;
	page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, w->file, 0);
	if (page == MAP_FAILED)
		return -errno;
	w->page = (unsigned long)page;
	pid = kid_start(&w->kid, 0);
	if (pid < 0)
		return pid;
	if (!pid) {
		uffd = uffd_register(page, getpagesize(), UFFD_FEATURE_MISSING_SHMEM, O_NONBLOCK);
		if (nsfd < 0 ? unshare(CLONE_NEWPID) : setns(nsfd, CLONE_NEWPID))
			uffd = -errno;
		kid_tell(&w->kid, uffd);
		kid_hear(&w->kid);
		pid = fork_flags(0, page);
		while (!pid)
			pause();
		kid_tell(&w->kid, pid);
		kid_rest(&w->kid);
	}
	uffd = kid_hear(&w->kid);
	if (uffd < 0)
		return uffd;
	w->uffd = sys_pidfd_getfd(w->kid.pidfd, uffd, 0);
	if (w->uffd < 0)
		return -errno;
	kid_tell(&w->kid, 0);
	/* It waits for its page, or has failed already. */
	events[0] = (struct pollfd){ .fd = w->uffd, .events = POLLIN };
	events[1] = (struct pollfd){ .fd = w->kid.sk, .events = POLLIN };
	poll(events, ARRAY_SIZE(events), -1);
	if (events[0].revents == POLLIN)
		return 0;
	return events[1].revents ? kid_hear(&w->kid) : -EIO;
}

/* Let the clone go on; returns its result. */
static inline int window_pass(struct window *w)
{
	struct uffdio_zeropage zero = {
		.range = { .start = w->page, .len = getpagesize() },
	};

	return ioctl(w->uffd, UFFDIO_ZEROPAGE, &zero) ? -errno : kid_hear(&w->kid);
}

/* Let the clone fail where it is; returns its result. */
static inline int window_fail(struct window *w)
{
	struct uffdio_range range = { .start = w->page, .len = getpagesize() };

	if (ftruncate(w->file, 0) || ioctl(w->uffd, UFFDIO_WAKE, &range))
		return -errno;
	return kid_hear(&w->kid);
}

static inline void window_close(struct window *w)
{
	close(w->uffd);
	close(w->file);
	munmap((void *)w->page, getpagesize());
	kid_stop(&w->kid);
}

#endif /* __PIDNS_WINDOW_H */
