# SPDX-License-Identifier: GPL-2.0
"""make patches BUILD=1: each patch of the series builds on its own.

Three trees follow the series, and only what a patch changes is compiled again: the C files
without any Rust; Rust, with our implementation once it can be chosen; and, before that, the kernel
crate with the abstractions in it, which no configuration has until then. What has been built is
remembered, so that an interrupted run goes on where it was.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import config
from .cache import Cache
from .errors import Fault, note
from .kept import Kept, Progress, key_of
from .options import Options
from .repository import Repository
from .source import Source
from .toolchain import Toolchain
from .tree import Tree

# For the kernel crate alone: bindgen and the C helpers see it by KCFLAGS.
CRATE = ("KRUSTFLAGS=--cfg CONFIG_PIDNS_RUST", "KCFLAGS=-DCONFIG_PIDNS_RUST=1")
SPACE = 9000


@dataclass(frozen=True)
class Build:
    """One of the trees."""

    name: str
    rust: bool
    goals: tuple[str, ...]
    variables: tuple[str, ...] = ()


def builds(choice: bool, goals: Sequence[str]) -> Iterator[Build]:
    """What a patch is built as. Once our implementation can be chosen, the kernel crate has
    the abstractions by its configuration."""
    yield Build("c", False, tuple(goals))
    yield Build("rust", True, tuple(goals))
    if not choice:
        yield Build("crate", True, ("prepare",), CRATE)


def symbols(tree: Path) -> set[str]:
    """The symbols of Kconfig that the series has added by then."""
    files = [tree / "kernel/pidns/Kconfig", tree / "samples/rust/Kconfig"]
    text = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    return set(re.findall(r"^config (\w+)$", text, re.M))


class Builder:
    """Builds the commits of a series, one after the other, in a work tree."""

    def __init__(self, options: Options, cache: Cache, repository: Repository) -> None:
        self.options, self.cache, self.repository = options, cache, repository
        self.toolchain = Toolchain.find(options, cache)
        self.kept = Kept(cache.root / "series/built")
        self.folder = cache.root / "src/series"

    def check_out(self, commit: str) -> None:
        """Puts a commit in the work tree; files that do not differ keep their times."""
        if not (self.folder / ".git").is_file():
            self.repository.git("worktree", "prune")
            self.repository.git("worktree", "add", "-q", "--force", "--detach", self.folder, commit)
        # What a build leaves in a source tree is ignored there, and is none of the series'.
        self.repository.git("checkout", "-q", "--force", "--detach", commit, cwd=self.folder)

    def tree(self, build: Build) -> Tree:
        """The build tree."""
        source = Source(self.folder, "series", own=True)
        key = f"series-{build.name}"
        return Tree(
            *(self.options.arch.name, source, self.cache.build / key, key),
            *(self.toolchain, self.cache, self.options.jobs, build.variables),
        )

    def key(self, commit: str, build: Build) -> str:
        """What a build depends on."""
        tree = self.repository.git("rev-parse", f"{commit}^{{tree}}")
        wanted = config.for_patches(build.rust, {"PIDNS_RUST"}).wanted
        return key_of([tree, wanted, self.toolchain.identity, *build.goals, *build.variables])

    def build(self, build: Build) -> None:
        """Builds what is checked out."""
        tree = self.tree(build)
        tree.configure(config.for_patches(build.rust, symbols(self.folder)))
        goals = [f"-j{tree.jobs}", *build.goals]
        tree.run(tree.log("build"), [*tree.make, *goals], f"the build of {build.name}")

    def run(self, commits: Sequence[str]) -> None:
        """Builds all of them, as far as they were not built before."""
        wanted = []
        for number, commit in enumerate(commits, start=1):
            listed = self.repository.git("ls-tree", commit, "kernel/pidns/Kconfig")
            for build in builds(bool(listed), (self.options.arch.goal, "modules")):
                key = self.key(commit, build)
                name = f"{number:04}-{build.name}"
                if self.kept.get(name, key) != "good":
                    wanted.append((commit, build, name, key))
        if wanted:
            self.cache.need_space(SPACE, "building the series")
        progress = Progress(len(wanted))
        for commit, build, name, key in wanted:
            self.check_out(commit)
            subject = self.repository.git("log", "-1", "--format=%s", commit).strip()
            try:
                self.build(build)
            except Fault as fault:
                raise Fault(f'"{subject}" ({name}): {fault}') from None
            self.kept.put(name, key, "good")
            progress.tell(f"{name} {subject}")
        note(f"each of {len(commits)} patches builds, for C and for Rust")
