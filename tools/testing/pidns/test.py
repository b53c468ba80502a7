# SPDX-License-Identifier: GPL-2.0
"""make test: the kselftests under the kernel's runner, and KUnit, in a guest by QEMU."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import expected, kernel, kselftests, ktap, kunit, link, logs, qemu, report
from .cache import Cache
from .errors import note
from .guest import End
from .ktap import Result
from .options import Options, choose

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


def whole_logs(options: Options, cache: Cache) -> logs.Whole:
    """The logs of whole runs."""
    return logs.Whole("test", options, cache)


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
        done = whole and answer.end is End.DONE
        compared = whole_logs(options, cache).keep(guest.log_text()) if done else []
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
    choose("TESTS", options.tests, kselftests.names())
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
