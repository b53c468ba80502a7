// SPDX-License-Identifier: GPL-2.0
/*
 * kernel.pid_max: a limit for each namespace, within the same bounds in all of
 * them, the initial one included; those of the ancestors bind the numbers
 * there.
 */
#include <grp.h>

#include "pidns_util.h"

#define PATH "/proc/sys/kernel/pid_max"

TEST_F_TIMEOUT(pidns, out_of_bounds_is_einval, NS_TIMEOUT)
{
	int min = pid_limit_min();

	EXPECT_EQ(0, pid_limit_set(min));
	EXPECT_EQ(min, pid_limit());
	EXPECT_EQ(-EINVAL, pid_limit_set(min - 1));
	EXPECT_EQ(-EINVAL, pid_limit_set(0));
	EXPECT_EQ(-EINVAL, pid_limit_set(-1));
	EXPECT_EQ(min, pid_limit());
	EXPECT_EQ(0, pid_limit_set(PID_MAX_LIMIT));
	EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
	EXPECT_EQ(-EINVAL, pid_limit_set(PID_MAX_LIMIT + 1));
	EXPECT_EQ(-EINVAL, file_write(PATH, "many"));
	EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
}

/* A new namespace does not inherit: it has a value and bounds of its own. */
static void of_its_own(struct __test_metadata *_metadata, int deeper)
{
	int min = pid_limit_min(), mine = min + 100 + deeper;
	pid_t pid;

	EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
	EXPECT_EQ(-EINVAL, pid_limit_set(min - 1));
	EXPECT_EQ(-EINVAL, pid_limit_set(PID_MAX_LIMIT + 1));
	EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
	EXPECT_EQ(0, pid_limit_set(min));
	EXPECT_EQ(0, pid_limit_set(mine));
	if (!deeper)
		return;
	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		of_its_own(_metadata, deeper - 1);
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
	EXPECT_EQ(mine, pid_limit());
}

TEST_F_TIMEOUT(pidns, each_namespace_has_its_own, NS_TIMEOUT)
{
	of_its_own(_metadata, 3);
}

