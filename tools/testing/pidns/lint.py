# SPDX-License-Identifier: GPL-2.0
"""make lint: checks the style and the rules of all code here, with the kernel's own tools where
it has some. Every check is run, then the failed ones make it fail."""

import functools
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import (
    analyzer,
    api,
    cargo,
    config,
    delays,
    functions,
    fuzzer,
    mutants,
    policy,
    process,
    releases,
    rows,
    rustdoc,
)
from .cache import TOP, Cache
from .errors import Fault, note
from .options import Options
from .overlay import MANIFEST, Overlay, git_files
from .setup import PYTHON, RUFF, SPHINX, setup
from .source import Source
from .toolchain import Toolchain
from .tree import BUILD_LIMIT, Tree

PACKAGE = "tools/testing/pidns"
PACKAGES = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(TOP / "tools/testing")}
CHECKPATCH = ["--strict", "--no-tree", "--terse", "--no-summary", "--show-types", "--ignore"]
# A line in MAINTAINERS is for a tree that has that file.
IGNORED = "FILE_PATH_CHANGES"
EVENTS = (
    "COMPLEX_MACRO",
    "MACRO_ARG_PRECEDENCE",
    "MACRO_ARG_REUSE",
    "MACRO_ARG_UNUSED",
    "OPEN_ENDED_LINE",
    "PARENTHESIS_ALIGNMENT",
    "TRAILING_SEMICOLON",
)
SAMPLE = "samples/rust/pidns_inspect.o"
# The kernel leaves out what a rustc of the least version lacks; we do not.
CLIPPY = ("CLIPPY=1", "KRUSTFLAGS=-Wclippy::incompatible_msrv")


def ours(*patterns: str) -> list[str]:
    """The project's files of these names."""
    files = git_files(TOP, "--cached", "--others", "--exclude-standard", "--", *patterns)
    return [file for file in files if (TOP / file).is_file()]


def _head(file: str) -> list[str]:
    with open(TOP / file, encoding="utf-8", errors="replace") as opened:
        return [opened.readline() for _ in range(2)]


def shell_scripts() -> list[str]:
    """Those that are run, and those that are sourced."""
    shell = re.compile(r"#!.*sh$|# shellcheck shell=", re.M)
    files = ours(".ci", "tools")
    return [file for file in files if any(map(shell.match, _head(file)))]


def python_scripts() -> list[str]:
    """The programs in Python, some without an extension."""
    python = re.compile(r"#!.*python")
    files = ours("tools")
    return [file for file in files if file.endswith(".py") or python.match(_head(file)[0])]


def warnings(log: str, files: set[str], source: Path) -> list[str]:
    """The compiler's warnings on some files, which it names by where they are laid."""
    found, text = [], ""
    for line in log.splitlines():
        if line.startswith(("warning", "error")):
            text = line
        elif text and (arrow := re.match(r" *--> ([^:\s]+)(\S*)", line)):
            name = re.sub(r"^(\.\./)+", "", arrow[1].removeprefix(f"{source}/"))
            name = re.sub(r"^.*src/linux-[^/]*/", "", name)
            if name in files:
                found.append(f"{name}{arrow[2]}: {text}")
            text = ""
    return found


