#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: distro-tools.sh
#
# Prints a folder with debuggers and tracers that know a kernel of today, in bin: pahole,
# bpftrace and perf of Debian 13, crash of Debian 14, and drgn from PyPI. They are unpacked,
# not installed, and so run with libraries of their own on this system as well.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/archive.sh"

# A release, its packages, and the programs that are used of them. Debian 13's crash does not
# know the #VC stack, and gives up on a dump for it.
FROM=(
	'trixie dwarves,bpftrace,linux-perf pahole pfunct bpftrace perf'
	'forky crash crash'
)
DRGN_VERSION=0.3.0

# Debian keeps system programs where a user's PATH may not look.
PATH=$PATH:/usr/sbin:/sbin

recipe=$(sha256sum <"$0" | cut -c1-16)
folder=$TOOLS/distro-$recipe
[ -e "$folder/.complete" ] || lock_cache
if [ -e "$folder/.complete" ]; then
	printf '%s\n' "$folder"
	exit 0
fi

command -v mmdebstrap >/dev/null || die "mmdebstrap is missing; run make setup"
need_space 1000 "debuggers and tracers"
find_archive || die "$ARCHIVE_FAULT"

# usage: unpack RELEASE PACKAGES PROGRAM...; into the folder, with a command for each program
unpack() {
	local release=$1 packages=$2 root=$folder/$1 work='' status=0 program
	shift 2
	make_temp work
	note "fetching $packages of Debian $release"
	# The mirror may lag behind; the signatures are checked.
	run_child timeout -k 10 1800 mmdebstrap --variant=extract --include="$packages" \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--keyring="$KEYRING" "$release" "$work/root" \
		"deb [signed-by=$KEYRING] $ARCHIVE $release main" >"$work/log" 2>&1 </dev/null || status=$?
	! late "$status" || die "mmdebstrap was not done after 30 minutes and was stopped; look at the network"
	[ "$status" = 0 ] || {
		full_disk "$work/log" "$CACHE or of ${TMPDIR:-/tmp}"
		grep -E '^[EW]:|rror' "$work/log" | tail -n 8 >&2 || tail -n 8 "$work/log" >&2
		die "mmdebstrap could not fetch them; look at the lines above, and at the network"
	}
	rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
	mv "$work/root" "$root"
	for program in "$@"; do
		cat >"$folder/bin/$program" <<-END
			#!/bin/sh
			exec '$root/usr/lib64/ld-linux-x86-64.so.2' --library-path \\
				'$root/usr/lib/x86_64-linux-gnu' '$root/usr/bin/$program' "\$@"
		END
		chmod +x "$folder/bin/$program"
	done
}

rm -rf "$folder"
mkdir -p "$folder/bin"
for from in "${FROM[@]}"; do
	# shellcheck disable=SC2086 # words
	unpack $from
done
work=
make_temp work
note "installing drgn $DRGN_VERSION from PyPI"
if ! run_child /usr/bin/python3 -m venv "$folder/venv" >"$work/log" 2>&1 ||
	! limited 30 "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
		--no-cache-dir "drgn==$DRGN_VERSION" >"$work/log" 2>&1; then
	tail -n 5 "$work/log" >&2
	die "pip could not install drgn; look at the lines above, and at the network"
fi
ln -s ../venv/bin/drgn "$folder/bin/drgn"
touch "$folder/.complete"
printf '%s\n' "$folder"
