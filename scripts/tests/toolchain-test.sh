#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# toolchain.sh: which compilers the kernel's make gets.

. "$(dirname "$0")/check.sh"

# Another rustc, as of rustup, is first in the PATH.
mkdir "$WORK"/{first,ours}
for rustc in "$WORK"/{first,ours}/rustc; do
	printf '#!/bin/sh\necho "LLVM version: 1"\n' >"$rustc"
	chmod +x "$rustc"
done
# What the kernel's Makefile calls them, and where it finds them by itself.
cat >"$WORK/Makefile" <<'END'
RUSTC = rustc
HOSTRUSTC = rustc
RUSTDOC = rustdoc
RUSTFMT = rustfmt
CLIPPY_DRIVER = clippy-driver
all:
	@echo $(RUSTC) $(HOSTRUSTC) $(RUSTDOC) $(RUSTFMT) $(CLIPPY_DRIVER)
END
# usage: tools [VARIABLE=VALUE]; those that make gets
tools() {
	env "PATH=$WORK/first:$PATH" "$@" bash -c ". \"$SCRIPTS/lib.sh\"; . \"$SCRIPTS/toolchain.sh\"
		find_llvm() { LLVM_MAJOR=22; }
		find_bindgen() { BINDGEN=bindgen; }
		use_toolchain
		\"\${KMAKE[@]}\" -s -f $WORK/Makefile"
}
# usage: all_of FOLDER; as tools prints them
all_of() { echo "$1/rustc $1/rustc $1/rustdoc $1/rustfmt $1/clippy-driver"; }

check "the distribution's, whatever is first in the PATH" prints "$(all_of /usr/bin)" tools
check "RUSTC='s, whatever is first in the PATH" prints "$(all_of "$WORK/ours")" tools RUSTC="$WORK/ours/rustc"
# usage: tools_in FOLDER [VARIABLE=VALUE]; tools, from there
tools_in() { (cd "$1" && shift && tools "$@"); }
check 'RUSTC= by a relative path' prints "$(all_of "$WORK/ours")" \
	tools_in "$WORK/first" RUSTC=../ours/rustc
mkdir "$WORK/links"
ln -s ../ours/rustc "$WORK/links/rustc"
check 'RUSTC= that is a link' prints "$(all_of "$WORK/links")" tools RUSTC="$WORK/links/rustc"
check 'RUSTC= without a path' prints "$(all_of "$WORK/first")" tools RUSTC=rustc

# Which LLVM: all of it must be there.
llvm() { env "PATH=$WORK/llvm:$(path_without 'clang-*' 'ld.lld-*' 'llvm-nm-*')" \
	bash -c ". \"$SCRIPTS/lib.sh\"; . \"$SCRIPTS/toolchain.sh\"; RUSTC=$WORK/ours/rustc
		find_llvm && echo \$LLVM_MAJOR"; }
mkdir "$WORK/llvm"
touch "$WORK"/llvm/{clang-{19,18,17},ld.lld-{18,17},llvm-nm-{20,17}}
chmod +x "$WORK"/llvm/*
check 'the newest that is whole' prints 17 llvm
touch "$WORK"/llvm/{clang,ld.lld,llvm-nm}-1
chmod +x "$WORK"/llvm/*
check "rustc's own before it" prints 1 llvm
rm "$WORK"/llvm/{ld.lld-17,clang-1}
check 'none' not llvm
finish
