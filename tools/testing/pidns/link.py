# SPDX-License-Identifier: GPL-2.0
"""What a kernel is linked from: the chosen implementation, and nothing of the other."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .arch import X86_64, Arch
from .process import output

OBJECTS = {
    "c": frozenset({"kernel/nsproxy.o", "kernel/pid.o", "kernel/pid_namespace.o"}),
    "rust": frozenset(
        {"kernel/pidns/pidns/glue.o", "kernel/pidns/pidns/lib.o", "kernel/pidns/nsproxy/lib.o"}
    ),
}
WITHOUT_PID_NS = "kernel/pid_namespace.o"
# Four numbers, then in a column of its own an object with its section, or a symbol of
# that, as lld writes them.
MAP_LINE = re.compile(
    r"\s*[0-9a-f]+ +[0-9a-f]+ +[0-9a-f]+ +[0-9]+ (?: {8}(?P<object>\S+):\(\S+\)| {16}(?P<symbol>\S+))$"
)
NOT_EXPORTED = "not exported"
# What ftrace has no location of: objects, and what runs once, at boot.
UNTRACED = re.compile("init_|pidns_.*operations|nsproxy_cache_init|pid_idr_init")


def _is_object(member: str, name: str) -> bool:
    # Older tools print a thin archive's members with the folder it is in.
    return member == name or member.endswith("/" + name)


def wrong_objects(
    impl: str, linked: Iterable[str], how: str = "linked", pid_ns: bool = True
) -> Iterator[str]:
    """What is there of the other, and is not of the chosen implementation. Without
    CONFIG_PID_NS the C files are one less."""
    members = set(linked)
    for owner, names in OBJECTS.items():
        for name in sorted(names):
            there = any(_is_object(member, name) for member in members)
            wanted = owner == impl and (pid_ns or name != WITHOUT_PID_NS)
            if there != wanted:
                yield f"{name} is {'' if there else 'not '}{how}"


def read_map(lines: Iterable[str]) -> tuple[set[str], dict[str, set[str]]]:
    """The objects of a link's map, and for each symbol those that have it."""
    member, objects = "nothing", set()
    origins: dict[str, set[str]] = {}
    for found in filter(None, map(MAP_LINE.match, lines)):
        if found["symbol"]:
            origins.setdefault(found["symbol"], set()).add(member)
        else:
            # ARCHIVE(MEMBER)
            member = re.sub(r".*\((.*)\)$", r"\1", found["object"])
            objects.add(member)
    return objects, origins


def wrong_map(impl: str, lines: Iterable[str], symbols: Iterable[str]) -> Iterator[str]:
    """The same of a link's map, and which symbols come from elsewhere."""
    objects, origins = read_map(lines)
    yield from wrong_objects(impl, objects, "in the map")
    for name in symbols:
        for member in sorted(origins.get(name, {"nothing"})):
            if not any(_is_object(member, wanted) for wanted in OBJECTS[impl]):
                yield f"{name} comes from {member}"


def _words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip() and line[0] != "#"]


def wanted_symbols(text: str, arch: Arch = X86_64) -> dict[str, str]:
    """The symbols of tools/testing/symbols, and how they are exported."""
    own = text.replace(X86_64.calls, arch.calls)
    return {name: export[0] if export else NOT_EXPORTED for name, *export in _words(own)}


def traced(symbols: Iterable[str]) -> list[str]:
    """Those of them that ftrace has a location of, but for system calls, which are C."""
    return sorted(name for name in symbols if "_sys_" not in name and not UNTRACED.match(name))


def wrong_symbols(wanted: dict[str, str], defined: str, exported: str) -> Iterator[str]:
    """What a kernel lacks, and what it exports otherwise, by nm and Module.symvers."""
    names = {line[-1] for line in _words(defined)}
    exports = {line[1]: line[3] for line in _words(exported)}
    for name, export in wanted.items():
        found = exports.get(name, NOT_EXPORTED)
        if name not in names:
            yield f"{name} is not defined"
        if found != export:
            yield f"{name} is {found}; it must be {export}"


def objects(build: Path, llvm: int) -> list[str]:
    """The objects that the kernel of a build tree is linked from."""
    return output(f"llvm-ar-{llvm}", "t", build / "vmlinux.a").split()


def defined(build: Path, llvm: int) -> str:
    """The symbols that it defines, as nm prints them."""
    return output(f"llvm-nm-{llvm}", "--extern-only", "--defined-only", build / "vmlinux")
