// SPDX-License-Identifier: GPL-2.0
/*
 * Made by pidns-fuzz. Build it with "cc -static", run it as root. The steps are
 * at the end, each by one task, one after the other. This part gives each task a
 * process or thread, numbers as others see them, and files that all can use.
 */
#pragma GCC diagnostic ignored "-Wunused-variable"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARED_FD 98
#define PROC_FD 99
#define FILE_FD 200
#define MAX_DEPTH 33

static struct shared {
	int step, acted, born, from[TASKS];
	int depth[TASKS], number[TASKS][MAX_DEPTH];
} *shared;

static int load(int *field)
{
	return __atomic_load_n(field, __ATOMIC_SEQ_CST);
}

static void store(int *field, int value)
{
	__atomic_store_n(field, value, __ATOMIC_SEQ_CST);
}

static void (*const body[])(void);
static char out[16384];
static long r[8];

/* Whether it is this task's turn; waits for it. */
static int at(int me, int step)
{
	if (step < load(&shared->from[me]))
		return 0;
	while (load(&shared->step) < step)
		usleep(200);
	return load(&shared->step) == step;
}

static void done(int step)
{
	store(&shared->acted, step);
}

/* Gives whose step it is a second, and what it sets off a moment. */
static void turn(int step)
{
	int i;

	store(&shared->step, step);
	for (i = 0; i < 1000 && load(&shared->acted) != step; i++)
		usleep(1000);
	usleep(30000);
}

static long say(int me, int step, const char *what, long result)
{
	if (result < 0)
		dprintf(1, "%3d task %d: %s: %s\n", step, me, what, strerrorname_np(errno));
	else
		dprintf(1, "%3d task %d: %s: %ld\n", step, me, what, result);
	return result;
}

/* The number of a task as another sees it. */
static int nr(int me, int task)
{
	int depth = shared->depth[me];

	if (depth > shared->depth[task])
		depth = shared->depth[task];
	return shared->number[task][depth];
}

static int outer(int task)
{
	return shared->number[task][0];
}

static const char *path(int number, const char *rest)
{
	static char text[64];

	snprintf(text, sizeof(text), "%d%s", number, rest);
	return text;
}

static void *fill(const char *bytes, size_t len)
{
	return memcpy(out, bytes, len);
}

/* Files are kept in sockets, where every task can look at them. */
static void keep(int file, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec part = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	if (fd < 0)
		return;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	sendmsg(FILE_FD + 2 * file, &message, 0);
	close(fd);
}

static int get(int file, int flags)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(FILE_FD + 2 * file + 1, &message, flags | MSG_DONTWAIT) == 1)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static int fd(int file)
{
	return get(file, MSG_PEEK);
}

static int plain(void)
{
	return dup(SHARED_FD);
}

static void begin(long me)
{
	int file = openat(PROC_FD, "thread-self/status", O_RDONLY);
	char text[4096] = {}, *word;
	int depth = 0;

	if (read(file, text, sizeof(text) - 1) < 0)
		_exit(1);
	close(file);
	word = strstr(text, "NSpid:") + 6;
	for (; *word == '\t'; depth++)
		shared->number[me][depth] = strtol(word + 1, &word, 10);
	shared->depth[me] = depth - 1;
	store(&shared->born, me);
	body[me]();
	for (;;)
		pause();
}

static long make(long child, unsigned long long flags, int signal, const int *tids, int count,
		 int file)
{
	int pidfd[] = { -1 }, i;
	struct clone_args args = {
		.flags = flags, .exit_signal = signal, .pidfd = (unsigned long)pidfd,
		.set_tid = (unsigned long)tids, .set_tid_size = count,
	};
	register void *entry asm("r12") = begin;
	long result;

	if (flags & CLONE_VM) {
		args.stack_size = 1 << 17;
		args.stack = (size_t)mmap(NULL, args.stack_size, PROT_READ | PROT_WRITE,
						 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	asm volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tand $-16, %%rsp\n\t"
		     "mov %%rbx, %%rdi\n\tcall *%%r12\n1:"
		     : "=a"(result)
		     : "a"(SYS_clone3), "D"(&args), "S"(sizeof(args)), "b"(child), "r"(entry)
		     : "rcx", "r11", "memory");
	if (result < 0) {
		errno = -result;
		return -1;
	}
	for (i = 0; i < 1000 && load(&shared->born) != child; i++)
		usleep(1000);
	keep(file, pidfd[0]);
	return result;
}

static long start_anew(int me, int step)
{
	char text[8];

	snprintf(text, sizeof(text), "%d", me);
	store(&shared->from[me], step + 1);
	return execl("/proc/self/exe", "again", text, NULL);
}

static void *caps_without(int capability)
{
	static struct __user_cap_data_struct data[2];
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	int i = capability / 32;

	syscall(SYS_capget, &header, data);
	data[i].effective &= ~(1u << capability % 32);
	data[i].permitted &= ~(1u << capability % 32);
	data[0].inheritable = 0;
	data[1].inheritable = 0;
	return data;
}

/* What is of interest in /proc/PID/status. */
static void show(char *text)
{
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!strncmp(line, "State", 5) || !strncmp(line, "PPid", 4) ||
		    !strncmp(line, "NS", 2))
			dprintf(1, "    %s", line);
	dprintf(1, "\n");
}

/* All processes, as the outermost /proc shows them. */
static void look(void)
{
	char text[4096];
	struct dirent *entry;
	DIR *folder = opendir("/proc");
	int file;

	while ((entry = readdir(folder))) {
		if (atoi(entry->d_name) < 2)
			continue;
		snprintf(text, sizeof(text), "/proc/%s/status", entry->d_name);
		file = open(text, O_RDONLY);
		memset(text, 0, sizeof(text));
		if (read(file, text, sizeof(text) - 1) < 0)
			text[0] = 0;
		close(file);
		show(text);
	}
	closedir(folder);
}

static void drive(void);

static void enter(int ready)
{
	int i, pair[2];
	char byte;

	if (read(ready, &byte, 1) != 1 || setresgid(0, 0, 0) || setresuid(0, 0, 0) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL)) {
		perror("entering the namespaces");
		_exit(1);
	}
	dup2(open("/proc", O_RDONLY), PROC_FD);
	for (i = 0; i < FILES; i++) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
		dup2(pair[0], FILE_FD + 2 * i);
		dup2(pair[1], FILE_FD + 2 * i + 1);
		close(pair[0]);
		close(pair[1]);
	}
	setsid();
	execl("/proc/self/exe", "again", "0", NULL);
	_exit(1);
}

int main(int argc, char **argv)
{
	static const char *const maps[] = { "gid_map", "uid_map" };
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC |
			 CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME,
		.exit_signal = SIGCHLD,
	};
	int ready[2], child, i;
	char name[64];

	if (argc == 1 && dup2(memfd_create("shared", 0), SHARED_FD) < 0)
		return 1;
	if (argc == 1 && (ftruncate(SHARED_FD, sizeof(*shared)) || pipe(ready)))
		return 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, SHARED_FD, 0);
	if (argc > 1 && atoi(argv[1]))
		begin(atoi(argv[1]));
	if (argc > 1) {
		shared->number[0][0] = 1;
		drive();
		return 0;
	}
	store(&shared->step, -1);
	child = syscall(SYS_clone3, &args, sizeof(args));
	if (!child)
		enter(ready[0]);
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "/proc/%d/%s", child, maps[i]);
		dprintf(open(name, O_WRONLY), "0 0 1\n1 100001 65535");
	}
	dprintf(ready[1], "!");
	waitpid(child, NULL, 0);
	return 0;
}

