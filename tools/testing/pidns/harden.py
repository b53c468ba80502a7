# SPDX-License-Identifier: GPL-2.0
"""make harden: runs all that looks for rare mistakes, one after the other, on both implementations.

lists/harden.toml has the jobs, which are other commands of the harness. What each says is kept,
and a table tells C beside Rust. A run of all that was interrupted, or in which jobs failed, goes
on the next time: what was good is not run again, unless the project has changed since.
"""

import functools
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from . import process
from .cache import TOP, Cache, claimed
from .errors import elapsed, note, show_end
from .kept import Kept, Progress, key_of
from .lists import load
from .options import IMPLEMENTATIONS, NAMES, Options, choose, refuse_all_but
from .run import RACES
from .setup import setup
from .source import Source
from .toolchain import Toolchain

LIST = "harden.toml"
FIELDS = {"what", "command", "options", "short", "impls"}
# Seconds for a job on top of its minutes: builds, and guests that hang; and to end them.
LIMIT, GRACE = 4 * 3600, 120.0
LAST = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
# What the jobs' results come from.
SOURCES = "Kbuild Kconfig configs include nsproxy patches pidns rust samples tools"
# A job that is not of one implementation.
BOTH = "both"


@dataclass(frozen=True)
class Job:
    """A command of the harness, and its options in the long and in the short form."""

    name: str
    what: str
    command: str
    options: Mapping[str, str] = field(default_factory=dict)
    short: Mapping[str, str] | None = None
    impls: Sequence[str] = ("c", "rust")

    def given(self, short: bool) -> dict[str, str]:
        """The options."""
        both = {**self.options, **(self.short or {})} if short else self.options
        races = " ".join(sorted(RACES))
        return {name: value.format(races=races) for name, value in both.items() if value}

    def where(self, impls: Iterable[str]) -> list[str]:
        """What it is run on, of those that were asked for."""
        return [impl for impl in impls if impl in self.impls] if self.impls else [BOTH]


def read(data: Mapping[str, Any]) -> list[Job]:
    """The jobs of a list."""
    jobs = []
    for name, row in data.items():
        if wrong := row.keys() - FIELDS:
            raise ValueError(f"{name}: {wrong.pop()} is none of {', '.join(sorted(FIELDS))}")
        job = Job(name, **row)
        for option in {*job.options, *(job.short or {})}:
            if option not in NAMES.split():
                raise ValueError(f"{name}: {option} is no option")
        if not set(job.impls) <= set(IMPLEMENTATIONS) or not job.what:
            raise ValueError(f"{name}: write what it looks for, and impls of c and rust")
        jobs.append(job)
    return jobs


@dataclass(frozen=True)
class Outcome:
    """How a job ended."""

    good: bool
    words: str
    seconds: float = 0.0

    @classmethod
    def of(cls, status: int | None, said: str) -> "Outcome":
        """By its exit status, and the counts in its last line."""
        counts = LAST.findall(said)
        numbers = zip(counts[-1], ("passed", "failed", "skipped"), strict=True) if counts else ()
        shown = [f"{number} {what}" for number, what in numbers if number not in ("", "0")]
        words = ", ".join(shown)
        if status is None:
            return cls(False, "not done in time")
        if status != 0 and (not counts or counts[-1][1] == "0"):
            faults = re.findall(r"^pidns: error: (.*)$", said, re.M)
            words = faults[-1][:100] if faults else f"status {status}"
        return cls(status == 0 and bool(counts), words or "it counted nothing")


def table(jobs: Iterable[Job], found: Mapping[tuple[str, str], Outcome]) -> list[str]:
    """What is shown at the end."""

    def cell(job: Job, impl: str) -> str:
        outcome = found.get((job.name, BOTH if not job.impls else impl))
        if outcome is None or (not job.impls and impl != "rust"):
            return "-"
        took = (
            f"{outcome.seconds / 60:.0f} min"
            if outcome.seconds >= 100
            else f"{outcome.seconds:.0f} s"
        )
        return f"{'ok' if outcome.good else 'FAILED'}, {outcome.words}, {took}"

    rows = [("job", "C", "Rust", "what")]
    rows += [(job.name, cell(job, "c"), cell(job, "rust"), job.what) for job in jobs]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    ]


