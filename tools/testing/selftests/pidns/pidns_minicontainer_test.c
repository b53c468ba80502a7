// SPDX-License-Identifier: GPL-2.0
/*
 * A container runner in Rust (samples/minicontainer), which must lie beside the
 * test: the numbers at each level, exit statuses, signals, orphans, volumes.
 */
#include <libgen.h>

#define NSPROXY_OWN_FIXTURE
#include "nsproxy_util.h"

#define PROGRAM "minicontainer"

#define MAX_OUT 4096

/* A runner, and what it and its container have printed. */
struct runner {
	pid_t pid;
	int out, err;
	char said[MAX_OUT];
	char errors[MAX_OUT];
};

FIXTURE(minicontainer) {
	char dir[32];		/* with the program, for all to read */
	char program[64];
	char volume[64];	/* a directory there that all may write to */
};

FIXTURE_VARIANT(minicontainer) {
	bool root;
};

FIXTURE_VARIANT_ADD(minicontainer, root) {
	.root = true,
};

FIXTURE_VARIANT_ADD(minicontainer, user) {
	.root = false,
};

static int file_copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out, err = 0;
	char buf[65536];
	ssize_t got;

	if (in < 0)
		return -errno;
	out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (out < 0) {
		close(in);
		return -errno;
	}
	while (!err && (got = read(in, buf, sizeof(buf))))
		err = got > 0 && write(out, buf, got) == got ? 0 : -EIO;
	close(in);
	close(out);
	return err;
}

FIXTURE_SETUP(minicontainer)
{
	char self_exe[256] = {}, beside[300];

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_LT(0, readlink("/proc/self/exe", self_exe, sizeof(self_exe) - 1));
	snprintf(beside, sizeof(beside), "%s/" PROGRAM, dirname(self_exe));
	if (access(beside, X_OK))
		SKIP(return, "needs " PROGRAM " beside the test");
	umask(0022);
	snprintf(self->dir, sizeof(self->dir), "/tmp/minicontainer_XXXXXX");
	ASSERT_NE(0, !!mkdtemp(self->dir));
	ASSERT_EQ(0, chmod(self->dir, 0755));
	snprintf(self->program, sizeof(self->program), "%s/" PROGRAM, self->dir);
	ASSERT_EQ(0, file_copy(beside, self->program));
	snprintf(self->volume, sizeof(self->volume), "%s/volume", self->dir);
	ASSERT_EQ(0, mkdir(self->volume, 0777));
	ASSERT_EQ(0, chmod(self->volume, 0777));
}

FIXTURE_TEARDOWN(minicontainer)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/inside", self->volume);
	unlink(path);
	rmdir(self->volume);
	unlink(self->program);
	rmdir(self->dir);
}

/* Start the program with some arguments, as root or as an ordinary user. */
static int runner_start(struct runner *run, const char *program, bool root,
			const char * const args[])
{
	int out[2];

	memset(run, 0, sizeof(*run));
	run->err = syscall(__NR_memfd_create, "errors", 0);
	if (run->err < 0 || pipe2(out, O_CLOEXEC))
		return -errno;
	run->pid = fork();
	if (!run->pid) {
		if (dup2(out[1], STDOUT_FILENO) < 0 || dup2(run->err, STDERR_FILENO) < 0)
			_exit(EXIT_FAILURE);
		if (!root && nobody_become())
			_exit(EXIT_FAILURE);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(program, (char * const *)args);
		_exit(EXIT_FAILURE);
	}
	close(out[1]);
	run->out = out[0];
	return run->pid < 0 ? -errno : 0;
}

/* Read a line, or all up to the last end of the pipe. */
static void runner_hear(struct runner *run, bool line)
{
	size_t len = strlen(run->said);

	while (len < MAX_OUT - 1 && read_nointr(run->out, run->said + len, 1) == 1)
		if (run->said[len++] == '\n' && line)
			break;
}

/* Wait for the end of all of it; returns the runner's exit status. */
static int runner_end(struct runner *run)
{
	int status, ret;

	runner_hear(run, false);
	ret = waitpid(run->pid, &status, 0) == run->pid && WIFEXITED(status) ?
		WEXITSTATUS(status) : -1;
	if (pread(run->err, run->errors, MAX_OUT - 1, 0) < 0)
		ret = -1;
	close(run->err);
	close(run->out);
	return ret;
}

