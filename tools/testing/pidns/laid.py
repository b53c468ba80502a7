# SPDX-License-Identifier: GPL-2.0
"""The kernels with all mutants and all delays in them, and their guests."""

import concurrent.futures
import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from . import config, delays, kselftests, mutants, qemu, quick, uml
from .arch import X86_64
from .cache import TOP, Cache, update_file
from .config import Config
from .errors import Fault, note
from .guest import SCRIPTS, Guest
from .integrate import integrate
from .kept import key_of
from .options import Options
from .overlay import Overlay
from .planted import Planted, crate, planted
from .source import Source
from .toolchain import Toolchain
from .tree import Tree
from .trials import Lab, Suite, Trial

# What a guest runs.
GUEST = ("mounts.sh", "uml-init.sh", "worker.sh")
EMULATED_GUEST = ("qemu-init.sh", "worker.sh")
# Seconds until an emulated guest is up, with lockdep and others beside it.
EMULATED_BOOT_LIMIT = 600
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


@dataclass(frozen=True)
class Kernel:
    """A kernel that has all mutants and all delays in it."""

    # What it is called in CONFIGS=; its build tree; one that it may start from a copy of.
    name: str
    tree: str
    like: str
    config: Config
    # By clang, as the debug kernels of make quick.
    debug: bool = False
    # By QEMU, since User Mode Linux cannot be configured so.
    emulated: bool = False

    @property
    def file(self) -> str:
        """The image."""
        return str(X86_64.image) if self.emulated else uml.IMAGE


USUAL = Kernel("usual", "um-mutants", "um-rust", config.for_uml("rust", debug=False))
KERNELS = {
    kernel.name: kernel
    for kernel in (
        USUAL,
        Kernel(
            "debug",
            "um-mutants-debug",
            "um-rust-debug",
            config.for_uml("rust", debug=True),
            debug=True,
        ),
        Kernel("strict", "um-mutants-strict", "", config.for_uml("rust", False, "strict")),
        Kernel("rt", "mutants-rt", "", config.for_qemu("rust", False, "rt"), emulated=True),
    )
}


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
    """One of the kernels, and guests with logs below `name`."""

    def __init__(
        self, options: Options, cache: Cache, folder: Path, name: str, kernel: Kernel = USUAL
    ) -> None:
        self.options, self.cache, self.folder, self.kernel = options, cache, folder, kernel
        # As for make quick, or make kernel.
        self.toolchain = Toolchain.find(options, cache, gcc=not (kernel.debug or kernel.emulated))
        if not kernel.emulated:
            self.toolchain.env["CCACHE_DISABLE"] = "1"
        self.logs = cache.log / name
        self.stage = folder / "stage"
        self.image = self.stage / Path(kernel.file).name if kernel.emulated else folder / "linux"
        self.guests: list[Guest] = []

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

    def tree(self, name: str) -> Tree:
        """A build tree."""
        flags = quick.DEBUG_FLAGS if self.kernel.debug else quick.FLAGS
        return Tree(
            X86_64.name if self.kernel.emulated else "um",
            self.source,
            self.cache.build / f"{self.source.name}-{name}",
            f"{self.source.name}-{name}",
            self.toolchain,
            self.cache,
            self.options.jobs,
            () if self.kernel.emulated else (quick.HOST_RUST, flags),
        )

    def build(self) -> None:
        """Builds the kernel, and what guests need."""
        before = self.sources()
        tree = self.tree(self.kernel.tree)
        image, tests = tree.build / self.kernel.file, tree.build / "pidns-kselftest"
        self.cache.need_space(1000 if image.exists() else 3000, "the mutants' kernel")
        like = self.tree(self.kernel.like) if self.kernel.like else None
        if not (tree.build / ".config").exists() and like and (like.build / uml.IMAGE).exists():
            tree.copy_from(like)
        overlay = self.folder / "overlay"
        patches = [str(path.relative_to(TOP)) for path in (TOP / "patches").glob("*.patch")]
        lay(TOP, overlay, [*self.files, *patches])
        try:
            integrate(Overlay(overlay), self.source.path, update=True)
            tree.configure(self.kernel.config)
            note(f"building the kernel with all mutants and delays in {tree.build}")
            tree.build_kernel(X86_64.goal if self.kernel.emulated else uml.GOAL, image)
            kselftests.build(tree, tests, flags=quick.TEST_FLAGS)
        finally:
            self.source.lay_over()
        shutil.copytree(tests, self.stage / "kselftest")
        shutil.copy(image, self.image)
        for name in EMULATED_GUEST if self.kernel.emulated else GUEST:
            shutil.copy(SCRIPTS / name, self.stage)
        if self.sources() != before:
            raise Fault("the sources were changed during the build; start again")

    def boot(self, name: str, suite: Suite, machine: uml.Machine) -> Guest:
        """A guest for a suite, of the trial with this name."""
        work = self.folder / "guests" / name / suite.name
        shutil.rmtree(work, ignore_errors=True)
        log = self.logs / f"{name}.log"
        guest: Guest
        if self.kernel.emulated:
            # Each has its port to the host in its stage folder.
            shutil.copytree(self.stage, work, copy_function=os.link)
            emulated = qemu.Machine(qemu.kvm_works(self.cache), machine.cpus, self.options.memory)
            log = self.logs / f"{name}-{suite.name}.log"
            if log.exists():
                log.replace(log.with_suffix(".first"))
            words = " ".join(machine.arguments)
            guest = qemu.Qemu(self.cache, emulated, work, log, EMULATED_BOOT_LIMIT, words)
        else:
            work.mkdir(parents=True)
            guest = uml.Uml(self.image, self.stage, work, log, machine)
        self.guests.append(guest)
        return guest

    def each(
        self, trials: Sequence[Trial], most: int, lab: Lab, work: Callable[[Trial], None]
    ) -> None:
        """Does something with each trial, with so many at a time at most."""

        def fresh(trial: Trial) -> None:
            names = [trial.name, *(f"{trial.name}-{suite.name}" for suite in trial.suites)]
            for path in itertools.product(names, ("log", "out", "first")):
                (self.logs / ".".join(path)).unlink(missing_ok=True)
            work(trial)

        room = most if self.kernel.emulated else uml.room(self.options.memory)
        count = min(most, len(trials), room)
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
