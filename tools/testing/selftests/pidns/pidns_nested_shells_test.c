// SPDX-License-Identifier: GPL-2.0
/*
 * A walk through nested PID namespaces with common tools: one terminal nests
 * three of them with unshare, the other looks at them from outside and joins
 * the first with nsenter.
 */
#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

#define UNSHARE "unshare --uts --pid --mount --fork --mount-proc /bin/bash"

/* Printed after the output of each command. */
#define MARK "end-of-the-command"

#define MAX_OUT 16384

/* A shell, and the pipes of its commands and its output. */
struct terminal {
	pid_t pid;
	int in, out;
	char text[MAX_OUT];	/* the output of the last command */
};

static int terminal_open(struct terminal *term)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return -errno;
	term->pid = fork();
	if (!term->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		setenv("LC_ALL", "C", 1);
		setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
		execl("/bin/bash", "bash", "--norc", "--noprofile", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	term->in = in[1];
	term->out = out[0];
	return term->pid < 0 ? -errno : 0;
}

static void terminal_close(struct terminal *term)
{
	close(term->in);
	kill(term->pid, SIGKILL);
	wait_status(term->pid);
	close(term->out);
}

/* Type a command; @text gets its output, up to the mark. Returns false at end of file. */
static bool terminal_run(struct terminal *term, const char *fmt, ...)
{
	char line[512], *mark;
	size_t len = 0;
	va_list args;
	ssize_t got;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	n += snprintf(line + n, sizeof(line) - n, "\necho " MARK "\n");
	if (write_nointr(term->in, line, n) != n)
		return false;
	while (len < sizeof(term->text) - 1) {
		got = read_nointr(term->out, term->text + len, sizeof(term->text) - 1 - len);
		if (got <= 0)
			return false;
		len += got;
		term->text[len] = 0;
		mark = strstr(term->text, MARK "\n");
		if (mark) {
			*mark = 0;
			return true;
		}
	}
	return false;
}

/* The output of a command, without the last newline. */
static const char *terminal_line(struct terminal *term)
{
	size_t len = strlen(term->text);

	if (len && term->text[len - 1] == '\n')
		term->text[len - 1] = 0;
	return term->text;
}

/* The number of the only child, in the test's /proc. */
static pid_t only_child(pid_t pid)
{
	char path[64];
	int nr[2];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	return file_numbers(path, "", nr, 2) == 1 ? nr[0] : -1;
}

static const char * const tools[] = { "unshare", "nsenter", "hostname", "pstree", "ps" };

#define LEVELS 3

FIXTURE(document) {
	struct terminal first, second;
	char outer[64];			/* the link of the namespace around all */
	char link[LEVELS][64];		/* of h1, h2, h3 */
	pid_t pid[LEVELS];		/* their shells, from outside */
};

FIXTURE_SETUP(document)
{
	int i;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, terminal_open(&self->first));
	ASSERT_EQ(0, terminal_open(&self->second));
	for (i = 0; i < ARRAY_SIZE(tools); i++) {
		ASSERT_TRUE(terminal_run(&self->first, "type -P %s", tools[i]));
		if (!*self->first.text)
			SKIP(return, "no %s here", tools[i]);
	}
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	/* The first terminal: three namespaces, each with a hostname and a /proc. */
	ASSERT_TRUE(terminal_run(&self->first, "readlink /proc/$$/ns/pid"));
	snprintf(self->outer, sizeof(self->outer), "%s", terminal_line(&self->first));
	for (i = 0; i < LEVELS; i++) {
		/* The mark then comes from the inner shell, which continues to read. */
		ASSERT_TRUE(terminal_run(&self->first, UNSHARE));
		ASSERT_TRUE(terminal_run(&self->first, "hostname -b h%d && exec bash", i + 1));
		ASSERT_TRUE(terminal_run(&self->first, "readlink /proc/$$/ns/pid"));
		snprintf(self->link[i], sizeof(self->link[i]), "%s", terminal_line(&self->first));
		self->pid[i] = only_child(only_child(i ? self->pid[i - 1] : self->first.pid));
		ASSERT_LT(0, self->pid[i]);
	}
}

