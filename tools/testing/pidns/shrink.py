# SPDX-License-Identifier: GPL-2.0
"""make fuzz-shrink: the program of a seed made as small as can be while C and Rust still differ.

Each round boots both: all candidates of a round run at one go.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from . import fuzzer, qemu
from .cache import Cache
from .errors import Fault, elapsed, note
from .options import Options

# After so many minutes no further round begins but one that confirms the smallest by then.
MINUTES = 60
DIFFERS, SAME = 0, 1


class Shrink:
    """A program on its way. `run` runs the programs of a folder on an implementation, and puts
    the transcripts into another."""

    def __init__(
        self, program: Path, work: Path, run: Callable[[str, Path, Path], object], again: str
    ) -> None:
        self.program, self.work, self.run, self.again = program, work, run, again
        self.programs = work / "programs"
        self.best, self.new, self.bold = (work / f"{name}.prog" for name in ("best", "new", "bold"))

    def ask(self, *arguments: str | Path, to: Path | None = None) -> int:
        """Runs the fuzzer's own commands."""
        done = subprocess.run([self.program, *arguments], stdout=subprocess.PIPE, check=False)
        if to:
            to.write_bytes(done.stdout)
        return done.returncode

    def round(self) -> int:
        """Runs the programs on both: whether any differ; neither if that cannot be said."""
        for impl in ("c", "rust"):
            self.run(impl, self.programs, self.work / impl)
        transcripts = [self.work / impl for impl in ("c", "rust")]
        return self.ask("shrink-pick", *transcripts, "--bold", self.bold, to=self.new)

    def attempt(self) -> int:
        """A round, and another one if a guest brought nothing: this machine may be busy."""
        status = self.round()
        if status in (DIFFERS, SAME):
            return status
        note("once more")
        return self.round()

    def only_best(self) -> int:
        """A round with the smallest alone."""
        shutil.rmtree(self.programs, ignore_errors=True)
        self.programs.mkdir()
        shutil.copy(self.best, self.programs)
        return self.attempt()

    def smaller(self, fine: bool) -> bool:
        """A round with smaller programs; whether one of them differs as well."""
        also = ["--also", str(self.bold)] if self.bold.exists() and self.bold.stat().st_size else []
        shutil.rmtree(self.programs, ignore_errors=True)
        asked: list[str | Path] = [
            self.best,
            "--out",
            self.programs,
            *also,
            *(["--fine"] if fine else []),
        ]
        self.ask("shrink-candidates", *asked)
        self.bold.unlink(missing_ok=True)
        if not any(self.programs.iterdir()) or self.attempt() != DIFFERS:
            return False
        if self.new.stat().st_size >= self.best.stat().st_size:
            return False
        self.new.replace(self.best)
        return True

    def __call__(self, asked: str, minutes: float, out: Path) -> None:
        """Makes it small, prints it, and keeps it in `out`."""
        begun = time.monotonic()
        status = self.only_best()
        if status == SAME:
            raise Fault(f"C and Rust do not differ on {asked}")
        if status != DIFFERS:
            raise Fault(f"no transcripts of {asked} came out of a guest; look at the lines above")
        self.new.replace(self.best)
        fine = False
        while True:
            note(f"{len(self.best.read_text(encoding='utf-8').splitlines())} steps are left")
            if time.monotonic() - begun >= 60 * minutes:
                note(f"stopped after {elapsed(begun)}; to go on: {self.again}")
                break
            if not self.smaller(fine):
                if fine:
                    break
                fine = True
        if self.only_best() != DIFFERS:
            note("the last program did not differ once more; it may do so by chance only")
        self.show(out)

    def show(self, out: Path) -> None:
        """Prints the program, how the two differ, and a C program that does the same."""
        shutil.copy(self.best, out / "smallest.prog")
        self.ask("script", self.best, to=out / "smallest.c")
        print(self.best.read_text(encoding="utf-8"))
        print("\n".join(fuzzer.difference(self.program, self.work / "c", self.work / "rust")))
        print(f"\n{(out / 'smallest.c').read_text(encoding='utf-8')}", end="", flush=True)
        note(
            f"A is C, B is Rust; the program is {out}/smallest.prog, and as C, as shown: {out}/smallest.c"
        )
        build = f"cc -static -o smallest {out}/smallest.c && ./smallest"
        note(f"to build and run that, as root: {build}")


def run(options: Options, cache: Cache, asked: str, minutes: float) -> None:
    """Makes the program of a seed, or of a file, small."""
    if not asked:
        raise Fault("say which: SEED=17, or SEED=/path/of/a/program")
    is_seed = re.fullmatch(r"[0-9]{1,9}", asked)
    if not is_seed and not Path(asked).is_file():
        raise Fault(f"SEED={asked} is neither a number nor a file")
    program = fuzzer.prepare(options, cache)
    out = cache.root / "fuzz"
    machine = qemu.Machine.of(options, cache)
    with ExitStack() as stack:
        work = stack.enter_context(cache.temporary())
        stages = {impl: stack.enter_context(cache.temporary()) for impl in ("c", "rust")}
        for impl, folder in stages.items():
            fuzzer.stage(options.with_impl(impl), cache, folder)

        def both(impl: str, programs: Path, transcripts: Path) -> None:
            shutil.rmtree(stages[impl] / "programs", ignore_errors=True)
            shutil.copytree(programs, stages[impl] / "programs")
            count = len(list(programs.iterdir()))
            # That a program hangs may be the difference.
            seconds = options.timeout or (
                (1200 if options.debug else 300) + count * (60 if options.debug else 20)
            )
            with cache.log_of(f"shrink-{options.with_impl(impl).run}") as log:
                guest = qemu.Qemu(cache, machine, stages[impl], log, seconds)
                fuzzer.in_guest(guest, "--programs", transcripts)

        itself = " ".join([f"make fuzz-shrink SEED={out}/smallest.prog", *options.also])
        shrink = Shrink(program, work, both, itself)
        if is_seed:
            shrink.ask("generate", "--seed", asked, to=shrink.best)
        else:
            shutil.copy(asked, shrink.best)
        shrink(asked, minutes, out)


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    run(options, cache, env.get("SEED", ""), MINUTES)
    return 0
