# SPDX-License-Identifier: GPL-2.0
"""The kernel with all mutants and all delays in it, for User Mode Linux, and its guests."""

import concurrent.futures
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from . import config, delays, kselftests, mutants, quick, uml
from .cache import TOP, Cache, update_file
from .errors import Fault, note
from .guest import SCRIPTS
from .integrate import integrate
from .kept import key_of
from .options import Options
from .overlay import Overlay
from .planted import Planted, crate, planted
from .source import Source
from .toolchain import Toolchain
from .tree import Tree
from .trials import Lab, Suite, Trial

CONFIG = config.for_uml("rust", debug=False)
# What a guest runs.
GUEST = ("mounts.sh", "uml-init.sh", "worker.sh")
# Of what is laid over a tree, what is not built, or not for the kernel.
PAGES = ("Documentation/",)
NOT_BUILT = (*PAGES, "tools/", "samples/")
# The choice itself: what is added to the sources.
ADDED = {
    f"{folder}{name}.{kind}": f"tools/testing/{name}/{name}.{kind}"
    for name in ("mutants", "delays")
    for folder, kind in (("pidns/", "c"), ("rust/kernel/ns/", "rs"))
}
APPENDED = {
    "Kbuild": "obj-y += pidns/mutants.o pidns/delays.o\n",
    "rust/kernel/ns.rs": "pub mod delays;\npub mod mutants;\n",
}

Some = TypeVar("Some", bound=Planted)


def lay(top: Path, folder: Path, files: Iterable[str]) -> None:
    """Copies files to a folder, with all that is planted in them, none of it chosen. What is the
    same there is left alone, and what is no more is deleted."""
    every: list[Planted] = [*mutants.read(top), *delays.read(top)]
    texts = {file: (top / file).read_bytes() for file in files}
    for file, content in texts.items():
        if crate(file) and file.endswith(".rs"):
            text, faults = planted(content.decode(), file, every)
            if faults:
                raise Fault("\n".join(faults))
            texts[file] = text.encode()
    for file, source in ADDED.items():
        texts[file] = (top / source).read_bytes()
    for file, line in APPENDED.items():
        texts[file] += line.encode()
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if str(path.relative_to(folder)) not in texts:
            path.unlink()
    for file, content in texts.items():
        update_file(folder / file, content)


def chosen(every: Sequence[Some], option: str, names: Sequence[str]) -> list[Some]:
    """Those that were asked for: all, or those of an option."""
    known = {one.name: one for one in every}
    for name in names:
        if name not in known:
            raise Fault(f"{option}={name} is not known; they are in {every[0].FOLDER}")
    return [known[name] for name in dict.fromkeys(names)] or list(every)


class Laid:
    """The kernel, and guests with logs below `name`."""

    def __init__(self, options: Options, cache: Cache, folder: Path, name: str) -> None:
        self.options, self.cache, self.folder = options, cache, folder
        # As for make quick.
        self.toolchain = Toolchain.find(options, cache, gcc=True)
        self.toolchain.env["CCACHE_DISABLE"] = "1"
        self.logs = cache.log / name
        self.image, self.stage = folder / "linux", folder / "stage"
        self.guests: list[uml.Uml] = []

    def find_sources(self) -> None:
        """Finds what the kernel is built from."""
        self.source = Source.find(self.options, self.cache)
        self.files = list(Overlay().map())

    def sources(self) -> str:
        """Changes when anything does that is built."""
        files = [file for file in Overlay().map() if not file.startswith(PAGES)]
        lists = [
            path for each in (mutants, delays) for path in sorted((TOP / each.FOLDER).iterdir())
        ]
        return key_of([*(TOP / file for file in files), *lists])

    def build(self) -> None:
        """Builds the kernel, and what guests need."""
        before = self.sources()
        tree, usual = (
            Tree(
                "um",
                self.source,
                self.cache.build / f"{self.source.name}-um-{name}",
                f"{self.source.name}-um-{name}",
                self.toolchain,
                self.cache,
                self.options.jobs,
                (quick.HOST_RUST, quick.FLAGS),
            )
            for name in ("mutants", "rust")
        )
        image, tests = tree.build / uml.IMAGE, tree.build / "pidns-kselftest"
        self.cache.need_space(1000 if image.exists() else 3000, "the mutants' kernel")
        if not (tree.build / ".config").exists() and (usual.build / uml.IMAGE).exists():
            tree.copy_from(usual)
        overlay = self.folder / "overlay"
        patches = [str(path.relative_to(TOP)) for path in (TOP / "patches").glob("*.patch")]
        lay(TOP, overlay, [*self.files, *patches])
        try:
            integrate(Overlay(overlay), self.source.path, update=True)
            tree.configure(CONFIG)
            note(f"building the kernel with all mutants and delays in {tree.build}")
            tree.build_kernel(uml.GOAL, image)
            kselftests.build(tree, tests, flags=quick.TEST_FLAGS)
        finally:
            self.source.lay_over()
        shutil.copy(image, self.image)
        shutil.copytree(tests, self.stage / "kselftest")
        for name in GUEST:
            shutil.copy(SCRIPTS / name, self.stage)
        if self.sources() != before:
            raise Fault("the sources were changed during the build; start again")

    def boot(self, name: str, suite: Suite, machine: uml.Machine) -> uml.Uml:
        """A guest for a suite, of the trial with this name."""
        work = self.folder / "guests" / name / suite.name
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        guest = uml.Uml(self.image, self.stage, work, self.logs / f"{name}.log", machine)
        self.guests.append(guest)
        return guest

    def each(
        self, trials: Sequence[Trial], most: int, lab: Lab, work: Callable[[Trial], None]
    ) -> None:
        """Does something with each trial, with so many at a time at most."""

        def fresh(trial: Trial) -> None:
            for kind in ("log", "out"):
                (self.logs / f"{trial.name}.{kind}").unlink(missing_ok=True)
            work(trial)

        count = min(most, len(trials), uml.room(self.options.memory))
        with concurrent.futures.ThreadPoolExecutor(max(1, count)) as pool:
            try:
                running = [pool.submit(fresh, trial) for trial in trials]
                for one in concurrent.futures.as_completed(running):
                    one.result()
            except BaseException:
                lab.stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                for guest in list(self.guests):
                    guest.close()
                raise
