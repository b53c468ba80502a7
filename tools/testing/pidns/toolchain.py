# SPDX-License-Identifier: GPL-2.0
"""Which compilers build the kernel, and how its make is called."""

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .cache import Cache
from .errors import Fault
from .options import NAMES, Options
from .process import output

RUST_MINIMUM = "1.85"
BINDGEN_VERSION, BINDGEN_MINIMUM = "0.72.1", "0.71.1"
# By name, not by --version: the kernel's make appends the number to each name.
LLVM_NEEDED = (
    "clang-N with ld.lld-N and llvm-nm-N (and all of LLVM called so), N one number from 17"
)
LLVM_VERSIONS = range(30, 16, -1)
# What the caller's make passes on, our options, and flags of the user's, are not for the kernel's.
NOT_PASSED = {
    *("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARCH", "CROSS_COMPILE"),
    *("KBUILD_OUTPUT", "LLVM", "KCFLAGS", "USERCFLAGS", *NAMES.split()),
}


def which(program: str) -> str | None:
    """A program's path; Debian keeps system programs where a user's PATH may not look."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def at_least(version: str, minimum: str) -> bool:
    """Whether a version is that or a later one."""
    one, other = (list(map(int, re.findall(r"\d+", words))) for words in (version, minimum))
    return one >= other


def find_rustc(asked: str) -> Path:
    """The distribution's rustc: one that rustup put first in the PATH has no library source."""
    rustc = asked or "/usr/bin/rustc"
    found = rustc if "/" in rustc else which(rustc) or rustc
    # Do not resolve links: rustup's go by their names.
    return Path(os.path.abspath(found))


def rust_fault(rustc: Path) -> str:
    """What is wrong with a rustc, or nothing if it will do."""
    try:
        version = output(rustc, "--version").split()[1]
        sysroot = output(rustc, "--print", "sysroot").strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return (
            f"RUSTC={rustc} does not run; install rustc {RUST_MINIMUM} or later"
            " with its library source, or give RUSTC="
        )
    if not at_least(version, RUST_MINIMUM):
        return (
            f"RUSTC={rustc} is version {version};"
            f" the kernel needs {RUST_MINIMUM} or later, give RUSTC="
        )
    library = Path(sysroot, "lib/rustlib/src/rust/library")
    if not (library / "core/src/lib.rs").is_file():
        return (
            f"RUSTC={rustc} has no library source in {library};"
            " install it (rust-src), or leave RUSTC= out to use Debian's"
        )
    return ""


def rust_llvm(rustc: Path) -> int | None:
    """The version of LLVM that rustc has."""
    own = re.search(r"^LLVM version: (\d+)", output(rustc, "-vV"), re.M)
    return int(own[1]) if own else None


def find_llvm(rustc: Path) -> int | None:
    """The version of LLVM that is installed: rustc's own, so that C helpers can be inlined into
    Rust, or the newest that the kernel takes."""
    majors: tuple[int | None, ...] = (rust_llvm(rustc), *LLVM_VERSIONS)
    for major in majors:
        if all(which(f"{tool}-{major}") for tool in ("clang", "ld.lld", "llvm-nm")):
            return major
    return None


def find_bindgen(cache: Cache) -> Path | None:
    """The bindgen that make setup built, or the system's."""
    built = cache.tools / f"bindgen-{BINDGEN_VERSION}/bin/bindgen"
    if built.exists():
        return built
    found = which("/usr/bin/bindgen") or which("bindgen")
    if found and at_least(output(found, "--version"), BINDGEN_MINIMUM):
        return Path(found)
    return None


def find_cargo() -> str | None:
    """The distribution's cargo, or the first in the PATH."""
    return which("/usr/bin/cargo") or which("cargo")


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
        if not os.access(rustc, os.X_OK):
            raise Fault(f"RUSTC={rustc} does not run; run make setup, or give RUSTC=")
        llvm, bindgen = find_llvm(rustc), find_bindgen(cache)
        if llvm is None:
            raise Fault(f"{LLVM_NEEDED} is missing; run make setup")
        if bindgen is None:
            raise Fault("no bindgen was found; run make setup")
        env = {name: value for name, value in os.environ.items() if name not in NOT_PASSED}
        bin_folder = cache.root / "bin"
        bin_folder.mkdir(parents=True, exist_ok=True)
        if ccache := which("ccache"):
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
        return cls(rustc, llvm, bindgen, env, gcc)

    def beside(self, name: str) -> Path:
        """A tool of rustc's own release, by its side."""
        return self.rustc.with_name(name)

    def make(self, arch: str) -> list[str]:
        """The kernel's make for an architecture."""
        tools = {
            "RUSTC": self.rustc,
            "HOSTRUSTC": self.rustc,
            "RUSTDOC": self.beside("rustdoc"),
            "RUSTFMT": self.beside("rustfmt"),
            "CLIPPY_DRIVER": self.beside("clippy-driver"),
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
