#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: setup.sh
#
# Installs what is missing and says what; with all in place, silent and quick. Builds
# the tools that come as source, the fuzzer among them.
# Debian 12 and 13 by apt; elsewhere it lists what is missing and stops.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/fuzzer.sh"

# A check, then Debian's package. cmd: a program; hdr: a C header; py: a Python module.
NEEDS='
cmd:gcc		gcc
hdr:stdio.h	libc6-dev
cmd:make	make
cmd:git		git
cmd:perl	perl
cmd:patch	patch
cmd:python3	python3
py:ensurepip	python3-venv
cmd:flex	flex
cmd:bison	bison
cmd:bc		bc
cmd:cpio	cpio
cmd:rsync	rsync
cmd:xz		xz-utils
cmd:depmod	kmod
cmd:ccache	ccache
cmd:shellcheck	shellcheck
cmd:spin	spin
cmd:mmdebstrap	mmdebstrap
cmd:mke2fs	e2fsprogs
cmd:unshare	util-linux
cmd:ps		procps
cmd:pstree	psmisc
cmd:ip		iproute2
cmd:hostname	hostname
cmd:qemu-system-x86_64	qemu-system-x86
hdr:gelf.h	libelf-dev
hdr:elfutils/libdw.h	libdw-dev
hdr:openssl/ssl.h	libssl-dev
hdr:sys/capability.h	libcap-dev
hdr:fuse.h	libfuse-dev
cmd:fusermount	fuse3
'

# Debian keeps system programs where a user's PATH may not look.
PATH=$PATH:/usr/sbin:/sbin

distribution='' work=''
if [ -r /etc/os-release ]; then
	distribution=$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}")
fi

# usage: has CHECK
has() {
	local what=${1#*:}
	case $1 in
	cmd:*) command -v "$what" >/dev/null ;;
	hdr:*) [ -e "/usr/include/$what" ] || [ -e "/usr/include/x86_64-linux-gnu/$what" ] ||
		echo "#include <$what>" | cc -E - >/dev/null 2>&1 ;;
	py:*) [ -n "$(find /usr/lib/python3* -maxdepth 1 -name "$what" -print -quit 2>/dev/null)" ] ||
		/usr/bin/python3 -c "import $what" 2>/dev/null ;;
	esac
}

missing_packages() {
	local check package
	while read -r check package; do
		[ -z "$check" ] || has "$check" || printf '%s\n' "$package"
	done <<<"$NEEDS"
}

# usage: apt_install PACKAGE...; as root, asking the archive anew if that is needed
apt_install() {
	local log=$work/apt.log sudo=() status=0
	# In the foreground, where Ctrl-C reaches it.
	local limit=(timeout --foreground -k 30 60m env DEBIAN_FRONTEND=noninteractive)
	local apt=("${limit[@]}" apt-get -q -y -o DPkg::Lock::Timeout=300)
	[ $# -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "packages are missing and this is neither root nor has it sudo; have installed: $*"
		sudo=(sudo)
	fi
	note "installing by apt-get: $*"
	"${sudo[@]}" "${apt[@]}" install --no-install-recommends "$@" >"$log" 2>&1 || status=$?
	[ "$status" != 0 ] || return 0
	! late "$status" || die "apt-get was not done after 60 minutes and was stopped; try by hand: apt-get install $*"
	# One that was interrupted may have left packages that are not set up.
	! grep -qF 'dpkg --configure -a' "$log" ||
		"${sudo[@]}" "${limit[@]}" dpkg --configure -a >"$log" 2>&1 </dev/null || true
	# What apt knows of the archive may be missing or old: then it is fetched, once.
	{
		"${sudo[@]}" "${apt[@]}" update &&
			"${sudo[@]}" "${apt[@]}" install --no-install-recommends "$@"
	} >"$log" 2>&1 || {
		full_disk "$log" '/ or of /var'
		grep '^[EW]:' "$log" | tail -n 5 >&2 || true
		die "apt-get could not install these packages; look at the lines above, and at the network"
	}
}

# usage: stop_elsewhere WHAT...; on a distribution whose packages we do not know
stop_elsewhere() {
	local what
	printf -v what ', %s' "$@"
	die "missing: ${what:2}; on this system (${distribution:-unknown}) install them by hand, then try" \
		"again (only Debian 12 and 13 are done by themselves)"
}

# usage: missing_elsewhere; all that is, one a line
missing_elsewhere() {
	missing_packages
	if [ -z "$user_rust" ] && { [ -n "$fault" ] || [ ! -x "$RUSTFMT" ] || [ ! -x "$CLIPPY_DRIVER" ]; }; then
		echo "rustc $RUST_MINIMUM or later with library source, rustfmt and clippy${fault:+ ($fault)}"
	fi
	find_cargo || echo cargo
	find_llvm 2>/dev/null || echo "$LLVM_NEEDED, and its libclang"
}

install_rust() {
	case $distribution in
	debian-12) apt_install rustc-web cargo-web rust-web-src rustfmt-web rust-web-clippy ;;
	debian-13) apt_install rustc cargo rust-src rustfmt rust-clippy ;;
	esac
}

