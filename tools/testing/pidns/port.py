# SPDX-License-Identifier: GPL-2.0
"""make port: what another release of the kernel changes in what ours replace or rely on. make
integrate looks at the same.

It lists the functions that differ from those of the last release that we are made for, each with
its counterpart here, the global functions that we do not have yet, and the patches that do not
apply.
"""

import difflib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import functions, kernel, releases, source, stage
from .arch import X86_64
from .cache import TOP, Cache, replace_file
from .errors import Fault, note
from .integrate import integrate
from .options import Options, check_kdir, refuse_all_but, trees
from .overlay import Overlay, need_programs
from .releases import REPLACED, Differing, Release

PAGE = TOP / "Documentation/pidns/where-to-look.rst"
REST = "(outside of functions and types)"
# The parts of a signature that look like a function: attributes and sections.
NO_NAME = re.compile(r"__\w+$|if$|while$|for$|switch$|sizeof$|typeof$|defined$")
SYSCALL = re.compile(r"(?:COMPAT_)?SYSCALL_DEFINE\d\((\w+)")
TYPE = re.compile(r"(?:typedef )?((?:struct|union|enum) \w+) \{$")
EXPORT = re.compile(r"^EXPORT_SYMBOL(?:_GPL)?\((\w+)\);", re.M)


def _name(signature: str) -> str | None:
    """The name of a function, from the lines before its body."""
    if found := SYSCALL.search(signature):
        return f"sys_{found[1]}"
    names: list[str] = re.findall(r"(\w+)\(", signature)
    known = [name for name in names if not NO_NAME.match(name)]
    return next(iter(known or names), None)


def pieces(text: str) -> dict[str, str]:
    """The functions and types of a file in C, by their names, and the rest. In the kernel's
    style they end with a brace in the first column."""
    found: dict[str, str] = {}
    rest: list[str] = []
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at].rstrip()
        begins = line == "{"
        kind = TYPE.match(line)
        if not begins and not kind:
            rest.append(lines[at])
            at += 1
            continue
        start = at
        if begins:
            # The signature: up to what ends something else.
            while rest and re.search(r"^[^#\s/*}].*[^;]$|^[ \t]+.*[,)]$", rest[-1].rstrip()):
                start -= 1
                rest.pop()
        end = at
        while end + 1 < len(lines) and not lines[end].startswith("}"):
            end += 1
        whole = "".join(lines[start : end + 1])
        name = kind[1] if kind else _name("".join(lines[start:at]))
        if name is None:
            rest.append(whole)
        else:
            # Several by conditions, as for a configuration without something.
            found[name] = found.get(name, "") + whole
        at = end + 1
    found[REST] = "".join(rest)
    return found


def global_functions(text: str) -> set[str]:
    """The functions of a C file that others can call."""
    found = set()
    for name, whole in pieces(text).items():
        head = whole.partition("{")[0]
        if name != REST and "(" in head and not re.search(r"\bstatic\b", head):
            found.add(name)
    return found | set(EXPORT.findall(text))


def _page(text: str) -> dict[str, str]:
    """The tables of where-to-look.rst that have functions of C."""
    found: dict[str, str] = {}
    # Those of one row, and whether more follow in the next line.
    names: list[str] = []
    more = False
    for line in text.splitlines():
        row = re.match(r"(``\w+\S*``(?:,)?)(?: +(.*))?$", line)
        if row:
            names = [*(names if more else []), *re.findall(r"``(\w+)", row[1])]
            more = row[1].endswith(",")
        elif not line.startswith("    "):
            names, more = [], False
        said = (row[2] or "") if row else line.strip()
        if names:
            found[names[0]] = f"{found.get(names[0], '')} {said}".strip().replace("``", "")
            found |= dict.fromkeys(names[1:], found[names[0]])
    return found


def counterparts(top: Path = TOP) -> dict[str, str]:
    """What is ours of each C function, by the table of each crate, the page on where to look, and
    the helpers."""
    found: dict[str, str] = {}
    for path in sorted((top / "rust/helpers").glob("*.c")):
        for name in re.findall(r"\brust_helper_(\w+)\(", path.read_text(encoding="utf-8")):
            found[name] = f"rust/helpers/{path.name}"
    for alias, (name, file) in functions.aliases(top / "rust/kernel").items():
        found[alias] = f"{name}() in {file}"
    found |= _page((top / PAGE.relative_to(TOP)).read_text(encoding="utf-8"))
    for crate in functions.CRATES:
        for row in functions.rows(top, crate):
            found[row.c.replace("__x64_sys_", "sys_")] = f"{row.rust}() in {row.file}"
    return found


@dataclass(frozen=True)
class Change:
    """A function or type of a file that differs."""

    file: str
    name: str
    # "differs", "is new" or "is gone".
    what: str


def changes(file: str, before: str, after: str) -> list[Change]:
    """The pieces of a file that differ."""
    old, new = pieces(before), pieces(after)
    found = []
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name, "").split() != new.get(name, "").split():
            what = "differs" if name in old and name in new else "is new"
            found.append(Change(file, name, what if name in new else "is gone"))
    return found


def difference(one: Differing, release: Release) -> str:
    """How a file differs, as diff -u prints it."""
    return "".join(
        difflib.unified_diff(
            (one.before or "").splitlines(keepends=True),
            (one.after or "").splitlines(keepends=True),
            f"{release.version}/{one.file}",
            f"tree/{one.file}",
        )
    )


def ours_of(name: str, known: Mapping[str, str]) -> str:
    """Our counterpart of a function, if there is one."""
    return f"  {known[name]}" if name in known else ""


