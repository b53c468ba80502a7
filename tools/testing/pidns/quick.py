# SPDX-License-Identifier: GPL-2.0
"""make quick: build a kernel for User Mode Linux, boot it, and run the tests natively.

Guests take jobs from one queue: a kselftest, a KUnit suite, seeds of the fuzzer. A guest that
dies or hangs costs its job only, the next one has a fresh guest.
"""

import concurrent.futures
import contextlib
import json
import queue
import re
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import expected, fuzzer, kselftests, ktap, splats, uml
from .cache import TOP, Cache
from .errors import Fault, note
from .guest import Answer, End
from .ktap import Outcome, Result
from .options import Options
from .process import raise_on_signals
from .toolchain import Toolchain
from .tree import Source, Tree, implementation, script

SEEDS = range(8)
# Seconds for a job. A program that hangs ends by itself or is ended in the guest; that the
# guest hangs is found a little later.
LIMIT, DEBUG_LIMIT, GRACE = 300, 1500, 30
# Seconds that a job is taken to last as long as nobody has seen it.
UNKNOWN = 3.0
# What the names of tests of races have in them.
RACES = ("_a22_", "_d3_", "_d6_", "_d7_", "_d8_", "_d12_", "_stress_")
DOCTESTS = "rust_doctests_kernel"
# The proc macros' libraries take longer to optimise than they then save.
VARIABLES = ("HOSTRUSTFLAGS=-Copt-level=0",)


@dataclass(frozen=True)
class Job:
    """Something that a guest is to do."""

    kind: str
    name: str
    argument: str = ""

    @property
    def races(self) -> bool:
        """Whether it is about races, and must have two processors. What is done step by step is
        done sooner on one: another is woken by a signal of the host, and spins for locks whose
        holder the host does not run."""
        return self.kind == "kselftest" and any(word in self.name for word in RACES)

    def command(self, limit: int) -> str:
        """What the guest is told."""
        if self.kind == "kselftest":
            return f"kselftest {self.name} {limit}"
        return f"{self.kind} {self.argument or self.name}"


@dataclass
class Done:
    """What came of a job."""

    job: Job
    results: list[Result]
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether nothing in it failed."""
        return not any(result.outcome is Outcome.FAIL for result in self.results)


def kunit_suites() -> list[str]:
    """The suites that our sources define, and the doctests of the kernel crate."""
    pattern = re.compile(r"^\s*#\[(?:\w+::)*kunit_tests\((\w+)\)", re.M)
    found = {
        suite
        for folder in ("pidns", "nsproxy", "rust/kernel")
        for path in (TOP / folder).rglob("*.rs")
        for suite in pattern.findall(path.read_text(encoding="utf-8"))
    }
    return [*sorted(found), DOCTESTS]


def choose(options: Options) -> list[Job]:
    """The jobs that were asked for: all, or those of TESTS."""
    suites = kunit_suites() if options.impl == "rust" else []
    tests = kselftests.names()
    seeds = options.seeds or SEEDS
    fuzz = [Job("fuzz", f"seed {seed}", f"{seed}..{seed + 1}") for seed in seeds]
    every = [Job("kunit", name) for name in suites] + [Job("kselftest", name) for name in tests]
    if not options.tests:
        return every + fuzz
    jobs = []
    for name in options.tests:
        found = fuzz if name == "fuzz" else [job for job in every if job.name == name]
        if not found:
            raise Fault(
                f"TESTS={name} is not known with IMPL={options.impl}; give programs of"
                " tools/testing/selftests/pidns, KUnit suites, or fuzz"
            )
        jobs += found
    return jobs


class Durations:
    """How long jobs took the last time, so that the longest are begun first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            self.seconds = {}

    def of(self, job: Job) -> float:
        """Seconds."""
        return self.seconds.get(f"{job.kind} {job.name}", UNKNOWN)

    def learn(self, done: list[Done]) -> None:
        """Keeps those of a run."""
        self.seconds |= {f"{one.job.kind} {one.job.name}": round(one.seconds, 2) for one in done}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.seconds), encoding="utf-8")


