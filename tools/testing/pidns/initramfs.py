# SPDX-License-Identifier: GPL-2.0
"""An initramfs with one program and nothing else."""

import subprocess
from pathlib import Path

from .arch import X86_64, Arch
from .errors import Fault

LIST = """dir /dev 0755 0 0
dir /proc 0755 0 0
dir /sys 0755 0 0
nod /dev/console 0600 0 0 c 5 1
file /init {} 0755 0 0
"""


def make(build: Path, folder: Path, source: Path, flags: str, arch: Arch = X86_64) -> Path:
    """Builds the program from its source, and packs it by a build tree's own tool."""
    cc = f"{arch.cross}gcc" if arch.foreign else "cc"
    program, listed, image = (folder / name for name in ("init", "list", "initramfs"))
    if subprocess.call([cc, "-Wall", "-Werror", *flags.split(), "-o", program, source]):
        raise Fault(f"{source.name} does not build")
    listed.write_text(LIST.format(program), encoding="utf-8")
    with open(image, "wb") as file:
        subprocess.run([build / "usr/gen_init_cpio", listed], stdout=file, check=True)
    return image
