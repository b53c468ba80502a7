# SPDX-License-Identifier: GPL-2.0
"""make bench: what operations cost on both implementations, in instructions.

Both kernels run tools/testing/bench/bench.c on one processor that counts. Also how much memory
processes and namespaces take, and the code, and, from kernels of their own, for how long locks are
held. The table is shown, kept as CSV, and drawn; a second one is of kernels that are configured as
a distribution's.
"""

import csv
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from . import initramfs, process
from .arch import X86_64
from .cache import TOP, Cache
from .errors import Fault, note, show_end
from .kernel import DISTRIBUTION, built
from .options import Options, refuse
from .tree import Tree

PROGRAM = TOP / "tools/testing/bench/bench.c"
LIMIT = 1800
IMPLS = ("c", "rust")
# Nothing may differ between two runs: no clock of the machine, no addresses and no seeds by
# chance. With these features of the processor a string instruction would count once for each byte.
QEMU = (
    f"{X86_64.qemu} -smp 1 -accel tcg -cpu max,-erms,-fsrm -icount shift=0,sleep=off -seed 1"
    " -rtc base=2026-01-01T00:00:00,clock=vm -vga none -nic none -nodefaults -no-reboot"
    " -display none -serial stdio"
)
ARGUMENTS = (
    "console=ttyS0 quiet nokaslr norandmaps randomize_kstack_offset=off slab_nomerge oops=panic"
    " panic=-1"
)
FAULT = re.compile(r"^bench: .*: .*$", re.M)
# KUnit and its tests: only the Rust kernel has ours.
TESTS = re.compile(r"kunit|doctest|5tests")

COLUMNS = ("operation", "level", "c", "rust", "ratio", "c median", "rust median", "median ratio")

Counts = dict[tuple[str, int], tuple[float, float]]


def stage(tree: Tree, folder: Path, program: Path = PROGRAM) -> None:
    """Copies the kernel to a folder, with an initramfs that has a program alone."""
    shutil.copy(tree.build / X86_64.image, folder / "kernel")
    initramfs.make(tree.build, folder, program, "-O2 -static -pthread")


def guest(folder: Path, arguments: str, memory: str = "2G") -> list[str]:
    """QEMU with what stage() has left there."""
    kernel = ["-kernel", f"{folder}/kernel", "-initrd", f"{folder}/initramfs"]
    return [*QEMU.split(), "-m", memory, *kernel, "-append", f"{ARGUMENTS} {arguments}"]


def said_in(path: Path) -> str:
    """What a guest has said, which must have come to its end."""
    said = path.read_text(encoding="utf-8", errors="replace")
    faults = FAULT.findall(said)
    if faults or not re.search("^bench: done", said, re.M):
        print("".join(f"{fault}\n" for fault in faults), end="", file=sys.stderr)
        show_end(path, 20)
        raise Fault(f"the guest did not come to its end; all that it said is in {path}")
    return said


def symbols(tree: Tree, *options: str) -> str:
    """What llvm-nm says of a kernel."""
    return process.output(f"llvm-nm-{tree.toolchain.llvm}", *options, tree.build / "vmlinux")


def text_size(said: str) -> int:
    """The bytes of machine code in a kernel, by llvm-nm."""
    fields = (line.split(None, 3) for line in said.splitlines())
    code = (line for line in fields if len(line) == 4 and line[2] in "tT")
    return sum(int(line[1]) for line in code if not TESTS.search(line[3]))


def count_on(options: Options, cache: Cache, variant: str = "", arguments: str = "") -> str:
    """Boots a kernel and lets it count; returns what it says, which is kept as well."""
    name = "-".join(filter(None, ("bench", options.impl, variant)))
    path = cache.log / f"{name}.txt"
    with cache.temporary() as folder:
        with built(options, cache, variant) as tree:
            stage(tree, folder)
            size = text_size(symbols(tree, "--print-size", "--radix=d"))
        note(f"counting (IMPL={options.impl}{f', {variant}' if variant else ''})")
        process.run(guest(folder, arguments), limit=options.timeout or LIMIT, log=path)
    said = said_in(path)
    if not variant:
        said += f"bench text 0 {size} {size}\n"
    return said


class Row(NamedTuple):
    """A figure of both kernels: the least, and the median of the rounds."""

    name: str
    level: int | str
    c: float
    rust: float
    c_median: float
    rust_median: float

    @property
    def ratio(self) -> float | None:
        """Rust to C; None where C has nothing to compare with."""
        return self.rust / self.c if self.c > 0 else None


def shown(c: float, rust: float) -> str:
    """The ratio as text."""
    return f"{rust / c:.3f}" if c > 0 else "-"


