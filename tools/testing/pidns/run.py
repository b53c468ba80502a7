# SPDX-License-Identifier: GPL-2.0
"""Jobs, run by guests in parallel.

Guests take jobs from a queue. A guest that dies or hangs costs its job only: the next job
gets a fresh one.
"""

import concurrent.futures
import contextlib
import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import fuzzer, kselftests, ktap
from .cache import replace_file
from .errors import Fault, note
from .guest import Answer, End, Guest
from .ktap import Outcome, Result

# Extra seconds before the host gives up on a guest.
GRACE = 30
# Seconds for a scan for leaks.
SCAN_LIMIT = 900
# Assumed duration of a job without a record.
UNKNOWN = 3.0
# Tests of races.
RACES = frozenset(
    {
        "nsproxy_dying_target_test",
        "nsproxy_switch_race_test",
        "pidns_detached_task_test",
        "pidns_failing_clone_test",
        "pidns_fork_race_test",
        "pidns_groups_test",
        "pidns_init_leader_test",
        "pidns_level_race_test",
        "pidns_lookup_race_test",
        "pidns_readers_test",
        "pidns_revive_test",
        "pidns_stress_cycles_test",
        "pidns_stress_kill_test",
        "pidns_sysctl_race_test",
        "pidns_thread_exec_test",
        "pidns_zap_exec_test",
        "pidns_zap_wait_test",
    }
)
# What timeout exits with when it has ended or killed a program, or another has killed it.
TIMED_OUT = (124, 137)


@dataclass(frozen=True)
class Job:
    """A test, suite or seed for a guest to run."""

    kind: str
    name: str
    argument: str = ""

    @property
    def races(self) -> bool:
        """Whether it tests races, and must have several processors.

        Sequential tests run faster on one: a processor is woken up by a signal of the host, and
        spins for locks whose holder the host does not run.
        """
        return self.kind == "kselftest" and self.name in RACES

    @property
    def title(self) -> str:
        """Its name among results."""
        return f"{kselftests.SUITE}:{self.name}" if self.kind == "kselftest" else self.name

    def command(self, limit: int) -> str:
        """The command for the guest."""
        if self.kind == "kselftest":
            return f"kselftest {self.name} {limit}"
        return f"fuzz --seeds {self.argument}" if self.kind == "fuzz" else f"kunit {self.name}"


@dataclass
class Done:
    """The outcome of a job."""

    job: Job
    results: list[Result]
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """True if no result failed."""
        return not any(result.outcome is Outcome.FAIL for result in self.results)

    @property
    def why(self) -> str:
        """The first reason of a failure."""
        failures = (result.why for result in self.results if result.outcome is Outcome.FAIL)
        return next(filter(None, failures), "")

    @classmethod
    def failed(cls, job: Job, why: str, lines: Sequence[str] = ()) -> "Done":
        """A job whose only result is that it failed."""
        return cls(job, [Result(job.title, Outcome.FAIL, why)], list(lines))


