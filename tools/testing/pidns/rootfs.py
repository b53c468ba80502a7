# SPDX-License-Identifier: GPL-2.0
"""Disk images with Debian, made once and kept.

A guest that boots one with systemd runs the worker of its stage folder as a service, and
powers off when that ends. A plain one, for another architecture, has what our tests run
and no more: Debian's packages are unpacked, and nothing of them is run.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import process
from .arch import X86_64, Arch
from .archive import Archive
from .cache import Cache
from .errors import Fault, elapsed, note
from .toolchain import which

# The one that the kernel is from, too: its tools know a kernel of today.
RELEASE = "trixie"
# Seconds for mmdebstrap.
LIMIT = 1800
STEP = re.compile(r"I: ((?:downloading|extracting|installing) .*[a-z])")
FAULTS = re.compile(r"^[EW]:|rror")
UNIT = """[Unit]
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
"""
CUSTOMIZE = """cp "$W/pidns.service" "$1/etc/systemd/system/"
chroot "$1" systemctl enable pidns.service
echo pidns >"$1/etc/hostname"
"""
# What our tests, the demonstration and the scripts for guests run.
PLAIN = (
    *("base-files", "base-passwd", "bash", "coreutils", "dash", "findutils", "grep", "gzip"),
    *("hostname", "iproute2", "kmod", "libc-bin", "libc6", "libcap2", "mawk", "mount"),
    *("perl-base", "procps", "psmisc", "sed", "tar", "util-linux"),
)
INIT = "/sbin/pidns-init"
PLAIN_INIT = """#!/bin/bash
mount -t 9p -o trans=virtio,version=9p2000.L,ro pidns /mnt
exec bash /mnt/plain-init.sh
"""
# What the packages would do that are not run.
PLAIN_CUSTOMIZE = """mkdir -p "$1/mnt"
ln -sf mawk "$1/usr/bin/awk"
[ -e "$1/usr/bin/sh" ] || ln -s dash "$1/usr/bin/sh"
for name in passwd group; do
	cp "$1/usr/share/base-passwd/$name.master" "$1/etc/$name"
