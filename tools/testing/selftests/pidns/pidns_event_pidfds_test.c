// SPDX-License-Identifier: GPL-2.0
/*
 * Pidfds that the kernel hands out: of a socket's peer, and of the process that
 * caused an fanotify event. What they show depends on the reader's namespace.
 */
#include <sys/fanotify.h>
#include <sys/un.h>

#include "pidns_reap_util.h"

/* In 7.3's uapi/asm-generic/socket.h; the C library's may be older. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#ifndef FAN_REPORT_PIDFD
#define FAN_REPORT_PIDFD 0x80
#define FAN_EVENT_INFO_TYPE_PIDFD 4
#define FAN_NOPIDFD -1
struct fanotify_event_info_pidfd {
	struct fanotify_event_info_header hdr;
	__s32 pidfd;
};
#endif

/* The error of PIDFD_GET_INFO, or the number that it reports. */
static pid_t info_pid(int pidfd)
{
	struct pidfd_info info = {};

	return ioctl(pidfd, PIDFD_GET_INFO, &info) ? -errno : info.pid;
}

#define EXPECT_FDINFO(pidfd, ...)						\
do {									\
	int __want[] = { __VA_ARGS__ }, __nr[MAX_LEVELS], __fd = (pidfd), __i; \
									\
	EXPECT_EQ(1, fdinfo_numbers(__fd, "Pid:", __nr));		\
	EXPECT_EQ(__want[0], __nr[0]);					\
	EXPECT_EQ(ARRAY_SIZE(__want), fdinfo_numbers(__fd, "NSpid:", __nr)); \
	for (__i = 0; __i < ARRAY_SIZE(__want); __i++)			\
		EXPECT_EQ(__want[__i], __nr[__i]);			\
} while (0)

static int peer_pidfd(int sk)
{
	socklen_t len = sizeof(int);
	int pidfd = -1;

	return getsockopt(sk, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) ? -errno : pidfd;
}

