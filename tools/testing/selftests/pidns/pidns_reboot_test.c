// SPDX-License-Identifier: GPL-2.0
/*
 * reboot(2) in a PID namespace kills its init, whose parent sees the command by
 * the signal: SIGHUP for restart, SIGINT for halt.
 */
#include <linux/reboot.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

/*
 * For the machine this command stops nothing, should a test have failed to
 * leave the initial namespace, or the kernel take one for another. Elsewhere it
 * is refused.
 */
static int ns_reboot(unsigned int magic1, unsigned int magic2, unsigned int cmd)
{
	__u64 id = ns_id(0, L_PID);

	if (!id || id == PID_NS_INIT_ID ||
	    !syscall(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		     LINUX_REBOOT_CMD_CAD_OFF, NULL))
		return -EBUSY;
	return syscall(__NR_reboot, magic1, magic2, cmd, "again") ? -errno : 0;
}

static int reboot_cmd(unsigned int cmd)
{
	return ns_reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, cmd);
}

static const struct cmd {
	unsigned int cmd;
	int signal;
} cmds[] = {
	{ LINUX_REBOOT_CMD_RESTART,	SIGHUP },
	{ LINUX_REBOOT_CMD_RESTART2,	SIGHUP },
	{ LINUX_REBOOT_CMD_HALT,	SIGINT },
	{ LINUX_REBOOT_CMD_POWER_OFF,	SIGINT },
};

FIXTURE(reboot) {
	int *returned;	/* results of reboots that should not return */
};

FIXTURE_SETUP(reboot)
{
	if (geteuid())
		SKIP(return, "needs root");
	self->returned = shared_alloc(sizeof(*self->returned));
	ASSERT_NE(0, !!self->returned);
}

FIXTURE_TEARDOWN(reboot)
{
}

/* By the init itself. */
TEST_F_TIMEOUT(reboot, init_ends_by_signal, NS_TIMEOUT)
{
	struct kid kid;
	int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
		if (!kid.pid) {
			reboot_cmd(cmds[i].cmd);
			*self->returned = 1;
			_exit(EXIT_FAILURE);
		}
		EXPECT_EQ(cmds[i].signal, wait_status(kid.pid)) {
			TH_LOG("command %#x", cmds[i].cmd);
		}
		kid_stop(&kid);
	}
	EXPECT_EQ(0, *self->returned);
}

/* By another process, which is killed at once, like the rest of the namespace. */
TEST_F_TIMEOUT(reboot, any_process_ends_init, NS_TIMEOUT)
{
	struct kid kid;
	pid_t other;
	int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
		if (!kid.pid) {
			kid_tell(&kid, fork_resting(0, NULL));
			if (!fork()) {
				kid_hear(&kid);
				reboot_cmd(cmds[i].cmd);
				*self->returned = 1;
			}
			rest_forever();
		}
		other = pid_from(kid.pid, kid_hear(&kid));
		EXPECT_TRUE(eventually(task_state(other) == 'S'));
		kid_tell(&kid, 0);
		EXPECT_EQ(cmds[i].signal, wait_status(kid.pid)) {
			TH_LOG("command %#x", cmds[i].cmd);
		}
		EXPECT_TRUE(task_gone(other));
		kid_stop(&kid);
	}
	EXPECT_EQ(0, *self->returned);
}

/* A thread of the init that is not its leader. */
static void *thread_reboot(void *arg)
{
	reboot_cmd(LINUX_REBOOT_CMD_RESTART);
	*(int *)arg = 1;
	return NULL;
}

TEST_F_TIMEOUT(reboot, thread_of_init_ends_init, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pthread_t thread;

		pthread_create(&thread, NULL, thread_reboot, self->returned);
		rest_forever();
	}
	EXPECT_EQ(SIGHUP, wait_status(kid.pid));
	EXPECT_EQ(0, *self->returned);
	kid_stop(&kid);
}

