// SPDX-License-Identifier: GPL-2.0

#include <linux/file.h>

__rust_helper void rust_helper_fdput(struct fd fd)
{
	fdput(fd);
}