#define start(run, ...) \
	runner_start(run, self->program, variant->root, \
		     (const char * const[]){ PROGRAM, __VA_ARGS__, NULL })

/* The exit status of a whole run. */
#define status_of(run, ...)						\
({									\
	struct runner *__run = (run);					\
									\
	start(__run, __VA_ARGS__) ? -1 : runner_end(__run);		\
})

/* A row of the table of numbers: the namespace, and up to three numbers. */
struct row {
	unsigned int inum;
	int runner, init, command;
};

/* Read a row, where "-" is 0; returns what follows it, NULL if there is none. */
static const char *row_read(const char *text, struct row *row)
{
	char word[16], init[16], command[16];
	const char *at = strstr(text, "pid:[");

	if (!at || sscanf(at, "pid:[%u] %15s %15s %15s", &row->inum, word, init, command) != 4)
		return NULL;
	row->runner = atoi(word);
	row->init = atoi(init);
	row->command = atoi(command);
	return at + 1;
}

static unsigned int pid_ns_inum(void)
{
	struct stat found;

	return stat("/proc/self/ns/pid", &found) ? 0 : found.st_ino;
}

TEST_F_TIMEOUT(minicontainer, numbers_at_each_level, NS_TIMEOUT)
{
	struct row outer, inner;
	struct runner run;
	const char *next;

	ASSERT_EQ(0, status_of(&run, "--verbose", "sh", "-c", "echo $$ $PPID")) {
		TH_LOG("%s", run.errors);
	}
	EXPECT_STREQ("2 1\n", run.said);
	next = row_read(run.errors, &outer);
	ASSERT_NE(0, !!next);
	next = row_read(next, &inner);
	ASSERT_NE(0, !!next);
	EXPECT_EQ(NULL, strstr(next, "pid:["));
	EXPECT_EQ(pid_ns_inum(), outer.inum);
	EXPECT_NE(outer.inum, inner.inum);
	EXPECT_EQ(run.pid, outer.runner);
	EXPECT_LT(1, outer.init);
	EXPECT_LT(2, outer.command);
	EXPECT_NE(outer.init, outer.runner);
	EXPECT_NE(outer.init, outer.command);
	EXPECT_EQ(0, inner.runner);
	EXPECT_EQ(1, inner.init);
	EXPECT_EQ(2, inner.command);
}

/* As the documents' Go program: the command itself is the first process. */
TEST_F_TIMEOUT(minicontainer, command_can_be_init, NS_TIMEOUT)
{
	struct runner run;

	EXPECT_EQ(3, status_of(&run, "--no-init", "sh", "-c", "echo $$ $PPID; exit 3"));
	EXPECT_STREQ("1 0\n", run.said);
	EXPECT_STREQ("", run.errors);
}

TEST_F_TIMEOUT(minicontainer, exit_status_is_kept, NS_TIMEOUT)
{
	struct runner run;

	EXPECT_EQ(0, status_of(&run, "true"));
	EXPECT_EQ(42, status_of(&run, "sh", "-c", "exit 42"));
	EXPECT_EQ(128 + SIGTERM, status_of(&run, "sh", "-c", "kill -TERM $$"));
	EXPECT_EQ(128 + SIGKILL, status_of(&run, "sh", "-c", "kill -KILL $$"));
	EXPECT_EQ(125, status_of(&run, "-v", "/no/such/dir:/soft", "true"));
	EXPECT_EQ(126, status_of(&run, "/etc/passwd"));
	EXPECT_EQ(127, status_of(&run, "no-such-command"));
	EXPECT_STREQ(PROGRAM ": no-such-command: command not found\n", run.errors);
}

TEST_F_TIMEOUT(minicontainer, signal_reaches_command, NS_TIMEOUT)
{
	struct runner run;

	/* The command decides what to do. */
	ASSERT_EQ(0, start(&run, "sh", "-c",
			   "trap 'echo end; exit 7' TERM; echo go; sleep 1000 & wait"));
	runner_hear(&run, true);
	EXPECT_EQ(0, kill(run.pid, SIGTERM));
	EXPECT_EQ(7, runner_end(&run));
	EXPECT_STREQ("go\nend\n", run.said);
	/* It has the default action, unlike an init. */
	ASSERT_EQ(0, start(&run, "sh", "-c", "echo go; exec sleep 1000"));
	runner_hear(&run, true);
	EXPECT_EQ(0, kill(run.pid, SIGTERM));
	EXPECT_EQ(128 + SIGTERM, runner_end(&run));
}

