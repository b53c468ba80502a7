# SPDX-License-Identifier: GPL-2.0
"""make models: check the models of tools/testing/models, by spin and loom.

The models must pass, and each planted mistake must make one of them fail.
"""

import concurrent.futures
import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import mutants, process
from .cache import TOP, Cache, update_file
from .errors import Fault, note, show_end
from .lists import load
from .options import Options, refuse_all_but
from .planted import Edit, replaced
from .setup import setup
from .toolchain import find_cargo, find_rustc

FOLDER = TOP / "tools/testing/models"
LIST = FOLDER / "models.toml"
PROTOCOL = FOLDER / "protocol.pml"
CRATE = Path("tools/testing/models/table")
# The kernel's files that the crate includes.
INCLUDED = (Path("pidns/raw/idr.rs"), Path("rust/kernel/ns/pid/idr.rs"))
BINARY = "pidns-table-model"
# Seconds for one run, and for the first build of loom.
LIMIT, BUILD_LIMIT = 600, 3600
# Of what spin makes: no search for cycles, which need none of the properties; megabytes.
PAN_FLAGS = ("-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=3000")
DEPTH = "-m100000"


@dataclass(frozen=True)
class Check:
    """A scenario of a model, as it is or with a mistake."""

    model: str
    scenario: str
    macros: tuple[str, ...] = ()
    mistake: str = ""
    what: str = ""
    edits: tuple[Edit, ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, (self.model, self.scenario, self.mistake)))


@dataclass(frozen=True)
class Verdict:
    """Whether a run found an error, and what it said; None if it did not come to its end."""

    failed: bool | None
    said: str


def checks(path: Path = LIST) -> list[Check]:
    """All that the list names, the models as they are first."""
    return load(str(path), read)


def read(listed: Mapping[str, Any]) -> list[Check]:
    """All that a list names."""
    known = {mutant.name: (mutant.what, mutant.edits) for mutant in mutants.read()}
    protocol, table = listed["protocol"], listed["table"]
    macros = {name: tuple(text.split()) for name, text in protocol["scenarios"].items()}
    right = [Check("protocol", name, given) for name, given in macros.items()]
    right += [Check("table", name) for name in table["scenarios"]]
    wrong = []
    for entry in protocol["mistakes"] + table["mistakes"]:
        mutant = entry.get("mutant", "")
        if mutant and mutant not in known:
            raise Fault(f"{LIST.name}: there is no mutant {mutant}; correct the list")
        model = "protocol" if "macro" in entry else "table"
        names = macros if model == "protocol" else table["scenarios"]
        if entry["scenario"] not in names:
            raise Fault(f"{LIST.name}: there is no scenario {entry['scenario']}; correct the list")
        added = tuple(entry.get("macro", "").split())
        name = mutant or entry.get("name") or "-".join(added).lower().replace("_", "-")
        what, edits = known.get(mutant, ("", ()))
        if "file" in entry:
            edits = (Edit(entry["file"], entry["find"], entry["with"]),)
        wrong.append(
            Check(
                model,
                entry["scenario"],
                macros[entry["scenario"]] + added if model == "protocol" else (),
                name,
                entry.get("what", what),
                edits if model == "table" else (),
            )
        )
    return right + wrong


def choose(every: Sequence[Check], names: Sequence[str]) -> list[Check]:
    """Those of TESTS: models, scenarios or mistakes; or all."""
    for name in names:
        if not any(name in (one.model, one.scenario, one.mistake) for one in every):
            raise Fault(
                f"TESTS={name} is not known; give protocol, table, or a scenario or mistake of"
                f" {LIST.relative_to(TOP)}"
            )
    wanted = set(names)
    return [
        one
        for one in every
        if not wanted or wanted & {one.model, one.mistake} or (one.scenario in wanted)
    ]


def planted(text: str, file: str, every: Sequence[Check]) -> str:
    """The text of a file with all mistakes in it."""
    places = []
    for check in every:
        for edit in check.edits:
            if edit.file != file:
                continue
            if text.count(edit.find) != 1:
                raise Fault(
                    f"{check.mistake}: this is not found once in {file}: {edit.find.strip()};"
                    " adapt the mistake to the code"
                )
            start = text.index(edit.find)
            chosen = edit.replace.replace("MUTANT", f'crate::planted("{check.mistake}")')
            places.append((start, start + len(edit.find), chosen, check.mistake))
    text, clashes = replaced(text, places)
    if clashes:
        raise Fault(f"{clashes[0]} change the same place; adapt one of them")
    return text


def lay(folder: Path, every: Sequence[Check], name: str) -> None:
    """Copies the crate, called `name`, and what it includes, with the mistakes."""
    sources = [path.relative_to(TOP) for path in sorted((TOP / CRATE).rglob("*")) if path.is_file()]
    for file in (*sources, *INCLUDED):
        text = planted((TOP / file).read_text(encoding="utf-8"), str(file), every)
        if file.name in ("Cargo.toml", "Cargo.lock"):
            text = text.replace(f'name = "{BINARY}"', f'name = "{name}"')
        update_file(folder / file, text.encode())


