// SPDX-License-Identifier: GPL-2.0
/*
 * Which mistake is made: 0 is none. Part of the mutants' kernel only.
 */
#include <linux/export.h>
#include <linux/moduleparam.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pidns."

int pidns_mutant;
EXPORT_SYMBOL_GPL(pidns_mutant);

/* Boot is without mistakes, so it is set afterwards. */
module_param_named(mutant, pidns_mutant, int, 0600);
