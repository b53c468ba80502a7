/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file served by the test itself by FUSE. Closing it sends a request and
 * waits for the answer, so a task can be held in the middle of its exit.
 */
#ifndef __PIDNS_FUSE_UTIL_H
#define __PIDNS_FUSE_UTIL_H

#include <linux/fuse.h>
#include <sys/uio.h>

#include "nsproxy_util.h"

struct fuse_file {
	char path[32];
	int dev;
};

/* A request of the kernel; the first one is the longest. */
struct fuse_request {
	struct fuse_in_header head;
	char args[FUSE_MIN_READ_BUFFER];
};

static inline bool fuse_answer(struct fuse_file *file, const struct fuse_request *request,
			       int error, const void *out, size_t size)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + size,
		.error = error,
		.unique = request->head.unique,
	};
	struct iovec iov[] = {
		{ &head, sizeof(head) },
		{ (void *)out, size },
	};

	return writev(file->dev, iov, ARRAY_SIZE(iov)) == (ssize_t)head.len;
}

/* Wait for a request with @opcode; refuse all others. */
static inline bool fuse_await(struct fuse_file *file, unsigned int opcode,
			      struct fuse_request *request)
{
	for (;;) {
		ssize_t size = read(file->dev, request, sizeof(*request));

		if (size < (ssize_t)sizeof(request->head))
			return false;
		if (request->head.opcode == opcode)
			return true;
		if (!fuse_answer(file, request, -EOPNOTSUPP, NULL, 0))
			return false;
	}
}

/* Let the next open of the file succeed. */
static inline bool fuse_serve_open(struct fuse_file *file)
{
	const struct fuse_open_out out = {};
	struct fuse_request request;

	return fuse_await(file, FUSE_OPEN, &request) &&
	       fuse_answer(file, &request, 0, &out, sizeof(out));
}

/*
 * Needs a mount namespace of its own. The file system is a single file, mounted
 * over another.
 */
static inline bool fuse_mount(struct fuse_file *file)
{
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096,
	};
	struct fuse_request request;
	char options[80];
	int fd;

	strcpy(file->path, "/tmp/pidns-fuse-XXXXXX");
	fd = mkstemp(file->path);
	if (fd < 0)
		return false;
	close(fd);
	file->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0",
		 file->dev, S_IFREG);
	return file->dev >= 0 && !mount("pidns", file->path, "fuse", 0, options) &&
	       fuse_await(file, FUSE_INIT, &request) &&
	       fuse_answer(file, &request, 0, &init, sizeof(init));
}

static inline void fuse_unmount(struct fuse_file *file)
{
	umount2(file->path, MNT_DETACH);
	close(file->dev);
	unlink(file->path);
}

#endif /* __PIDNS_FUSE_UTIL_H */
