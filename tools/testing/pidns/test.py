# SPDX-License-Identifier: GPL-2.0
"""make test: the kselftests under the kernel's runner, and KUnit, in a guest by QEMU."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import expected, kernel, kselftests, ktap, kunit, link, logs, qemu, report
from .cache import TOP, Cache
from .errors import Fault, note
from .ktap import Result
from .options import IMPLEMENTATIONS, Options

LIMIT, DEBUG_LIMIT = 2400, 7200


@dataclass
class Ran:
    """The results of a run on one implementation."""

    kselftests: list[Result]
    # KUnit and the sample, which are of Rust alone.
    rust: list[Result]
    # That the kernel's log is that of the other implementation, if it can be compared.
    same_log: list[Result]
    claims: list[Result]

    @property
    def all(self) -> list[Result]:
        """All of them."""
        return self.kselftests + self.rust + self.same_log + self.claims


def whole_key(options: Options) -> str:
    """Changes when anything does that the kernel's log of a whole run depends on besides the
    implementation."""
    folders = [(TOP / "configs", "*.config"), (TOP / "patches", "*"), (kselftests.FOLDER, "**/*")]
    files = [path for folder, names in folders for path in sorted(folder.glob(names))]
    parts = [path.read_bytes() for path in files if path.is_file()]
    parts.append(f"{options.kdir} {options.cpus} {options.memory}".encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def same_log(options: Options, cache: Cache) -> list[Result]:
    """Keeps the log of a whole run, and compares it with that of the other implementation."""
    kept = whole_logs(options, cache)
    shutil.copy(cache.log / f"test-{options.run}.log", kept[options.impl].with_suffix(".log"))
    kept[options.impl].with_suffix(".key").write_text(whole_key(options), encoding="utf-8")
    keys = [path.with_suffix(".key") for path in kept.values()]
    if not all(path.exists() for path in keys) or len({path.read_text() for path in keys}) > 1:
        other = "rust" if options.impl == "c" else "c"
        note(f"the kernel's log is compared with that of IMPL={other} once that has run, too")
        return []
    found = different_logs(options, cache)
    for line in found:
        print(f"# {line}")
    name = "the kernel's log has the same lines with C and with Rust"
    return [qemu.claim(name, found[0] if found else "")]


def whole_logs(options: Options, cache: Cache) -> dict[str, Path]:
    """Where the log of a whole run of each implementation is kept, but for the suffix."""
    return {impl: cache.log / f"whole-{options.with_impl(impl).run}" for impl in IMPLEMENTATIONS}


def different_logs(options: Options, cache: Cache) -> list[str]:
    """The lines that only one of the logs of whole runs has."""
    whole = whole_logs(options, cache)
    c, rust = (
        whole[impl].with_suffix(".log").read_text(encoding="utf-8", errors="replace")
        for impl in ("c", "rust")
    )
    return logs.differences(("C", c), ("Rust", rust))


def run(options: Options, cache: Cache) -> Ran:
    """Builds, boots and runs them."""
    whole = not options.tests
    with cache.temporary() as folder, cache.log_of(f"test-{options.run}") as log:
        with kernel.built(options, cache) as tree:
            kernel.stage(tree, folder, (kselftests.SUITE,))
            linked, symbols = kernel.link_faults(tree, options.impl)
        suites = [*kunit.suites(), kunit.DOCTESTS] if whole and options.impl == "rust" else []
        text = "".join(f"{suite}\n" for suite in suites)
        (folder / "kunit-suites").write_text(text, encoding="utf-8")
        # make distro has it for x86-64, among more.
        if options.arch.foreign:
            names = link.traced(kernel.wanted_symbols(options.arch))
            (folder / "functions").write_text("\n".join(names) + "\n", encoding="utf-8")
        note("booting it")
        seconds = options.timeout or (DEBUG_LIMIT if options.debug else LIMIT)
        guest = qemu.Qemu(cache, qemu.Machine.of(options, cache), folder, log, seconds)
        guest.show = lambda line: print(line, flush=True)
        answer = guest.run(" ".join(["script test.sh", *options.tests]))
        results = ktap.Parser(tree.source.path).run(answer.lines)
        compared = same_log(options, cache) if whole else []
        claims = guest.claims(answer)
        name = "the kernel is linked from the chosen implementation, and nothing of the other"
        claims.append(qemu.claim(name, "; ".join(linked)))
        name = "the kernel has the symbols and exports of the C files"
        claims.append(qemu.claim(name, "; ".join(symbols)))
        ours = [result for result in results if result.name.startswith(f"{kselftests.SUITE}:")]
        ran = Ran(ours, [result for result in results if result not in ours], compared, claims)
        path = report.keep(log, answer.lines, compared + claims, ran.all)
        print("\n".join(report.lines_of(compared + claims)))
    note(f"this output is in {path}, the kernel's log in {log}")
    return ran


def command(options: Options, cache: Cache, _env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    for name in options.tests:
        if not (kselftests.FOLDER / f"{name}.c").exists():
            raise Fault(f"TESTS={name} is not known; they are in tools/testing/selftests/pidns")
    results = run(options, cache).all
    whole = not options.tests
    of = expected.Kernel(options.impl, options.debug)
    verdict = expected.judge(
        results,
        expected.known("tests", "usual", arch=options.arch, series=options.series),
        of,
        whole,
    )
    if whole:
        verdict.need(expected.least("test", options.impl, options.series), len(results))
    return verdict.show()
