# SPDX-License-Identifier: GPL-2.0
"""Which compilers build the kernel, and how its make is called."""

import functools
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from .cache import Cache
from .errors import Fault
from .options import Options
from .process import output

BINDGEN_VERSION = "0.72.1"
# By name, not by --version: the kernel's make appends the number to each name.
LLVM_NEEDED = (
    "clang-N with ld.lld-N and llvm-nm-N (and all of LLVM called so), N one number from 17"
)


def find_rustc(asked: str) -> Path:
    """The distribution's rustc: one that rustup put first in the PATH has no library source."""
    rustc = asked or "/usr/bin/rustc"
    found = rustc if "/" in rustc else shutil.which(rustc)
    if not found or not os.access(found, os.X_OK):
        raise Fault(f"RUSTC={rustc} does not run; run make setup, or give RUSTC=")
    # Do not resolve links: rustup's go by their names.
    return Path(os.path.abspath(found))


def find_llvm(rustc: Path) -> int:
    """The version of LLVM that is installed: rustc's own, or the newest."""
    own = re.search(r"^LLVM version: (\d+)", output(rustc, "-vV"), re.M)
    majors = ([int(own[1])] if own else []) + list(range(30, 16, -1))
    for major in majors:
        if all(shutil.which(f"{tool}-{major}") for tool in ("clang", "ld.lld", "llvm-nm")):
            return major
    raise Fault(f"{LLVM_NEEDED} is missing; run make setup")


def find_bindgen(cache: Cache) -> Path:
    """The bindgen that make setup built, or the system's."""
    built = cache.tools / f"bindgen-{BINDGEN_VERSION}/bin/bindgen"
    found = str(built) if built.exists() else shutil.which("bindgen")
    if not found:
        raise Fault("no bindgen was found; run make setup")
    return Path(found)


@dataclass(frozen=True)
class Toolchain:
    """The compilers, and the environment that the kernel's make is given."""

    rustc: Path
    llvm: int
    bindgen: Path
    env: dict[str, str]
    # Whether gcc builds the C of the kernel; else clang and LLVM's tools.
    gcc: bool = False

    @classmethod
    def find(cls, options: Options, cache: Cache, gcc: bool = False) -> "Toolchain":
        """Finds what make setup has installed."""
        rustc = find_rustc(options.rustc)
        llvm = find_llvm(rustc)
        env = {
            name: value
            for name, value in os.environ.items()
            # What the caller's make passes on, and flags of the user's, are not for the kernel's.
            if name
            not in (
                "MAKEFLAGS",
                "MFLAGS",
                "MAKELEVEL",
                "MAKEOVERRIDES",
                "CROSS_COMPILE",
                "KBUILD_OUTPUT",
                "LLVM",
                "KCFLAGS",
                "USERCFLAGS",
            )
        }
        bin_folder = cache.root / "bin"
        bin_folder.mkdir(parents=True, exist_ok=True)
        if ccache := shutil.which("ccache"):
            # By the compiler's name: CC="ccache clang" breaks the linker that the
            # kernel's Makefile hands to rustc for host programs.
            link = bin_folder / f"clang-{llvm}"
            if not link.is_symlink() or os.readlink(link) != ccache:
                link.unlink(missing_ok=True)
                link.symlink_to(ccache)
        libclang = Path(f"/usr/lib/llvm-{llvm}/lib")
        if libclang.is_dir():
            env["LIBCLANG_PATH"] = str(libclang)
        env |= {
            "PATH": f"{bin_folder}:{env.get('PATH', '')}:/usr/sbin:/sbin",
            "LC_ALL": "C.UTF-8",
            # Build trees are at one depth: with relative paths and a fixed build identity
            # the objects of the next one are found in the cache.
            "CCACHE_DIR": str(cache.root / "ccache"),
            "CCACHE_BASEDIR": str(cache.root),
            "CCACHE_NOHASHDIR": "1",
            "CCACHE_COMPRESS": "1",
            "CCACHE_MAXSIZE": env.get("CCACHE_MAXSIZE", "5G"),
            "KBUILD_BUILD_TIMESTAMP": "Thu Jan  1 00:00:00 UTC 2026",
            "KBUILD_BUILD_USER": "pidns",
            "KBUILD_BUILD_HOST": "pidns",
            "KBUILD_BUILD_VERSION": "1",
        }
        return cls(rustc, llvm, find_bindgen(cache), env, gcc)

    def make(self, arch: str) -> list[str]:
        """The kernel's make for an architecture."""
        tools = {
            "RUSTC": self.rustc,
            "HOSTRUSTC": self.rustc,
            "RUSTDOC": self.rustc.with_name("rustdoc"),
            "RUSTFMT": self.rustc.with_name("rustfmt"),
            "BINDGEN": self.bindgen,
        }
        llvm = "" if self.gcc else f"-{self.llvm}"
        return ["make", f"ARCH={arch}", f"LLVM={llvm}"] + [f"{k}={v}" for k, v in tools.items()]

    @functools.cached_property
    def identity(self) -> str:
        """Changes when a compiler does."""
        return "".join(
            (
                output(self.rustc, "-vV"),
                output("gcc" if self.gcc else f"clang-{self.llvm}", "--version"),
                output(self.bindgen, "--version"),
            )
        )
