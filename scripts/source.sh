#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: source.sh
#
# Prints the folder of the kernel's source: the one in the cache, or Debian's
# source package, fetched by apt (which checks the archive's signature) with
# lists of its own, so that the system's apt configuration stays as it is.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/archive.sh"

PACKAGE=linux-source-$KERNEL_SERIES
SUITES='trixie-backports forky sid experimental'

cached() {
	[ ! -d "$CACHE/src" ] ||
		find "$CACHE/src" -mindepth 1 -maxdepth 1 -name "linux-$KERNEL_SERIES.*" | sort -V | tail -n 1
}

tree=$(cached)
if [ -z "$tree" ]; then
	lock_cache
	tree=$(cached)
fi
if [ -n "$tree" ]; then
	printf '%s\n' "$tree"
	exit 0
fi

command -v apt-get >/dev/null ||
	die "the kernel's source comes from Debian's archive by apt, which is not here;" \
		"give KDIR=, a Linux $KERNEL_SERIES source tree"
need_space 2500 "the kernel's source"
work=
make_temp work
find_archive || die "$ARCHIVE_FAULT, or give KDIR="

# usage: private_apt MINUTES COMMAND...; in $work, whatever this system may let apt take unsigned
private_apt() {
	limited "$1" env -C "$work" apt-get -q \
		-o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
		-o Dir::State::status="$work/status" -o APT::Sandbox::User=root \
		-o APT::Architectures=amd64 -o Acquire::Languages=none -o Acquire::Retries=2 \
		-o Acquire::AllowInsecureRepositories=false -o Acquire::AllowWeakRepositories=false \
		-o APT::Get::AllowUnauthenticated=false "${@:2}"
}

# usage: fetch SUITE; the package of that suite into $work; 1 not there, 2 unreachable,
# 3 without a signature that is good
fetch() {
	rm -rf "$work/lists"
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	touch "$work/status"
	printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$ARCHIVE" "$1" >"$work/sources.list"
	private_apt 10 update >"$work/log" 2>&1 || true
	if ! find "$work/lists" -name '*_Packages*' | grep -q .; then
		# Of what is not signed apt also says that it does not find a signature.
		! grep -Eq 'is not signed|GPG error' "$work/log" || return 3
		! grep -Eq '404|does not have a Release' "$work/log" || return 1
		return 2
	fi
	private_apt 60 download "$PACKAGE" >"$work/log" 2>&1 || {
		# It writes to the final name at once: what broke off there was never verified.
		rm -f "$work"/*.deb
		! grep -q 'Unable to locate' "$work/log" || return 1
		full_disk "$work/log"
		return 2
	}
}

unreachable='' untrusted=''
for suite in $SUITES; do
	note "looking for $PACKAGE in Debian $suite"
	status=0
	fetch "$suite" || status=$?
	[ "$status" -ne 0 ] || break
	[ "$status" -ne 2 ] || unreachable=1
	[ "$status" -ne 3 ] ||
		untrusted=$(grep -Em 1 'is not signed|GPG error' "$work/log" | cut -c4-160)
done
deb=
[ "$status" -ne 0 ] || deb=$(find "$work" -maxdepth 1 -name '*.deb')
if [ -z "$deb" ]; then
	[ -z "$untrusted" ] ||
		die "the Debian archive's signature is not good ($untrusted); upgrade" \
			"debian-archive-keyring, or give KDIR=, a Linux $KERNEL_SERIES source tree"
	[ -z "$unreachable" ] ||
		die "the Debian archive cannot be reached" \
			"($(grep -m 1 '^[EW]:' "$work/log" | cut -c4-120)); look at the network," \
			"or give KDIR=, a Linux $KERNEL_SERIES source tree"
	die "$PACKAGE is no longer in the Debian archive; get a Linux $KERNEL_SERIES source tree" \
		"and give its path: make run KDIR=/path/to/linux"
fi

version=$(dpkg-deb -f "$deb" Version)
note "unpacking Linux $version"
mkdir "$work/tree"
if ! run_child dpkg -x "$deb" "$work/deb" >"$work/log" 2>&1 ||
	! run_child tar -C "$work/tree" --strip-components=1 \
		-xf "$work/deb/usr/src/$PACKAGE.tar.xz" >"$work/log" 2>&1; then
	full_disk "$work/log"
	die "the source package cannot be unpacked: $(head -n 1 "$work/log")"
fi
(check_kdir "$work/tree")
tree=$CACHE/src/linux-${version//[^A-Za-z0-9.-]/_}
mkdir -p "$CACHE/src"
mv "$work/tree" "$tree"
printf '%s\n' "$tree"
