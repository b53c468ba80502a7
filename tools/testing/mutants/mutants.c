// SPDX-License-Identifier: GPL-2.0
/*
 * The number of the mistake that is made, or 0. Only in the kernel of make mutants.
 */
#include <linux/export.h>
#include <linux/moduleparam.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pidns."

int pidns_mutant;
EXPORT_SYMBOL_GPL(pidns_mutant);

/* Set after boot, which must not fail because of a mistake. */
module_param_named(mutant, pidns_mutant, int, 0600);
