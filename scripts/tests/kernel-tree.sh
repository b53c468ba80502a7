# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A stand-in for a kernel tree, and one for this project's checkout.

# usage: make_tree DIR; a git tree with what integrate.sh looks at
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

# usage: make_overlay DIR TREE; our files, and a patch made against TREE
make_overlay() {
	mkdir -p "$1"/{pidns,nsproxy,rust/kernel/ns,samples,tools/testing/selftests/pidns,Documentation/pidns,patches}
	echo 'obj-y += pidns/lib.o' >"$1/Kbuild"
	echo 'config PIDNS' >"$1/Kconfig"
	echo '// pidns' >"$1/pidns/lib.rs"
	echo '// nsproxy' >"$1/nsproxy/lib.rs"
	echo '// ns' >"$1/rust/kernel/ns/pid.rs"
	echo '// sample' >"$1/samples/pidns_inspect.rs"
	echo 'int main;' >"$1/tools/testing/selftests/pidns/a_test.c"
	echo a_test >"$1/tools/testing/selftests/pidns/.gitignore"
	echo 'text' >"$1/Documentation/pidns/index.rst"
	cp -R "$2" "$1.edited"
	sed -i 's/^30$/&\nsource "kernel\/pidns\/Kconfig"/' "$1.edited/init/Kconfig"
	sed -i 's/^130$/obj-y += pidns\//' "$1.edited/kernel/Makefile"
	(cd "$1.edited" && git diff) >"$1/patches/0001-test.patch"
	rm -rf "$1.edited"
}
