#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: rootfs.sh PACKAGE...
#
# Prints the path of a disk image with Debian and these packages in it, made
# once and kept. Booted with it, a guest runs the worker of the stage folder as a
# service of its own and then powers off.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/archive.sh"

# The one that the kernel is from, too: its tools know a kernel of today.
RELEASE=trixie

# Debian keeps system programs where a user's PATH may not look.
PATH=$PATH:/usr/sbin:/sbin

[ $# -gt 0 ] || die "rootfs.sh: say which packages"
packages=("$@")
recipe=$({ printf '%s\n' "$RELEASE" "${packages[@]}"; cat "$0"; } | sha256sum | cut -c1-16)
image=$CACHE/rootfs/$RELEASE-$recipe.ext4
if [ ! -f "$image" ]; then
	lock_cache
fi
if [ -f "$image" ]; then
	printf '%s\n' "$image"
	exit 0
fi

for tool in mmdebstrap mke2fs; do
	command -v "$tool" >/dev/null || die "$tool is missing; run make setup"
done
[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
	die "only root can make a Debian root file system, and there is no sudo here;" \
		"install sudo, or try again as root"
need_space 3000 "a Debian root file system"
find_archive || die "$ARCHIVE_FAULT"
work=
make_temp work
cat >"$work/pidns.service" <<'EOT'
[Unit]
Description=What the host asks this guest to run
FailureAction=poweroff-force
SuccessAction=poweroff-force

[Service]
Type=exec
ExecStartPre=/bin/mkdir -p /run/pidns
ExecStartPre=/bin/mount -t 9p -o trans=virtio,version=9p2000.L,ro pidns /run/pidns
ExecStart=/bin/bash /run/pidns/qemu-init.sh worker

[Install]
WantedBy=multi-user.target
EOT
cat >"$work/customize" <<'EOT'
#!/bin/sh
# usage: customize ROOT, by mmdebstrap; W is the folder to work in
set -e
cp "$W/pidns.service" "$1/etc/systemd/system/"
chroot "$1" systemctl enable pidns.service
echo pidns >"$1/etc/hostname"
rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*
# Without what is mounted in it.
mount --bind "$1" "$W/root"
trap 'umount "$W/root"' EXIT
size=$(du -sm "$W/root" | cut -f1)
mke2fs -q -F -t ext4 -d "$W/root" "$W/image" "$((size * 5 / 4 + 256))M"
# For who asked root to make it.
chown --reference="$W" "$W/image"
EOT
chmod +x "$work/customize"
mkdir "$work/root"

# usage: as_root COMMAND...; by sudo in the foreground: there it can ask for a password
# and hears Ctrl-C, whereas we may not send root's processes a signal
as_root() {
	if [ "$(id -u)" = 0 ]; then
		run_child "$@"
	else
		sudo "$@"
	fi
}
note "making a Debian $RELEASE root file system with ${packages[*]}"
start=$SECONDS
# Of what mmdebstrap says, the steps that it takes are shown.
exec {told}> >(tee "$work/log" | sed -un 's/^I: \(\(downloading\|extracting\|installing\) .*[a-z]\).*/pidns: \1/p' >&2)
tee=$! status=0
# sudo lets little of our environment through.
as_root env "W=$work" "TMPDIR=${TMPDIR:-/tmp}" \
	timeout -k 10 1800 mmdebstrap --variant=minbase --format=null \
	--include="$(IFS=,; echo "${packages[*]}")" --keyring="$KEYRING" \
	--customize-hook="$work/customize" \
	"$RELEASE" /dev/null "deb [signed-by=$KEYRING] $ARCHIVE $RELEASE main" \
	>&"$told" 2>&1 {told}>&- </dev/null || status=$?
exec {told}>&-
wait "$tee" || true
! late "$status" || die "mmdebstrap was not done after 30 minutes and was stopped; look at the network"
[ "$status" = 0 ] || {
	full_disk "$work/log" "$CACHE or of ${TMPDIR:-/tmp}"
	grep -E '^[EW]:|rror' "$work/log" | tail -n 8 >&2 || tail -n 8 "$work/log" >&2
	die "mmdebstrap could not make it; look at the lines above, and at the network"
}
mkdir -p "$CACHE/rootfs"
mv "$work/image" "$image"
note "root file system: $image ($(du -m "$image" | cut -f1) MB, $(elapsed "$start"))"
printf '%s\n' "$image"
