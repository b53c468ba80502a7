# SPDX-License-Identifier: GPL-2.0
"""make containers and make systemd: Debian guests, each implementation's kernel in one."""

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import expected, kernel, ktap, qemu, report, rootfs, table
from .cache import Cache
from .errors import note
from .guest import SCRIPTS
from .ktap import Outcome, Result
from .lists import load
from .options import Options, choose
from .setup import setup

CHECKS = SCRIPTS / "containers"
# Those of util-linux are in every root.
TOOLS = ("systemd-sysv", "systemd-container", "bubblewrap", "crun", "procps", "psmisc")
SYSTEMD = ("systemd-sysv", "dbus", "udev", "libpam-systemd", "procps", "kmod")
# Nobody logs in, and without udev there is no word of the line either.
NO_LOGIN = "systemd.mask=serial-getty@ttyS0.service"


def run(options: Options, cache: Cache, tools: Sequence[str], disk: Path) -> list[Result]:
    """Runs the checks of tools on an implementation."""
    impl = options.impl
    with cache.temporary() as folder, cache.log_of(f"containers-{options.run}") as log:
        with kernel.built(options, cache) as tree:
            kernel.stage(tree, folder)
        (folder / "containers").mkdir()
        for name in tools:
            shutil.copy(CHECKS / f"{name}.sh", folder / "containers")
        note(f"booting it (IMPL={impl})")
        seconds = options.timeout or (5400 if options.debug else 1800)
        machine = qemu.Machine.of(options, cache)
        guest = qemu.Qemu(cache, machine, folder, log, seconds, NO_LOGIN, disk)
        guest.show = lambda line: print(f"{impl}: {line}", file=sys.stderr, flush=True)
        answer = guest.run("script containers.sh")
        claims = guest.claims(answer)
        results = ktap.Parser(tree.source.path).run(answer.lines) + claims
        report.keep(log, answer.lines, claims, results)
    return results


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command make containers; returns the exit status."""
    every = sorted(path.stem for path in CHECKS.glob("*.sh"))
    tools = choose("CHECKS", env.get("CHECKS", "").split(), every)
    counts = load(
        "counts.toml", lambda data: {name: int(data["containers"][name]) for name in tools}
    )
    setup(options, cache)
    disk = rootfs.image(cache, TOOLS)
    runs = {impl: run(options.with_impl(impl), cache, tools, disk) for impl in options.impls}
    # What is listed of tools that did not run is not asked for.
    listed = [one for one in expected.known("containers") if one.test.split(": ")[0] in tools]
    print()
    # With two of the guest.
    return table.compare(runs, listed, sum(counts.values()) + 2, whole=True).show()


def systemd_claims(said: Sequence[str]) -> list[Result]:
    """What must be so of a boot, by what guest/systemd.sh says."""
    text = "\n".join(said)

    def so(name: str, expression: str) -> Result:
        found = re.search(f"^{expression}$", text, re.M)
        return qemu.claim(name, "" if found else "it is not")

    return [
        so("systemd is PID 1", "PID 1: .*/systemd"),
        so("the default target is reached", "default target: .*, active"),
        so("the system is running", "state: *running"),
        so("no unit failed", "failed units: *"),
    ]


def systemd(options: Options, cache: Cache, _env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command make systemd; returns the exit status."""
    setup(options, cache)
    disk = rootfs.image(cache, SYSTEMD)
    results: dict[str, list[Result]] = {}
    for impl in options.impls:
        one = options.with_impl(impl)
        with cache.temporary() as folder, cache.log_of(f"systemd-{one.run}") as log:
            with kernel.built(one, cache) as tree:
                kernel.stage(tree, folder)
            note(f"booting systemd (IMPL={impl})")
            seconds = options.timeout or (1800 if options.debug else 600)
            machine = qemu.Machine.of(one, cache)
            guest = qemu.Qemu(cache, machine, folder, log, seconds, image=disk)
            guest.show = lambda line: print(line, flush=True)
            answer = guest.run("script systemd.sh")
            results[impl] = guest.claims(answer) + systemd_claims(answer.lines)
            report.keep(log, answer.lines, results[impl], results[impl])
    every = [(impl, result) for impl, found in results.items() for result in found]
    good = [result for _, result in every if result.outcome is Outcome.PASS]
    for impl, result in every:
        print(f"{'ok    ' if result in good else 'FAILED'}  {impl}: {result.name}")
    print(f"{len(good)} passed, {len(every) - len(good)} failed")
    return 1 if len(good) < len(every) else 0