class Run:
    """Jobs, done by guests side by side."""

    def __init__(self, guests: list[uml.Uml], parser: ktap.Parser, limit: int, work: Path) -> None:
        self.guests, self.parser, self.limit, self.work = guests, parser, limit, work
        most = max(guest.machine.cpus for guest in guests)
        self.racing = [guest for guest in guests if guest.machine.cpus == most]
        self.races: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.others: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.transcripts = work / "transcripts"
        self.reference: Path | None = None
        self.program = Path()
        self.printing = threading.Lock()
        self.done: list[Done] = []
        self.ktap: list[str] = []
        # Until when jobs are done again and again, and how often each was.
        self.until = 0.0
        self.rounds: Counter[Job] = Counter()
        self.told = time.monotonic()
        self.stop = threading.Event()

    def all(self, jobs: list[Job], durations: Durations) -> list[Done]:
        """Does them, the longest first."""
        self.print(["KTAP version 1", f"1..{len(jobs)}"])
        for job in sorted(jobs, key=durations.of, reverse=True):
            self._put(job)
        with concurrent.futures.ThreadPoolExecutor(len(self.guests)) as pool:
            running = [pool.submit(self._work, guest) for guest in self.guests]
            try:
                # An interruption comes here.
                for one in concurrent.futures.as_completed(running):
                    one.result()
            except BaseException:
                self.stop.set()
                for guest in self.guests:
                    guest.close()
                raise
        return self.done

    def print(self, lines: list[str]) -> None:
        """Shows results, and keeps them for the file."""
        self.ktap += lines
        print("\n".join(lines), flush=True)

    def _work(self, guest: uml.Uml) -> None:
        while not self.stop.is_set():
            job = self._next(guest)
            if job is None:
                if time.monotonic() >= self.until:
                    break
                time.sleep(0.1)
                continue
            begun = time.monotonic()
            done = self._do(guest, job)
            done.seconds = time.monotonic() - begun
            if self._again(done):
                continue
            with self.printing:
                self.done.append(done)
                comment = "" if done.good else done.results[-1].why
                if self.until:
                    comment = f"round {self.rounds[job]}{': ' if comment else ''}{comment}"
                self.print(ktap.nested(done.lines))
                self.print(
                    [ktap.result_line(len(self.done), done.good, f"{job.kind} {job.name}", comment)]
                )
        if not self.stop.is_set() and not guest.finish():
            self.add(Result(guest.log.stem, Outcome.FAIL, "the guest did not power off by itself"))

    def _put(self, job: Job) -> None:
        (self.races if job.races else self.others).put(job)

    def _next(self, guest: uml.Uml) -> Job | None:
        """Of the races, where the guest has the processors, then of all else."""
        for jobs in (self.races, self.others) if guest in self.racing else (self.others,):
            with contextlib.suppress(queue.Empty):
                return jobs.get_nowait()
        return None

    def _again(self, done: Done) -> bool:
        """Whether the job is to be done once more. Only its last round is shown."""
        with self.printing:
            self.rounds[done.job] += 1
            left = self.until - time.monotonic()
            if left <= 0 or not done.good:
                return False
            if time.monotonic() - self.told >= 60:
                self.told = time.monotonic()
                note(f"{self.rounds.total()} rounds, {left / 60:.0f} min to go")
        self._put(done.job)
        return True

    def add(self, result: Result) -> None:
        """A result that no job has."""
        with self.printing:
            self.done.append(Done(Job("run", result.name), [result]))

    def _do(self, guest: uml.Uml, job: Job) -> Done:
        answer = guest.ask(job.command(self.limit), self.limit + GRACE)
        if job.kind == "fuzz" and answer.end is End.DONE:
            return self._compare(job, answer)
        if job.kind == "scan" and answer.end is End.DONE:
            outcome = Outcome.PASS if answer.status == 0 else Outcome.FAIL
            return Done(
                job, [Result(job.name, outcome, "kmemleak")], [f"# {line}" for line in answer.lines]
            )
        return Done(job, self._results(job, answer), answer.lines)

    def _results(self, job: Job, answer: Answer) -> list[Result]:
        results = self.parser.results(job.name, answer.lines) if answer.lines else []
        if answer.end is not End.DONE:
            # What was not reported is no news any more.
            results = [one for one in results if one.why != "it did not report"]
            return [*results, Result(job.name, Outcome.FAIL, answer.why)]
        failed = any(result.outcome is Outcome.FAIL for result in results)
        if answer.status == 4 and not results:
            return [Result(job.name, Outcome.SKIP)]
        if answer.status and not failed:
            why = (
                f"no end after {self.limit} s"
                if answer.status == 124
                else f"status {answer.status}"
            )
            return [*results, Result(job.name, Outcome.FAIL, why)]
        return results or [Result(job.name, Outcome.FAIL, "it printed no results")]

    def _compare(self, job: Job, answer: Answer) -> Done:
        name = fuzzer.name(int(job.argument.split("..")[0]))
        said = [line for line in answer.lines if line.startswith("pidns-fuzz: ")]
        data = [line for line in answer.lines if re.fullmatch(r"[A-Za-z0-9+/=]+", line)]
        folder = self.transcripts
        if answer.status or not fuzzer.unpack(data, folder) or not (folder / name).exists():
            return Done(
                job, [Result(job.name, Outcome.FAIL, "the program did not come to its end")], said
            )
        if self.reference is None:
            return Done(job, [Result(job.name, Outcome.PASS)])
        if (folder / name).read_bytes() == (self.reference / name).read_bytes():
            return Done(job, [Result(job.name, Outcome.PASS)])
        pair = [self.work / f"diff-{name}" / impl for impl in ("c", "rust")]
        for path, origin in zip(pair, (self.reference, folder), strict=True):
            path.mkdir(parents=True)
            shutil.copy(origin / name, path)
        words = fuzzer.difference(self.program, *pair)
        return Done(job, [Result(job.name, Outcome.FAIL, "not as C answers")], words)


