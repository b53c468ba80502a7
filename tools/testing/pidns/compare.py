# SPDX-License-Identifier: GPL-2.0
"""make compare: our kselftests, the kernel tree's and the fuzzer on each implementation, in one
table."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from . import expected, fuzz, report, table, test, upstream
from .cache import Cache
from .errors import note
from .ktap import Result
from .options import IMPLEMENTATIONS, Options, refuse

SEEDS = range(500)


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    # With DEBUG=1 kmemleak may rightly fail the run of the C kernel, which leaks (row E1).
    refuse(env, "compare", "TESTS", "DEBUG")
    options = replace(options, seeds=options.seeds or SEEDS)
    # Several of the kernel tree's own need a library that Debian's cross compilers lack.
    whole = not options.arch.foreign
    logs = test.whole_logs(options, cache)
    for impl in options.impls:
        logs.forget(impl)
    # What fails of what is compared is in the table.
    with contextlib.redirect_stdout(sys.stderr):
        ours = {impl: test.run(options.with_impl(impl), cache) for impl in options.impls}
        theirs = {
            impl: upstream.run(options.with_impl(impl), cache) if whole else []
            for impl in options.impls
        }
        fuzzed = fuzz.run(options, cache)
    # KUnit and the sample are of Rust alone, so make test tells of them.
    runs: dict[str, list[Result]] = {
        impl: [*ours[impl].kselftests, *ours[impl].claims, *theirs[impl], *fuzzed[impl]]
        for impl in options.impls
    }
    report.write(cache.log / "compare.xml", runs)
    seeds = len(options.seeds or SEEDS) + 2
    kinds = ("tests", "usual", *(["upstream"] if whole else []))
    least = {
        impl: (
            expected.least("test", impl, options.series),
            expected.least("upstream", impl, options.series) if whole else 0,
        )
        for impl in IMPLEMENTATIONS
    }
    listed = expected.known(*kinds, arch=options.arch, series=options.series)
    print()
    judged = table.compare(runs, listed, sum(least["c"]) + seeds, whole=True)
    if len(options.impls) == 2 and (found := logs.differences()):
        print("\n".join(found))
        note("the kernel's log has other lines with C than with Rust")
        judged.fault("the kernel's log differs")
    for impl in options.impls:
        for part, ran, must in (
            ("test", len(ours[impl].all), least[impl][0]),
            ("upstream", len(theirs[impl]), least[impl][1]),
            ("fuzz", len(fuzzed[impl]), seeds),
        ):
            if ran < must:
                judged.fault(f"{part} on IMPL={impl}: {ran} tests ran; there must be {must}")
    return judged.show()