/* The namespace alone: its parent survives, its child namespace does not. */
TEST_F_TIMEOUT(reboot, own_namespace_only, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pid_t middle = fork_flags(CLONE_NEWPID, NULL);

		if (!middle) {
			fork_resting(CLONE_NEWPID, NULL);
			reboot_cmd(LINUX_REBOOT_CMD_POWER_OFF);
			*self->returned = 1;
			_exit(EXIT_FAILURE);
		}
		kid_tell(&kid, wait_status(middle));
		kid_tell(&kid, getpid());
		kid_hear(&kid);
		_exit(8);
	}
	EXPECT_EQ(SIGINT, kid_hear(&kid));
	EXPECT_EQ(1, kid_hear(&kid));
	kid_tell(&kid, 0);
	EXPECT_EQ(8 << 8, wait_status(kid.pid));
	EXPECT_EQ(0, *self->returned);
	kid_stop(&kid);
}

static const unsigned int not_here[] = {
	LINUX_REBOOT_CMD_CAD_ON, LINUX_REBOOT_CMD_CAD_OFF, LINUX_REBOOT_CMD_SW_SUSPEND,
	LINUX_REBOOT_CMD_KEXEC, 0x12345678, 1, 0xfffffffe,
};

static const unsigned int magics[] = {
	LINUX_REBOOT_MAGIC2, LINUX_REBOOT_MAGIC2A, LINUX_REBOOT_MAGIC2B, LINUX_REBOOT_MAGIC2C,
};

/* Anything else is refused without effect. */
TEST_F_TIMEOUT(reboot, other_commands_are_einval, NS_TIMEOUT)
{
	struct kid kid;
	int i;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		for (i = 0; i < ARRAY_SIZE(not_here); i++) {
			EXPECT_EQ(-EINVAL, reboot_cmd(not_here[i])) {
				TH_LOG("command %#x", not_here[i]);
			}
		}
		EXPECT_EQ(-EINVAL, ns_reboot(1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART));
		EXPECT_EQ(-EINVAL, ns_reboot(LINUX_REBOOT_MAGIC1, 1, LINUX_REBOOT_CMD_RESTART));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	/* Its exit status is its own. */
	kid_tell(&kid, 0);
	EXPECT_EQ(0, wait_status(kid.pid));
	kid_stop(&kid);
	for (i = 0; i < ARRAY_SIZE(magics); i++) {
		ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
		if (!kid.pid) {
			ns_reboot(LINUX_REBOOT_MAGIC1, magics[i], LINUX_REBOOT_CMD_RESTART);
			_exit(EXIT_FAILURE);
		}
		EXPECT_EQ(SIGHUP, wait_status(kid.pid));
		kid_stop(&kid);
	}
}

/* The capability counts over the namespace's owner, and is checked first. */
TEST_F_TIMEOUT(reboot, needs_cap_sys_boot_over_owner, NS_TIMEOUT)
{
	struct kid kid;

	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pid_t pid = fork();

		if (!pid) {
			EXPECT_EQ(0, cap_drop(CAP_SYS_BOOT));
			EXPECT_EQ(-EPERM, reboot_cmd(LINUX_REBOOT_CMD_RESTART));
			EXPECT_EQ(-EPERM, reboot_cmd(LINUX_REBOOT_CMD_CAD_ON));
			EXPECT_EQ(-EPERM, ns_reboot(1, 1, 1));
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_status(pid));
		pid = fork();
		if (!pid) {
			/* All capabilities, but not over that user namespace. */
			EXPECT_EQ(0, userns_enter());
			EXPECT_EQ(-EPERM, reboot_cmd(LINUX_REBOOT_CMD_RESTART));
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_status(pid));
		kid_rest(&kid);
	}
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);

	/* In its own user namespace an init may, though it may not reboot the machine. */
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWUSER | CLONE_NEWPID));
	if (!kid.pid) {
		reboot_cmd(LINUX_REBOOT_CMD_HALT);
		_exit(EXIT_FAILURE);
	}
	EXPECT_EQ(SIGINT, wait_status(kid.pid));
	kid_stop(&kid);
}

TEST_HARNESS_MAIN