class Durations:
    """How long jobs took last time, so that the longest start first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.seconds = {}

    def of(self, job: Job) -> float:
        """Seconds."""
        return self.seconds.get(f"{job.kind} {job.name}", UNKNOWN)

    def learn(self, done: list[Done]) -> None:
        """Saves those of a run, if possible."""
        self.seconds |= {f"{one.job.kind} {one.job.name}": round(one.seconds, 2) for one in done}
        try:
            replace_file(self.path, json.dumps(self.seconds).encode())
        except OSError as error:
            note(f"how long the tests took could not be kept: {error}")


class Reference:
    """The transcripts to compare with, and where those of this run go."""

    def __init__(self, program: Path, kept: Path, complete: bool, work: Path) -> None:
        self.program, self.kept, self.complete, self.work = program, kept, complete, work

    def compare(self, job: Job, answer: Answer) -> Done:
        """Compares what the fuzzer printed for one seed."""
        name = fuzzer.name(int(job.argument.split("..")[0]))
        said = [line for line in answer.lines if line.startswith("pidns-fuzz: ")]
        data = fuzzer.payload(answer.lines)
        fresh = self.work / "new" / name
        fresh.unlink(missing_ok=True)
        if answer.status or not fuzzer.unpack(data, fresh.parent) or not fresh.exists():
            return Done.failed(job, "the fuzzer did not finish", said)
        kept = self.kept / name
        if not kept.exists():
            if self.complete:
                return Done.failed(job, "C's transcript is missing", said)
        elif fresh.read_bytes() != kept.read_bytes():
            return Done.failed(job, "differs from C", self._difference(kept, fresh))
        return Done(job, [Result(job.title, Outcome.PASS)])

    def _difference(self, kept: Path, fresh: Path) -> list[str]:
        pair = [self.work / f"diff-{kept.name}" / impl for impl in ("c", "here")]
        for path, origin in zip(pair, (kept, fresh), strict=True):
            path.mkdir(parents=True, exist_ok=True)
            (path / origin.name).write_bytes(origin.read_bytes())
        return fuzzer.difference(self.program, *pair)


class Run:
    """Jobs, and the guests that run them."""

    def __init__(
        self,
        guests: Sequence[Guest],
        racing: Sequence[Guest],
        parser: ktap.Parser,
        limit: int,
        show: Callable[[str], None] = print,
    ) -> None:
        self.guests, self.racing, self.parser, self.limit = guests, racing, parser, limit
        self.show = show
        self.reference: Reference | None = None
        # When to stop repeating jobs, and how often each ran.
        self.until = 0.0
        self.rounds: Counter[Job] = Counter()
        # Whether guests are scanned for leaks at the end, and tests that show one.
        self.scan = False
        self.leaking: frozenset[str] = frozenset()
        self.done: list[Done] = []
        self.extra: list[Result] = []
        self._races: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._others: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._jobs = 0
        self._told = time.monotonic()
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def all(self, jobs: list[Job], durations: Durations) -> list[Done]:
        """Runs them, the longest first."""
        self._jobs = len(jobs)
        self.show(f"KTAP version 1\n1..{len(jobs)}")
        for job in sorted(jobs, key=durations.of, reverse=True):
            self._put(job)
        with concurrent.futures.ThreadPoolExecutor(len(self.guests)) as pool:
            try:
                running = [pool.submit(self._work, guest) for guest in self.guests]
                # Raises if a guest cannot boot, or on a signal.
                for one in concurrent.futures.as_completed(running):
                    one.result()
            except BaseException:
                self._stop.set()
                for guest in self.guests:
                    guest.close()
                raise
        return self.done

    def results(self) -> list[Result]:
        """All results so far."""
        return [result for one in self.done for result in one.results] + self.extra

    def count(self) -> int:
        """How many results are of jobs."""
        return len(self.results()) - len(self.extra)

    def _work(self, guest: Guest) -> None:
        while not self._stop.is_set():
            job = self._next(guest)
            if job is None:
                if time.monotonic() >= self.until or len(self.done) == self._jobs:
                    break
                time.sleep(0.1)
                continue
            begun = time.monotonic()
            done = self._do(guest, job)
            done.seconds = time.monotonic() - begun
            if self._stop.is_set():
                return
            if self.scan and job.name in self.leaking:
                guest.drop()
            if not self._again(done):
                self._add(done)
        if self._stop.is_set() or not guest.boots:
            return
        # A fresh guest has nothing to find.
        if self.scan and guest.up:
            self._scan(guest)
        if not guest.finish():
            self._also(Result(guest.log.stem, Outcome.FAIL, "the guest did not power off"))

    def _put(self, job: Job) -> None:
        (self._races if job.races else self._others).put(job)

    def _next(self, guest: Guest) -> Job | None:
        """The next job: races first if this guest runs them."""
        for jobs in (self._races, self._others) if guest in self.racing else (self._others,):
            with contextlib.suppress(queue.Empty):
                return jobs.get_nowait()
        return None

    def _again(self, done: Done) -> bool:
        """Whether the job is queued for another round. Only its last round is shown."""
        with self._lock:
            self.rounds[done.job] += 1
            left = self.until - time.monotonic()
            if left <= 0 or not done.good:
                return False
            if time.monotonic() - self._told >= 60:
                self._told = time.monotonic()
                note(f"{self.rounds.total()} rounds, {left / 60:.0f} min to go")
        self._put(done.job)
        return True

    def _add(self, done: Done) -> None:
        job = done.job
        comment = done.why
        if self.until:
            comment = f"round {self.rounds[job]}{': ' if comment else ''}{comment}"
        with self._lock:
            self.done.append(done)
            line = ktap.result_line(len(self.done), done.good, f"{job.kind} {job.name}", comment)
            self.show("\n".join([*ktap.nested(done.lines), line]))

    def _also(self, result: Result) -> None:
        """Adds a result that belongs to no job."""
        with self._lock:
            self.extra.append(result)

    def _scan(self, guest: Guest) -> None:
        answer = guest.ask("scan", SCAN_LIMIT)
        name = f"kmemleak and lockdep in {guest.log.stem}"
        if answer.end is End.DONE and answer.status == 0:
            self._also(Result(name, Outcome.PASS))
        else:
            self.show("\n".join(f"# {line}" for line in answer.lines))
            why = answer.why or "leaks were found, or one of them is off"
            self._also(Result(name, Outcome.FAIL, why))

    def _do(self, guest: Guest, job: Job) -> Done:
        try:
            answer = guest.ask(job.command(self.limit), self.limit + GRACE)
        except Fault as fault:
            # A first boot that fails ends the run, a later one fails the job.
            if guest.boots <= 1:
                raise
            return Done.failed(job, str(fault).splitlines()[0])
        if answer.end is End.DONE and job.kind == "fuzz" and self.reference:
            return self.reference.compare(job, answer)
        if answer.status in TIMED_OUT:
            # The program's children may still run.
            guest.drop()
        return Done(job, self.results_of(job, answer), answer.lines + answer.last_words)

    def results_of(self, job: Job, answer: Answer) -> list[Result]:
        """The results in what a guest has printed."""
        results = self.parser.results(job.title, answer.lines) if answer.lines else []
        if answer.end is not End.DONE or answer.status in TIMED_OUT:
            # The end explains missing results.
            results = [one for one in results if one.why not in (ktap.MISSING, ktap.NONE)]
            late = answer.seconds >= self.limit
            ended = f"timed out after {self.limit} s" if late else f"status {answer.status}"
            why = answer.why or ended
            return [*results, Result(job.title, Outcome.FAIL, why)]
        if answer.status == 4 and not results:
            return [Result(job.title, Outcome.SKIP)]
        if answer.status and not any(one.outcome is Outcome.FAIL for one in results):
            return [*results, Result(job.title, Outcome.FAIL, f"status {answer.status}")]
        return results or [Result(job.title, Outcome.FAIL, ktap.NONE)]
