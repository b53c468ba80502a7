# SPDX-License-Identifier: GPL-2.0
"""make mutants: show which tests notice deliberate mistakes.

One kernel has all of them. Each is made in guests of its own, where the suites run.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from . import (
    cargo,
    delays,
    expected,
    kselftests,
    ktap,
    kunit,
    laid,
    mutants,
    quick,
    splats,
    uml,
)
from .cache import TOP, Cache, claimed
from .errors import Fault, note
from .guest import SCRIPTS, Guest
from .kept import Kept, Progress, key_of
from .laid import GUEST, NOT_BUILT, Laid
from .lists import LISTS
from .mutants import Mutant
from .options import Options, refuse_all_but
from .run import Job, Reference, Run
from .setup import setup
from .trials import Finding, Lab, Suite, Trial, limits

SEEDS = range(4)
# The parts of this program that decide what is found.
JUDGES = (
    "delays expected fuzzer guest kselftests ktap kunit laid mutants mutation planted run splats"
    " trials uml"
)
# Seconds for a command, as long as nothing tells how long it takes; on a busy machine that is long.
LIMIT = 1500
ARGUMENTS = (
    # Memory of our caches that is freed is overwritten, and looked at when it is used again.
    "slab_debug=FZP,pid*,nsproxy,task_struct",
    # What a test waits for comes soon, or never.
    "PIDNS_LOOKS=800",
)


class Mutation(Laid):
    """One run of the command."""

    def __init__(self, options: Options, cache: Cache, folder: Path, wanted: list[Mutant]) -> None:
        super().__init__(options, cache, folder, "mutants")
        self.wanted = wanted
        self.points = {delay.name: delay for delay in delays.read()}
        self.kept = Kept(cache.root / "mutants")
        self.kunit = Suite("kunit", tuple(Job("kunit", name) for name in kunit.suites()))
        self.seeds = options.seeds or SEEDS
        seeds = [Job("fuzz", f"seed {seed}", f"{seed}..{seed + 1}") for seed in self.seeds]
        self.fuzz = Suite("fuzz", tuple(seeds))

    def trial(self, mutant: Mutant) -> Trial:
        """A mistake, and the suites that look for it."""
        named = [Suite(test, (Job("kselftest", test),)) for test in mutant.tests]
        suites = [self.kunit, *named, self.fuzz]
        return Trial(mutant.name, mutant.number, suites, delay=self.points.get(mutant.delay))

    def prepare(self) -> None:
        """Finds the sources, builds the fuzzer, and looks what results come from."""
        self.find_sources()
        self.program = cargo.build(self.cache, self.toolchain)
        built = [file for file in self.files if not file.startswith(NOT_BUILT)]
        own, sample = Path(__file__).parent, cargo.MINICONTAINER.folder
        given = (self.seeds, self.options.cpus, self.options.memory, ARGUMENTS)
        self.base_key = key_of(
            [
                *(part for file in built for part in (file, TOP / file)),
                *sorted((TOP / "patches").glob("*.patch")),
                laid.USUAL.config.of_series(self.options.series).wanted,
                *(TOP / path for path in laid.ADDED.values()),
                *sorted(kselftests.FOLDER.glob("*.h")),
                kselftests.FOLDER / "Makefile",
                *sorted((sample / "src").rglob("*.rs")),
                *(own / f"{name}.py" for name in JUDGES.split()),
                *(SCRIPTS / name for name in GUEST),
                *(LISTS / name for name in ("expected.toml", "splats.toml")),
                self.program,
                f"{self.source.path} {given} {quick.FLAGS} {quick.TEST_FLAGS}",
                self.toolchain.identity,
            ]
        )

    def key(self, trial: Trial, digest: str = "") -> str:
        """Changes when anything does that the result of a trial comes from."""
        tests = [suite.name for suite in trial.suites if suite.required]
        delay = trial.delay.digest if trial.delay else ""
        return key_of(
            [self.base_key, digest, delay, *(kselftests.FOLDER / f"{one}.c" for one in tests)]
        )

    def build(self) -> None:
        """Builds the kernel with all mistakes in it, and what guests need."""
        super().build()
        shutil.copy(self.program, self.stage / "pidns-fuzz")

    def guest(self, name: str, suite: Suite) -> Guest:
        """A guest for a suite."""
        races = suite.full or any(job.races for job in suite.jobs)
        cpus = self.options.cpus or (2 if races else 1)
        arguments = ARGUMENTS if suite.full else (*ARGUMENTS, *uml.Machine.arguments)
        machine = uml.Machine(cpus, self.options.memory, self.options.cpus == 1, arguments)
        return self.boot(name, suite, machine)

    def find(self, trials: dict[Trial, str], lab: Lab, kept: Path | None) -> None:
        """Runs trials, several at a time, and keeps what each finds by its key."""
        progress = Progress(len(trials))

        def work(trial: Trial) -> None:
            folder = self.folder / "fuzz" / trial.name
            lab.try_all(trial, Reference(self.program, kept or folder, kept is not None, folder))
            if trial.good:
                found = {name: asdict(finding) for name, finding in trial.found.items()}
                self.kept.put(trial.name, trials[trial], found)
            if trial.number:
                progress.tell(f"{trial.name}: {trial.verdict}")

        # Many wait until a test that hangs is ended.
        self.each(list(trials), 2 * self.options.jobs + 1, lab, work)

    def missing(self, trials: dict[Trial, str]) -> dict[Trial, str]:
        """Those trials of which no results are kept; the others get theirs."""
        for trial, key in trials.items():
            found = self.kept.get(trial.name, key) or {}
            trial.found = {name: Finding(**finding) for name, finding in found.items()}
        return {trial: key for trial, key in trials.items() if not trial.found}

    def without(self, lab: Lab, tried: Iterable[Trial]) -> dict[str, Finding]:
        """What the suites of these find without a mistake, which must be nothing."""
        suites = {suite.name: suite for trial in tried for suite in trial.suites}
        every = [Trial(f"none-{name}", 0, [suite]) for name, suite in suites.items()]
        keys = {trial: self.key(trial) for trial in every}
        missing = self.missing(keys)
        # The others are compared with its transcripts.
        fuzz = next(trial for trial in every if trial.suites[0] is self.fuzz)
        fuzz.found.clear()
        note(f"{len(suites) - 2} kselftests, KUnit and the fuzzer, without a mistake")
        self.find(missing | {fuzz: keys[fuzz]}, lab, None)
        if bad := [trial for trial in every if not trial.good]:
            for trial in bad:
                print("\n".join(f"{name}: {finding}" for name, finding in trial.found.items()))
            raise Fault(
                "the tests do not pass without a mistake, so they tell nothing; run: make quick"
            )
        return {trial.suites[0].name: trial.found[trial.suites[0].name] for trial in every}

    def __call__(self) -> int:
        """Builds, tries, and prints the table; returns the exit status."""
        able = [mutant for mutant in self.wanted if not mutant.uml]
        every = [self.trial(mutant) for mutant in able]
        with self.cache.lock():
            self.prepare()
            keys = {
                trial: self.key(trial, mutant.digest)
                for trial, mutant in zip(every, able, strict=True)
            }
            missing = self.missing(keys)
            if missing:
                self.build()
        if missing:
            self.try_those(missing, len(every) - len(missing))
        return judge(every, {mutant.name: mutant for mutant in self.wanted})

    def try_those(self, missing: dict[Trial, str], kept: int) -> None:
        """Tries mistakes."""
        run = Run([], [], ktap.Parser(self.source.path), LIMIT)
        lab = Lab(run, expected.known("tests", "uml"), splats.known(False), {}, LIMIT, self.guest)
        with claimed(self.logs):
            lab.limits = limits(self.without(lab, missing))
            note(f"{len(missing)} to try, {kept} kept from before")
            self.find(missing, lab, self.folder / "fuzz/none-fuzz/new")


def judge(trials: Sequence[Trial], known: Mapping[str, Mutant]) -> int:
    """Prints the table and what was not noticed; returns the exit status."""
    print(f"\n{'mutant':32} {'rows':12} {'kunit':9} {'kselftest':9} {'fuzz':9} how")
    for trial in trials:
        tests = [suite.name for suite in trial.suites if suite.required]
        caught = trial.those("caught")
        noticed = f"{len([name for name in tests if name in caught])} of {len(tests)}"
        how = "; ".join(
            f"{name}: {finding.how}" for name, finding in trial.found.items() if finding.how
        )
        kunit, fuzz = (trial.found[name].word for name in ("kunit", "fuzz"))
        rows = " ".join(known[trial.name].rows)
        print(f"{trial.name:32} {rows:12} {kunit:9} {noticed:9} {fuzz:9} {how}")
    print()
    for name in ("kunit", "fuzz"):
        caught = [trial.name for trial in trials if name in trial.those("caught")]
        print(f"{name} caught {len(caught)} of {len(trials)}")
    failed = [trial for trial in trials if not trial.good]
    for trial in failed:
        print(f"{trial.name}: {trial.verdict}")
    for mutant in (one for one in known.values() if one.uml):
        print(f"{mutant.name}: not tried, User Mode Linux has {mutant.uml}")
    skipped = len(known) - len(trials)
    print(f"{len(trials) - len(failed)} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    uml.leave_no_core()
    refuse_all_but(env, "mutants", "CPUS MEMORY MUTANTS SEEDS")
    wanted = laid.chosen(mutants.read(), "MUTANTS", env.get("MUTANTS", "").split())
    if mutants.main():
        raise Fault("the list of mutants has faults, see above")
    uml.check_machine(options.memory, options.cpus)
    setup(options, cache)
    with cache.temporary() as folder:
        return Mutation(options, cache, folder, wanted)()