def figures(said: str) -> Counts:
    """The least and the median, by operation and level."""
    words = (line.split() for line in said.splitlines())
    lines = (line for line in words if len(line) == 5 and line[0] == "bench")
    return {(line[1], int(line[2])): (float(line[3]), float(line[4])) for line in lines}


def derived(of: Counts) -> Iterator[tuple[str, int | str, tuple[float, float]]]:
    """Rows that are differences: name, level, least and median."""

    def less(a: tuple[str, int], b: tuple[str, int], by: int = 1) -> tuple[float, float]:
        return (of[a][0] - of[b][0]) / by, (of[a][1] - of[b][1]) / by

    for low, high in ((1, 8), (8, 32)):
        if ("vfork", low) in of and ("vfork", high) in of:
            cost = less(("vfork", high), ("vfork", low), high - low)
            yield f"one level more, {low} to {high}", "", cost
    for level in sorted(level for name, level in of if name == "newpid"):
        if ("vfork", level) in of:
            yield "a namespace (newpid - vfork)", level, less(("newpid", level), ("vfork", level))


def rows_of(c: Counts, rust: Counts) -> list[Row]:
    """All figures of both, side by side."""
    if not c or c.keys() != rust.keys():
        raise Fault("the two have not counted the same")

    def side_by_side(of: Counts) -> list[tuple[str, int | str, tuple[float, float]]]:
        return [*((*key, of[key]) for key in sorted(of)), *derived(of)]

    pairs = zip(side_by_side(c), side_by_side(rust), strict=True)
    return [
        Row(name, level, mine[0], other[0], mine[1], other[1])
        for (name, level, mine), (_, _, other) in pairs
    ]


def drawing(rows: Sequence[Row]) -> str:
    """The ratios as bars, and a line where both are the same, as SVG."""
    left, scale, step = 300, 400, 16
    ratios = [(row, row.ratio) for row in rows if row.ratio is not None]
    height = step * (len(ratios) + 3)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + 2 * scale}" height="{height}"'
        ' font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{left}" y="{step}">Rust / C (less is better)</text>',
    ]
    for number, (row, ratio) in enumerate(ratios, 2):
        y = number * step
        width = min(ratio, 1.6) * scale
        colour = "#4a8" if ratio <= 1.005 else "#c64"
        label = escape(f"{row.name} {'' if row.level == '' else f'at level {row.level}'}")
        bar = f'y="{y - 10}" width="{width:.1f}" height="{step - 4}" fill="{colour}"'
        lines += [
            f'<text x="{left - 6}" y="{y}" text-anchor="end">{label}</text>',
            f'<rect x="{left}" {bar}/>',
            f'<text x="{left + width + 4:.1f}" y="{y}">{ratio:.3f}</text>',
        ]
    x = left + scale
    lines += [f'<path d="M{x} {step + 4}V{height - step}" stroke="black"/>', "</svg>", ""]
    return "\n".join(lines)


def show(c: str, rust: str, path: Path) -> None:
    """Prints the table of what both kernels said, writes it as CSV, and the drawing."""
    rows = rows_of(figures(c), figures(rust))
    print(f"{'operation':<30} {'level':>5} {'C':>12} {'Rust':>12} {'Rust/C':>7} {'median':>7}")
    with open(path.with_suffix(".csv"), "w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        for row in rows:
            name, level, *least, c_median, rust_median = row
            ratio, median = shown(row.c, row.rust), shown(c_median, rust_median)
            print(f"{name:<30} {level:>5} {row.c:>12.1f} {row.rust:>12.1f} {ratio:>7} {median:>7}")
            table.writerow((name, level, *least, ratio, c_median, rust_median, median))
    print(
        "(instructions an operation: the least of all rounds, and the ratio of the medians as well;"
    )
    print(" slab-... and text: bytes)", flush=True)
    path.with_suffix(".svg").write_text(drawing(rows), encoding="utf-8")


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    refuse(env, "bench", "IMPL", "DEBUG")
    with cache.log_of("bench"):
        return run(options, cache)


def run(options: Options, cache: Cache) -> int:
    """Counts on both kernels, and shows the figures; returns the exit status."""
    said, distribution = {}, {}
    for impl in IMPLS:
        one = options.with_impl(impl)
        # Lockdep, which knows how long locks are held, is for a kernel of its own.
        said[impl] = count_on(one, cache) + count_on(one, cache, "locks", "BENCH_LOCKS=1")
        (cache.log / f"bench-{impl}.txt").write_text(said[impl], encoding="utf-8")
        distribution[impl] = count_on(one, cache, DISTRIBUTION)
    show(said["c"], said["rust"], cache.log / "bench")
    print("\nConfigured as a distribution does (make distro):")
    show(distribution["c"], distribution["rust"], cache.log / "bench-distribution")
    note(
        f"the figures are in {cache.log}/bench{{,-distribution}}.csv,"
        " and drawn in .svg of the same names"
    )
    return 0
