# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A stand-in for a kernel tree.

# usage: make_tree DIR; a git tree with what KDIR= is known by
make_tree() {
	mkdir -p "$1"/{init,kernel,rust/kernel,samples/rust,tools/testing/selftests/core,Documentation}
	printf '# SPDX\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n' >"$1/Makefile"
	seq 1 60 >"$1/init/Kconfig"
	seq 101 160 >"$1/kernel/Makefile"
	echo 'int nsproxy;' >"$1/kernel/nsproxy.c"
	echo '//! lib' >"$1/rust/kernel/lib.rs"
	echo all: >"$1/samples/rust/Makefile"
	touch "$1/tools/testing/selftests/core/Makefile" "$1/Documentation/index.rst"
	printf '.*\n!.gitignore\n*.o\n' >"$1/.gitignore"
	git -C "$1" init -q
	git -C "$1" add -A
	git -C "$1" -c user.name=t -c user.email=t@t commit -qm tree
}
