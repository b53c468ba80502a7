// SPDX-License-Identifier: GPL-2.0
/*
 * setns with a pidfd: a target that is gone, and one that the caller may not
 * access.
 */
#include <sys/fsuid.h>

#include "nsproxy_util.h"

/* Kill a child but leave it unreaped. */
static void kid_zombie(struct kid *kid)
{
	siginfo_t info;

	kill(kid->pid, SIGKILL);
	sys_waitid(P_PID, kid->pid, &info, WEXITED | WNOWAIT);
}

TEST_F_TIMEOUT(nsproxy, dead_target_is_esrch, NS_TIMEOUT)
{
	struct nsids before;
	struct kid kid;
	int i;

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS | CLONE_NEWUSER));
	ASSERT_TRUE(ns_read(0, &before));
	kid_zombie(&kid);
	for (i = 0; i < NR_TYPES; i++)
		EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, nstypes[i].flag);
	EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, CLONE_NEWUSER);
	EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, ALL_NS);

	ASSERT_EQ(kid.pid, waitpid(kid.pid, NULL, 0));
	for (i = 0; i < NR_TYPES; i++)
		EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, nstypes[i].flag);
	EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, CLONE_NEWUSER);
	EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, ALL_NS);
	EXPECT_EQ(0, ns_moved(&before));
	kid_stop(&kid);
}

/* An open file outlives the target, and so does its namespace. */
TEST_F_TIMEOUT(nsproxy, ns_file_outlives_target, NS_TIMEOUT)
{
	struct nsids its, before;
	struct kid kid;
	int fd[NR_LINKS], i;
	pid_t pid;

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	ASSERT_TRUE(ns_read(kid.pid, &its));
	ASSERT_TRUE(ns_read(0, &before));
	for (i = 0; i < NR_LINKS; i++) {
		fd[i] = ns_open(kid.pid, i);
		ASSERT_LE(0, fd[i]);
	}
	kid_zombie(&kid);
	kid_stop(&kid);
	for (i = 0; i < NR_LINKS; i++) {
		if (i == L_USER)
			continue;
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			EXPECT_EQ(0, setns(fd[i], nslinks[i].flag));
			EXPECT_EQ(ns_setns_links(nslinks[i].flag), ns_moved(&before));
			/* No process can be created where init is dead. */
			if (nslinks[i].flag == CLONE_NEWPID)
				EXPECT_EQ(-ENOMEM, fork_flags(0, NULL));
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_for_pid(pid));
	}
	for (i = 0; i < NR_LINKS; i++)
		close(fd[i]);
}

/* A child in namespaces of its own that runs as nobody, dumpable or not. */
static int kid_nobody(struct kid *kid, unsigned int flags, int dumpable)
{
	pid_t pid = kid_start(kid, flags);

	if (!pid) {
		if (nobody_become() || prctl(PR_SET_DUMPABLE, dumpable) ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL))
			_exit(EXIT_FAILURE);
		kid_rest(kid);
	}
	return pid < 0 ? pid : kid_hear(kid);
}

/* Without CAP_SYS_PTRACE another user's task cannot be a target. */
TEST_F_TIMEOUT(nsproxy, no_ptrace_permission_is_eperm, NS_TIMEOUT)
{
	struct nsids before;
	struct kid nobody, root;
	int i, fd;

	ASSERT_EQ(0, kid_nobody(&nobody, ALL_NS, 1));
	ASSERT_EQ(0, kid_hold(&root, CLONE_NEWUTS));
	fd = ns_open(nobody.pid, L_UTS);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cap_drop(CAP_SYS_PTRACE));
	ASSERT_TRUE(ns_read(0, &before));
	for (i = 0; i < NR_TYPES; i++)
		EXPECT_SETNS_FAILS(EPERM, nobody.pidfd, nstypes[i].flag);
	EXPECT_SETNS_FAILS(EPERM, nobody.pidfd, ALL_NS);
	/* Nor one of the same user that has more capabilities. */
	EXPECT_SETNS_FAILS(EPERM, root.pidfd, CLONE_NEWUTS);
	EXPECT_EQ(0, ns_moved(&before));
	/* A namespace file needs no such permission. */
	EXPECT_EQ(0, setns(fd, CLONE_NEWUTS));
	EXPECT_EQ(BIT(L_UTS), ns_moved(&before));
	kid_stop(&nobody);
	kid_stop(&root);
}

/* The check uses the real ids, not the fsuid. */
TEST_F_TIMEOUT(nsproxy, ptrace_check_uses_real_creds, NS_TIMEOUT)
{
	struct kid kid, dark;
	pid_t pid;

	ASSERT_EQ(0, kid_nobody(&kid, CLONE_NEWUTS, 1));
	ASSERT_EQ(0, kid_nobody(&dark, CLONE_NEWUTS, 0));

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* Real uid root, fsuid nobody. */
		ASSERT_EQ(0, cap_drop(CAP_SYS_PTRACE));
		setfsgid(NOBODY);
		setfsuid(NOBODY);
		EXPECT_SETNS_FAILS(EPERM, kid.pidfd, CLONE_NEWUTS);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* The other way round: real uid nobody, effective uid root. */
		ASSERT_EQ(0, cap_drop(CAP_SYS_PTRACE));
		ASSERT_EQ(0, setresgid(NOBODY, 0, 0));
		ASSERT_EQ(0, setresuid(NOBODY, 0, 0));
		EXPECT_EQ(0, setns(kid.pidfd, CLONE_NEWUTS));
		/* But not a target that is not dumpable. */
		EXPECT_SETNS_FAILS(EPERM, dark.pidfd, CLONE_NEWUTS);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));

	/* With the capability, all of them. */
	EXPECT_EQ(0, setns(dark.pidfd, CLONE_NEWUTS));
	kid_stop(&kid);
	kid_stop(&dark);
}

/* The permission is checked before the target's life. */
TEST_F_TIMEOUT(nsproxy, eperm_before_esrch, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_EQ(0, kid_nobody(&kid, CLONE_NEWUTS, 1));
	ASSERT_EQ(0, cap_drop(CAP_SYS_PTRACE));
	kid_zombie(&kid);
	EXPECT_SETNS_FAILS(EPERM, kid.pidfd, CLONE_NEWUTS);
	ASSERT_EQ(kid.pid, waitpid(kid.pid, NULL, 0));
	EXPECT_SETNS_FAILS(ESRCH, kid.pidfd, CLONE_NEWUTS);
	kid_stop(&kid);
}

/* Without CAP_SYS_ADMIN: access to the process is permitted, joining is not. */
TEST_F_TIMEOUT(nsproxy, no_cap_sys_admin_is_eperm, NS_TIMEOUT)
{
	struct nsids before;
	struct kid kid;
	int i;

	ASSERT_EQ(0, kid_hold(&kid, ALL_NS));
	ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
	ASSERT_TRUE(ns_read(0, &before));
	for (i = 0; i < NR_TYPES; i++)
		EXPECT_SETNS_FAILS(EPERM, kid.pidfd, nstypes[i].flag);
	EXPECT_SETNS_FAILS(EPERM, kid.pidfd, ALL_NS);
	EXPECT_EQ(0, ns_moved(&before));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