@dataclass
class Lint:
    """The checks. One that fails says why and returns False, or raises a Fault."""

    cache: Cache
    tree: Tree

    @property
    def source(self) -> Path:
        """The kernel's source, with our files laid over it."""
        return self.tree.source.path

    def run(self, command: Iterable[object], cwd: Path = TOP, text: str = "", **env: str) -> bool:
        """Runs a program; what it says goes to the user. True if it succeeds."""
        words = list(map(str, command))
        with process.started(
            words,
            cwd=cwd,
            env=self.tree.toolchain.env | PACKAGES | env,
            stdin=subprocess.PIPE,
        ) as running:
            running.communicate(text.encode(), timeout=BUILD_LIMIT)
            return running.returncode == 0

    def python(self) -> bool:
        """The harness: its style, its types, its own tests. Results are read by the kernel's
        parser."""
        folder = self.cache.tools / RUFF
        tools = folder / "bin"
        config = f"{PACKAGE}/pyproject.toml"
        ruff = ["--no-cache", "--quiet", "--config", config, PACKAGE]
        mypy = ["--no-error-summary", "--config-file", config, "--cache-dir", folder / "mypy"]
        tests = ["discover", "-b", "-t", ".", "-s", "pidns/tests"]
        return (
            self.run([tools / "ruff", "check", *ruff])
            and self.run([tools / "ruff", "format", "--check", *ruff])
            and self.run([tools / "mypy", *mypy, "-p", "pidns"], MYPYPATH="tools/testing")
            and self.run(
                [PYTHON, "-W", "error", "-m", "unittest", *tests],
                cwd=TOP / "tools/testing",
                PIDNS_SOURCE=str(self.source),
            )
        )

    def rustfmt(self) -> bool:
        """Rust's style, in the laid-over tree: there every module is found."""
        files = [path for path in Overlay().map().values() if path.endswith(".rs")]
        command = [self.tree.toolchain.beside("rustfmt"), "--check", "--config-path", self.source]
        return self.run([*command, *files], cwd=self.source)

    def checkpatch(self) -> bool:
        """All that is ours, and the patches, by the kernel's checkpatch."""
        script = ["perl", self.source / "scripts/checkpatch.pl", *CHECKPATCH]

        def check(files: Sequence[str], *ignored: str) -> bool:
            words = ",".join([IGNORED, *ignored])
            return not files or self.run([*script, words, "-f", *files])

        shell, python, events = shell_scripts(), python_scripts(), ours("include/trace")
        files = ours(":!LICENSE", ":!patches", ":!*.dmesg", ":!*.lock")
        good = [
            check([file for file in files if file not in {*shell, *python, *events}]),
            # Trace events are macros, in a style of their own.
            check(events, *EVENTS),
            # A program may tell the user its own name.
            check(python, "EMBEDDED_FILENAME"),
            # A message to the user is one line, however long; checkpatch knows C's only.
            check(shell, "LONG_LINE", "LONG_LINE_STRING"),
        ]
        for patch in ours("patches/*.patch"):
            # They are signed off by who sends them, and what they fix is not in our git. (By
            # name, a file in git is taken for code.)
            ignored = f"{IGNORED},MISSING_SIGN_OFF,UNKNOWN_COMMIT_ID"
            text = (TOP / patch).read_text(encoding="utf-8")
            good.append(self.run([*script, ignored, "-"], text=text))
            if not good[-1]:
                note(f"these are of {patch}")
        return all(good)

    def fuzzer(self) -> bool:
        """The fuzzer's crate, and that what it writes is C."""
        if not self.crate(cargo.FUZZER):
            return False
        cargo.cargo(self.cache, self.tree.toolchain, "build")
        return self.compile(cargo.program(self.cache, "debug"))

    def lspidns(self) -> bool:
        """The tool's crate, and its man page."""
        page = cargo.LSPIDNS.folder / "lspidns.8"
        command: list[str | Path] = ["groff", "-t", "-man", "-Tutf8", "-ww", "-z", page]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        print(said, end="")
        return not said and self.crate(cargo.LSPIDNS)

    def crate(self, crate: cargo.Crate) -> bool:
        """A program like any other: rustfmt, cargo's clippy, and its own tests."""
        toolchain = self.tree.toolchain
        files = ["src/main.rs", *(f"tests/{path.name}" for path in crate.folder.glob("tests/*.rs"))]
        rustfmt = [toolchain.beside("rustfmt"), "--check", "--edition", "2024", *files]
        if not self.run(rustfmt, cwd=crate.folder):
            return False
        after = ("-D", "warnings")
        cargo.cargo(self.cache, toolchain, "clippy", "--all-targets", after=after, crate=crate)
        cargo.cargo(self.cache, toolchain, "test", crate=crate)
        return True

    def compile(self, program: Path) -> bool:
        """What it writes as C is to be C: of some seeds, and of short programs."""
        with self.cache.temporary() as work:
            for seed in ("1", "3", "5", str(fuzzer.HOSTILE)):
                for ops in ("5", "300"):
                    wanted = ["--seed", seed, "--ops", ops]
                    generated = process.output(program, "generate", *wanted)
                    (work / "program").write_text(generated, encoding="utf-8")
                    script = process.output(program, "script", work / "program")
                    (work / "a.c").write_text(script, encoding="utf-8")
                    if not self.run(["cc", "-Wall", "-Werror", "-o", "a", "a.c"], cwd=work):
                        return False
        return True

    def htmldocs(self) -> bool:
        """The kernel's Sphinx on our pages, in a build tree of their own; a warning is a failure,
        but for that of graphviz, since our pictures are SVG. What they say of other parts of the
        documentation is not resolved."""
        log, build = self.cache.log / "htmldocs.log", self.tree.build
        env = self.tree.toolchain.env
        path = f"{self.cache.tools / SPHINX}/bin:{env['PATH']}"
        command = ["make", "-C", str(self.source), f"ARCH={self.tree.arch}", f"O={build}"]
        status = process.limited(
            BUILD_LIMIT / 60,
            [*command, "SPHINXDIRS=pidns", "htmldocs"],
            log=log,
            env=env | {"PATH": path},
        )
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = [line for line in lines if re.search("WARNING|ERROR|rror:", line)]
        said = [line for line in said if "dot(1) not found" not in line]
        if said or status != 0:
            print("".join(f"{line}\n" for line in said), end="")
            note(f"Sphinx' words on these are in {log}")
            return False
        note(f"see {build}/Documentation/output/pidns/index.html")
        return True

    def clippy(self) -> bool:
        """The kernel's clippy on the kernel crate, ours and the sample, in a build tree of its own
        that needs no C but what bindgen reads. A crate that is up to date is not checked again, so
        after anything but success ours are built anew."""
        build, log = self.tree.build, self.tree.log("clippy")
        self.tree.configure(config.for_qemu("rust", debug=False))
        clean = build / ".clippy-clean"
        if not clean.exists():
            for path in (build / "rust/kernel.o", build / SAMPLE):
                path.unlink(missing_ok=True)
            for path in (build / "kernel/pidns").rglob("*.o"):
                path.unlink()
        clean.unlink(missing_ok=True)
        settings = (build / ".config").read_text(encoding="utf-8")
        sample = [SAMPLE] if "\nCONFIG_SAMPLE_PIDNS_INSPECT=" in f"\n{settings}" else []
        make = [*self.tree.make, f"-j{self.tree.jobs}", *CLIPPY]
        said = ""
        for goals in (["prepare"], ["kernel/pidns/", *sample]):
            self.tree.run(log, [*make, *goals], "the build")
            said += log.read_text(encoding="utf-8", errors="replace")
        log.write_text(said, encoding="utf-8")
        if not self.judge("clippy", log, self.about_ours(said)):
            return False
        clean.touch()
        return True

    def about_ours(self, said: str) -> list[str]:
        """The warnings about files that we laid over the source."""
        lines = (self.source / MANIFEST / "files").read_text(encoding="utf-8").splitlines()
        return warnings(said, {line.split()[1] for line in lines}, self.source)

    def judge(self, tool: str, log: Path, found: list[str]) -> bool:
        """True if a tool found nothing; else says what, and where the whole of its words is."""
        if found:
            print("\n".join(found))
            note(f"{tool}'s words on these are in {log}")
        return not found

    def doc(self) -> bool:
        """Runs rustdoc on the kernel crate and ours, in the build tree of clippy()."""
        if not self.clippy():
            return False
        build, log = self.tree.build, self.tree.log("rustdoc")
        program = self.tree.toolchain.beside("rustdoc")
        command = [PYTHON, "-m", "pidns.rustdoc", str(build), str(self.source), str(program)]
        status = process.limited(
            BUILD_LIMIT / 60, command, log=log, env=self.tree.toolchain.env | PACKAGES
        )
        said = log.read_text(encoding="utf-8", errors="replace")
        broken = [line for line in said.splitlines() if line.startswith(rustdoc.BROKEN)]
        found = self.about_ours(said) + broken
        if status != 0 and not found:
            found = said.splitlines()[-20:] or [f"rustdoc ended with status {status}"]
        if self.judge("rustdoc", log, found):
            note(f"see {build / rustdoc.OUTPUT}/pidns/index.html")
            return True
        return False

    def analyzer(self) -> bool:
        """Makes the project file for editors, in the build tree of clippy()."""
        if not self.clippy():
            return False
        self.tree.run(
            self.tree.log("analyzer"), [*self.tree.make, "rust-analyzer"], "rust-analyzer"
        )
        made = (self.tree.build / analyzer.NAME).read_text(encoding="utf-8")
        (TOP / analyzer.NAME).write_text(analyzer.project(made, TOP), encoding="utf-8")
        note(f"see {TOP / analyzer.NAME}")
        return True

    def checks(self) -> dict[str, Callable[[], bool]]:
        """What needs no kernel tree comes first, what takes longest last."""
        return {
            "shellcheck": lambda: self.run(["shellcheck", "-x", *shell_scripts()]),
            "policy": lambda: policy.main() == 0,
            "mutants": lambda: mutants.main() == 0,
            "delays": lambda: delays.main() == 0,
            "rows": lambda: rows.main() == 0,
            "functions": lambda: functions.main("check") == 0,
            "api": lambda: api.main() == 0,
            "releases": lambda: releases.main(["check"]) == 0,
            "python": self.python,
            "rustfmt": self.rustfmt,
            "checkpatch": self.checkpatch,
            "fuzzer": self.fuzzer,
            "lspidns": self.lspidns,
            "minicontainer": functools.partial(self.crate, cargo.MINICONTAINER),
            "htmldocs": self.htmldocs,
            "clippy": self.clippy,
            "doc": self.doc,
            "rust-analyzer": self.analyzer,
        }


