# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Which compilers build the kernel, and the one way to call the kernel's make.
# Source it after lib.sh.

BINDGEN_VERSION=0.72.1
VIRTME_VERSION=1.42
SPHINX_VERSION=8.1.3
RUFF_VERSION=0.17.6
MYPY_VERSION=2.4.1
RUST_MINIMUM=1.85
TOOLS=$CACHE/tools
SPHINX=$TOOLS/sphinx-$SPHINX_VERSION
RUFF=$TOOLS/ruff-$RUFF_VERSION-mypy-$MYPY_VERSION

# A rustc that rustup put first in the PATH has no library source, so the
# distribution's is named by its path; the user's RUSTC= goes before it.
find_rust() {
	local dir
	RUSTC=${RUSTC:-/usr/bin/rustc}
	[[ $RUSTC == */* ]] || RUSTC=$(command -v "$RUSTC" || echo "$RUSTC")
	# The kernel's make looks from elsewhere. A link stays: that of rustup tells what to run.
	[[ $RUSTC != */* ]] || RUSTC=$(realpath -ms "$RUSTC")
	dir=$(dirname "$RUSTC")
	RUSTDOC=${RUSTDOC:-$dir/rustdoc}
	RUSTFMT=${RUSTFMT:-$dir/rustfmt}
	CLIPPY_DRIVER=${CLIPPY_DRIVER:-$dir/clippy-driver}
}

# usage: find_cargo; CARGO: that of the distribution, or the first in the PATH
find_cargo() {
	CARGO=/usr/bin/cargo
	[ -x "$CARGO" ] || CARGO=$(command -v cargo)
}

# usage: rust_fault; prints what is wrong with RUSTC, nothing if it will do
rust_fault() {
	local version source
	if ! version=$("$RUSTC" --version 2>/dev/null | awk '{ print $2 }') || [ -z "$version" ]; then
		echo "RUSTC=$RUSTC does not run; install rustc $RUST_MINIMUM or later" \
			"with its library source, or give RUSTC="
		return
	fi
	if [ "$(printf '%s\n' "$RUST_MINIMUM" "$version" | sort -V | head -n 1)" != "$RUST_MINIMUM" ]; then
		echo "RUSTC=$RUSTC is version $version; the kernel needs $RUST_MINIMUM or later, give RUSTC="
		return
	fi
	source=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library
	[ -f "$source/core/src/lib.rs" ] ||
		echo "RUSTC=$RUSTC has no library source in $source;" \
			"install it (rust-src), or leave RUSTC= out to use Debian's"
}

rust_llvm() { "$RUSTC" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p'; }

# Not what clang says of its version counts, but what it is called: the kernel's make
# appends the number to the name of each.
LLVM_NEEDED='clang-N with ld.lld-N and llvm-nm-N (and all of LLVM called so), N one number from 17'

# usage: find_llvm; LLVM_MAJOR: rustc's own if its clang is here, so that C
# helpers can be inlined into Rust, else the newest clang that the kernel takes
find_llvm() {
	local major
	LLVM_MAJOR=
	for major in "$(rust_llvm)" $(seq 30 -1 17); do
		# One at a time: of several, one is enough for it.
		if command -v "clang-$major" >/dev/null && command -v "ld.lld-$major" >/dev/null &&
			command -v "llvm-nm-$major" >/dev/null; then
			LLVM_MAJOR=$major
			return
		fi
	done
	return 1
}

find_bindgen() {
	local minimum=0.71.1 version
	BINDGEN=$TOOLS/bindgen-$BINDGEN_VERSION/bin/bindgen
	[ ! -x "$BINDGEN" ] || return 0
	BINDGEN=$(command -v /usr/bin/bindgen || command -v bindgen) || return 1
	version=$("$BINDGEN" --version | awk '{ print $2 }')
	[ "$(printf '%s\n' "$minimum" "$version" | sort -V | head -n 1)" = "$minimum" ]
}

# usage: use_toolchain; after setup.sh: names all tools, fills KMAKE
use_toolchain() {
	find_rust
	find_llvm || die "$LLVM_NEEDED is missing; run: make setup"
	find_bindgen || die "no bindgen was found; run: make setup"

	# ccache by masquerade: CC="ccache clang" breaks the linker that the
	# kernel's Makefile hands to rustc for host programs.
	mkdir -p "$CACHE/bin" "$CACHE/ccache"
	ln -sfn "$(command -v ccache)" "$CACHE/bin/clang-$LLVM_MAJOR"
	export PATH="$CACHE/bin:$PATH"
	export LIBCLANG_PATH=/usr/lib/llvm-$LLVM_MAJOR/lib
	[ -d "$LIBCLANG_PATH" ] || unset LIBCLANG_PATH

	# Both build trees sit at the same depth: with relative paths and a fixed
	# build identity the second implementation's objects are all hits.
	export CCACHE_DIR=$CACHE/ccache CCACHE_BASEDIR=$CACHE CCACHE_NOHASHDIR=1
	export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G} CCACHE_COMPRESS=1
	export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026'
	export KBUILD_BUILD_USER=pidns KBUILD_BUILD_HOST=pidns KBUILD_BUILD_VERSION=1

	JOBS=${JOBS:-$(nproc)}
	# What the caller's make passes on is not for the kernel's.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES CROSS_COMPILE KBUILD_OUTPUT
	KMAKE=(make ARCH=x86_64 "LLVM=-$LLVM_MAJOR" "RUSTC=$RUSTC" "HOSTRUSTC=$RUSTC" "RUSTDOC=$RUSTDOC"
		"RUSTFMT=$RUSTFMT" "CLIPPY_DRIVER=$CLIPPY_DRIVER" "BINDGEN=$BINDGEN")
}

# usage: toolchain_id; changes when a compiler does
toolchain_id() {
	"$RUSTC" -vV
	"clang-$LLVM_MAJOR" --version
	"$BINDGEN" --version
}
