# SPDX-License-Identifier: GPL-2.0
"""make patches: the project as a series of patches for the kernel's source, as git am takes it.

It is made from what make integrate lays over the source. That the end is the same, that git am
applies each patch, and that checkpatch has nothing to say is checked; that each builds, by BUILD=1.
"""

import functools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import series
from .cache import TOP, Cache
from .errors import Fault, note
from .kept import Kept, key_of
from .lists import load
from .options import Options, check_kdir, refuse_all_but
from .overlay import Overlay, need_programs
from .patchbuild import Builder
from .repository import WHEN, WHO, Change, Repository, identity
from .series import Series, Step
from .setup import setup
from .source import Source

CHECKPATCH = ["--strict", "--terse", "--no-summary", "--show-types"]
# The script, and the words that it knows.
SCRIPTS = ("checkpatch.pl", "const_structs.checkpatch", "spelling.txt")
TRAILER = re.compile(r"[A-Z][A-Za-z-]*: \S.*")
# What the import and the builds need, in MB.
SPACE = 1500


@dataclass(frozen=True)
class Sender:
    """The sender, who signs the patches off."""

    name: str
    mail: str
    date: str

    @classmethod
    def find(cls) -> "Sender":
        """Who git says the user is, and the date of what is checked out."""

        def ask(*words: str) -> str:
            asked = subprocess.run(
                ["git", "-C", TOP, "-c", "user.useConfigOnly=true", *words],
                capture_output=True,
                text=True,
                check=False,
            )
            if asked.returncode != 0:
                raise Fault(
                    "git does not know who signs the patches off; set user.name and user.email"
                )
            return asked.stdout.strip()

        found = re.match(r"(.*) <(.*)> \d+ ", ask("var", "GIT_COMMITTER_IDENT"))
        if not found:
            raise Fault("git does not say who you are; set user.name and user.email")
        return cls(found[1], found[2], ask("log", "-1", "--format=%ct +0000"))

    @property
    def signature(self) -> str:
        """The line that ends a message."""
        return f"Signed-off-by: {self.name} <{self.mail}>"


def signed(message: str, signature: str) -> str:
    """A message with the sender's signature, which follows other trailers directly."""
    last = message.rpartition("\n\n")[2]
    trailers = all(TRAILER.fullmatch(line) for line in last.splitlines())
    return f"{message}\n{signature}\n" if trailers else f"{message}\n\n{signature}\n"


@dataclass
class Maker:
    """Makes the commits of a series in a repository."""

    repository: Repository
    plan: Series
    sender: Sender

    def texts(self, change: Change) -> dict[int, tuple[str, str, str]]:
        """What a file becomes in each patch that changes it: mode, blob, path."""
        steps, file = self.plan.steps, change.file
        if not any(file in step.pieces for step in steps):
            number = series.owner(steps, file)
            assert number is not None
            return {number: (change.mode, change.blob, file)}
        before = self.repository.read(change.before) if change.before else None
        grown = series.growth(steps, file, before, self.repository.read(change.blob))
        return {
            number: (change.mode, self.repository.blob(text.encode()), file)
            for number, text in grown.items()
        }

    def commits(self, name: str, base: str, end: str) -> list[str]:
        """The import, and a commit for each patch. The last one's tree is the end."""
        changes = self.repository.changes(base, end)
        files = [change.file for change in changes]
        for fault in series.unused(self.plan.steps, files):
            raise Fault(fault)
        made = [self.texts(change) for change in changes]
        who, mail = WHO.rstrip(">").split(" <")
        parent = self.repository.commit(base, f"{name}\n", identity(who, mail, WHEN))
        env = identity(self.sender.name, self.sender.mail, self.sender.date)
        found, tree = [parent], base
        for number, step in enumerate(self.plan.steps):
            tree = self.repository.with_files(
                tree, [texts[number] for texts in made if number in texts]
            )
            message = signed(f"{step.subject}\n\n{step.message}", self.sender.signature)
            found.append(self.repository.commit(tree, message, env, found[-1]))
        if tree != end:
            raise Fault("the series does not end with what make integrate lays over the source")
        return found

    def mail(self, commits: Sequence[str], folder: Path) -> list[Path]:
        """Writes the patches, with the letter before them."""
        self.repository.git("update-ref", "refs/heads/series", commits[-1])
        letter = f"branch.series.description={self.plan.subject}\n\n{self.plan.message}\n"
        self.repository.git(
            *("-c", letter, "format-patch", "-q", "--cover-letter"),
            *("--cover-from-description=subject", "--no-signature", "--zero-commit"),
            *("--no-renames", "--stat=78", "-o", folder, f"{commits[0]}..series"),
            env=identity(self.sender.name, self.sender.mail, self.sender.date),
        )
        letter_file, *patches = sorted(folder.glob("*.patch"))
        # The letter says when it was made, which is no part of the series.
        text = letter_file.read_text(encoding="utf-8")
        date = re.search(r"^Date: .*$", patches[0].read_text(encoding="utf-8"), re.M)
        text = re.sub(r"^Date: .*$", date[0] if date else "", text, count=1, flags=re.M)
        letter_file.write_text(text, encoding="utf-8")
        return [letter_file, *patches]