class Harden:
    """One run of the command."""

    def __init__(self, options: Options, cache: Cache, jobs: Sequence[Job], short: bool) -> None:
        self.options, self.cache, self.jobs, self.short = options, cache, jobs, short
        self.logs = cache.log / "harden"
        self.found: dict[tuple[str, str], Outcome] = {}
        # Of this run, or of those that it goes on from.
        self.kept = Kept(cache.root / "harden")

    @functools.cached_property
    def built_from(self) -> str:
        """The kernel's source, and the compilers."""
        toolchain = Toolchain.find(self.options, self.cache)
        return f"{Source.find(self.options, self.cache).path} {toolchain.identity}"

    def key(self, job: Job) -> str:
        """Changes when anything does that its outcome comes from."""
        files = [
            path for name in SOURCES.split() for path in (TOP / name, *(TOP / name).rglob("*"))
        ]
        names = sorted(str(path.relative_to(TOP)) for path in files if path.is_file())
        # Caches of tools are not the project's.
        ours = [name for name in names if not re.search(r"(^|/)(\.|__pycache__)", name)]
        parts = (part for name in ours for part in (name, TOP / name))
        return key_of([f"{job} {self.options.memory} {self.built_from}", *parts])

    def outcome(self, job: Job, impl: str) -> Outcome:
        """Runs the job, unless all are asked for and a kept outcome is still valid."""
        # A tree of the user's may change at any time.
        if self.short or self.options.kdir:
            return self.run(job, impl)
        name, key = f"{job.name}-{impl}", self.key(job)
        if not self.options.tests and (kept := self.kept.get(name, key)):
            note(f"{job.name}-{impl}: kept from before")
            return Outcome(**kept)
        outcome = self.run(job, impl)
        if outcome.good:
            self.kept.put(name, key, asdict(outcome))
        return outcome

    def environment(self, job: Job, impl: str) -> dict[str, str]:
        """That of its command: what was asked of us means something else there."""
        ours = {*NAMES.split(), "MAKEFLAGS", "MFLAGS"}
        # A job that is not of one implementation refuses them.
        ours -= {"KDIR", "MEMORY"} if job.impls else set()
        env = {name: value for name, value in os.environ.items() if name not in ours}
        env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(TOP / "tools/testing")}
        return env | job.given(self.short) | ({} if impl == BOTH else {"IMPL": impl})

    def run(self, job: Job, impl: str) -> Outcome:
        """Runs its command; what that says is in a file of its own."""
        log = self.logs / f"{job.name}-{impl}.txt"
        minutes = int(job.given(self.short).get("MINUTES", "0"))
        start = time.monotonic()
        status = process.run(
            [sys.executable, "-m", "pidns", job.command],
            limit=self.options.timeout or LIMIT + 60 * minutes,
            log=log,
            env=self.environment(job, impl),
            grace=GRACE,
        )
        outcome = Outcome.of(status, log.read_text(encoding="utf-8", errors="replace"))
        if not outcome.good:
            show_end(log, 20)
        return Outcome(outcome.good, outcome.words, time.monotonic() - start)

    def __call__(self) -> int:
        """Runs all, and shows the table; returns the exit status."""
        start = time.monotonic()
        wanted = [(job, impl) for job in self.jobs for impl in job.where(self.options.impls)]
        progress = Progress(len(wanted))
        with claimed(self.logs):
            for job, impl in wanted:
                outcome = self.found[job.name, impl] = self.outcome(job, impl)
                on = "" if impl == BOTH else f" IMPL={impl}"
                progress.tell(f"{job.name}{on}: {outcome.words}")
        failed = sum(not outcome.good for outcome in self.found.values())
        if not failed and not self.short and not self.options.tests:
            # The next run begins anew.
            for job, impl in wanted:
                self.kept.forget(f"{job.name}-{impl}")
        print("\n".join(table(self.jobs, self.found)))
        print(f"all of it took {elapsed(start)}; what each said is in {self.logs}")
        print(f"{len(self.found) - failed} passed, {failed} failed", flush=True)
        return 1 if failed else 0


def jobs_of(asked: Sequence[str], short: bool) -> list[Job]:
    """Those that were asked for, or all; of the short form, if that was asked for."""
    every = {job.name: job for job in load(LIST, read) if not short or job.short is not None}
    return [every[name] for name in choose("TESTS", asked, every)]


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    refuse_all_but(env, "harden", "IMPL KDIR MEMORY SHORT TESTS TIMEOUT")
    short = env.get("SHORT") == "1"
    chosen = jobs_of(options.tests, short)
    setup(options, cache)
    return Harden(options, cache, chosen, short)()
