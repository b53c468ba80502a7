/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracing instance of a test's own, and the lines of events in it.
 */
#ifndef __PIDNS_TRACE_UTIL_H
#define __PIDNS_TRACE_UTIL_H

#include "nsproxy_util.h"

#define TRACE_TEXT 0x100000

/* The directory of the instance, and the text of its buffer. */
struct trace {
	int root;
	int dir;
	struct kid keeper;
	char name[32];
	char enable[64];
	char text[TRACE_TEXT];
};

static inline int trace_write(const struct trace *trace, const char *path, const char *value)
{
	int fd = openat(trace->dir, path, O_WRONLY | O_TRUNC | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/*
 * Enable @events, a system or one of its events, in a new tracing instance of a detached tracefs
 * mount. Returns why that failed, or NULL.
 */
static inline const char *trace_begin(struct trace *trace, const char *events)
{
	trace->dir = -1;
	trace->root = fs_root("tracefs");
	if (trace->root < 0)
		return "no tracefs: the kernel has no tracers";
	snprintf(trace->enable, sizeof(trace->enable), "events/%s/enable", events);
	if (faccessat(trace->root, trace->enable, F_OK, 0))
		return "no such events: C's PID namespaces have no tracepoints";
	snprintf(trace->name, sizeof(trace->name), "instances/pidns-%d", getpid());
	if (mkdirat(trace->root, trace->name, 0700))
		return "no tracing instance";
	trace->dir = openat(trace->root, trace->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!keeper_start(&trace->keeper)) {
		trace_write(trace, trace->enable, "0");
		close(trace->dir);
		_exit(!!unlinkat(trace->root, trace->name, AT_REMOVEDIR));
	}
	if (trace->keeper.pid < 0)
		return "no keeper";
	/* sched_clock() of User Mode Linux counts jiffies: order events of CPUs by a counter. */
	if (trace_write(trace, "trace_clock", "counter"))
		return "no counter clock";
	if (trace_write(trace, trace->enable, "1"))
		return "the events cannot be enabled";
	return NULL;
}

static inline void trace_end(struct trace *trace)
{
	close(trace->dir);
	keeper_end(&trace->keeper);
	close(trace->root);
}

static inline void trace_read(struct trace *trace)
{
	int fd = openat(trace->dir, "trace", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t nr;

	do {
		nr = read(fd, trace->text + len, TRACE_TEXT - 1 - len);
		len += nr > 0 ? nr : 0;
	} while (nr > 0);
	trace->text[len] = 0;
	close(fd);
}

/* The value of "key=" in an event, or NULL. */
static inline const char *event_value(const char *event, const char *key)
{
	size_t len = strlen(key);
	const char *at = event;

	while (at && *at && *at != '\n') {
		if (!strncmp(at, key, len) && at[len] == '=')
			return at + len + 1;
		at = strpbrk(at, "\n ");
		if (at && *at == ' ')
			at++;
	}
	return NULL;
}

/* Such a number, -1 if there is none. */
static inline long long event_number(const char *event, const char *key)
{
	const char *value = event ? event_value(event, key) : NULL;

	return value ? strtoll(value, NULL, 0) : -1;
}

/* Whether such a value is the word @want. */
static inline bool event_is(const char *event, const char *key, const char *want)
{
	const char *value = event ? event_value(event, key) : NULL;
	size_t len = strlen(want);

	return value && !strncmp(value, want, len) && strchr("\n ", value[len]);
}

/* The first event @name at or after @at, NULL if there is none. */
static inline const char *event_next(const char *at, const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), ": %s: ", name);
	at = strstr(at, word);
	return at ? at + strlen(word) : NULL;
}

/* The last event @name in what was read, with @key=@value; NULL if there is none. */
static inline const char *event_find(const struct trace *trace, const char *name,
				     const char *key, long long value)
{
	const char *at = trace->text, *found = NULL;

	while ((at = event_next(at, name)))
		if (event_number(at, key) == value)
			found = at;
	return found;
}

/* How many events @name with @key=@want there are now. */
static inline int event_count(struct trace *trace, const char *name, const char *key,
			      const char *want)
{
	const char *at = trace->text;
	int count = 0;

	trace_read(trace);
	while ((at = event_next(at, name)))
		count += event_is(at, key, want);
	return count;
}

/* Like event_find(), after reading the trace again. */
static inline const char *event_now(struct trace *trace, const char *name,
				    const char *key, long long value)
{
	trace_read(trace);
	return event_find(trace, name, key, value);
}

/* Whether a value is "A:B". */
static inline bool event_pair(const char *event, const char *key, __u64 a, __u64 b)
{
	char want[64];

	snprintf(want, sizeof(want), "%llu:%llu", (unsigned long long)a, (unsigned long long)b);
	return event_is(event, key, want);
}

#endif /* __PIDNS_TRACE_UTIL_H */