# The clang of rustc's own LLVM if the archive has it, else the newest that serves.
install_llvm() {
	local want major
	want=$(rust_llvm)
	case $distribution in
	debian-12 | debian-13) ;;
	*) return ;; # that there is one has been seen
	esac
	for major in "$want" $(seq 30 -1 17); do
		[ -n "$(apt-cache madison "clang-$major" 2>/dev/null)" ] || continue
		apt_install "clang-$major" "lld-$major" "llvm-$major" "libclang-$major-dev"
		return
	done
	die "the archive has no clang of version 17 or later; look at this system's apt sources"
}

install_bindgen() {
	if [ "$distribution" = debian-13 ] && [ "$RUSTC" = /usr/bin/rustc ]; then
		apt_install bindgen
		return
	fi
	find_cargo || stop_elsewhere "cargo, or bindgen"
	note "building bindgen $BINDGEN_VERSION with cargo"
	RUSTC=$RUSTC CARGO_TARGET_DIR=$work/target limited 60 \
		"$CARGO" install --locked --quiet bindgen-cli --version "$BINDGEN_VERSION" \
		--root "$work/bindgen" >"$work/log" 2>&1 || {
		full_disk "$work/log"
		tail -n 10 "$work/log" >&2
		die "cargo could not build bindgen; look at the lines above, and at the network"
	}
	mkdir -p "$TOOLS"
	rm -rf "$TOOLS/bindgen-$BINDGEN_VERSION"
	mv "$work/bindgen" "$TOOLS/bindgen-$BINDGEN_VERSION"
}

# usage: install_from_pypi FOLDER NAME==VERSION [NAME...]; into a venv there. It
# knows its own path, so it is made in place; the stamp says it is whole.
install_from_pypi() {
	local venv=$1
	shift
	note "installing ${1/==/ } from PyPI"
	TEMPS+=("$venv")
	rm -rf "$venv"
	mkdir -p "$TOOLS"
	if ! run_child /usr/bin/python3 -m venv "$venv" >"$work/log" 2>&1 ||
		! limited 30 "$venv/bin/pip" install --quiet --disable-pip-version-check \
			--no-cache-dir "$@" >"$work/log" 2>&1; then
		full_disk "$work/log"
		tail -n 5 "$work/log" >&2
		die "pip could not install ${1/==/ }; look at the lines above, and at the network"
	fi
	touch "$venv/.complete"
	unset 'TEMPS[-1]'
}

# For a test, which wants the functions alone.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

[ "$(uname -sm)" = 'Linux x86_64' ] || die "this is $(uname -sm); an x86_64 Linux is needed"
find_rust
user_rust=
[ "$RUSTC" = /usr/bin/rustc ] || user_rust=1
mapfile -t packages < <(missing_packages)
fault=$(rust_fault)
[ -z "$fault" ] || [ -z "$user_rust" ] || die "$fault"

if [ ${#packages[@]} -eq 0 ] && [ -z "$fault" ] && [ -x "$RUSTFMT" ] && [ -x "$CLIPPY_DRIVER" ] &&
	find_cargo && find_llvm && { [ "$LLVM_MAJOR" = "$(rust_llvm)" ] || [ -e "$TOOLS/no-llvm-$(rust_llvm)" ]; } &&
	find_bindgen && [ -e "$TOOLS/virtme-ng-$VIRTME_VERSION/.complete" ] &&
	[ -e "$SPHINX/.complete" ] && [ -e "$RUFF/.complete" ] && [ -x "$FUZZ" ]; then
	[ "${1:-}" != --verbose ] || note "all tools are in place"
	exit 0
fi

make_temp work
case $distribution in
debian-12 | debian-13) apt_install "${packages[@]}" ;;
*)
	mapfile -t packages < <(missing_elsewhere)
	[ ${#packages[@]} -eq 0 ] || stop_elsewhere "${packages[@]}"
	;;
esac
lock_cache
if [ -n "$fault" ] || [ ! -x "$RUSTFMT" ] || [ ! -x "$CLIPPY_DRIVER" ] || ! find_cargo; then
	[ -n "$user_rust" ] || install_rust
	fault=$(rust_fault)
	[ -z "$fault" ] || die "$fault"
fi
if ! find_llvm || [ "$LLVM_MAJOR" != "$(rust_llvm)" ]; then
	install_llvm
	find_llvm || die "$LLVM_NEEDED is missing; look at this system's apt sources"
fi
if [ "$LLVM_MAJOR" != "$(rust_llvm)" ]; then
	note "rustc has LLVM $(rust_llvm), clang $LLVM_MAJOR: C helpers are not inlined into Rust (slower)"
	mkdir -p "$TOOLS"
	touch "$TOOLS/no-llvm-$(rust_llvm)" # do not look for it each time
fi
find_bindgen || install_bindgen
[ -e "$TOOLS/virtme-ng-$VIRTME_VERSION/.complete" ] ||
	install_from_pypi "$TOOLS/virtme-ng-$VIRTME_VERSION" "virtme-ng==$VIRTME_VERSION"
# The kernel's documentation asks for the two others as well.
[ -e "$SPHINX/.complete" ] ||
	install_from_pypi "$SPHINX" "Sphinx==$SPHINX_VERSION" alabaster==1.0.0 PyYAML==6.0.2
[ -e "$RUFF/.complete" ] ||
	install_from_pypi "$RUFF" "ruff==$RUFF_VERSION" "mypy==$MYPY_VERSION"
# Most of it is libraries of others, which then are there without the network.
[ -x "$FUZZ" ] || build_fuzzer
