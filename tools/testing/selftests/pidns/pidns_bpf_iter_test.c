// SPDX-License-Identifier: GPL-2.0
/*
 * BPF's iterator over tasks: it shows those of its creator's namespace, in the
 * order of their numbers there.
 */
#include <linux/bpf.h>
#include <linux/btf.h>

#define PIDNS_OF_THE_MACHINE
#include "pidns_reap_util.h"

#define BTF_FILE "/sys/kernel/btf/vmlinux"

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	int ret = syscall(__NR_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

/* The size of what follows a type. */
static size_t btf_extra(const struct btf_type *type)
{
	size_t vlen = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return vlen * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return vlen * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return vlen * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return vlen * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return vlen * sizeof(struct btf_var_secinfo);
	}
	return 0;
}

/* The offset of a member, in bytes, 0 if there is none. */
static int btf_member_offset(const struct btf_type *type, const char *names, const char *name)
{
	const struct btf_member *member = (const void *)(type + 1);
	int i;

	for (i = 0; i < BTF_INFO_VLEN(type->info); i++)
		if (!strcmp(names + member[i].name_off, name))
			return BTF_MEMBER_BIT_OFFSET(member[i].offset) / 8;
	return 0;
}

/* The BTF id of the iterator's hook, and the offset of task_struct's pid. */
static bool btf_find(int *iter, int *pid_offset)
{
	int fd = open(BTF_FILE, O_RDONLY | O_CLOEXEC), id;
	const struct btf_header *head;
	const char *names, *at, *end;
	const struct btf_type *type;
	size_t size = 0;
	ssize_t more;
	char *data;

	/* Its size is not the same everywhere, and seldom more than a few MiB. */
	data = mmap(NULL, 1 << 28, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fd < 0 || data == MAP_FAILED)
		return false;
	while ((more = read(fd, data + size, 1 << 20)) > 0)
		size += more;
	close(fd);
	head = (const void *)data;
	if (size < sizeof(*head) || head->magic != BTF_MAGIC)
		return false;
	names = data + head->hdr_len + head->str_off;
	at = data + head->hdr_len + head->type_off;
	end = at + head->type_len;
	*iter = 0;
	*pid_offset = 0;
	for (id = 1; at < end; id++) {
		type = (const void *)at;
		if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    !strcmp(names + type->name_off, "bpf_iter_task"))
			*iter = id;
		if (BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT &&
		    !strcmp(names + type->name_off, "task_struct"))
			*pid_offset = btf_member_offset(type, names, "pid");
		at += sizeof(*type) + btf_extra(type);
	}
	munmap(data, 1 << 28);
	return *iter && *pid_offset;
}

#define INSN(_code, _dst, _src, _off, _imm)				\
	((struct bpf_insn){						\
		.code = (_code), .dst_reg = (_dst), .src_reg = (_src),	\
		.off = (_off), .imm = (_imm),				\
	})
#define LOAD(size, dst, src, off) INSN(BPF_LDX | (size) | BPF_MEM, dst, src, off, 0)
#define MOVE(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, imm) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)

/* A program that writes the initial namespace's number of each task. */
static int prog_load(int iter, int pid_offset)
{
	struct bpf_insn insns[] = {
		LOAD(BPF_DW, BPF_REG_7, BPF_REG_1, 8),		/* ctx->task */
		LOAD(BPF_DW, BPF_REG_6, BPF_REG_1, 0),		/* ctx->meta */
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 7, 0),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_6, 0),		/* meta->seq */
		LOAD(BPF_W, BPF_REG_0, BPF_REG_7, pid_offset),
		INSN(BPF_STX | BPF_W | BPF_MEM, BPF_REG_10, BPF_REG_0, -8, 0),
		MOVE(BPF_REG_2, BPF_REG_10),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -8),
		SET(BPF_REG_3, sizeof(__u32)),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_seq_write),
		SET(BPF_REG_0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_ITER,
		.attach_btf_id = iter,
		.insns = ptr_to_u64(insns),
		.insn_cnt = ARRAY_SIZE(insns),
		.license = ptr_to_u64("GPL"),
	};

	return sys_bpf(BPF_PROG_LOAD, &attr);
}

/* The numbers of all tasks, or of the one with @tid; returns how many, at most @max. */
static int tasks_read(int prog, pid_t tid, __u32 *nr, int max)
{
	union bpf_iter_link_info info = { .task.tid = tid };
	union bpf_attr create = {
		.link_create.prog_fd = prog,
		.link_create.attach_type = BPF_TRACE_ITER,
		.link_create.iter_info = tid ? ptr_to_u64(&info) : 0,
		.link_create.iter_info_len = tid ? sizeof(info) : 0,
	};
	int link = sys_bpf(BPF_LINK_CREATE, &create), fd, count = 0;
	union bpf_attr iter = { .iter_create.link_fd = link };

	if (link < 0)
		return link;
	fd = sys_bpf(BPF_ITER_CREATE, &iter);
	close(link);
	if (fd < 0)
		return fd;
	while (count < max && read(fd, &nr[count], sizeof(*nr)) == sizeof(*nr))
		count++;
	close(fd);
	return count;
}

static void *thread_rest(void *arg)
{
	rest_forever();
}

TEST_F_TIMEOUT(pidns, tasks_of_readers_namespace, NS_TIMEOUT)
{
	int iter, pid_offset, prog, i;
	__u32 want[3], nr[8];
	struct kid kid;

	if (access(BTF_FILE, R_OK))
		SKIP(return, "no BTF (CONFIG_DEBUG_INFO_BTF)");
	ASSERT_TRUE(btf_find(&iter, &pid_offset));
	prog = prog_load(iter, pid_offset);
	ASSERT_LE(0, prog);
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		pthread_t thread;

		ASSERT_EQ(0, pthread_create(&thread, NULL, thread_rest, NULL));
		ASSERT_EQ(3, fork_resting(0, NULL));
		kid_tell(&kid, 0);
		kid_hear(&kid);
		read_nointr(kid.sk, want, sizeof(want));
		/* In the order of their numbers here. */
		EXPECT_EQ(3, tasks_read(prog, 0, nr, ARRAY_SIZE(nr)));
		for (i = 0; i < ARRAY_SIZE(want); i++)
			EXPECT_EQ(want[i], nr[i]);
		/* One by its number here. */
		EXPECT_EQ(1, tasks_read(prog, 2, nr, ARRAY_SIZE(nr)));
		EXPECT_EQ(want[1], nr[0]);
		EXPECT_EQ(0, tasks_read(prog, 77, nr, ARRAY_SIZE(nr)));
		kid_rest(&kid);
	}
	ASSERT_EQ(0, kid_hear(&kid));
	for (i = 0; i < ARRAY_SIZE(want); i++)
		want[i] = pid_from(kid.pid, i + 1);
	EXPECT_EQ(kid.pid, want[0]);
	kid_tell(&kid, 0);
	send(kid.sk, want, sizeof(want), MSG_NOSIGNAL);
	EXPECT_EQ(0, kid_hear(&kid));
	/* Here they are as well, by their numbers here. */
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		EXPECT_EQ(1, tasks_read(prog, want[i], nr, ARRAY_SIZE(nr)));
		EXPECT_EQ(want[i], nr[0]);
	}
	kid_stop(&kid);
	close(prog);
}

TEST_HARNESS_MAIN
