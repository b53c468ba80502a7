# SPDX-License-Identifier: GPL-2.0
"""make fuzz: random programs on each implementation, compared step by step."""

import itertools
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from . import fuzzer, qemu, report, shrink
from .cache import Cache, claimed
from .errors import Fault, note
from .ktap import Outcome, Result
from .options import Options

# The usual programs, and hostile ones.
SEEDS = (range(20), range(fuzzer.HOSTILE, fuzzer.HOSTILE + 10))
# So many seeds must reach all that the list of wanted results names, that often.
ENOUGH, LEAST = 500, 50
UNREACHED = "some wanted results were not reached; see the lines above"
# Minutes to make a program small that differs.
MINUTES = 15


def judge(
    seeds: Sequence[int], folder: Path, reference: Path, ran: bool, reached: bool
) -> list[Result]:
    """A result for each seed: whether its transcript is there, and the one of the reference; and
    how the run as a whole was, and what it covered."""

    def same(name: str) -> bool:
        one, other = folder / name, reference / name
        return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()

    good = "the guest, its log and all programs came to a good end"
    return [
        *(
            qemu.claim(f"fuzz: seed {seed:06}", "" if same(fuzzer.name(seed)) else "differs")
            for seed in seeds
        ),
        qemu.claim(f"fuzz: {good}", "" if ran else "look at the lines above"),
        qemu.claim("fuzz: coverage", "" if reached else UNREACHED),
    ]


def small(options: Options, cache: Cache, seed: int) -> None:
    """Prints the smallest program, and as C, that still differs."""
    itself = " ".join([f"make fuzz-shrink SEED={seed}", *options.also])
    note(f"making the program of seed {seed} small; by itself: {itself}")
    try:
        shrink.run(replace(options, timeout=None), cache, str(seed), MINUTES)
    except Fault as fault:
        note(f"error: {fault}")
        note("a small program was not found; the lines above say why")


def run(options: Options, cache: Cache) -> dict[str, list[Result]]:
    """Runs the seeds on each implementation; the results of each."""
    # The transcripts of one run are compared before the next one replaces them.
    with claimed(cache.root / f"fuzz/{options.arch.prefix}run"):
        return _run(options, cache)


def _run(options: Options, cache: Cache) -> dict[str, list[Result]]:
    program = fuzzer.prepare(options, cache)
    ranges = (options.seeds,) if options.seeds else SEEDS
    seeds = list(itertools.chain.from_iterable(ranges))
    seconds = options.timeout or (
        (1200 if options.debug else 300) + len(seeds) * (60 if options.debug else 10)
    )
    given = [f"{some.start}..{some.stop}" for some in ranges]
    folders = {impl: cache.root / f"fuzz/{options.arch.prefix}{impl}" for impl in options.impls}
    ran: dict[str, bool] = {}
    for impl in options.impls:
        one = options.with_impl(impl)
        with cache.temporary() as folder, cache.log_of(f"fuzz-{one.run}") as log:
            fuzzer.stage(one, cache, folder)
            note(f"running seeds {' '.join(given)} on IMPL={impl}")
            guest = qemu.Qemu(cache, qemu.Machine.of(one, cache), folder, log, seconds)
            arguments = " ".join(f"--seeds {some}" for some in given)
            ran[impl] = fuzzer.in_guest(guest, arguments, folders[impl])
    results = {}
    least = LEAST if sum(seed < fuzzer.HOSTILE for seed in seeds) >= ENOUGH else 0
    for impl, folder in folders.items():
        print(f"\n{impl}:", flush=True)
        coverage: list[str | Path] = [program, "coverage", "--least", str(least), folder]
        reached = subprocess.call(coverage) == 0
        results[impl] = judge(seeds, folder, next(iter(folders.values())), ran[impl], reached)
        log = cache.log / f"fuzz-{options.with_impl(impl).run}.log"
        report.keep(log, [], results[impl], results[impl])
    if len(folders) == 2:
        compare(options, cache, program, list(folders.values()))
    note(f"transcripts: {' '.join(map(str, folders.values()))}")
    return results


def compare(options: Options, cache: Cache, program: Path, folders: Sequence[Path]) -> None:
    """Prints what differs, and of the first program that does a small one."""
    lines = fuzzer.difference(program, *folders)
    print("\n" + "\n".join(lines), flush=True)
    (cache.log / "fuzz-diff.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    differs = [line.removesuffix(" differs:") for line in lines if line.endswith(" differs:")]
    if differs:
        small(options, cache, int(differs[0]))


def command(options: Options, cache: Cache, _env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    results = run(options, cache)
    failed = [one for part in results.values() for one in part if one.outcome is Outcome.FAIL]
    # Those of the last implementation are compared with the first one's.
    last = list(results.values())[-1]
    bad = sum(one.outcome is Outcome.FAIL for one in last) or min(1, len(failed))
    print(f"{sum(one.outcome is Outcome.PASS for one in last)} passed, {bad} failed")
    return 1 if bad else 0