@dataclass
class Built:
    """All that a run needs."""

    tree: Tree
    image: Path
    kselftests: Path
    fuzzer: Path


def fragments(options: Options) -> list[Path]:
    """Of the configuration."""
    names = ["um.config", *(["um-debug.config"] if options.debug else [])]
    return [TOP / "configs" / name for name in names]


def build(
    options: Options, cache: Cache, source: Source, toolchain: Toolchain, jobs: list[Job]
) -> Built:
    """Builds what the jobs need. The cache is locked."""
    tree = uml_tree(options, cache, source, toolchain)
    other = uml_tree(
        replace(options, impl="c" if options.impl == "rust" else "rust"), cache, source, toolchain
    )
    image = tree.build / uml.IMAGE
    cache.need_space(1000 if image.exists() else 3000, "the build")
    if not image.exists() and (other.build / uml.IMAGE).exists():
        tree.copy_from(other)
    tree.configure(fragments(options), implementation(options.impl))
    start = time.monotonic()
    if tree.build_kernel(uml.GOAL, image):
        note(
            f"built Linux for User Mode Linux, IMPL={options.impl} ({time.monotonic() - start:.0f} s)"
        )
    kinds = {job.kind for job in jobs}
    installed = tree.build / "pidns-kselftest"
    if "kselftest" in kinds:
        kselftests.build(tree, installed)
    program = fuzzer.build(cache, toolchain) if "fuzz" in kinds else Path()
    return Built(tree, image, installed, program)


def uml_tree(options: Options, cache: Cache, source: Source, toolchain: Toolchain) -> Tree:
    """The build tree of an implementation."""
    key = f"{source.name}-um-{options.impl}{'-debug' if options.debug else ''}"
    return Tree("um", source, cache.build / key, key, toolchain, cache, options.jobs, VARIABLES)


def stage(built: Built, jobs: list[Job], folder: Path) -> Path:
    """A copy for this run, which the next build does not change. Returns the kernel."""
    shutil.copy(built.image, folder / "linux")
    inside = folder / "stage"
    inside.mkdir()
    for script_file in uml.SCRIPTS.iterdir():
        shutil.copy(script_file, inside)
    kinds = {job.kind for job in jobs}
    if "kselftest" in kinds:
        shutil.copytree(built.kselftests, inside / "kselftest")
    if "fuzz" in kinds:
        shutil.copy(built.fuzzer, inside / "pidns-fuzz")
    return folder / "linux"


@contextlib.contextmanager
def guests(
    image: Path, folder: Path, options: Options, cache: Cache, machines: list[uml.Machine]
) -> Iterator[list[uml.Uml]]:
    """Guests that boot when they are needed."""
    made: list[uml.Uml] = []
    try:
        for index, machine in enumerate(machines):
            work = folder / f"guest-{index}"
            work.mkdir()
            log = cache.log / f"quick-{options.impl}{'-debug' if options.debug else ''}-{index}.log"
            log.unlink(missing_ok=True)
            made.append(uml.Uml(image, folder / "stage", work, log, machine))
        yield made
    finally:
        for guest in made:
            guest.close()


