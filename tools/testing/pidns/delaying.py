# SPDX-License-Identifier: GPL-2.0
"""make delays: hold race windows open, and show that the tests pass nevertheless.

A kernel can be slow at all points of tools/testing/delays. Each is slow in guests of its own,
where the tests run that race it. Where the list names a mistake, a test must notice that in the
same window, and what is seen without the delay is told beside it. CONFIGS= names other kernels than
the usual one: with KASAN and lockdep, preemptible with strict grace periods, or with PREEMPT_RT.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from . import delays, expected, ktap, laid, mutants, splats, uml
from .cache import Cache, claimed
from .delays import Delay
from .errors import Fault, note
from .guest import Guest
from .kept import Progress
from .laid import KERNELS, USUAL, Kernel, Laid
from .mutants import Mutant
from .options import Options, choose, refuse_all_but
from .run import Job, Reference, Run
from .setup import setup
from .trials import Lab, Suite, Trial

# Seconds for a test, and for one on a kernel that checks itself or is emulated.
LIMIT, SLOW_LIMIT = 300, 1500
# RCU_STRICT_GRACE_PERIOD is for small machines.
STRICT_CPUS = 4
ARGUMENTS = (
    # Memory of our caches that is freed is overwritten, and looked at when it is used again.
    "slab_debug=FZP,pid*,nsproxy,task_struct",
    *uml.Machine.arguments,
)


def suites(delay: Delay) -> list[Suite]:
    """The tests of a point."""
    return [Suite(test, (Job("kselftest", test),)) for test in delay.tests]


def trials(delay: Delay, known: Mapping[str, Mutant]) -> list[Trial]:
    """What is tried with a point: no mistake, and each that a test must catch, with it and
    without."""
    every = [Trial(delay.name, 0, suites(delay), delay=delay)]
    for name in delay.catches:
        mutant = known[name]
        every += [
            Trial(f"{delay.name}+{name}", mutant.number, suites(delay), delay=delay),
            Trial(f"{delay.name}-{name}", mutant.number, suites(delay)),
        ]
    return every


def outcome(trial: Trial) -> str:
    """What has come of a point without a mistake: "passed", or what has not."""
    failed = [
        f"{name}: {finding.how}"
        for name, finding in trial.found.items()
        if finding.word != "passed"
    ]
    never = [name for name, one in trial.found.items() if one.word == "passed" and not one.slow]
    return "; ".join(failed + [f"{name} never gets there" for name in never]) or "passed"


def caught(trial: Trial) -> str:
    """How a mistake was noticed, or that it was not."""
    for word in ("caught", "undecided"):
        for name in trial.those(word):
            finding = trial.found[name]
            return f"{word} in {finding.seconds:.1f} s by {name}: {finding.how}"
    took = sum(finding.seconds for finding in trial.found.values())
    return f"not caught in {took:.1f} s"


class Delays(Laid):
    """One run of the command."""

    def __init__(
        self, options: Options, cache: Cache, folder: Path, wanted: list[Delay], kernel: Kernel
    ) -> None:
        name = "delays" if kernel is USUAL else f"delays-{kernel.name}"
        super().__init__(options, cache, folder, name, kernel)
        known = {mutant.name: mutant for mutant in mutants.read()}
        if kernel is not USUAL:
            # Mutants are tried on the usual kernel only.
            wanted = [replace(delay, catches=()) for delay in wanted]
        self.wanted = {delay: trials(delay, known) for delay in wanted}

    def guest(self, name: str, suite: Suite) -> Guest:
        """A guest for a test: with two processors, since all are tests of races here."""
        cpus = self.options.cpus or 2
        machine = uml.Machine(cpus, self.options.memory, self.options.cpus == 1, ARGUMENTS)
        return self.boot(name, suite, machine)

    def __call__(self) -> int:
        """Builds, tries, and prints the table; returns how many points have failed."""
        with self.cache.lock():
            self.find_sources()
            self.build()
        every = [trial for several in self.wanted.values() for trial in several]
        kernel = self.kernel
        slow = kernel.debug or kernel.emulated
        limit = self.options.timeout or (SLOW_LIMIT if slow else LIMIT)
        run = Run([], [], ktap.Parser(self.source.path), limit)
        entries = expected.known("tests", "usual" if kernel.emulated else "uml")
        lab = Lab(run, entries, splats.known(kernel.debug), {}, limit, self.guest)
        progress = Progress(len(every))
        none = Reference(Path(), Path(), False, self.folder)

        def work(trial: Trial) -> None:
            for suite in trial.suites:
                # One test that notices a mistake is enough, and a hang is a way to do that.
                find = lab.find if trial.number else lab.find_surely
                finding = trial.found[suite.name] = find(trial, suite, none)
                if trial.number and finding.word == "caught":
                    break
            progress.tell(f"{trial.name}: {caught(trial) if trial.number else outcome(trial)}")

        with claimed(self.logs):
            note(
                f"{len(self.wanted)} points, {len(every) - len(self.wanted)} trials of mistakes;"
                f" kernel: {kernel.name}"
            )
            self.each(every, self.options.jobs, lab, work)
        return judge(self.wanted, kernel.name)


def judge(wanted: Mapping[Delay, Sequence[Trial]], kernel: str) -> int:
    """Prints the table, what was caught in it, and what failed; returns how many points have."""
    print(f"\nkernel: {kernel}\n{'point':22} {'test':30} {'slow':>6} {'s':>6} outcome")
    bad: dict[str, list[str]] = {}
    for delay, (plain, *_) in wanted.items():
        for name, finding in plain.found.items():
            passed = finding.word == "passed"
            times = finding.slow if passed else "-"
            how = ("passed" if finding.slow else "never gets there") if passed else "FAILED"
            print(f"{delay.name:22} {name:30} {times:>6} {finding.seconds:6.1f} {how}")
        if outcome(plain) != "passed":
            bad.setdefault(delay.name, []).append(outcome(plain))
    print()
    for delay, (_, *mistaken) in wanted.items():
        for name, slow, fast in zip(delay.catches, mistaken[::2], mistaken[1::2], strict=True):
            print(f"{delay.name}: {name}: {caught(slow)}; without the delay, {caught(fast)}")
            if not slow.those("caught"):
                bad.setdefault(delay.name, []).append(f"{name} is not caught")
    for point, lines in bad.items():
        print("\n".join(f"FAILED: {kernel}: {point}: {line}" for line in lines))
    return len(bad)


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    uml.leave_no_core()
    refuse_all_but(env, "delays", "CONFIGS CPUS DELAYS MEMORY TIMEOUT")
    asked = env.get("CONFIGS", "").split() or [USUAL.name]
    kernels = [KERNELS[name] for name in choose("CONFIGS", asked, KERNELS)]
    wanted = laid.chosen(delays.read(), "DELAYS", env.get("DELAYS", "").split())
    if delays.main():
        raise Fault("the list of delays has faults, see above")
    if options.cpus and options.cpus > STRICT_CPUS and KERNELS["strict"] in kernels:
        raise Fault(f"CPUS={options.cpus} is more than the kernel strict has; give {STRICT_CPUS}")
    if not all(kernel.emulated for kernel in kernels):
        uml.check_machine(options.memory, options.cpus)
    setup(options, cache)
    failed = 0
    for kernel in kernels:
        with cache.temporary() as folder:
            failed += Delays(options, cache, folder, wanted, kernel)()
    print(f"{len(wanted) * len(kernels) - failed} passed, {failed} failed")
    return 1 if failed else 0
