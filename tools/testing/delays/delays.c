// SPDX-License-Identifier: GPL-2.0
/*
 * The number of the point that is slow, or 0; how slow, in microseconds; and n, if
 * it is slow on every nth passage only. Only in the kernel of make delays.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/moduleparam.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pidns."

static int point;
static unsigned int us, every = 1;

/* How often a task has passed the point, and how often it was slow there. */
static atomic_t passed, delays;

void pidns_delay(int number, bool sleeps)
{
	unsigned int left = READ_ONCE(us);

	if (likely(READ_ONCE(point) != number))
		return;
	if ((unsigned int)atomic_inc_return(&passed) % max(READ_ONCE(every), 1U))
		return;
	atomic_inc(&delays);
	if (sleeps) {
		usleep_range(left, left + left / 2);
		return;
	}
	mdelay(left / 1000);
	udelay(left % 1000);
}
EXPORT_SYMBOL_GPL(pidns_delay);

static int count_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&delays));
}

static const struct kernel_param_ops count_ops = {
	.get = count_get,
};

/* Set after boot; the point last. */
module_param_named(delay, point, int, 0600);
module_param_named(delay_us, us, uint, 0600);
module_param_named(delay_every, every, uint, 0600);
module_param_cb(delays, &count_ops, NULL, 0400);