done
install -m 755 "$W/init" "$1/usr/sbin/pidns-init"
rm -rf "$1"/usr/share/doc "$1"/usr/share/locale "$1"/usr/share/man
"""
HOOK = """#!/bin/sh
# usage: hook ROOT, by mmdebstrap; W is the folder to work in
set -e
{}
rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*
# Without what is mounted in it.
mount --bind "$1" "$W/root"
trap 'umount "$W/root"' EXIT
size=$(du -sm "$W/root" | cut -f1)
mke2fs -q -F -t ext4 -d "$W/root" "$W/image" "$((size * 5 / 4 + 256))M"
# For who asked root to make it.
chown --reference="$W" "$W/image"
"""


@dataclass(frozen=True)
class Recipe:
    """How an image is made: of these packages, with these files in the folder to work in, and
    by these commands at the end."""

    packages: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    commands: str
    arch: Arch = X86_64

    @property
    def name(self) -> str:
        """Changes with anything in it."""
        recipe = repr((RELEASE, self.packages, self.files, self.commands, HOOK, self.words))
        return f"{self.arch.prefix}{RELEASE}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"

    @property
    def words(self) -> list[str]:
        """For mmdebstrap. A package of another architecture cannot be run here."""
        if self.arch.foreign:
            return ["--variant=extract", f"--architectures={self.arch.debian}"]
        return ["--variant=minbase"]

    @property
    def hook(self) -> str:
        """When mmdebstrap runs our commands: there is nothing after the extraction if that is
        all."""
        return "extract" if self.arch.foreign else "customize"


def image(cache: Cache, packages: Sequence[str]) -> Path:
    """An image with Debian, systemd and these packages."""
    return _image(cache, Recipe(tuple(packages), (("pidns.service", UNIT),), CUSTOMIZE))


def plain(cache: Cache, arch: Arch) -> Path:
    """A plain one."""
    return _image(cache, Recipe(PLAIN, (("init", PLAIN_INIT),), PLAIN_CUSTOMIZE, arch))


def _image(cache: Cache, recipe: Recipe) -> Path:
    name = f"{recipe.name}.ext4"
    path = cache.root / "rootfs" / name
    if path.exists():
        return path
    with cache.lock(), cache.temporary() as work:
        if not path.exists():
            start = time.monotonic()
            make(cache, work, recipe)
            path.parent.mkdir(exist_ok=True)
            # That folder may be on another disk.
            fresh = path.with_suffix(".new")
            shutil.move(work / "image", fresh)
            fresh.replace(path)
            size = path.stat().st_blocks * 512 >> 20
            note(f"root file system: {path} ({size} MB, {elapsed(start)})")
    return path


def make(cache: Cache, work: Path, recipe: Recipe) -> None:
    """Makes one, which is `image` in the folder `work`."""
    if not which("mke2fs"):
        raise Fault("mke2fs is missing; run make setup")
    root = os.geteuid() == 0
    if not root and not which("sudo"):
        raise Fault(
            "only root can make a Debian root file system, and there is no sudo here;"
            " install sudo, or try again as root"
        )
    cache.need_space(3000, "a Debian root file system")
    for name, text in (*recipe.files, ("hook", HOOK.format(recipe.commands.rstrip()))):
        (work / name).write_text(text, encoding="utf-8")
    (work / "hook").chmod(0o755)
    (work / "root").mkdir()
    note(f"making a Debian {RELEASE} root file system with {' '.join(recipe.packages)}")
    words = [*recipe.words, "--format=null", f"--{recipe.hook}-hook={work}/hook"]
    packages, target = recipe.packages, Path("/dev/null")
    mmdebstrap(cache, "make it", RELEASE, packages, target, *words, work=work, sudo=not root)


def mmdebstrap(
    cache: Cache,
    goal: str,
    release: str,
    packages: Sequence[str],
    target: Path,
    *options: str,
    work: Path = Path(),
    sudo: bool = False,
) -> None:
    """Runs it. Its hooks are told `work`."""
    if not which("mmdebstrap"):
        raise Fault("mmdebstrap is missing; run make setup")
    archive = Archive.find()
    temporary = os.environ.get("TMPDIR") or "/tmp"
    command = [
        # sudo lets little of our environment through.
        *(["sudo"] if sudo else []),
        # Debian keeps system programs where a user's PATH may not look.
        *("env", f"PATH={os.environ['PATH']}:/usr/sbin:/sbin", f"W={work}", f"TMPDIR={temporary}"),
        *("timeout", "-k", "10", str(LIMIT), "mmdebstrap", *options),
        *(f"--include={','.join(packages)}", f"--keyring={archive.keyring}", release, str(target)),
        f"deb [signed-by={archive.keyring}] {archive.address} {release} main",
    ]
    said: list[str] = []
    status = _run(command, said, not sudo)
    if status in (124, 137):
        raise Fault("mmdebstrap was not done after 30 minutes and was stopped; look at the network")
    if status:
        if any("No space left on device" in line for line in said):
            raise Fault(
                f"the disk of {cache.root} or of {temporary} is full; free some space there"
            )
        faults = [line for line in said if FAULTS.search(line)] or said
        print("\n".join(faults[-8:]), file=sys.stderr)
        raise Fault(f"mmdebstrap could not {goal}; look at the lines above, and at the network")


def _run(command: Sequence[str], said: list[str], root: bool) -> int:
    """Runs it, and tells the steps that mmdebstrap takes. sudo in the foreground: there it can
    ask for a password and hears Ctrl-C, whereas we may not send root's processes a signal."""

    def read(running: "subprocess.Popen[bytes]") -> int:
        assert running.stdout
        for line in running.stdout:
            said.append(line.decode(errors="replace").rstrip())
            if step := STEP.match(said[-1]):
                note(step[1])
        return running.wait()

    pipe, both = subprocess.PIPE, subprocess.STDOUT
    if root:
        with process.started(command, stdout=pipe, stderr=both) as running:
            return read(running)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=both) as running:
        return read(running)
