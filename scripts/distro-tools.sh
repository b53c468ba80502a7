#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: distro-tools.sh
#
# Prints a folder with debuggers and tracers that know a kernel of today, in bin: pahole,
# crash, bpftrace and perf of Debian 13, and drgn from PyPI. They are unpacked, not
# installed, and so run with libraries of their own on this system as well.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toolchain.sh"
. "$(dirname "$0")/archive.sh"

RELEASE=trixie
PACKAGES=dwarves,crash,bpftrace,linux-perf
PROGRAMS=(pahole pfunct crash bpftrace perf)
DRGN_VERSION=0.3.0

# Debian keeps system programs where a user's PATH may not look.
PATH=$PATH:/usr/sbin:/sbin

recipe=$({ printf '%s\n' "$RELEASE" "$PACKAGES" "$DRGN_VERSION"; cat "$0"; } | sha256sum | cut -c1-16)
folder=$TOOLS/distro-$recipe
[ -e "$folder/.complete" ] || lock_cache
if [ -e "$folder/.complete" ]; then
	printf '%s\n' "$folder"
	exit 0
fi

command -v mmdebstrap >/dev/null || die "mmdebstrap is missing; run make setup"
need_space 1000 "debuggers and tracers"
find_archive || die "$ARCHIVE_FAULT"
work=
make_temp work
note "fetching $PACKAGES of Debian $RELEASE"
status=0
run_child timeout -k 10 1800 mmdebstrap --variant=extract --include="$PACKAGES" \
	--keyring="$KEYRING" "$RELEASE" "$work/root" \
	"deb [signed-by=$KEYRING] $ARCHIVE $RELEASE main" >"$work/log" 2>&1 </dev/null || status=$?
! late "$status" || die "mmdebstrap was not done after 30 minutes and was stopped; look at the network"
[ "$status" = 0 ] || {
	full_disk "$work/log" "$CACHE or of ${TMPDIR:-/tmp}"
	grep -E '^[EW]:|rror' "$work/log" | tail -n 8 >&2 || tail -n 8 "$work/log" >&2
	die "mmdebstrap could not fetch them; look at the lines above, and at the network"
}
rm -rf "$folder" "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
mkdir -p "$folder/bin"
mv "$work/root" "$folder/root"
for program in "${PROGRAMS[@]}"; do
	cat >"$folder/bin/$program" <<-END
		#!/bin/sh
		exec '$folder/root/usr/lib64/ld-linux-x86-64.so.2' --library-path \\
			'$folder/root/usr/lib/x86_64-linux-gnu' '$folder/root/usr/bin/$program' "\$@"
	END
	chmod +x "$folder/bin/$program"
done
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