def check_git() -> None:
    """Raises a Fault where git does not know our files: a tarball has no list of them, and git
    gives none to another user than the owner."""
    asked = subprocess.run(
        ["git", "-C", TOP, "rev-parse", "--show-toplevel"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = asked.stdout.partition("\n")[0]
    if asked.returncode != 0 or said != str(TOP):
        raise Fault(
            f"lint asks git which files are ours, and git says: {said};"
            " run it as the owner of a git clone"
        )


def passes(check: Callable[[], bool]) -> bool:
    """Runs a check; what ends it ends only it."""
    try:
        return check()
    except (Fault, OSError, subprocess.SubprocessError) as error:
        print(f"pidns: error: {error}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    return False


def command(options: Options, cache: Cache, _: Mapping[str, str], arguments: Sequence[str]) -> int:
    """The command "lint [CHECK...]"."""
    check_git()
    options = replace(options, impl="rust", debug=False, kdir=None)
    setup(options, cache)
    toolchain = Toolchain.find(options, cache)
    with cache.lock():
        source = Source.find(options, cache)
        source.lay_over()
        key = f"{source.name}-lint"
        tree = Tree("x86_64", source, cache.build / key, key, toolchain, cache, options.jobs)
        tree.build.mkdir(parents=True, exist_ok=True)
        cache.log.mkdir(exist_ok=True)
        checks = Lint(cache, tree).checks()
        for name in arguments:
            if name not in checks:
                raise Fault(f"lint has no check {name}; it has {' '.join(checks)}")
        failed = 0
        chosen = arguments or list(checks)
        for name in chosen:
            good = passes(checks[name])
            failed += not good
            print(f"{'ok    ' if good else 'FAILED'}  {name}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0
