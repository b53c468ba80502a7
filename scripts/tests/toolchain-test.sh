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
	env "PATH=$WORK/first:$PATH" "$@" bash -c ". $SCRIPTS/lib.sh; . $SCRIPTS/toolchain.sh
		find_llvm() { LLVM_MAJOR=22; }
		find_bindgen() { BINDGEN=bindgen; }
		use_toolchain
		\"\${KMAKE[@]}\" -s -f $WORK/Makefile"
}
# usage: all_of FOLDER; as tools prints them
all_of() { echo "$1/rustc $1/rustc $1/rustdoc $1/rustfmt $1/clippy-driver"; }

check "the distribution's, whatever is first in the PATH" prints "$(all_of /usr/bin)" tools
check "RUSTC='s, whatever is first in the PATH" prints "$(all_of "$WORK/ours")" tools RUSTC="$WORK/ours/rustc"
check 'RUSTC= without a path' prints "$(all_of "$WORK/first")" tools RUSTC=rustc
finish
