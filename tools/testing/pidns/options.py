# SPDX-License-Identifier: GPL-2.0
"""What the user asked for: the variables of the Makefile."""

import functools
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from . import arch as arches
from .arch import X86_64, Arch
from .errors import Fault
from .lists import load

# The one that is fetched: the last of lists/releases.toml.
SERIES = "7.3"
# What means something to some commands only.
NAMES = (
    "BUILD CHECKS CONFIG CONFIGS CPUS DEBUG DELAYS FORCE IMPL KDIR LEVEL MEMORY MINUTES"
    " MUTANTS OP SEED SEEDS SHORT SIZES TESTS TIMEOUT"
)
IMPLEMENTATIONS = ("rust", "c")
SEEDS = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")
NUMBER = re.compile(r"[1-9][0-9]{0,8}")
MEMORY = re.compile(r"[1-9][0-9]{0,8}[MmGg]?")


def _number(env: Mapping[str, str], name: str, what: str, default: int) -> int:
    value = env.get(name, "")
    if not value:
        return default
    if not NUMBER.fullmatch(value):
        raise Fault(f"{name}={value} is not {what}; give one, or leave it out")
    return int(value)


@functools.cache
def known_series() -> list[str]:
    """The series of the kernel that we are made for."""
    return load("releases.toml", lambda table: [one["series"] for one in table["release"]])


def trees() -> str:
    """Which trees can be given, in words."""
    return f"Linux {' or '.join(known_series())}"


def check_kdir(path: Path) -> str:
    """The series of a kernel tree. Raises a Fault unless we are made for that."""
    give = f"give the path of a {trees()} tree"
    if not path.is_dir():
        raise Fault(f"KDIR={path} is not a folder; {give}")
    for name in ("Makefile", "init/Kconfig", "kernel/nsproxy.c"):
        if not (path / name).is_file():
            raise Fault(
                f"KDIR={path} is not a kernel source tree; give the path of a {trees()} one"
            )
    head = (path / "Makefile").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^VERSION *= *(\d+)\nPATCHLEVEL *= *(\d+)", head, re.M)
    version = f"{found[1]}.{found[2]}" if found else "of no version"
    if version not in known_series():
        raise Fault(
            f"KDIR={path} is Linux {version}, not {' or '.join(known_series())};"
            f" give such a tree, or see what is to be done by make port KDIR={path}"
        )
    if not os.access(path, os.W_OK):
        raise Fault(f"KDIR={path} cannot be written to; give a tree of your own")
    return version


def refuse(env: Mapping[str, str], command: str, *names: str) -> None:
    """Raises a Fault for an option of other commands."""
    for name in names:
        if env.get(name, "") not in (
            "",
            {"BUILD": "0", "DEBUG": "0", "FORCE": "0", "IMPL": "rust"}.get(name),
        ):
            raise Fault(f"{name}={env[name]} is not for {command}; leave it out")


def choose(option: str, asked: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those that were asked for, or all."""
    known = list(known)
    for name in asked:
        if name not in known:
            raise Fault(f"{option}={name} is not known; there are: {' '.join(known)}")
    return [name for name in known if name in asked] or known


def refuse_all_but(env: Mapping[str, str], command: str, taken: str) -> None:
    """Raises a Fault for an option that is not taken."""
    refuse(env, command, *sorted(set(NAMES.split()) - set(taken.split())))


def _seeds(value: str) -> range:
    found = SEEDS.fullmatch(value)
    if not found or int(found[1]) >= int(found[2]):
        raise Fault(
            f"SEEDS={value} is not a range; give two numbers, the first being smaller, such as SEEDS=0..20"
        )
    return range(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class Options:
    """The options of a command, checked."""

    arch: Arch = X86_64
    impl: str = "rust"
    # Those that a command works on which takes both where none is asked for.
    impls: tuple[str, ...] = ("c", "rust")
    debug: bool = False
    kdir: Path | None = None
    # Of that tree, or of the one that is fetched.
    series: str = SERIES
    tests: tuple[str, ...] = ()
    seeds: range | None = None
    jobs: int = 1
    # None: two for tests of races, else one.
    cpus: int | None = None
    memory: str = "1G"
    timeout: int | None = None
    minutes: int | None = None
    rustc: str = ""
    # Whether natively tests do all of their rounds, too.
    full: bool = False

    def with_impl(self, impl: str) -> "Options":
        """The same for an implementation."""
        return replace(self, impl=impl)

    @property
    def run(self) -> str:
        """Distinguishes the logs of a run."""
        return f"{self.arch.prefix}{self.impl}{'-debug' if self.debug else ''}"

    @property
    def words(self) -> str:
        """The build's options, as on make's command line."""
        return " ".join([f"IMPL={self.impl}", *self.also])

    @property
    def also(self) -> list[str]:
        """The same without IMPL=."""
        arch = [f"ARCH={self.arch.name}"] if self.arch.foreign else []
        return [*arch, *(["DEBUG=1"] if self.debug else [])]

    @classmethod
    def read(cls, env: Mapping[str, str], memory: str = "1G") -> "Options":
        """Reads them from the environment, where the Makefile puts them."""
        impl = env.get("IMPL") or "rust"
        if impl not in IMPLEMENTATIONS:
            raise Fault(f"IMPL={impl} is not known; use IMPL=rust or IMPL=c")
        debug = env.get("DEBUG", "")
        if debug not in ("", "0", "1"):
            raise Fault(f"DEBUG={debug} is not known; use DEBUG=1, or leave it out")
        short = env.get("SHORT", "")
        if short not in ("", "0", "1"):
            raise Fault(f"SHORT={short} is not known; use SHORT=1 or SHORT=0, or leave it out")
        memory = env.get("MEMORY") or memory
        if not MEMORY.fullmatch(memory):
            raise Fault(
                f"MEMORY={memory} is not an amount of memory; give one as in MEMORY=4G, or leave it out"
            )
        kdir = Path(env["KDIR"]) if env.get("KDIR") else None
        timeout = _number(env, "TIMEOUT", "a number of seconds", 0)
        return cls(
            arch=arches.find(env.get("ARCH", "")),
            impl=impl,
            impls=(impl,) if env.get("IMPL") else cls.impls,
            debug=debug == "1",
            kdir=kdir,
            series=SERIES if kdir is None else check_kdir(kdir),
            tests=tuple(env.get("TESTS", "").split()),
            seeds=_seeds(env["SEEDS"]) if env.get("SEEDS") else None,
            jobs=_number(env, "JOBS", "a number from 1", len(os.sched_getaffinity(0))),
            cpus=_number(env, "CPUS", "a number from 1", 0) or None,
            # A number without a unit means megabytes, as for QEMU.
            memory=memory if memory[-1].isalpha() else f"{memory}M",
            timeout=timeout or None,
            minutes=_number(env, "MINUTES", "a number of minutes", 0) or None,
            rustc=env.get("RUSTC", ""),
            full=short == "0",
        )