TEST_F_TIMEOUT(minicontainer, init_reaps_orphans, NS_TIMEOUT)
{
	struct runner run;

	/* The shell within ends first; its child then has the init as parent. */
	EXPECT_EQ(0, status_of(&run, "sh", "-c",
			       "sh -c 'sleep 1000 >&2 & echo $! >/tmp/nr'; nr=$(cat /tmp/nr)\n"
			       "grep -q '^PPid:.1$' /proc/$nr/status && kill $nr || exit\n"
			       "while [ -e /proc/$nr ]; do sleep 0.01; done"));
	EXPECT_STREQ("", run.errors);
}

/* What is left is killed, or this waits for the end of a pipe. */
TEST_F_TIMEOUT(minicontainer, all_end_with_command, NS_TIMEOUT)
{
	struct runner run;

	EXPECT_EQ(0, status_of(&run, "sh", "-c", "setsid sleep 1000 & setsid sleep 1000 & :"));
	EXPECT_STREQ("", run.errors);
}

TEST_F_TIMEOUT(minicontainer, all_end_with_runner, NS_TIMEOUT)
{
	struct runner run;

	ASSERT_EQ(0, start(&run, "sh", "-c", "sleep 1000 & echo go; wait"));
	runner_hear(&run, true);
	EXPECT_STREQ("go\n", run.said);
	EXPECT_EQ(0, kill(run.pid, SIGKILL));
	EXPECT_EQ(-1, runner_end(&run));
}

/* docker run -v /test:/soft */
TEST_F_TIMEOUT(minicontainer, volume_is_seen_inside, NS_TIMEOUT)
{
	char option[96], path[96];
	struct runner run;

	snprintf(option, sizeof(option), "%s:/soft", self->volume);
	EXPECT_EQ(0, status_of(&run, "-v", option, "sh", "-c", "echo x >/soft/inside"));
	EXPECT_STREQ("", run.errors);
	snprintf(path, sizeof(path), "%s/inside", self->volume);
	EXPECT_EQ(0, access(path, F_OK));
	/* The mount point is the container's alone. */
	EXPECT_NE(0, access("/soft", F_OK));
	snprintf(option, sizeof(option), "%s:/soft:ro", self->volume);
	EXPECT_EQ(3, status_of(&run, "-v", option, "sh", "-c",
			       "cat /soft/inside; echo y 2>/dev/null >/soft/inside || exit 3"));
	EXPECT_STREQ("x\n", run.said);
}

/* One in the other, three times. */
TEST_F_TIMEOUT(minicontainer, nests, NS_TIMEOUT)
{
	struct row outer, inner = {};
	char option[96];
	struct runner run;
	const char *next;
	int level;

	snprintf(option, sizeof(option), "%s:/mc", self->dir);
	level = status_of(&run, "--verbose", "-v", option, "/mc/" PROGRAM,
			  "--verbose", "-v", "/mc:/mc", "/mc/" PROGRAM,
			  "--verbose", "sh", "-c", "echo $$");
	if (variant->root) {
		/* In root's container the machine's settings are covered, and so is /proc. */
		EXPECT_EQ(125, level);
		EXPECT_NE(NULL, strstr(run.errors, "mount /proc"));
		return;
	}
	ASSERT_EQ(0, level) {
		TH_LOG("%s", run.errors);
	}
	EXPECT_STREQ("2\n", run.said);
	next = run.errors;
	for (level = 0; level < 3; level++) {
		next = row_read(next, &outer);
		ASSERT_NE(0, !!next);
		if (level) {
			/* A runner is the command of the container around it. */
			EXPECT_EQ(inner.inum, outer.inum);
			EXPECT_EQ(inner.command, outer.runner);
		}
		next = row_read(next, &inner);
		ASSERT_NE(0, !!next);
		EXPECT_EQ(1, inner.init);
		EXPECT_EQ(2, inner.command);
	}
}

TEST_HARNESS_MAIN
