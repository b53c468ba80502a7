// SPDX-License-Identifier: GPL-2.0
/*
 * What sockets report of the peer: in the reader's numbers, and 0 where the
 * reader's namespace has none.
 */
#include <sys/un.h>

#include "pidns_reap_util.h"

/* Send a byte, with the credentials of @pid if that is not 0. */
static int send_creds(int sk, pid_t pid)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct ucred))];
	} control = {};
	struct ucred cred = { .pid = pid, .uid = getuid(), .gid = getgid() };
	struct iovec vec = { "c", 1 };
	struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (pid) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_CREDENTIALS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(cred));
		memcpy(CMSG_DATA(cmsg), &cred, sizeof(cred));
	}
	return sendmsg(sk, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* The sender of the next byte, -1 if none was reported. */
static pid_t recv_creds(int sk)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct msghdr msg = { .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *cmsg;
	struct ucred cred;
	struct iovec vec;
	char c;

	vec.iov_base = &c;
	vec.iov_len = 1;
	msg.msg_iov = &vec;
	msg.msg_iovlen = 1;
	if (recvmsg(sk, &msg, 0) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_CREDENTIALS)
		return -1;
	memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
	return cred.pid;
}

static bool pass_creds(int sk)
{
	int one = 1;

	return !setsockopt(sk, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
}

TEST_F_TIMEOUT(pidns, scm_credentials, NS_TIMEOUT)
{
	struct kid kid, sibling;
	const pid_t outside = 3000;
	int sk[2], beside[2];
	pid_t pid, named;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sk));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, beside));
	ASSERT_TRUE(pass_creds(sk[0]));
	ASSERT_TRUE(pass_creds(sk[1]));
	ASSERT_TRUE(pass_creds(beside[1]));
	pid = fork_set_tid(0, NULL, &outside, 1);
	ASSERT_LE(0, pid);
	if (!pid)
		rest_forever();
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		struct kid child;

		/* The sender as seen in this namespace, where it has no number. */
		EXPECT_EQ(0, recv_creds(sk[1]));
		EXPECT_EQ(0, recv_creds(sk[1]));
		EXPECT_EQ(0, send_creds(sk[1], 0));
		EXPECT_EQ(0, send_creds(sk[1], 1));
		/* Other numbers do not exist here. */
		EXPECT_EQ(-ESRCH, send_creds(sk[1], 77));
		EXPECT_EQ(-ESRCH, send_creds(sk[1], outside));
		/* Among themselves they have numbers of this namespace. */
		ASSERT_LE(0, kid_start(&child, 0));
		if (!child.pid) {
			EXPECT_EQ(0, send_creds(beside[0], 0));
			EXPECT_EQ(0, cap_drop(CAP_SYS_ADMIN));
			/* Another process's number needs the capability. */
			EXPECT_EQ(-EPERM, send_creds(beside[0], 1));
			EXPECT_EQ(0, send_creds(beside[0], getpid()));
			kid_rest(&child);
		}
		EXPECT_EQ(0, kid_hear(&child));
		EXPECT_EQ(child.pid, recv_creds(beside[1]));
		EXPECT_EQ(child.pid, recv_creds(beside[1]));
		/* A number that exists here, with an init's capability. */
		EXPECT_EQ(0, send_creds(sk[1], child.pid));
		kid_tell(&kid, child.pid);
		kid_hear(&kid);
		kid_stop(&child);
		/* In a sibling of this namespace it has none. */
		EXPECT_EQ(0, send_creds(beside[0], 0));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, send_creds(sk[0], 0));
	EXPECT_EQ(0, send_creds(sk[0], getpid()));
	EXPECT_EQ(kid.pid, recv_creds(sk[0]));
	EXPECT_EQ(kid.pid, recv_creds(sk[0]));
	EXPECT_EQ(2, kid_hear(&kid));
	/* The process that it claimed to be: an outside number, not its own. */
	named = recv_creds(sk[0]);
	EXPECT_LT(0, named);
	EXPECT_NE(2, named);
	EXPECT_EQ(kid.pid, task_ppid(named));
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	ASSERT_LE(0, kid_start(&sibling, CLONE_NEWPID));
	if (!sibling.pid) {
		EXPECT_EQ(0, recv_creds(beside[1]));
		kid_rest(&sibling);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_stop(&sibling);
	kid_stop(&kid);
}

static pid_t peer(int sk)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(sk, SOL_SOCKET, SO_PEERCRED, &cred, &len) ? -errno : cred.pid;
}

/* The peer that connected, or listened, in each reader's own numbers. */
TEST_F_TIMEOUT(pidns, so_peercred, NS_TIMEOUT)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa_family_t);
	int listener, accepted, pair[2];
	struct kid kid, sibling;

	/* An abstract address, chosen by the kernel. */
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, bind(listener, (struct sockaddr *)&name, len));
	ASSERT_EQ(0, listen(listener, 1));
	len = sizeof(name);
	ASSERT_EQ(0, getsockname(listener, (struct sockaddr *)&name, &len));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		int sk = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		ASSERT_EQ(0, connect(sk, (struct sockaddr *)&name, len));
		EXPECT_EQ(0, peer(sk));
		/* Created by the test, both ends. */
		EXPECT_EQ(0, peer(pair[0]));
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		EXPECT_EQ(1, peer(pair[0]));
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	accepted = accept(listener, NULL, NULL);
	ASSERT_LE(0, accepted);
	EXPECT_EQ(kid.pid, peer(accepted));
	EXPECT_EQ(getpid(), peer(pair[0]));
	ASSERT_LE(0, kid_start(&sibling, CLONE_NEWPID));
	if (!sibling.pid) {
		EXPECT_EQ(0, peer(accepted));
		kid_rest(&sibling);
	}
	EXPECT_EQ(0, kid_hear(&sibling));
	kid_stop(&sibling);
	/* The number outlives the process. */
	kid_stop(&kid);
	EXPECT_EQ(kid.pid, peer(accepted));
	close(accepted);
	close(listener);
}

TEST_HARNESS_MAIN