FIXTURE_TEARDOWN(document)
{
	terminal_close(&self->first);
	terminal_close(&self->second);
}

/* In the innermost shell: it is PID 1, and sees nobody else. */
TEST_F_TIMEOUT(document, innermost_shell_is_alone, NS_TIMEOUT)
{
	struct terminal *term = &self->first;
	int nr, pstree, len = 0;

	ASSERT_TRUE(terminal_run(term, "echo $$"));
	EXPECT_STREQ("1", terminal_line(term));
	ASSERT_TRUE(terminal_run(term, "hostname"));
	EXPECT_STREQ("h3", terminal_line(term));
	/* Not in a pipeline, whose processes may or may not be there. */
	ASSERT_TRUE(terminal_run(term, "pstree -p"));
	nr = sscanf(terminal_line(term), "bash(1)---pstree(%d)%n", &pstree, &len);
	EXPECT_EQ(1, nr);
	EXPECT_EQ(strlen(term->text), len);
	ASSERT_TRUE(terminal_run(term, "ps -e -o pid=,ppid=,comm= | head -n 1 | xargs"));
	EXPECT_STREQ("1 0 bash", terminal_line(term));
	ASSERT_TRUE(terminal_run(term, "ls -d /proc/[0-9]* | sort | head -n 1"));
	EXPECT_STREQ("/proc/1", terminal_line(term));
}

/* From outside: four namespaces, and four numbers of the innermost. */
TEST_F_TIMEOUT(document, outside_sees_four_numbers, NS_TIMEOUT)
{
	struct terminal *term = &self->second;
	int nr[MAX_LEVELS], count, len, i;
	char want[256];

	EXPECT_STRNE(self->outer, self->link[0]);
	EXPECT_STRNE(self->link[0], self->link[1]);
	EXPECT_STRNE(self->link[1], self->link[2]);
	EXPECT_STRNE(self->link[0], self->link[2]);
	for (i = 0; i < LEVELS; i++) {
		ASSERT_TRUE(terminal_run(term, "readlink /proc/%d/ns/pid", self->pid[i]));
		EXPECT_STREQ(self->link[i], terminal_line(term));
	}
	ASSERT_TRUE(terminal_run(term, "pstree -pl %d", self->first.pid));
	len = snprintf(want, sizeof(want), "bash(%d)", self->first.pid);
	for (i = 0; i < LEVELS; i++)
		len += snprintf(want + len, sizeof(want) - len, "---unshare(%d)---bash(%d)",
				task_ppid(self->pid[i]), self->pid[i]);
	EXPECT_STREQ(want, terminal_line(term));
	/* "NSpid: 2879 45 23 1", if the test itself is in the initial namespace. */
	count = task_numbers(self->pid[2], "NSpid:", nr);
	EXPECT_EQ(task_numbers(getpid(), "NSpid:", nr) + LEVELS, count);
	task_numbers(self->pid[2], "NSpid:", nr);
	EXPECT_EQ(self->pid[2], nr[0]);
	EXPECT_EQ(1, nr[count - 1]);
	EXPECT_LT(1, nr[count - 2]);
	EXPECT_LT(nr[count - 2], nr[count - 3]);
	ASSERT_TRUE(terminal_run(term, "grep NSpid /proc/%d/status | wc -w", self->pid[2]));
	EXPECT_EQ(count + 1, atoi(term->text));
}

