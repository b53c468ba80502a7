# SPDX-License-Identifier: GPL-2.0
"""make setup: installs what is missing and says what; with all in place, silent and quick.

Builds the tools that come as source, and our own programs. Debian 12 and 13 by apt; elsewhere
it lists what is missing and stops.
"""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from . import cargo, toolchain
from .archive import os_release
from .cache import Cache, check_disk
from .errors import Fault, note, show_end
from .lists import load
from .options import Options
from .process import limited
from .toolchain import LLVM_NEEDED, LLVM_VERSIONS, RUST_MINIMUM, Toolchain, which

PYTHON = "/usr/bin/python3"
RUST = {
    "debian-12": ("rustc-web", "cargo-web", "rust-web-src", "rustfmt-web", "rust-web-clippy"),
    "debian-13": ("rustc", "cargo", "rust-src", "rustfmt", "rust-clippy"),
}
# What comes from PyPI, each into a venv of its own: the kernel's documentation asks for
# the two others of sphinx as well.
FROM_PYPI = {
    "virtme-ng-1.42": ("virtme-ng==1.42",),
    "sphinx-8.1.3": ("Sphinx==8.1.3", "alabaster==1.0.0", "PyYAML==6.0.2"),
    "ruff-0.17.6-mypy-2.4.1": ("ruff==0.17.6", "mypy==2.4.1"),
}
VIRTME, SPHINX, RUFF = FROM_PYPI
# Minutes.
APT_LIMIT, CARGO_LIMIT, PIP_LIMIT = 60, 60, 30
NETWORK = "look at the lines above, and at the network"


def has(check: str) -> bool:
    """Whether what a package brings is there."""
    kind, _, what = check.partition(":")
    if kind == "cmd":
        return which(what) is not None
    if kind == "py":
        return importlib.util.find_spec(what) is not None
    if Path("/usr/include", what).exists():
        return True
    if not which("cc"):
        return False
    preprocessed = subprocess.run(
        ["cc", "-E", "-"], input=f"#include <{what}>\n".encode(), capture_output=True, check=False
    )
    return preprocessed.returncode == 0


def missing_packages(arch: str, distribution: str) -> list[str]:
    """Those that are missing to build and run kernels of an architecture, with the names that
    they have on a distribution, or on the newest that is known."""
    known = (f"{arch} {distribution}", f"{arch} debian-13")
    needed: dict[str, str] = load(
        "packages.toml",
        lambda data: (
            data["every"] | data[arch] | next((data[one] for one in known if one in data), {})
        ),
    )
    return [package for package, check in needed.items() if not has(check)]