/* The sysctl shows the caller's active namespace, not that of its children. */
TEST_F_TIMEOUT(pidns, belongs_to_active_namespace, NS_TIMEOUT)
{
	int mine = pid_limit_min() + 7, fd;
	char buf[16] = {};
	pid_t pid;

	ASSERT_EQ(0, pid_limit_set(mine));
	fd = open(PATH, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(mine, pid_limit());
	pid = fork_tids(0, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
		/* A file opened above still belongs to the namespace above. */
		EXPECT_LT(0, read(fd, buf, sizeof(buf) - 1));
		EXPECT_EQ(mine, atoi(buf));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* A file of a dead namespace is ENOENT, and never a later namespace's. */
TEST_F_TIMEOUT(pidns, file_of_dead_namespace, NS_TIMEOUT)
{
	char buf[16] = {};
	pid_t pid;
	int fd, i;

	pid = fork_tids(CLONE_NEWPID | CLONE_FILES, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(open(PATH, O_RDWR | O_CLOEXEC));
	ASSERT_EQ(pid, waitpid(pid, &i, 0));
	ASSERT_TRUE(WIFEXITED(i));
	fd = WEXITSTATUS(i);
	EXPECT_TRUE(eventually(pread(fd, buf, sizeof(buf), 0) < 0));
	for (i = 0; i < 50; i++) {
		pid = fork_tids(CLONE_NEWPID, NULL, 0);
		ASSERT_LE(0, pid);
		if (!pid) {
			EXPECT_EQ(-1, pread(fd, buf, sizeof(buf), 0));
			EXPECT_EQ(ENOENT, errno);
			EXPECT_EQ(-1, pwrite(fd, "1000", 4, 0));
			EXPECT_EQ(ENOENT, errno);
			EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_for_pid(pid));
	}
	close(fd);
}

/* A new namespace starts with the defaults, whatever memory it reuses. */
TEST_F_TIMEOUT(pidns, new_namespace_has_no_old_settings, NS_TIMEOUT)
{
	int round, noexec = file_read_int("/proc/sys/vm/memfd_noexec");
	pid_t pid;

	for (round = 0; round < 30; round++) {
		pid = fork_tids(CLONE_NEWPID | (round & 1 ? CLONE_NEWUSER : 0), NULL, 0);
		ASSERT_LE(0, pid);
		if (!pid) {
			/* The first fork: the cursor is behind this process. */
			EXPECT_EQ(2, file_read_int("/proc/sys/kernel/ns_last_pid") + 1);
			/* This one is inherited, and cannot be lowered. */
			EXPECT_EQ(noexec, file_read_int("/proc/sys/vm/memfd_noexec"));
			/* Open the file in some of them only. */
			if (round % 4 == 3)
				EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
			EXPECT_EQ(2, try_fork());
			if (!(round & 1)) {
				EXPECT_EQ(0, file_write("/proc/sys/kernel/ns_last_pid", "1000"));
				EXPECT_EQ(0, file_write("/proc/sys/vm/memfd_noexec", "%d",
							noexec ?: 1));
				if (round % 4 == 2)
					EXPECT_EQ(0, pid_limit_set(pid_limit_min()));
			}
			_exit(EXIT_SUCCESS);
		}
		EXPECT_EQ(0, wait_for_pid(pid));
	}
}

/* pid_max is no number itself; lowering it leaves processes beyond it alone. */
TEST_F_TIMEOUT(pidns, numbers_stay_below, NS_TIMEOUT)
{
	int max = pid_limit_min() + 10;

	ASSERT_EQ(max + 50, hold_as(max + 50));
	ASSERT_EQ(0, pid_limit_set(max));
	ASSERT_EQ(0, last_pid_set(max - 3));
	EXPECT_EQ(max - 2, try_fork());
	EXPECT_EQ(max - 1, try_fork());
	EXPECT_EQ(RESERVED_PIDS, try_fork());
	EXPECT_EQ(-EINVAL, try_as(max));

	EXPECT_EQ(0, kill(max + 50, 0));
	EXPECT_TRUE(eventually(status_state(max + 50) == 'S'));
	hold_end(max + 50);
	EXPECT_EQ(-EINVAL, try_as(max + 50));
	ASSERT_EQ(0, pid_limit_set(max + 51));
	EXPECT_EQ(max + 50, try_as(max + 50));
}

static void high_numbers(struct __test_metadata *_metadata, const struct kid *kid)
{
	int i;

	/* Far above the limit of the test's namespace. */
	ASSERT_EQ(0, last_pid_set(4000000));
	for (i = 1; i <= 20; i++)
		EXPECT_EQ(4000000 + i, try_fork());
	kid_tell(kid, 0);
	EXPECT_EQ(1, kid_hear(kid));
	/* Millions are left here, none there. */
	EXPECT_EQ(-EAGAIN, try_fork());
	EXPECT_EQ(-EAGAIN, try_as(50));
	EXPECT_EQ(-EAGAIN, fork_done(fork_flags(CLONE_NEWPID, NULL)));
	EXPECT_EQ(50, try_as(50, 50));
	kid_tell(kid, 0);
	EXPECT_EQ(2, kid_hear(kid));
	EXPECT_LT(4000000, try_fork());
	kid_tell(kid, 0);
	kid_hear(kid);
}

/* The limits of the ancestors bind their own numbers, not the inner ones. */
TEST_F_TIMEOUT(pidns, ancestor_binds_its_own_numbers, NS_TIMEOUT)
{
	int max = pid_limit_small();
	struct kid kid;

	ASSERT_EQ(0, pid_limit_set(max));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
		high_numbers(_metadata, &kid);
		_exit(EXIT_SUCCESS);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	EXPECT_GT(max, last_pid());
	ASSERT_EQ(0, hold_range(RESERVED_PIDS, max - 1));
	ASSERT_EQ(0, last_pid_set(max - 1));
	kid_tell(&kid, 1);
	ASSERT_EQ(0, kid_hear(&kid));
	hold_end(max - 1);
	kid_tell(&kid, 2);
	ASSERT_EQ(0, kid_hear(&kid));
	EXPECT_EQ(max - 1, last_pid());
	kid_stop(&kid);
}

/* Hold a capability as permitted, not as effective. */
static int cap_raise(int cap)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(__NR_capget, &head, data))
		return -errno;
	data[cap / 32].effective |= BIT(cap % 32);
	return syscall(__NR_capset, &head, data) ? -errno : 0;
}

/* What a child with this user, and at most this capability, may do. */
static void expect_access(struct __test_metadata *_metadata, uid_t uid, gid_t gid, int keep,
			  bool may)
{
	pid_t pid = fork_tids(0, NULL, 0);
	int cap;

	ASSERT_LE(0, pid);
	if (!pid) {
		ASSERT_EQ(0, prctl(PR_SET_KEEPCAPS, 1));
		ASSERT_EQ(0, setresgid(gid, gid, gid));
		ASSERT_EQ(0, setgroups(0, NULL));
		ASSERT_EQ(0, setresuid(uid, uid, uid));
		for (cap = 0; cap <= CAP_LAST_CAP; cap++)
			if (cap != keep)
				ASSERT_EQ(0, cap_drop(cap));
		if (keep >= 0 && prctl(PR_CAPBSET_READ, keep) == 1)
			ASSERT_EQ(0, cap_raise(keep));
		EXPECT_EQ(may ? 0 : -EACCES, pid_limit_set(500000)) {
			TH_LOG("user %d, group %d, capability %d", uid, gid, keep);
		}
		/* Everybody may read. */
		EXPECT_LT(0, pid_limit());
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

TEST_F_TIMEOUT(pidns, writable_by_root_or_sys_admin, NS_TIMEOUT)
{
	int cap;

	expect_access(_metadata, 0, 0, -1, true);
	expect_access(_metadata, 0, NOBODY, -1, true);
	expect_access(_metadata, NOBODY, 0, -1, false);
	expect_access(_metadata, NOBODY, NOBODY, -1, false);
	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		expect_access(_metadata, NOBODY, NOBODY, cap, cap == CAP_SYS_ADMIN);
}

/* The permission is checked again at each write. */
TEST_F_TIMEOUT(pidns, permission_is_checked_at_each_write, NS_TIMEOUT)
{
	int fd = open(PATH, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(6, pwrite(fd, "400000", 6, 0));
	EXPECT_EQ(400000, pid_limit());
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	EXPECT_EQ(-1, pwrite(fd, "500000", 6, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(400000, pid_limit());
}

/* The user namespace that owns it counts: there root may write, elsewhere not. */
TEST_F_TIMEOUT(pidns, capability_counts_over_owner, NS_TIMEOUT)
{
	struct stat st;
	pid_t pid;

	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	if (fork_done(fork_flags(CLONE_NEWUSER, NULL)) == -EPERM)
		SKIP(return, "unprivileged user namespaces are disabled");
	ASSERT_EQ(0, userns_enter());
	/* The caller is root now, but of another user namespace. */
	EXPECT_EQ(0, geteuid());
	EXPECT_EQ(-EACCES, pid_limit_set(500000));
	ASSERT_EQ(0, stat(PATH, &st));
	EXPECT_NE(0, st.st_uid);

	pid = fork_tids(CLONE_NEWPID, NULL, 0);
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(0, pid_limit_set(500000));
		EXPECT_EQ(500000, pid_limit());
		/* The file shows it as the owner. */
		ASSERT_EQ(0, stat(PATH, &st));
		EXPECT_EQ(0, st.st_uid);
		EXPECT_EQ(0644, st.st_mode & 07777);
		/* As root, without capabilities. */
		ASSERT_EQ(0, cap_drop(CAP_SYS_ADMIN));
		EXPECT_EQ(0, pid_limit_set(600000));
		_exit(EXIT_SUCCESS);
	}
	EXPECT_EQ(0, wait_for_pid(pid));
}

/* The initial namespace's limit is the machine's: always restored. */
FIXTURE(machine) {
	int before;
	struct kid keeper;
};

FIXTURE_SETUP(machine)
{
	if (geteuid())
		SKIP(return, "needs root");
	SKIP_IF_INSIDE(return);
	self->before = pid_limit();
	ASSERT_LT(0, self->before);
	if (!keeper_start(&self->keeper))
		_exit(!!pid_limit_set(self->before));
	ASSERT_LT(0, self->keeper.pid);
}

FIXTURE_TEARDOWN(machine)
{
	EXPECT_EQ(0, keeper_end(&self->keeper));
}

TEST_F_TIMEOUT(machine, initial_namespace_has_same_bounds, NS_TIMEOUT)
{
	int min = pid_limit_min(), fd = open(PATH, O_RDWR | O_CLOEXEC), written, read_back;
	char least[16], before[16], got[16] = {};

	EXPECT_EQ(-EINVAL, pid_limit_set(min - 1));
	EXPECT_EQ(-EINVAL, pid_limit_set(0));
	EXPECT_EQ(-EINVAL, pid_limit_set(-1));
	EXPECT_EQ(-EINVAL, pid_limit_set(PID_MAX_LIMIT + 1));
	EXPECT_EQ(-EINVAL, file_write(PATH, "many"));
	EXPECT_EQ(self->before, pid_limit());

	/* Other forks may fail meanwhile, so keep it short. */
	ASSERT_LE(0, fd);
	snprintf(least, sizeof(least), "%d", min);
	snprintf(before, sizeof(before), "%d", self->before);
	written = pwrite(fd, least, strlen(least), 0);
	read_back = pread(fd, got, sizeof(got) - 1, 0);
	EXPECT_EQ(strlen(before), pwrite(fd, before, strlen(before), 0));
	EXPECT_EQ(strlen(least), written);
	EXPECT_LT(0, read_back);
	EXPECT_EQ(min, atoi(got));
	EXPECT_EQ(self->before, pid_limit());
	EXPECT_EQ(0, pid_limit_set(PID_MAX_LIMIT));
	EXPECT_EQ(PID_MAX_LIMIT, pid_limit());
	close(fd);
}

TEST_HARNESS_MAIN
