# SPDX-License-Identifier: GPL-2.0
"""make quick: build a kernel for User Mode Linux, boot it, and run the tests natively."""

import contextlib
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import (
    cargo,
    config,
    expected,
    fuzzer,
    kselftests,
    ktap,
    kunit,
    logs,
    lspidns,
    report,
    splats,
    uml,
)
from .cache import Cache, claimed
from .errors import Fault, note
from .guest import QUICK, SCRIPTS
from .kept import key_of
from .ktap import Outcome, Result
from .options import Options, refuse_all_but
from .run import Durations, Job, Reference, Run
from .setup import setup
from .source import Source
from .toolchain import Toolchain
from .tree import Tree

SEEDS = (*range(8), *range(fuzzer.HOSTILE, fuzzer.HOSTILE + 4))
# Seconds for a job; a program that takes longer is killed in the guest.
LIMIT, DEBUG_LIMIT = 300, 1500
# Of the kernel's make. Optimising the proc macros takes longer than it saves.
HOST_RUST = "HOSTRUSTFLAGS=-Copt-level=0"
# The builds for QEMU show warnings.
FLAGS = "KCFLAGS=-w"
# KASAN of Rust needs clang. With the large code model of UML it puts data into sections that UML's
# linker script does not know: lockdep then takes static locks for others, kmemleak does not scan them.
DEBUG_FLAGS = "KCFLAGS=-w -mlarge-data-threshold=2147483647"
# Of the kselftests: a quarter of the time that the Makefile's own -O2 takes.
TEST_FLAGS = "-O0"
# Tests that show a leak in an implementation.
LEAKING = {"c": frozenset({"nsproxy_cred_leak_test", "nsproxy_faults_test"})}
# The options that it takes.
TAKEN = "CPUS DEBUG IMPL KDIR MEMORY MINUTES SEEDS SHORT TESTS TIMEOUT"


def choose(options: Options) -> list[Job]:
    """The jobs that were asked for: all, or those of TESTS."""
    suites = [*kunit.suites(), kunit.DOCTESTS] if options.impl == "rust" else []
    tests = kselftests.names()
    fuzz = [Job("fuzz", f"seed {seed}", f"{seed}..{seed + 1}") for seed in options.seeds or SEEDS]
    every = [Job("kunit", name) for name in suites] + [Job("kselftest", name) for name in tests]
    if not options.tests:
        return every + fuzz
    if options.seeds and "fuzz" not in options.tests:
        given = f"{options.seeds.start}..{options.seeds.stop}"
        raise Fault(f"SEEDS={given} is for fuzz; add fuzz to TESTS=, or leave it out")
    jobs: dict[Job, None] = {}
    for name in options.tests:
        found = fuzz if name == "fuzz" else [job for job in every if job.name == name]
        if not found:
            raise Fault(
                f"TESTS={name} is not known with IMPL={options.impl}; give programs of"
                " tools/testing/selftests/pidns, KUnit suites, or fuzz"
            )
        jobs |= dict.fromkeys(found)
    return list(jobs)


@dataclass
class Built:
    """What guests of one implementation run."""

    image: Path
    stage: Path
    # Changes when the kernel or the fuzzer does.
    key: str
    fuzzer: Path


