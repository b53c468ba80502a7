// SPDX-License-Identifier: GPL-2.0
/*
 * A livepatch of find_get_pid() that does what it did, and counts the calls.
 */

#include <linux/atomic.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>

static atomic_t calls = ATOMIC_INIT(0);

static struct pid *counted_find_get_pid(pid_t nr)
{
	atomic_inc(&calls);
	guard(rcu)();
	return get_pid(find_vpid(nr));
}

static struct klp_func funcs[] = {
	{ .old_name = "find_get_pid", .new_func = counted_find_get_pid },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = funcs }, /* of vmlinux */
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int calls_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&calls));
}

static const struct kernel_param_ops calls_ops = { .get = calls_get };

module_param_cb(calls, &calls_ops, NULL, 0444);
MODULE_PARM_DESC(calls, "How often the patched function was called");

static int __init pidns_livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit pidns_livepatch_exit(void)
{
}

module_init(pidns_livepatch_init);
module_exit(pidns_livepatch_exit);

MODULE_DESCRIPTION("A livepatch of find_get_pid() that counts its calls");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
