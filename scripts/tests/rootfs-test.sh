#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rootfs.sh: as root, by sudo, and on a full disk.

. "$(dirname "$0")/check.sh"

mkdir "$WORK/bin"
# usage: stub NAME LINE...; a program of that name
stub() {
	local name=$1
	shift
	{ echo '#!/bin/sh' && printf '%s\n' "$@"; } >"$WORK/bin/$name"
	chmod +x "$WORK/bin/$name"
}
# shellcheck disable=SC2016 # for the stubs to expand
{
	stub apt-get '. /etc/os-release' 'echo "Debian $VERSION_CODENAME http://a.invalid/debian/"'
	# What customize calls, of which only the image is made.
	for name in chroot mount umount chown; do
		stub $name "echo $name \"\$*\" >>$WORK/calls"
	done
	stub du 'printf "100\troot\n"'
	stub mke2fs 'while [ $# -gt 1 ]; do last=$1; shift; done' 'echo made >"$last"'
	stub mmdebstrap "echo \"\$TMPDIR \$MINE\" >$WORK/environment" \
		'cd "$TMPDIR" && mkdir -p root/etc/systemd/system' \
		'for arg; do case $arg in --customize-hook=*) exec "${arg#*=}" "$PWD/root" ;; esac; done'
	# As sudo does, without the caller's environment.
	stub sudo "echo sudo >>$WORK/calls" "exec env -i \"PATH=\$PATH\" \"\$@\""
}
# usage: rootfs USER; what it prints; of what it notes, the errors
rootfs() {
	rm -rf "$XDG_CACHE_HOME" "$WORK"/{calls,root}
	stub id "echo $1"
	env "PATH=$WORK/bin:${2:-$PATH}" "TMPDIR=$WORK" MINE=mine "$SCRIPTS/rootfs.sh" crun 2>&1 |
		grep -v '^pidns: \(making\|root file\)'
	return "${PIPESTATUS[0]}"
}
# usage: is_made USER; the image's path is printed, and it is there
is_made() {
	local image
	image=$(rootfs "$1")
	echo "$image"
	[ "$(cat "$image")" = made ]
}
# usage: called TEXT; exactly so
called() { cat "$WORK/calls" && grep -qx -- "$1" "$WORK/calls"; }

check 'root makes it' is_made 0
check 'without sudo' not called sudo
check 'a user makes it' is_made 1000
check 'by sudo' called sudo
check 'where TMPDIR= says, whatever sudo takes away' prints "$WORK " cat "$WORK/environment"
check 'and gets it' called "chown --reference=$XDG_CACHE_HOME/pidns/tmp/.* .*/image"
check 'nothing is left of it' test -z "$(find "$XDG_CACHE_HOME/pidns/tmp" -mindepth 1)"
mv "$WORK/bin/sudo" "$WORK/sudo"
check 'a user without sudo' says 1 'there is no sudo here' rootfs 1000 "$(path_without sudo)"
mv "$WORK/sudo" "$WORK/bin/sudo"
stub mke2fs 'echo "mke2fs: an error"' 'exit 1'
check 'a failure' not rootfs 0
check 'leaves nothing mounted' called 'umount .*/root'
# Where a user's PATH does not look.
rm "$WORK/bin/mke2fs"
stub mmdebstrap 'echo "tar: write error: No space left on device"' 'exit 1'
check 'a full disk' says 1 "the disk of $XDG_CACHE_HOME/pidns or of $WORK is full" \
	rootfs 0 "$(path_without mke2fs)"
finish
