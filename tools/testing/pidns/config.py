# SPDX-License-Identifier: GPL-2.0
"""A kernel's configuration: fragments of configs/, and the choice of the implementation."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .arch import X86_64, Arch
from .cache import TOP

FOLDER = TOP / "configs"
SYMBOL = re.compile(r"(?:# )?(CONFIG_\w+)(?:=| is not set)")


@dataclass(frozen=True)
class Config:
    """What is asked for: fragments over a goal of the kernel's make.

    What the fragments make possible has its default, but with no goal, where it is off unless
    they ask for it.
    """

    fragments: tuple[Path, ...]
    # The lines that set one implementation apart from the other.
    extra: str
    goal: str = ""
    # What must not be dropped, where that is not all.
    must: str | None = None

    @property
    def wanted(self) -> str:
        """All lines."""
        return "".join(path.read_text(encoding="utf-8") for path in self.fragments) + self.extra

    def of_series(self, series: str) -> "Config":
        """The same for a series of the kernel, which may have a fragment: symbols that have another
        name there, or that it lacks."""
        path = FOLDER / f"{series}.config"
        return replace(self, fragments=(*self.fragments, path)) if path.exists() else self


def _lines(symbols: Iterable[str]) -> str:
    return "".join(f"CONFIG_{symbol}\n" for symbol in symbols)


def _fragments(*names: str) -> tuple[Path, ...]:
    return tuple(FOLDER / f"{name}.config" for name in names)


def for_uml(impl: str, debug: bool, variant: str = "") -> Config:
    """The configuration of make quick, or a variant of it, with one fragment more. C is built
    without any Rust."""
    rust = "RUST=y RUST_OVERFLOW_CHECKS=y RUST_KERNEL_DOCTESTS=y PIDNS_RUST=y PIDNS_KUNIT_TEST=y"
    symbols = (f"{rust} PIDNS_DEBUG_FS=y" if impl == "rust" else "PIDNS_C=y").split()
    more = [*(["um-debug"] if debug else []), *([f"um-{variant}"] if variant else [])]
    return Config(_fragments("um", *more), _lines(symbols))


def _for_qemu(impl: str) -> str:
    rust = "PIDNS_RUST=y PIDNS_KUNIT_TEST=y SAMPLES=y SAMPLES_RUST=y SAMPLE_PIDNS_INSPECT=m"
    return _lines((rust if impl == "rust" else "PIDNS_C=y").split())


def for_qemu(impl: str, debug: bool, variant: str = "", arch: Arch = X86_64) -> Config:
    """The configuration for QEMU, or a variant: a fragment over it, or over the lean one."""
    checks = ["debug"] if debug else []
    debugfs = _lines(["PIDNS_DEBUG_FS=y"] if impl == "rust" else [])
    if arch.foreign:
        names = ["guest", "lean", "test", *checks, "emulated", arch.name]
        return Config(_fragments(*names), _for_qemu(impl) + debugfs)
    if variant not in ("", "distribution", "gdb"):
        return Config(_fragments("guest", "lean", variant), _for_qemu(impl))
    names = [
        "base",
        "guest",
        "test",
        *checks,
        *([variant] if variant else []),
    ]
    return Config(_fragments(*names), _for_qemu(impl) + debugfs, "allnoconfig")


def for_patches(rust: bool, known: Collection[str]) -> Config:
    """The lean configuration, as far as a patch of the series has the symbols."""
    lines = _for_qemu("rust" if rust else "c").splitlines(keepends=True)
    ours = [line for line in lines if "PIDNS" in line]
    extra = [line for line in lines if line not in ours]
    extra += [line for line in ours if line.removeprefix("CONFIG_").partition("=")[0] in known]
    extra += [] if rust else ["CONFIG_RUST=n\n"]
    text = "".join(extra)
    return Config(_fragments("guest", "lean"), text, must=text)


def for_matrix(goal: str, wanted: str, arch: Arch = X86_64) -> Config:
    """A configuration of make configs: changes to the lean one, or to a goal of the kernel's make."""
    names = ["base", "guest", "test"] if goal else ["guest", "lean"]
    if arch.foreign:
        names += ["emulated", arch.name]
    return Config(_fragments(*names), _for_qemu("rust") + wanted, goal, wanted)


def merged(base: str, wanted: str) -> str:
    """The lines of both: of several on one symbol, the last."""
    lines: dict[str, str] = {}
    for number, line in enumerate(f"{base}\n{wanted}".splitlines()):
        found = SYMBOL.match(line)
        key = found[1] if found else str(number)
        lines.pop(key, None)
        lines[key] = line
    return "\n".join(lines.values()) + "\n"


def read_config(text: str) -> dict[str, str]:
    """The symbols that a configuration, or a fragment of one, sets."""
    return dict(
        line.split("=", 1)
        for line in text.splitlines()
        if line.startswith("CONFIG_") and "=" in line
    )


def unhonoured(config: str, wanted: str) -> list[str]:
    """Wanted symbols that a configuration lacks."""
    have = read_config(config)
    return sorted(
        f"{name}={value}"
        for name, value in read_config(wanted).items()
        if have.get(name, "n") != value
    )
