# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Which compilers build the kernel, for scripts that are not moved yet: toolchain.py
# finds them. Source it after lib.sh.

TOOLS=$CACHE/tools
VIRTME_VERSION=1.42

# usage: use_toolchain; after setup.sh: names all tools, fills KMAKE
use_toolchain() {
	local found
	found=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$TOP/tools/testing \
		/usr/bin/python3 -m pidns toolchain) || exit
	eval "$found"
}

# usage: toolchain_id; changes when a compiler does
toolchain_id() {
	"$RUSTC" -vV
	"clang-$LLVM_MAJOR" --version
	"$BINDGEN" --version
}
