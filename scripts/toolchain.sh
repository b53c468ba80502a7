# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Which compilers build the kernel, for scripts that are not moved yet: toolchain.py
# finds them. Source it after lib.sh.

TOOLS=$CACHE/tools
VIRTME_VERSION=1.42

# usage: use_toolchain; after setup.sh: names all tools
use_toolchain() {
	local found
	found=$("${HARNESS[@]}" pidns toolchain) || exit
	eval "$found"
}