def apply(repository: Repository, base: str, patches: Sequence[Path], work: Path) -> str:
    """Applies patches by git am, as who gets them does; returns the tree that results."""
    diffs = b"".join(patch.read_bytes() for patch in patches)
    touched = sorted(set(re.findall(rb"^diff --git a/\S+ b/(\S+)$", diffs, re.M)))
    tree = work / "am"
    repository.git("worktree", "prune")
    repository.git("worktree", "add", "-q", "--no-checkout", "--detach", tree, base)
    git = functools.partial(repository.git, cwd=tree)
    try:
        # Only these files of the kernel's are needed there.
        git("sparse-checkout", "init", "--no-cone")
        listed = b"".join(b"/%s\n" % file for file in touched)
        git("sparse-checkout", "set", "--no-cone", "--stdin", given=listed)
        git("read-tree", "-mu", "HEAD")
        git("am", "-q", "--whitespace=error-all", "--keep-cr", *patches)
        return git("rev-parse", "HEAD^{tree}").strip()
    finally:
        repository.git("worktree", "remove", "--force", tree)


def checkpatch(source: Path, patch: Path, step: Step) -> list[str]:
    """What checkpatch says of a patch."""
    ignored = ["--ignore", ",".join(step.ignore)] if step.ignore else []
    script = ["perl", f"{source}/scripts/checkpatch.pl", f"--root={source}", *CHECKPATCH]
    # It leaves a file where it runs.
    with tempfile.TemporaryDirectory(prefix="pidns.") as work:
        said = subprocess.run(
            [*script, *ignored, patch], cwd=work, capture_output=True, text=True, check=False
        )
    lines = (said.stdout + said.stderr).splitlines()
    if said.returncode and not lines:
        lines = [f"{patch}: checkpatch.pl ends with {said.returncode}"]
    return [line.removeprefix(f"{patch.parent}/") for line in lines]


def check(cache: Cache, source: Path, patch: Path, step: Step) -> list[str]:
    """The same, remembered for a patch that is the same but for its date: large ones take minutes."""
    kept = Kept(cache.root / "series/checkpatch")
    text = re.sub(r"^Date: .*$", "", patch.read_text(encoding="utf-8"), count=1, flags=re.M)
    scripts = (source / "scripts" / name for name in SCRIPTS)
    key = key_of([text, *CHECKPATCH, *step.ignore, *scripts])
    found: list[str] | None = kept.get(patch.stem, key)
    if found is None:
        found = checkpatch(source, patch, step)
        kept.put(patch.stem, key, found)
    return found


def make(cache: Cache, source: Source, folder: Path, jobs: int = 1) -> tuple[Repository, list[str]]:
    """Makes the series and checks it; returns the repository with its commits."""
    need_programs()
    plan = load(series.LIST, functools.partial(series.read, TOP / "patches"))
    sender = Sender.find()
    cache.need_space(SPACE, "the repository of the kernel's source")
    repository = Repository(cache.root / f"series/{source.name}.git")
    repository.prepare()
    note(f"importing {source.path}")
    base, end = repository.imported(source.path, Overlay())
    maker = Maker(repository, plan, sender)
    commits = maker.commits(f"Linux {check_kdir(source.path)}: {source.name}", base, end)
    with cache.temporary() as work:
        fresh = work / "patches"
        letter, *patches = maker.mail(commits, fresh)
        note(f"{len(patches)} patches; applying them by git am")
        if apply(repository, commits[0], patches, work) != end:
            raise Fault("git am does not end with what make integrate lays over the source")
        note("checking them by checkpatch.pl --strict")
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            one = functools.partial(check, cache, source.path)
            faults = [line for lines in pool.map(one, patches, plan.steps) for line in lines]
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(fresh, folder)
    if faults:
        print("\n".join(faults))
        raise Fault(f"checkpatch.pl has {len(faults)} words on the patches in {folder}")
    note(
        f"see {folder / letter.name}; in a git tree of the source: git am --empty=drop {folder}/*.patch"
    )
    return repository, commits


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command."""
    refuse_all_but(env, "patches", "BUILD KDIR")
    build = env.get("BUILD", "")
    if build not in ("", "0", "1"):
        raise Fault(f"BUILD={build} is not known; use BUILD=1, or leave it out")
    if build == "1":
        setup(options, cache)
    with cache.lock():
        source = Source.find(options, cache)
        source.lay_over()
        repository, commits = make(cache, source, cache.root / "patches", options.jobs)
        if build == "1":
            Builder(options, cache, repository).run(commits[1:])
    return 0
