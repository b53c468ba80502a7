# SPDX-License-Identifier: GPL-2.0
"""Suites on a kernel that makes a mistake: whether they notice.

Each suite has a guest of its own, so that all that goes wrong there is the doing of the mistake.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import expected, splats
from .delays import Delay
from .errors import Fault, note
from .guest import Answer, End, Guest
from .ktap import Outcome
from .run import GRACE, TIMED_OUT, Job, Reference, Run

# This may be the doing of a busy host, or of one that ended the guest.
DOUBT = re.compile(r"hangs|shell fails|stall|lockup|LOCKUP")
FAILED = re.compile(r"\s*not ok ")
# So much longer takes a suite in full.
FULL = 10
# So much longer it may take when it is tried again: many guests make each of them slow.
AGAIN = 4
POWERED_OFF = "reboot: Power down"


@dataclass(frozen=True)
class Suite:
    """What is run until something is noticed: "kunit", "fuzz" or one kselftest."""

    name: str
    jobs: tuple[Job, ...]
    # With two processors and all iterations, so that it notices races.
    full: bool = False

    @property
    def required(self) -> bool:
        """Whether it must notice."""
        return self.jobs[0].kind == "kselftest"


@dataclass(frozen=True)
class Finding:
    """What a suite says of a mistake: "passed", "caught" or "undecided", how, and in how long."""

    word: str
    how: str = ""
    seconds: float = 0.0
    # How often the trial's point was slow.
    slow: int = 0

    def __str__(self) -> str:
        return f"{self.word}: {self.how}" if self.how else self.word

    def doubtful(self, others: Sequence["Finding"]) -> bool:
        """Whether it is to be tried again. If another suite hangs, and has done so twice, the
        mistake makes suites hang."""
        if any("hangs" in other.how for other in others):
            return self.word == "undecided"
        return self.word == "undecided" or bool(DOUBT.search(self.how))


@dataclass(eq=False)
class Trial:
    """A mistake, and what its suites have found."""

    name: str
    # 0 is no mistake.
    number: int
    suites: Sequence[Suite]
    found: dict[str, Finding] = field(default_factory=dict)
    # The point that is slow meanwhile, if any.
    delay: Delay | None = None

    @property
    def begin(self) -> list[str]:
        """What a guest is asked before a suite."""
        return [f"mutant {self.number}", *([self.delay.command] if self.delay else [])]

    @property
    def end(self) -> list[str]:
        """What it is asked after a suite; it may tell something."""
        return ["mutant 0", *(["delay 0 0 1"] if self.delay else [])]

    def those(self, word: str) -> list[str]:
        """The suites that have found this."""
        return [name for name, finding in self.found.items() if finding.word == word]

    @property
    def verdict(self) -> str:
        """In words."""
        caught, undecided = self.those("caught"), self.those("undecided")
        missed = [one.name for one in self.suites if one.required and one.name not in caught]
        if undecided:
            return f"UNDECIDED in {' '.join(undecided)}"
        if not caught:
            return "SURVIVES" if self.number else "nothing fails"
        if missed and self.number:
            return f"MISSED by {' '.join(missed)}"
        return f"caught by {' '.join(caught)}"

    @property
    def good(self) -> bool:
        """Whether it is caught; without a mistake, whether nothing fails."""
        return self.verdict.startswith("caught" if self.number else "nothing")


@dataclass
class Lab:
    """What trials share."""

    run: Run
    entries: Sequence[expected.Entry]
    excused: Sequence[re.Pattern[str]]
    # Seconds for a command of a suite.
    limits: Mapping[str, int]
    limit: int
    # Makes a guest for a suite, for the trial of this name.
    guest: Callable[[str, Suite], Guest]
    stopped: threading.Event = field(default_factory=threading.Event)

    def try_all(self, trial: Trial, reference: Reference) -> None:
        """Runs the suites, each once more if there is doubt."""
        for suite in trial.suites:
            finding = self.find_surely(trial, suite, reference)
            if suite.required and trial.number and finding.word == "passed":
                note(f"{trial.name}: {suite.name}: {finding}; once more, in full")
                finding = self._find_in_full(trial, replace(suite, full=True), reference)
            trial.found[suite.name] = finding

    def find_surely(self, trial: Trial, suite: Suite, reference: Reference) -> Finding:
        """Runs a suite, once more if there is doubt."""
        finding = self.find(trial, suite, reference)
        if finding.doubtful(list(trial.found.values())):
            note(f"{trial.name}: {suite.name}: {finding}; once more")
            finding = self.find(trial, suite, reference, AGAIN)
        return finding

    def _find_in_full(self, trial: Trial, suite: Suite, reference: Reference) -> Finding:
        """Only short runs are known to find nothing without a mistake."""
        finding = self.find_surely(trial, suite, reference)
        if finding.word == "caught":
            none = self.find_surely(Trial(trial.name, 0, []), suite, reference)
            if none.word != "passed":
                return Finding("undecided", f"{finding.how}; but without the mistake, {none}")
        return finding

    def find(self, trial: Trial, suite: Suite, reference: Reference, patience: int = 1) -> Finding:
        """Runs a suite in a fresh guest, with so many times its limit."""
        guest = self.guest(trial.name, suite)
        begun = 0.0
        try:
            self._check_stopped()
            for command in trial.begin:
                if guest.ask(command, self.limit).status != 0:
                    raise Fault(f"{command} could not be chosen; the guest's log is {guest.log}")
            begun = time.monotonic()
            finding = self._run(guest, suite, reference, patience)
            begun -= time.monotonic()
            if finding is None:
                finding = self._end(guest, trial)
            else:
                guest.drop()
        except Fault as fault:
            self._check_stopped()
            return Finding("undecided", str(fault).splitlines()[0])
        finally:
            guest.close()
        self._check_stopped()
        splat = next(splats.find(guest.this_boot().splitlines(), self.excused), "")
        if splat and "panics" not in finding.how and not guest.stale():
            how = f"the kernel complains: {splat.strip()}"
            finding = Finding("caught", f"{finding.how}; {how}" if finding.how else how)
        return replace(finding, seconds=-begun)

    def _check_stopped(self) -> None:
        if self.stopped.is_set():
            raise Fault("the run was ended")

    def _run(
        self, guest: Guest, suite: Suite, reference: Reference, patience: int
    ) -> Finding | None:
        """What the first job finds that finds something."""
        known = self.limits.get(suite.name)
        limit = (known * patience if known else self.limit) * (FULL if suite.full else 1)
        for job in suite.jobs:
            # A kselftest that takes longer is ended by the guest.
            patience = limit + (GRACE if job.kind == "kselftest" else 0)
            answer = guest.ask(job.command(limit), patience, self._enough(job))
            with guest.log.with_suffix(".out").open("a", encoding="utf-8") as out:
                print(f"{suite.name}: {job.name}", *answer.lines, sep="\n", file=out)
            if answer.end is End.DEATH:
                return death(guest, answer)
            if answer.end is End.HANG and "Kernel panic" in guest.this_boot():
                return death(guest, answer)
            how = self._failure(job, answer, reference)
            if how is not None:
                return Finding("caught", f"{job.name}: {how}" if job.kind != "kselftest" else how)
        return None

    def _end(self, guest: Guest, trial: Trial) -> Finding:
        """What the end of a guest says in which all has passed."""
        answers = [guest.ask(command, self.limit) for command in trial.end]
        if all(answer.status == 0 for answer in answers) and guest.finish():
            return Finding("passed", slow=sum(int(line) for one in answers for line in one.lines))
        if "Kernel panic" in guest.this_boot():
            return death(guest, Answer(End.DEATH))
        return Finding("caught", "hangs when it powers off")

    def _enough(self, job: Job) -> Callable[[str], object] | None:
        """Its other tests are not waited for once one has failed, unless that is expected."""
        failing = (one for one in self.entries if one.outcome is Outcome.FAIL)
        return None if any(job.name in one.test for one in failing) else FAILED.match

    def _failure(self, job: Job, answer: Answer, reference: Reference) -> str | None:
        """What a job that has ended, or hangs, has noticed."""
        hangs = answer.end is End.HANG or answer.status in TIMED_OUT
        if job.kind == "fuzz" and not hangs:
            done = reference.compare(job, answer)
            return None if done.good else done.why.removesuffix(" from C")
        # Skipped is not passed: it would notice nothing.
        results = [
            one for one in self.run.results_of(job, answer) if not hangs or one.name != job.title
        ]
        kernel = expected.Kernel("rust", False)
        words = expected.judge(results, self.entries, kernel, whole=False).words
        failures = [one for one in words if one.startswith("failed: ")]
        how = (
            failures[0].removeprefix("failed: ").removeprefix(f"{job.title}: ") if failures else ""
        )
        if hangs or any("Test terminated by timeout" in line for line in answer.lines):
            return f"{how}: hangs" if how else "hangs"
        return how or None


def death(guest: Guest, answer: Answer) -> Finding:
    """What it says of a mistake that the guest has ended."""
    log = guest.this_boot()
    if guest.stale():
        return Finding("undecided", "an int3 that QEMU executed after its removal")
    if "Kernel panic" in log:
        return Finding("caught", f"the kernel panics: {next(splats.find(log.splitlines()), '')}")
    if POWERED_OFF in log:
        return Finding("caught", f"the guest's shell fails: {' '.join(answer.lines[-1:])}")
    return Finding("undecided", "the guest ended before its time")


def limits(without: Mapping[str, Finding]) -> dict[str, int]:
    """Seconds for a command of each suite: many times what it took without a mistake, and more. Of
    KUnit and the fuzzer that is what all suites and seeds took together."""
    return {
        name: int(20 + finding.seconds * (1 if name in ("kunit", "fuzz") else 4))
        for name, finding in without.items()
    }
