# SPDX-License-Identifier: GPL-2.0
"""make kunit: KUnit by the kernel's kunit.py, the doctests of the kernel crate among it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import expected, kernel, ktap, process, qemu, report, rows, splats
from .cache import TOP, Cache, check_disk
from .errors import note
from .ktap import Result
from .options import Options, refuse

# The suite of all doctests of the kernel crate.
DOCTESTS = "rust_doctests_kernel"
FENCE = re.compile(r"^\s*//[/!] ```(.*)$", re.M)
LIMIT, DEBUG_LIMIT = 600, 1800


def suites(top: Path = TOP) -> list[str]:
    """The suites that our sources define."""
    return sorted(rows.kunit(top))


def doctests(top: Path = TOP) -> list[str]:
    """How KUnit names the doctests of those files in the kernel crate that have some that run."""
    folder = top / "rust/kernel"
    found = []
    for path in folder.rglob("*.rs"):
        # Each second fence closes an example.
        fences = FENCE.findall(path.read_text(encoding="utf-8"))[::2]
        if any(kind in ("", "rust", "no_run") for kind in fences):
            name = re.sub(r"[/.]", "_", str(path.relative_to(folder)))
            found.append(f"rust_doctest_kernel_{name}")
    return sorted(found)


def claims(results: list[Result], status: int, console: str) -> list[Result]:
    """Further results: that all went well, and that all of ours ran."""
    names = {result.name for result in results}
    complaint = next(splats.find(console.splitlines()), "") if console else "it is empty"
    ran = {name.split(": ")[0] for name in names}
    files = {re.sub(r"_\d+$", "", name.split(": ")[-1]) for name in names}
    never = "it did not run"
    return [
        qemu.claim("kunit.py succeeds", "" if status == 0 else f"status {status}"),
        qemu.claim("the kernel log is silent", complaint),
        *(qemu.claim(f"the suite {one} ran", "" if one in ran else never) for one in suites()),
        *(
            qemu.claim(f"the doctests {one} ran", "" if one in files else never)
            for one in doctests()
        ),
    ]


def _run(command: Sequence[str | Path], log: Path, cwd: Path, path: str) -> int:
    env = os.environ | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    with (
        open(log, "wb") as file,
        process.started(
            command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as running,
    ):
        assert running.stdout
        for line in running.stdout:
            file.write(line)
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        return running.wait()


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    refuse(env, "kunit", "IMPL")
    with cache.temporary() as folder:
        with kernel.built(options, cache) as tree:
            kernel.stage(tree, folder)
        # kunit.py takes KVM wherever it is, and has no word to prevent that: a QEMU of
        # this name, first in the PATH, that has only what works.
        arch = options.arch
        path = os.environ["PATH"]
        (folder / "emulator").mkdir()
        (folder / arch.image).parent.mkdir(parents=True)
        (folder / arch.file).rename(folder / arch.image)
        if not arch.foreign and not qemu.kvm_works(cache):
            qemu.without_kvm(folder / "emulator" / arch.qemu)
            path = f"{folder}/emulator:{path}"
        limit = options.timeout or (DEBUG_LIMIT if options.debug else LIMIT)
        with cache.log_of(f"kunit-{tree.key}") as log:
            note("running KUnit by kunit.py")
            words = f"exec --arch={arch.name} --timeout={limit} --kernel_args=slab_nomerge"
            program = tree.source.path / "tools/testing/kunit/kunit.py"
            asked: list[str | Path] = [program, *words.split(), f"--build_dir={folder}"]
            status = _run(asked, log, tree.source.path, path)
            check_disk(log, cache.root)
            console = log.with_suffix(".console")
            console.touch()
            if (folder / "test.log").exists():
                shutil.copy(folder / "test.log", console)
            text = console.read_text(encoding="utf-8", errors="replace")
            results = ktap.Parser(tree.source.path).run(text.splitlines())
            also = claims(results, status, text)
            report.keep(log, text.splitlines(), also, results + also)
        note(f"this output is in {log}, the kernel's in {console}")
        verdict = expected.judge(
            results + also, [], expected.Kernel(options.impl, options.debug), True
        )
        least = expected.least("kunit", options.impl, options.series, options.arch)
        verdict.need(least, len(results + also))
        return verdict.show()
