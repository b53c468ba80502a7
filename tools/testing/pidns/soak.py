# SPDX-License-Identifier: GPL-2.0
"""make soak: all that uses namespaces at once under memory pressure, and nothing left afterwards.

On User Mode Linux: the kselftests, the fuzzer, containers, frozen control groups, and the tools
that this machine has. guest/soak.sh says what must be as before.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from . import expected, kselftests, quick, splats, uml
from .cache import Cache, claimed
from .errors import elapsed, note
from .guest import Answer, End
from .ktap import Outcome, Result
from .options import Options, choose, refuse_all_but
from .qemu import claim
from .quick import Built, Quick
from .run import SCAN_LIMIT, Job
from .setup import setup
from .source import Source

CPUS, MINUTES, WARM = 2, 10, 30
# Seconds besides those that were asked for: a test in progress, and what is waited for.
REST = 2400
SAID = re.compile(r"(ok|failed) (.*?)(?:: (.*))?")


def tests_of(options: Options) -> list[str]:
    """Those that can run among others, and neither skip nor fail there."""
    kernel = expected.Kernel(options.impl, options.debug)
    entries = expected.known("tests", "uml", series=options.series)
    listed = {
        entry.test.split(":")[1].strip()
        for entry in entries
        if kernel.meets(entry) and entry.outcome is Outcome.FAIL
    }
    leaking = quick.LEAKING.get(options.impl, frozenset())
    names = [name for name in kselftests.names() if name not in leaking | listed]
    return choose("TESTS", options.tests, names)


def results_of(answer: Answer) -> list[Result]:
    """What the guest says."""
    said = [found for line in answer.lines if (found := SAID.fullmatch(line))]
    results = [claim(found[2], "" if found[1] == "ok" else found[3] or "failed") for found in said]
    if answer.end is not End.DONE or answer.status:
        results.append(claim("the guest came to its end", answer.why or f"status {answer.status}"))
    return results


class Soak:
    """One run of the command."""

    def __init__(self, options: Options, cache: Cache, folder: Path) -> None:
        self.options, self.cache, self.folder = options, cache, folder
        self.seconds = 60 * (options.minutes or MINUTES)

    def build(self, options: Options) -> Built:
        """Builds what a guest needs."""
        jobs = [Job("kselftest", ""), Job("fuzz", "")]
        with self.cache.lock():
            source = Source.find(options, self.cache)
            source.lay_over()
            builder = Quick(replace(options, tests=()), self.cache, self.folder)
            return builder.build(options, source, jobs)

    def run(self, options: Options) -> list[Result]:
        """Runs one implementation."""
        tests = tests_of(options)
        built = self.build(options)
        name = f"soak-{options.impl}{'-debug' if options.debug else ''}"
        logs = self.cache.log / name
        with claimed(logs), self.cache.temporary() as work:
            log = logs / "guest.log"
            log.unlink(missing_ok=True)
            machine = uml.Machine(options.cpus or CPUS, options.memory)
            guest = uml.Uml(built.image, built.stage, work, log, machine)
            guest.show = lambda line: print(line, flush=True)
            note(f"IMPL={options.impl}: {len(tests)} kselftests and the rest for {self.seconds} s")
            try:
                warm = min(WARM, self.seconds // 4)
                command = f"script soak.sh {self.seconds} {warm} {' '.join(tests)}"
                answer = guest.ask(command, options.timeout or warm + self.seconds + REST)
                results = results_of(answer)
                if options.debug and answer.end is End.DONE:
                    scan = guest.ask("scan", SCAN_LIMIT)
                    good = scan.end is End.DONE and scan.status == 0
                    why = "" if good else scan.why or "see above"
                    results.append(claim("kmemleak finds nothing, lockdep is on", why))
                results.append(
                    claim("the guest powers off", "" if guest.finish() else "it did not")
                )
            finally:
                guest.close()
            found = list(splats.find(guest.log_text().splitlines(), splats.known(options.debug)))
        for line in found:
            print(f"# {line}")
        results.append(claim("no warnings in the kernel's log", found[0] if found else ""))
        return results

    def __call__(self) -> int:
        """Runs all that was asked for; returns the exit status."""
        start = time.monotonic()
        failed = passed = 0
        for impl in self.options.impls:
            results = self.run(self.options.with_impl(impl))
            bad = [result for result in results if result.outcome is Outcome.FAIL]
            for result in bad:
                print(f"failed: IMPL={impl}: {result.name}: {result.why}")
            passed, failed = passed + len(results) - len(bad), failed + len(bad)
        note(f"{elapsed(start)}; the kernels' logs are in {self.cache.log}/soak-*")
        print(f"{passed} passed, {failed} failed", flush=True)
        return 1 if failed or not passed else 0


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    uml.leave_no_core()
    refuse_all_but(env, "soak", "CPUS DEBUG IMPL KDIR MEMORY MINUTES TESTS TIMEOUT")
    for impl in options.impls:
        tests_of(options.with_impl(impl))
    uml.check_machine(options.memory, options.cpus)
    setup(options, cache)
    with cache.temporary() as folder:
        return Soak(options, cache, folder)()