def report(
    differing: Sequence[Differing], release: Release, known: Mapping[str, str]
) -> Iterator[str]:
    """The lines on files, those that ours replace first."""
    for one in sorted(differing, key=lambda each: (each.file not in REPLACED, each.file)):
        if one.after is None:
            yield f"{one.file}: is not there"
        elif one.before is None:
            yield f"{one.file}: differs, but the text of {release.version} is not here"
        else:
            listed = changes(one.file, one.before, one.after)
            yield f"{one.file}: {len(listed) or 'none'} of its functions and types differ"
            for change in listed:
                brackets = "" if change.name == REST or " " in change.name else "()"
                ours = ours_of(change.name, known)
                yield f"  {change.name}{brackets} {change.what}{ours}"


def unknown_functions(texts: Mapping[str, str]) -> Iterator[str]:
    """Global functions of the replaced files that are not in the list of ours, and the reverse."""
    listed = {name.replace("__x64_sys_", "sys_") for name in kernel.wanted_symbols(X86_64)}
    there: set[str] = set()
    for file in REPLACED:
        text = texts.get(file, "")
        there |= global_functions(text)
        for name in sorted(global_functions(text) - listed):
            yield f"{file}: {name}() has no counterpart; see tools/testing/symbols"
    everything = "".join(texts.get(file, "") for file in REPLACED)
    for name in sorted(listed - there):
        if not re.search(rf"\b{name}\b", everything):
            yield f"{name} is in none of {', '.join(REPLACED)} any more"


def patch_faults(tree: Path, overlay: Overlay) -> Iterator[str]:
    """Those of our patches that do not apply."""
    patches = overlay.patches()
    diff = b"".join(patch.read_bytes() for patch in patches)
    texts = releases.kernel_files(tree, overlay, stage.targets(diff))
    with tempfile.TemporaryDirectory(prefix="pidns.") as work:
        folder = Path(work)
        for file, data in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)
        for patch in patches:
            for file in stage.targets(patch.read_bytes()):
                part = stage.part_of(patch.read_bytes(), file)
                fault = stage.try_patch(folder, part)
                if fault is not None:
                    why = re.search(r".*(?:FAILED|find file).*", fault)
                    said = why[0].strip() if why else fault.partition("\n")[0]
                    yield f"{patch.relative_to(overlay.root)} does not apply to {file}: {said}"


def show(tree: Path, overlay: Overlay, cached: Path | None, folder: Path) -> list[str]:
    """All that there is to say of a tree; the differences go to a file in a folder."""
    release = releases.supported()[-1]
    version = releases.version_of(tree)
    differing = list(releases.differing(release, tree, overlay, cached))
    lines = [f"Linux {version} against {release.version}:"]
    lines += report(differing, release, counterparts(overlay.root))
    texts = releases.kernel_files(tree, overlay, REPLACED)
    lines += unknown_functions({file: data.decode() for file, data in texts.items()})
    lines += patch_faults(tree, overlay)
    if len(lines) == 1:
        return [f"Linux {version} has all of {len(release.files)} files as {release.version} has"]
    path = folder / f"port-{version}.diff"
    replace_file(path, "".join(difference(one, release) for one in differing).encode())
    return [*lines, f"the differences are in {path}"]


def examine(tree: Path, overlay: Overlay, cached: Path | None, folder: Path, force: bool) -> None:
    """Says what a tree of a series that we are made for has otherwise than the release. Raises a
    Fault if that is in a file that ours replace: a fix there would be missing in ours."""
    series = releases.series_of(releases.version_of(tree))
    release = next((one for one in releases.supported() if one.series == series), None)
    if release is None:
        return
    differing = list(releases.differing(release, tree, overlay, cached))
    if not differing:
        return
    path = folder / f"integrate-{releases.version_of(tree)}.diff"
    replace_file(path, "".join(difference(one, release) for one in differing).encode())
    replaced = [one for one in differing if one.file in REPLACED]
    print("".join(difference(one, release) for one in replaced), end="")
    for line in report(differing, release, counterparts(overlay.root)):
        note(line)
    note(f"that is against {release.version}; the differences are in {path}")
    if replaced and not force:
        files = ", ".join(one.file for one in replaced)
        raise Fault(
            f"ours replace files that are not those of {release.version}: {files};"
            " see whether ours need that as well, then give FORCE=1"
        )


def check_tree(tree: Path) -> None:
    """Raises a Fault unless it is a kernel tree, of whatever series."""
    if not (tree / "Makefile").is_file() or not (tree / "init/Kconfig").is_file():
        raise Fault(f"KDIR={tree} is not a kernel source tree; give the one to look at")


def command(_o: Options, cache: Cache, env: Mapping[str, str], arguments: Sequence[str]) -> int:
    """The command "port TREE"."""
    refuse_all_but(env, "port", "")
    folder = arguments[0] if arguments else ""
    if not folder:
        raise Fault("which tree? give KDIR=, the path of a Linux source tree of another release")
    tree = Path(folder).resolve()
    check_tree(tree)
    need_programs()
    cached = source.cached(cache)
    if cached is None:
        note("the source is not in the cache; make kernel fetches it")
    print("\n".join(show(tree, Overlay(), cached, cache.log)))
    return 0


def integrate_command(
    _o: Options, cache: Cache, env: Mapping[str, str], arguments: Sequence[str]
) -> int:
    """The command "integrate TREE"."""
    folder = arguments[0] if arguments else ""
    if not folder:
        raise Fault(f"which tree? give KDIR=, the path of a {trees()} source tree")
    force = env.get("FORCE", "")
    if force not in ("", "0", "1"):
        raise Fault(f"FORCE={force} is not known; use FORCE=1, or leave it out")
    tree, overlay = Path(folder), Overlay()
    check_kdir(tree)
    need_programs()
    examine(tree.resolve(), overlay, source.cached(cache), cache.log, force == "1")
    integrate(overlay, tree)
    return 0
