# SPDX-License-Identifier: GPL-2.0
"""The architectures that kernels are built for, and what is special about each."""

from dataclasses import dataclass
from pathlib import Path

from .errors import Fault


@dataclass(frozen=True)
class Arch:
    """How kernels and programs of an architecture are built, and how QEMU runs them."""

    # As the kernel's make calls it.
    name: str
    # The machine and, where KVM does not run it, the processor.
    qemu: str
    emulated: str
    # The kernel, in a build tree, and its goal.
    image: str
    goal: str
    console: str
    # What the names of system calls begin with, in a kernel.
    calls: str
    # As rustc and Debian call it.
    triple: str
    debian: str
    # What Debian's cross compilers begin with. Without them this machine's programs are meant.
    cross: str = ""

    @property
    def foreign(self) -> bool:
        """Whether it is not this machine's."""
        return bool(self.cross)

    @property
    def prefix(self) -> str:
        """What sets the names of its build trees and logs apart."""
        return f"{self.name}-" if self.foreign else ""

    @property
    def file(self) -> str:
        """The kernel's name in a stage folder."""
        return Path(self.image).name


X86_64 = Arch(
    "x86_64",
    "qemu-system-x86_64",
    "-cpu max",
    "arch/x86/boot/bzImage",
    "bzImage",
    "ttyS0",
    "__x64_sys_",
    "x86_64-unknown-linux-gnu",
    "amd64",
)
# A processor without pointer authentication: QEMU would compute that at each call.
ARM64 = Arch(
    "arm64",
    "qemu-system-aarch64",
    "-machine virt -cpu neoverse-n1",
    # kunit.py, too, looks for it there.
    "arch/arm64/boot/Image.gz",
    "Image.gz",
    "ttyAMA0",
    "__arm64_sys_",
    "aarch64-unknown-linux-gnu",
    "arm64",
    "aarch64-linux-gnu-",
)
RISCV = Arch(
    "riscv",
    "qemu-system-riscv64",
    "-machine virt -cpu rv64",
    "arch/riscv/boot/Image",
    "Image",
    "ttyS0",
    "__riscv_sys_",
    "riscv64gc-unknown-linux-gnu",
    "riscv64",
    "riscv64-linux-gnu-",
)
ARCHES = {arch.name: arch for arch in (X86_64, ARM64, RISCV)}


def find(name: str) -> Arch:
    """The one that was asked for; none is this machine's."""
    if name and name not in ARCHES:
        raise Fault(f"ARCH={name} is not known; use {', '.join(f'ARCH={one}' for one in ARCHES)}")
    return ARCHES[name or X86_64.name]