def tail(path: Path, lines: int = 30) -> str:
    """The last lines of a log."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def pan_verdict(said: str) -> Verdict:
    """What the program that spin made says."""
    errors = re.search(r"errors: (\d+)", said)
    states = re.search(r"(\d+) states, stored", said)
    count = f"{int(states[1]):,} states" if states else ""
    if errors and int(errors[1]):
        why = re.search(r"^pan:\d+: (.*?)(?: \(at depth \d+\))?$", said, re.M)
        return Verdict(True, why[1] if why else "an error")
    if not errors or re.search(r"reached -DMEMLIM|max search depth too small|not completed", said):
        return Verdict(None, "the search did not come to its end")
    return Verdict(False, count)


def loom_verdict(status: int | None, said: str) -> Verdict:
    """What the model of the table says."""
    if status == 0:
        return Verdict(False, "")
    if status != 101:
        return Verdict(None, f"status {status}")
    why = re.search(r"^thread .* panicked at .*:\n(.*)$", said, re.M)
    return Verdict(True, why[1].strip() if why else "a panic")


class Models:
    """One run of the command."""

    def __init__(self, options: Options, cache: Cache) -> None:
        self.options, self.cache = options, cache
        self.every = checks()
        self.chosen = choose(self.every, options.tests)
        self.folder = cache.root / "models"
        self.limit = options.timeout or LIMIT
        self.binaries: dict[bool, Path] = {}

    def build_table(self) -> None:
        """Builds the model of the table from the sources as they are, and with mistakes."""
        wanted = {bool(check.mistake) for check in self.chosen if check.model == "table"}
        if not wanted:
            return
        cargo = find_cargo()
        if not cargo:
            raise Fault("cargo is missing; run make setup")
        rustc = find_rustc(self.options.rustc)
        target = self.folder / "target"
        log = self.folder / "cargo.log"
        env = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"} | {
            "RUSTC": str(rustc),
            "CARGO_TARGET_DIR": str(target),
            "CARGO_BUILD_JOBS": str(self.options.jobs),
        }
        for mistaken in sorted(wanted):
            # Cargo takes crates of one name in one target folder for the same, wherever they are.
            name = f"{BINARY}-mistakes" if mistaken else BINARY
            top = self.folder / name
            lay(top, self.every if mistaken else (), name)
            note(f"building the model of the table{', with mistakes' if mistaken else ''}")
            build = [cargo, "build", "--locked", "--quiet"]
            status = process.run(build, cwd=top / CRATE, env=env, log=log, limit=BUILD_LIMIT)
            if status != 0:
                show_end(log, 30)
                raise Fault("the model does not build; look at the lines above, and at the network")
            self.binaries[mistaken] = target / "debug" / name

    def run_protocol(self, check: Check, work: Path) -> Verdict:
        """Makes a program of the protocol by spin, and runs it."""
        macros = [f"-D{macro}" for macro in check.macros]
        # Most time goes into the search, but with a mistake.
        optimised = "-O0" if check.mistake else "-O1"
        for command in (
            ["spin", "-a", *macros, str(PROTOCOL)],
            ["cc", optimised, *PAN_FLAGS, "-o", "pan", "pan.c"],
            ["./pan", DEPTH],
        ):
            log = work / "log"
            status = process.run(command, limit=self.limit, log=log, cwd=work)
            if status is None:
                return Verdict(None, f"more than {self.limit} s")
            if status != 0 and command[0] != "./pan":
                return Verdict(None, f"{command[0]} failed: {tail(log, 3)}")
        return pan_verdict(tail(log, 10_000))

    def run_table(self, check: Check, work: Path) -> Verdict:
        """Runs a scenario of the table."""
        binary = str(self.binaries[bool(check.mistake)])
        command = [binary, check.scenario, *filter(None, [check.mistake])]
        log = work / "log"
        status = process.run(command, limit=self.limit, log=log, cwd=work)
        if status is None:
            return Verdict(None, f"more than {self.limit} s")
        return loom_verdict(status, tail(log, 10_000))

    def run(self, check: Check, work: Path) -> tuple[bool, str]:
        """Runs a check; returns whether it is good, and its line."""
        work.mkdir()
        start = time.monotonic()
        try:
            verdict = {"protocol": self.run_protocol, "table": self.run_table}[check.model](
                check, work
            )
        finally:
            shutil.rmtree(work, ignore_errors=True)
        good = verdict.failed == bool(check.mistake) and verdict.failed is not None
        said = verdict.said
        if verdict.failed is False and check.mistake:
            said = f"not noticed: {check.what}"
        took = f"{time.monotonic() - start:.1f} s"
        line = f"{'ok' if good else 'FAILED':<7} {check!s:<52} {took:>8}  {said}"
        return good, line.rstrip()

    def results(self, work: Path) -> Generator[tuple[bool, str]]:
        """Runs all, several at once."""
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            runs = [
                pool.submit(self.run, check, work / str(number))
                for number, check in enumerate(self.chosen)
            ]
            try:
                for one in concurrent.futures.as_completed(runs):
                    yield one.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                # A run goes on with its next program.
                while not all(run.done() for run in runs):
                    process.end_all()
                    time.sleep(0.1)
                raise


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command: checks the models; returns the exit status."""
    refuse_all_but(env, "models", "TESTS TIMEOUT")
    run = Models(options, cache)
    setup(options, cache)
    run.folder.mkdir(parents=True, exist_ok=True)
    with (run.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run.build_table()
    passed = failed = 0
    note(f"checking: {len(run.chosen)} runs")
    with cache.temporary() as work, contextlib.closing(run.results(work)) as results:
        for good, line in results:
            print(line, flush=True)
            passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    return 0 if not failed and passed else 1
