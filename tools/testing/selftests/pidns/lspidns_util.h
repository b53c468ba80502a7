/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lspidns, run by a test; it is looked for in the PATH.
 */
#ifndef __PIDNS_LSPIDNS_UTIL_H
#define __PIDNS_LSPIDNS_UTIL_H

#include <limits.h>
#include <stdarg.h>

#define PIDNS_OWN_FIXTURE
#include "pidns_reap_util.h"

/* What lspidns has printed, errors included. */
static char said[16384];

/* The tool, opened while its folder may be reached; -1 if it is not installed. */
static inline int tool_open(void)
{
	const char *path = getenv("PATH") ?: "";
	char file[PATH_MAX];
	int len, fd = -1;

	for (; *path && fd < 0; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/lspidns", len, path);
		fd = open(file, O_PATH | O_CLOEXEC);
	}
	return fd;
}

/* Start it, as root or as nobody; what it prints is read from @from. */
static inline pid_t tool_start(int fd, bool root, char *line, int *from)
{
	char *words[16] = { "lspidns" };
	int out[2], nr = 1;
	pid_t pid;

	while (nr < 15 && (words[nr] = strsep(&line, " ")))
		nr++;
	if (pipe(out))
		return -errno;
	pid = fork();
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		close(out[0]);
		if (root || !nobody_become())
			execveat(fd, "", words, environ, AT_EMPTY_PATH);
		_exit(127);
	}
	close(out[1]);
	*from = out[0];
	return pid;
}

/* Read all that it prints. Returns its exit status. */
static inline int tool_finish(pid_t pid, int from)
{
	size_t len = 0;
	ssize_t got;
	int status;

	if (pid < 0)
		return pid;
	while (len < sizeof(said) - 1) {
		got = read_nointr(from, said + len, sizeof(said) - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	said[len] = 0;
	close(from);
	status = wait_status(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int __printf(3, 4) tool(int fd, bool root, const char *fmt, ...)
{
	char line[256];
	va_list args;
	pid_t pid;
	int from;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	pid = tool_start(fd, root, line, &from);
	return tool_finish(pid, from);
}

/* Whether it has printed a line with this in it. */
static inline bool __printf(1, 2) has(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return strstr(said, text);
}

/* The same; if not, what it has printed is logged. */
#define says(...) (has(__VA_ARGS__) || !printf("# it says: %s\n", said))

FIXTURE(lspidns) {
	int fd;
};

FIXTURE_SETUP(lspidns)
{
	if (geteuid())
		SKIP(return, "needs root");
	self->fd = tool_open();
	if (self->fd < 0)
		SKIP(return, "no lspidns in the PATH (make lspidns)");
	ASSERT_EQ(0, own_enter(false));
}

FIXTURE_TEARDOWN(lspidns)
{
}

#endif /* __PIDNS_LSPIDNS_UTIL_H */