class Quick:
    """One run of the command."""

    def __init__(self, options: Options, cache: Cache, folder: Path, variant: str = "") -> None:
        self.options, self.cache, self.folder = options, cache, folder
        # Of the kernels' configuration.
        self.variant = variant
        self.jobs = choose(options)
        self.whole = not options.tests and not options.seeds
        self.entries = expected.known("tests", "uml", series=options.series)
        self.least = expected.least("quick", options.impl, options.series)
        # Complaints that are excused, without and with DEBUG=1.
        self.excused = {debug: splats.known(debug) for debug in (False, True)}
        # gcc takes three quarters of clang's time.
        self.gcc, self.clang = (Toolchain.find(options, cache, gcc=gcc) for gcc in (True, False))
        for toolchain in (self.gcc, self.clang):
            # The build trees are kept. ccache would slow a first build down by a fifteenth.
            toolchain.env["CCACHE_DISABLE"] = "1"
        self.durations = Durations(cache.root / "quick/durations.json")
        self.results: list[str] = []

    def tree(self, options: Options, source: Source) -> Tree:
        """The build tree of an implementation."""
        kind = f"{'-debug' if options.debug else ''}{self.variant and f'-{self.variant}'}"
        key = f"{source.name}-um-{options.impl}{kind}"
        build = self.cache.build / key
        toolchain = self.clang if options.debug else self.gcc
        variables = (HOST_RUST, DEBUG_FLAGS if options.debug else FLAGS)
        return Tree("um", source, build, key, toolchain, self.cache, options.jobs, variables)

    def build(self, options: Options, source: Source, jobs: list[Job]) -> Built:
        """Builds what the jobs need, and copies it, so that the next build does not change it."""
        tree = self.tree(options, source)
        image = tree.build / uml.IMAGE
        self.cache.need_space(1000 if image.exists() else 3000, "the build")
        other = self.tree(replace(options, impl="c" if options.impl == "rust" else "rust"), source)
        if not (tree.build / ".config").exists() and (other.build / uml.IMAGE).exists():
            tree.copy_from(other)
        tree.configure(config.for_uml(options.impl, options.debug, self.variant))
        start = time.monotonic()
        if tree.build_kernel(uml.GOAL, image):
            note(f"built IMPL={options.impl} ({time.monotonic() - start:.0f} s)")
        folder = self.folder / options.impl
        stage = folder / "stage"
        stage.mkdir(parents=True)
        shutil.copy(image, folder / "linux")
        for path in SCRIPTS.iterdir():
            if path.is_file():
                shutil.copy(path, stage)
        kinds = {job.kind for job in jobs}
        if "kselftest" in kinds:
            installed = tree.build / "pidns-kselftest"
            kselftests.build(tree, installed, flags=TEST_FLAGS)
            lspidns.stage(self.cache, self.gcc, stage)
            shutil.copytree(installed, stage / "kselftest")
        program = Path()
        parts = [image]
        if "fuzz" in kinds:
            program = cargo.build(self.cache, self.gcc)
            shutil.copy(program, stage / "pidns-fuzz")
            parts.append(program)
        return Built(folder / "linux", stage, key_of(parts), program)

    @contextlib.contextmanager
    def run(
        self,
        name: str,
        options: Options,
        built: Built,
        jobs: list[Job],
        show: Callable[[str], None],
    ) -> Iterator[Run]:
        """Guests for the jobs, with logs below `name`, that boot when they are needed."""
        folder = self.logs(name)
        machines = machines_for(options, jobs)
        with claimed(folder), contextlib.ExitStack() as stack:
            guests = []
            for index, machine in enumerate(machines):
                work = self.folder / name / f"guest-{index}"
                work.mkdir(parents=True)
                log = folder / f"guest-{index}.log"
                log.unlink(missing_ok=True)
                guests.append(uml.Uml(built.image, built.stage, work, log, machine))
                stack.callback(guests[-1].close)
            most = max(machine.cpus for machine in machines)
            racing = [guest for guest in guests if guest.machine.cpus == most]
            parser = ktap.Parser(self.source.path)
            yield Run(guests, racing, parser, limit(options), show)

    def logs(self, name: str) -> Path:
        """Where the logs and the results of a run are."""
        return self.cache.log / name

    def reference(self, options: Options, built: Built, jobs: list[Job]) -> fuzzer.Transcripts:
        """C's transcripts of the seeds, cached or from a run of its own."""
        kept = fuzzer.Transcripts(self.cache, built.key)
        missing = [job for job in jobs if not kept.has(job.argument)]
        if missing:
            note("running the fuzzer on C for reference")
            with self.run("quick-reference", options, built, missing, lambda _: None) as run:
                work = self.folder / "reference"
                run.reference = Reference(built.fuzzer, kept.folder, False, work)
                done = run.all(missing, self.durations)
                complaint = complaints(run, self.excused[options.debug])
            if complaint or not all(one.good for one in done):
                raise Fault("the fuzzer fails on C; look at make quick IMPL=c TESTS=fuzz")
            kept.keep(work / "new")
        return kept

    def __call__(self) -> int:
        """Builds, runs, and judges; returns the exit status."""
        begun = time.monotonic()
        options = self.options
        seeds = [job for job in self.jobs if job.kind == "fuzz"]
        # C's transcripts do not depend on DEBUG=1.
        plain_c = replace(options, impl="c", debug=False)
        with self.cache.lock():
            self.source = Source.find(options, self.cache)
            self.source.lay_over()
            built = self.build(options, self.source, self.jobs)
            c = (
                self.build(plain_c, self.source, seeds)
                if seeds and options.impl == "rust"
                else None
            )
        kept = self.reference(plain_c, c, seeds) if c else fuzzer.Transcripts(self.cache, built.key)
        name = f"quick-{options.impl}{'-debug' if options.debug else ''}"
        with self.run(name, options, built, self.jobs, self.show) as run:
            work = self.folder / "fuzz"
            run.reference = Reference(built.fuzzer, kept.folder, c is not None, work)
            run.scan = options.debug
            run.leaking = LEAKING.get(options.impl, frozenset())
            if options.minutes:
                run.until = time.monotonic() + 60 * options.minutes
            try:
                run.all(self.jobs, self.durations)
            finally:
                self.durations.learn(run.done)
            complaint = complaints(run, self.excused[options.debug])
        if seeds and options.impl == "c" and not options.debug and not complaint:
            kept.keep(work / "new")
        for line in complaint:
            print(f"# {line}")
        good = Outcome.FAIL if complaint else Outcome.PASS
        run.extra.append(Result("no warnings in the kernel's log", good))
        if self.whole and not options.minutes and not options.debug and not complaint:
            # One log: which guest has which test differs.
            text = "\n".join(guest.log_text() for guest in run.guests)
            run.extra += logs.Whole("quick", options, self.cache).keep(text)
        return self.judge(run, self.logs(name) / "results.ktap", time.monotonic() - begun)

    def show(self, text: str) -> None:
        """Prints results, and keeps them for the file."""
        self.results.append(text)
        print(text, flush=True)

    def judge(self, run: Run, file: Path, seconds: float) -> int:
        """Compares the results with the lists and prints the last lines."""
        options = self.options
        kernel = expected.Kernel(options.impl, options.debug)
        verdict = expected.judge(run.results(), self.entries, kernel, not options.tests)
        if self.whole:
            verdict.need(self.least, run.count())
        for words in verdict.words:
            print(words)
        file.write_text("\n".join(self.results) + "\n", encoding="utf-8")
        report.write(file.with_suffix(".xml"), {f"quick {options.impl}": run.results()})
        sys.stdout.flush()
        note(f"{seconds:.0f} s; these results are in {file}, the kernel's logs beside it")
        print(verdict.last_line())
        return 0 if verdict.good else 1