@dataclass
class Setup:
    """What is there, and how the rest is installed."""

    options: Options
    cache: Cache
    # A folder for what is not finished yet.
    work: Path = Path()

    def __post_init__(self) -> None:
        system = os_release()
        self.distribution = f"{system.get('ID', '')}-{system.get('VERSION_ID', '')}"
        self.rustc = toolchain.find_rustc(self.options.rustc)
        self.own_rust = self.rustc != Path("/usr/bin/rustc")
        self.fault = toolchain.rust_fault(self.rustc)

    def missing(self) -> list[str]:
        """The packages that are missing."""
        return missing_packages(self.options.arch.name, self.distribution)

    def has_rust(self) -> bool:
        """Whether rustc will do and all that belongs to it is there."""
        tools = [self.rustc.with_name(name) for name in ("rustfmt", "clippy-driver")]
        return not self.fault and all(os.access(tool, os.X_OK) for tool in tools)

    def other_llvm(self) -> Path:
        """Says that the archive has no clang of rustc's LLVM, so that none is looked for again."""
        return self.cache.tools / f"no-llvm-{toolchain.rust_llvm(self.rustc)}"

    def has_llvm(self) -> bool:
        """Whether there is clang, of rustc's LLVM if possible."""
        major = toolchain.find_llvm(self.rustc)
        own = toolchain.rust_llvm(self.rustc)
        return major is not None and (major == own or self.other_llvm().exists())

    def is_complete(self, name: str) -> bool:
        """Whether a venv is whole."""
        return (self.cache.tools / name / ".complete").exists()

    def has_all(self) -> bool:
        """Whether nothing is missing."""
        return (
            not self.missing()
            and self.has_rust()
            and toolchain.find_cargo() is not None
            and self.has_llvm()
            and toolchain.find_bindgen(self.cache) is not None
            and all(map(self.is_complete, FROM_PYPI))
            and all(cargo.program(self.cache, crate=crate).exists() for crate in cargo.CRATES)
        )

    def apt(self, *packages: str) -> None:
        """Installs packages as root, asking the archive anew if that is needed."""
        if not packages:
            return
        root: list[str] = []
        if os.getuid() != 0:
            if not which("sudo"):
                raise Fault(
                    "packages are missing and this is neither root nor has it sudo;"
                    f" have installed: {' '.join(packages)}"
                )
            root = ["sudo"]
        # In the foreground, where Ctrl-C reaches it, and where sudo can ask for a password.
        root += (
            f"timeout --foreground -k 30 {APT_LIMIT}m env DEBIAN_FRONTEND=noninteractive".split()
        )
        apt = [*root, "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
        install = [*apt, "install", "--no-install-recommends", *packages]
        log = self.work / "apt.log"

        def run(command: list[str]) -> int:
            with open(log, "wb") as file:
                return subprocess.run(
                    command, stdout=file, stderr=subprocess.STDOUT, check=False
                ).returncode

        note(f"installing by apt-get: {' '.join(packages)}")
        status = run(install)
        if status == 0:
            return
        if status in (124, 137):
            raise Fault(
                f"apt-get was not done after {APT_LIMIT} minutes and was stopped;"
                f" try by hand: apt-get install {' '.join(packages)}"
            )
        # One that was interrupted may have left packages that are not set up.
        if "dpkg --configure -a" in log.read_text(encoding="utf-8", errors="replace"):
            run([*root, "dpkg", "--configure", "-a"])
        # What apt knows of the archive may be missing or old: then it is fetched, once.
        if run([*apt, "update"]) != 0 or run(install) != 0:
            said = log.read_text(encoding="utf-8", errors="replace")
            if "No space left on device" in said:
                raise Fault("the disk of / or of /var is full; free some space there")
            print("\n".join(re.findall(r"^[EW]:.*", said, re.M)[-5:]), file=sys.stderr)
            raise Fault(
                "apt-get could not install these packages;"
                " look at the lines above, and at the network"
            )

    def stop_elsewhere(self, *what: str) -> NoReturn:
        """On a distribution whose packages we do not know."""
        raise Fault(
            f"missing: {', '.join(what)}; on this system ({self.distribution.strip('-') or 'unknown'})"
            " install them by hand, then try again (only Debian 12 and 13 are done by themselves)"
        )

    def missing_elsewhere(self) -> list[str]:
        """All that is missing there."""
        missing = self.missing()
        if not self.own_rust and not self.has_rust():
            why = f" ({self.fault})" if self.fault else ""
            missing.append(
                f"rustc {RUST_MINIMUM} or later with library source, rustfmt and clippy{why}"
            )
        if not toolchain.find_cargo():
            missing.append("cargo")
        if self.fault or toolchain.find_llvm(self.rustc) is None:
            missing.append(f"{LLVM_NEEDED}, and its libclang")
        return missing

    def install_rust(self) -> None:
        """Installs the distribution's rustc, unless the user has given one."""
        if not self.own_rust:
            self.apt(*RUST.get(self.distribution, ()))
        self.fault = toolchain.rust_fault(self.rustc)
        if self.fault:
            raise Fault(self.fault)

    def install_llvm(self) -> None:
        """The clang of rustc's own LLVM if the archive has it, else the newest that serves."""
        own = toolchain.rust_llvm(self.rustc)
        for major in (own, *LLVM_VERSIONS) if self.distribution in RUST else ():
            asked = ["apt-cache", "madison", f"clang-{major}"]
            if subprocess.run(asked, capture_output=True, check=False).stdout:
                names = ("clang-{}", "lld-{}", "llvm-{}", "libclang-{}-dev")
                self.apt(*(name.format(major) for name in names))
                break
        major = toolchain.find_llvm(self.rustc)
        if major is None:
            raise Fault(f"{LLVM_NEEDED} is missing; look at this system's apt sources")
        if major != own:
            note(
                f"rustc has LLVM {own}, clang {major}: C helpers are not inlined into Rust (slower)"
            )
            self.other_llvm().parent.mkdir(parents=True, exist_ok=True)
            self.other_llvm().touch()

    def install_bindgen(self) -> None:
        """Debian 13's bindgen for its rustc, else one that cargo builds."""
        if self.distribution == "debian-13" and not self.own_rust:
            self.apt("bindgen")
            return
        found = toolchain.find_cargo() or self.stop_elsewhere("cargo, or bindgen")
        version = toolchain.BINDGEN_VERSION
        note(f"building bindgen {version} with cargo")
        log = self.work / "log"
        asked = ["--locked", "--quiet", "bindgen-cli", "--version", version]
        status = limited(
            CARGO_LIMIT,
            [found, "install", *asked, "--root", self.work / "bindgen"],
            log=log,
            env=os.environ | {"RUSTC": str(self.rustc), "CARGO_TARGET_DIR": f"{self.work}/target"},
        )
        if status != 0:
            check_disk(log, self.cache.root)
            show_end(log, 10)
            raise Fault(f"cargo could not build bindgen; {NETWORK}")
        final = self.cache.tools / f"bindgen-{version}"
        final.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(final, ignore_errors=True)
        (self.work / "bindgen").replace(final)

    def install(self) -> None:
        """Installs all that is missing."""
        if self.distribution in RUST:
            self.apt(*self.missing())
        elif missing := self.missing_elsewhere():
            self.stop_elsewhere(*missing)
        with self.cache.lock():
            if not self.has_rust() or not toolchain.find_cargo():
                self.install_rust()
            if not self.has_llvm():
                self.install_llvm()
            if not toolchain.find_bindgen(self.cache):
                self.install_bindgen()
            for name, packages in FROM_PYPI.items():
                if not self.is_complete(name):
                    make_venv(self.cache, self.cache.tools / name, self.work / "log", *packages)
            # Most of it is libraries of others, which then are there without the network.
            for crate in cargo.CRATES:
                if not cargo.program(self.cache, crate=crate).exists():
                    note(f"building {crate.called}")
                    cargo.build(self.cache, Toolchain.find(self.options, self.cache), crate=crate)


def make_venv(cache: Cache, venv: Path, log: Path, *packages: str) -> None:
    """Makes a venv with packages. It knows its own path, so it is made in place; the stamp says
    that it is whole."""
    what = packages[0].replace("==", " ")
    note(f"installing {what} from PyPI")
    shutil.rmtree(venv, ignore_errors=True)
    venv.parent.mkdir(parents=True, exist_ok=True)
    pip = [f"{venv}/bin/pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        commands = [PYTHON, "-m", "venv", str(venv)], [*pip, "--no-cache-dir", *packages]
        for command in commands:
            if limited(PIP_LIMIT, command, log=log) != 0:
                check_disk(log, cache.root)
                show_end(log, 5)
                raise Fault(f"pip could not install {what}; {NETWORK}")
        (venv / ".complete").touch()
    finally:
        if not (venv / ".complete").exists():
            shutil.rmtree(venv, ignore_errors=True)


def setup(options: Options, cache: Cache, verbose: bool = False) -> None:
    """Installs what is missing."""
    system = f"{platform.system()} {platform.machine()}"
    if system != "Linux x86_64":
        raise Fault(f"this is {system}; an x86_64 Linux is needed")
    made = Setup(options, cache)
    if made.fault and made.own_rust:
        raise Fault(made.fault)
    if made.has_all():
        if verbose:
            note("all tools are in place")
        return
    with cache.temporary() as made.work:
        made.install()


def command(options: Options, cache: Cache, _: Mapping[str, str], arguments: Sequence[str]) -> int:
    """The command "setup [--verbose]"."""
    setup(options, cache, "--verbose" in arguments)
    return 0