def transcripts_of_c(
    options: Options, cache: Cache, source: Source, toolchain: Toolchain, jobs: list[Job]
) -> Path:
    """What C answers to the fuzzer's seeds, from before or from a run of its own."""
    options = replace(options, impl="c")
    seeds = [job for job in jobs if job.kind == "fuzz"]
    with cache.lock():
        built = build(options, cache, source, toolchain, seeds)
        kept = fuzzer.Transcripts(cache, built.tree.kernel_key(), built.fuzzer)
        if not any(kept.missing(range(*map(int, job.argument.split("..")))) for job in seeds):
            return kept.folder
        with cache.temporary() as folder:
            image = stage(built, seeds, folder)
            note("asking C for its transcripts")
            machines = machines_for(options, seeds)
            with guests(image, folder, options, cache, machines) as booted:
                run = Run(booted, ktap.Parser(source.path), limit(options), folder)
                run.print = lambda lines: None  # type: ignore[method-assign]
                done = run.all(seeds, Durations(cache.root / "quick/durations.json"))
                if not all(one.good for one in done):
                    raise Fault("the fuzzer fails on C; look at make quick IMPL=c TESTS=fuzz")
                kept.keep(run.transcripts)
    return kept.folder


def limit(options: Options) -> int:
    """Seconds for a job."""
    return options.timeout or (DEBUG_LIMIT if options.debug else LIMIT)


def machines_for(options: Options, jobs: list[Job]) -> list[uml.Machine]:
    """What the guests have that share the jobs: the first two processors if there are races, the
    others one."""
    number = max(1, min(options.jobs, len(jobs)))
    if options.cpus:
        machine = uml.Machine(options.cpus, options.memory, ptrace=options.cpus == 1)
        return [machine] * number
    first = 2 if any(job.races for job in jobs) or len(jobs) < 5 else 1
    return [uml.Machine(first if index == 0 else 1, options.memory) for index in range(number)]


def quick(options: Options, cache: Cache) -> int:
    """Runs it; returns the exit status."""
    raise_on_signals()
    jobs = choose(options)
    machines = machines_for(options, jobs)
    uml.check_machine(len(machines), options.memory)
    script("setup.sh")
    begun = time.monotonic()
    toolchain = Toolchain.find(options, cache)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(cache.temporary())
        with cache.lock():
            source = Source.find(options)
            source.lay_over(options)
            built = build(options, cache, source, toolchain, jobs)
            image = stage(built, jobs, folder)
        reference = None
        if options.impl == "rust" and any(job.kind == "fuzz" for job in jobs):
            reference = transcripts_of_c(options, cache, source, toolchain, jobs)
        booted = stack.enter_context(guests(image, folder, options, cache, machines))
        run = Run(booted, ktap.Parser(source.path), limit(options), folder)
        run.reference, run.program = reference, built.fuzzer
        if options.minutes:
            run.until = time.monotonic() + 60 * options.minutes
        durations = Durations(cache.root / "quick/durations.json")
        done = run.all(jobs, durations)
        durations.learn([one for one in done if one.job.kind != "run"])
        if options.impl == "c" and run.transcripts.exists():
            fuzzer.Transcripts(cache, built.tree.kernel_key(), built.fuzzer).keep(run.transcripts)
        return report(options, cache, run, time.monotonic() - begun)


def report(options: Options, cache: Cache, run: Run, seconds: float) -> int:
    """Looks at the logs, judges, and prints the last lines."""
    for index, guest in enumerate(run.guests):
        said = list(splats.find(guest.log_text().splitlines()))
        for line in said:
            print(f"# {line}")
        name = f"the log of guest {index} is silent"
        run.add(
            Result(name, Outcome.FAIL if said else Outcome.PASS, str(guest.log) if said else "")
        )
    results = [result for one in run.done for result in one.results]
    whole = not options.tests
    kernel = expected.Kernel(options.impl, options.cpus or 2, options.debug)
    verdict = expected.judge(results, expected.known(), kernel, whole)
    for words in verdict.words:
        print(words)
    if (
        whole
        and not options.seeds
        and (few := expected.least("quick", options.impl)) > len(results)
    ):
        print(f"failed: {len(results)} tests ran; there must be {few}")
        verdict.counts[Outcome.FAIL] += 1
    file = cache.log / f"quick-{options.impl}{'-debug' if options.debug else ''}.ktap"
    file.write_text("\n".join(run.ktap) + "\n", encoding="utf-8")
    sys.stdout.flush()
    note(f"{seconds:.0f} s; these results are in {file}, the kernel's logs beside it")
    print(verdict.last_line())
    return 0 if verdict.good else 1