/* nsenter into h1 shows the two inside, with h1's numbers. */
TEST_F_TIMEOUT(document, nsenter_joins_the_first, NS_TIMEOUT)
{
	int nr[MAX_LEVELS], count = task_numbers(self->pid[2], "NSpid:", nr);
	struct terminal *term = &self->second;
	char want[64];
	pid_t inner = nr[count - 3];	/* h3's shell in h1 */

	ASSERT_TRUE(terminal_run(term, "nsenter --uts --mount --pid -t %d /bin/bash",
				 self->pid[0]));
	ASSERT_TRUE(terminal_run(term, "hostname"));
	EXPECT_STREQ("h1", terminal_line(term));
	ASSERT_TRUE(terminal_run(term, "readlink /proc/$$/ns/pid"));
	EXPECT_STREQ(self->link[0], terminal_line(term));
	/* Its parent is outside, so it is 0 here. */
	ASSERT_TRUE(terminal_run(term, "echo $PPID"));
	EXPECT_STREQ("0", terminal_line(term));
	/*
	 * A pattern that the grep process itself does not match. And not ps
	 * -ef, whose STIME column needs fields that not every /proc/cpuinfo
	 * has.
	 */
	ASSERT_TRUE(terminal_run(term, "ps -e -o user,args | grep -c '^root .*[u]nshare --uts'"));
	EXPECT_EQ(2, atoi(term->text));
	ASSERT_TRUE(terminal_run(term, "ps -o ppid= -p $$ | xargs"));
	EXPECT_STREQ("0", terminal_line(term));
	ASSERT_TRUE(terminal_run(term, "ps -o ppid=,comm= -p 1 | xargs"));
	EXPECT_STREQ("0 bash", terminal_line(term));
	ASSERT_TRUE(terminal_run(term, "pstree -pl 1"));
	snprintf(want, sizeof(want), "---bash(%d)", inner);
	EXPECT_EQ(0, strncmp(term->text, "bash(1)---unshare(", 18));
	EXPECT_NE(0, !!strstr(term->text, want));

	/*
	 * An init ignores signals that it does not handle. (An interactive
	 * shell ignores SIGTERM anyway, so this alone proves nothing.)
	 */
	ASSERT_TRUE(terminal_run(term, "kill %d; echo $?", inner));
	EXPECT_STREQ("0", terminal_line(term));
	ASSERT_TRUE(terminal_run(&self->first, "hostname"));
	EXPECT_STREQ("h3", terminal_line(&self->first));
	/* SIGKILL from an ancestor always acts: back in h2. */
	ASSERT_TRUE(terminal_run(term, "kill -KILL %d; echo $?", inner));
	EXPECT_STREQ("0", terminal_line(term));
	EXPECT_TRUE(eventually(task_state(self->pid[2]) == 0));
	ASSERT_TRUE(terminal_run(&self->first, "hostname"));
	/* The outer shell reports that the inner one was killed. */
	EXPECT_NE(0, !!strstr(self->first.text, "h2"));
	ASSERT_TRUE(terminal_run(&self->first, "readlink /proc/$$/ns/pid"));
	EXPECT_STREQ(self->link[1], terminal_line(&self->first));
	/* With the init of h1 all in it die, including the process that joined. */
	kill(self->pid[0], SIGKILL);
	EXPECT_TRUE(eventually(task_state(self->pid[1]) == 0 && task_state(self->pid[0]) == 0));
	ASSERT_TRUE(terminal_run(&self->first, "readlink /proc/$$/ns/pid"));
	EXPECT_NE(0, !!strstr(self->first.text, self->outer));
	ASSERT_TRUE(terminal_run(&self->second, "readlink /proc/$$/ns/pid"));
	EXPECT_NE(0, !!strstr(self->second.text, self->outer));
}

/* Look for a process called sleep. True if there is one, or if the terminal is closed. */
static bool find_sleep(struct terminal *term)
{
	return !terminal_run(term, "ps -e -o ppid=,comm= | grep sleep | xargs") ||
	       strstr(term->text, "sleep");
}

/* An orphan goes to the first process of the namespace. */
TEST_F_TIMEOUT(document, orphan_goes_to_shell, NS_TIMEOUT)
{
	struct terminal *term = &self->first;

	ASSERT_TRUE(terminal_run(term, "(sleep 1000 > /dev/null &)"));
	/* It is orphaned at once, and has this name after exec. */
	EXPECT_TRUE(eventually(find_sleep(term)));
	EXPECT_STREQ("1 sleep", terminal_line(term));
}

TEST_HARNESS_MAIN