TEST_F_TIMEOUT(pidns, so_peerpidfd, NS_TIMEOUT)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct pidfd_info info = { .mask = PIDFD_INFO_EXIT };
	int listener, accepted, pidfd;
	struct kid kid, sibling;
	socklen_t len;
	siginfo_t si;

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, bind(listener, (struct sockaddr *)&name, sizeof(sa_family_t)));
	ASSERT_EQ(0, listen(listener, 1));
	len = sizeof(name);
	ASSERT_EQ(0, getsockname(listener, (struct sockaddr *)&name, &len));

	ASSERT_LE(0, kid_with_proc(&kid));
	if (!kid.pid) {
		int sk = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		ASSERT_EQ(0, connect(sk, (struct sockaddr *)&name, len));
		/* The peer has no number here: its pidfd can be polled, but not used. */
		pidfd = peer_pidfd(sk);
		ASSERT_LE(0, pidfd);
		EXPECT_FDINFO(pidfd, 0);
		EXPECT_EQ(-EREMOTE, info_pid(pidfd));
		EXPECT_EQ(-1, sys_pidfd_send_signal(pidfd, 0, NULL, 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, sys_waitid(P_PIDFD, pidfd, &si, WEXITED | WNOHANG));
		EXPECT_EQ(ECHILD, errno);
		EXPECT_EQ(0, pidfd_events(pidfd));
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	accepted = accept(listener, NULL, NULL);
	ASSERT_LE(0, accepted);
	pidfd = peer_pidfd(accepted);
	ASSERT_LE(0, pidfd);
	EXPECT_FDINFO(pidfd, kid.pid, 1);
	EXPECT_EQ(kid.pid, info_pid(pidfd));
	EXPECT_EQ(0, sys_pidfd_send_signal(pidfd, 0, NULL, 0));
	ASSERT_LE(0, kid_with_proc(&sibling));
	if (!sibling.pid) {
		EXPECT_FDINFO(pidfd, 0);
		EXPECT_EQ(-EREMOTE, info_pid(pidfd));
		kid_tell(&sibling, 0);
		kid_hear(&sibling);
		/* All see that it is gone, but only ancestors are told its exit code. */
		pidfd = peer_pidfd(accepted);
		ASSERT_LE(0, pidfd);
		EXPECT_FDINFO(pidfd, -1);
		EXPECT_EQ(-EREMOTE, info_pid(pidfd));
		kid_rest(&sibling);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_stop(&kid);
	kid_tell(&sibling, 0);
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_stop(&sibling);
	close(pidfd);
	pidfd = peer_pidfd(accepted);
	ASSERT_LE(0, pidfd);
	EXPECT_FDINFO(pidfd, -1);
	EXPECT_EQ(-ESRCH, info_pid(pidfd));
	EXPECT_EQ(0, ioctl(pidfd, PIDFD_GET_INFO, &info));
	EXPECT_EQ(SIGKILL, info.exit_code);
	close(pidfd);
	close(accepted);
	close(listener);
}

struct event {
	pid_t pid;
	int pidfd;
};

/* The next event of the group, if that has the information that it should have. */
static bool event_read(int group, struct event *event)
{
	union {
		struct fanotify_event_metadata meta;
		char buf[256];
	} u;
	struct fanotify_event_info_pidfd *info = (void *)(&u.meta + 1);
	ssize_t size = read(group, &u, sizeof(u));

	if (size < (ssize_t)(sizeof(u.meta) + sizeof(*info)) ||
	    info->hdr.info_type != FAN_EVENT_INFO_TYPE_PIDFD)
		return false;
	if (u.meta.fd >= 0)
		close(u.meta.fd);
	event->pid = u.meta.pid;
	event->pidfd = info->pidfd;
	return true;
}

static void file_touch(const char *path)
{
	close(open(path, O_RDONLY | O_CLOEXEC));
}

TEST_F_TIMEOUT(pidns, fanotify_pidfds, NS_TIMEOUT)
{
	struct pidfd_info info = { .mask = PIDFD_INFO_EXIT };
	char path[] = "/tmp/pidns-fanotify-XXXXXX";
	struct event event;
	struct kid kid, child;
	int group;

	group = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_PIDFD | FAN_CLOEXEC, O_RDONLY);
	if (group < 0)
		SKIP(return, "no fanotify with pidfds (CONFIG_FANOTIFY)");
	close(mkstemp(path));
	ASSERT_EQ(0, fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path));
	ASSERT_LE(0, kid_with_proc(&kid));
	if (!kid.pid) {
		/* Caused by a process without a number here: neither a number nor a pidfd. */
		kid_tell(&kid, 0);
		kid_hear(&kid);
		ASSERT_TRUE(event_read(group, &event));
		EXPECT_EQ(0, event.pid);
		EXPECT_EQ(FAN_NOPIDFD, event.pidfd);
		/* By one that has exited. */
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			file_touch(path);
			_exit(23);
		}
		EXPECT_EQ(23 << 8, wait_status(child.pid));
		ASSERT_TRUE(event_read(group, &event));
		EXPECT_EQ(child.pid, event.pid);
		ASSERT_LE(0, event.pidfd);
		EXPECT_FDINFO(event.pidfd, -1);
		EXPECT_EQ(0, ioctl(event.pidfd, PIDFD_GET_INFO, &info));
		EXPECT_EQ(23 << 8, info.exit_code);
		/* By itself; the reader's numbers count. */
		file_touch(path);
		ASSERT_TRUE(event_read(group, &event));
		EXPECT_EQ(1, event.pid);
		EXPECT_FDINFO(event.pidfd, 1);
		file_touch(path);
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	file_touch(path);
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	ASSERT_TRUE(event_read(group, &event));
	EXPECT_EQ(kid.pid, event.pid);
	ASSERT_LE(0, event.pidfd);
	EXPECT_FDINFO(event.pidfd, kid.pid, 1);
	EXPECT_EQ(kid.pid, info_pid(event.pidfd));
	kid_stop(&kid);
	unlink(path);
	close(group);
}

TEST_HARNESS_MAIN