def complaints(run: Run, excused: list[re.Pattern[str]]) -> list[str]:
    """Complaints in the guests' logs, and which logs are incomplete."""
    texts = (guest.log_text().splitlines() for guest in run.guests)
    found = [line for text in texts for line in splats.find(text, excused)]
    cut = [f"{guest.log} is incomplete" for guest in run.guests if not guest.log_is_complete()]
    return found + cut


def limit(options: Options) -> int:
    """Seconds for a job."""
    return options.timeout or (DEBUG_LIMIT if options.debug else LIMIT)


def machines_for(options: Options, jobs: list[Job]) -> list[uml.Machine]:
    """CPUs and memory of each guest: the first has two processors if there are races."""
    # One more than processors: tests wait for a quarter of the time.
    number = max(1, min(options.jobs + 1, len(jobs), uml.room(options.memory)))
    words = () if options.full else (QUICK,)
    if options.cpus:
        ptrace = options.cpus == 1
        return [uml.Machine(options.cpus, options.memory, ptrace, words)] * number
    first = uml.Machine(2 if any(job.races for job in jobs) else 1, options.memory, False, words)
    return [first, *[replace(first, cpus=1)] * (number - 1)]


def quick(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    uml.leave_no_core()
    refuse_all_but(env, "quick", TAKEN)
    choose(options)
    uml.check_machine(options.memory, options.cpus)
    setup(options, cache)
    with cache.temporary() as folder:
        return Quick(options, cache, folder)()
