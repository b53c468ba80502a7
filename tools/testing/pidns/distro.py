# SPDX-License-Identifier: GPL-2.0
"""make distro: a kernel that is configured as a distribution's, of each implementation, looked at
with the tools that an administrator has.

They are tracefs, bpftrace, perf, a livepatch, drgn and crash, live and on a dump. Both kernels are
compared, check by check.
"""

import json
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import debuggers, expected, kernel, kselftests, ktap, link, process, qemu, report
from . import table as tables
from .arch import X86_64
from .cache import Cache
from .errors import Fault, note
from .guest import SCRIPTS
from .ktap import Result
from .options import SERIES, Options, choose, refuse
from .setup import setup

CHECKS = SCRIPTS / "distro"
# What is not a file there: our kselftests, and what the host does after the guest.
KSELFTESTS, ON_DUMP = "kselftests", "dump"
LIMIT = 3600
# Minutes for a debugger on a dump.
DEBUGGER_LIMIT = 60
ARGUMENTS = "nokaslr sysctl.vm.mem_profiling=1"


def counts(series: str = SERIES) -> dict[str, int]:
    """How many checks there are of each kind, on a series of the kernel."""
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted(CHECKS.glob("*.sh"))}
    found = {name: len(re.findall("^check ", text, re.M)) for name, text in files.items()}
    # Four of them are of the run of make test.
    return found | {KSELFTESTS: expected.least("test", "c", series) - 4, ON_DUMP: 3}


def functions() -> list[str]:
    """Those of the C files that take a probe."""
    return link.traced(kernel.wanted_symbols(X86_64))


def dump(stage: Path, seconds: float) -> None:
    """Has QEMU write the guest's memory."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(str(stage / "qmp"))
        monitor = connection.makefile("rw", encoding="utf-8")

        def command(name: str, **arguments: object) -> None:
            monitor.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
            monitor.flush()
            for answer in map(json.loads, monitor):
                if "error" in answer:
                    raise Fault(f"QEMU refuses {name}: {answer['error']['desc']}")
                if "return" in answer:
                    return
            raise Fault(f"QEMU ended within {name}")

        command("qmp_capabilities")
        # crash reads no stack of a processor that was on its way into the kernel: let all idle.
        time.sleep(2)
        command("dump-guest-memory", paging=False, protocol=f"file:{stage / 'dump'}")


def prototypes(btf: str) -> list[str]:
    """Those of our functions, of all that pfunct prints."""
    ours = re.compile(rf" \**({'|'.join(functions())})\(")
    return sorted(filter(ours.search, btf.splitlines()))


class Dump:
    """What the host finds in dumps, and in the kernels that they are of."""

    def __init__(self, tools: Path) -> None:
        self.tools = tools
        # What BTF has of the first kernel.
        self.btf: list[str] = []

    def said(self, stage: Path, *command: str | Path) -> tuple[bool, str]:
        """Whether a program succeeds, and what it says."""
        path = f"{self.tools}/bin:{os.environ['PATH']}"
        log = stage / "said"
        status = process.limited(DEBUGGER_LIMIT, command, log=log, env=os.environ | {"PATH": path})
        return status == 0, log.read_text(encoding="utf-8", errors="replace")

    def look(self, stage: Path) -> tuple[list[Result], list[str]]:
        """Three results, and what the programs say."""
        table, image, core = (stage / name for name in ("table", "vmlinux", "dump"))
        drgn = ["drgn", "-c", core, "-s", image, "--no-default-symbols", SCRIPTS / "drgn_tasks.py"]
        crash: list[str | Path] = ["bash", SCRIPTS / "crash.sh", table, image, core]
        claims: list[Result] = []
        lines: list[str] = []
        for name, words in (
            ("drgn: all tasks, by number and in namespaces", [*drgn, table]),
            ("crash: ps", crash),
        ):
            good, text = self.said(stage, *words)
            lines += text.splitlines()
            fault = "" if good else (text.splitlines() or ["it failed"])[-1]
            claims.append(qemu.claim(f"dump: {name}", fault))
        _, text = self.said(stage, "pfunct", "--prototypes", "-F", "btf", image)
        found = prototypes(text)
        self.btf = self.btf or found
        different = [f"one has only {line}" for line in set(found) ^ set(self.btf)]
        if len(found) != len(functions()):
            different.append(f"{len(found)} prototypes of {len(functions())} functions")
        lines += different
        claims.append(
            qemu.claim("dump: BTF has the prototypes of C", different[0] if different else "")
        )
        return claims, [f"# {line}" for line in lines]


def run(options: Options, cache: Cache, chosen: Sequence[str], dumps: Dump) -> list[Result]:
    """Runs what is chosen on one implementation."""
    impl, seconds = options.impl, options.timeout or LIMIT
    with cache.temporary() as stage, cache.log_of(f"distro-{impl}") as log:
        with kernel.built(options, cache, kernel.DISTRIBUTION) as tree:
            kernel.stage(tree, stage, (kselftests.SUITE,) if KSELFTESTS in chosen else ())
            kernel.stage_distribution(tree, stage)
        (stage / "functions").write_text("".join(f"{name}\n" for name in functions()))
        (stage / "containers").mkdir()
        for name in set(chosen) - {KSELFTESTS, ON_DUMP}:
            shutil.copy(CHECKS / f"{name}.sh", stage / "containers")
        note(f"booting it (IMPL={impl})")

        def show(line: str) -> None:
            if line == "pidns-dump":
                try:
                    dump(stage, seconds)
                except (Fault, OSError) as error:
                    note(f"error: {error}")
                (stage / "dumped").touch()
            elif not line.startswith("pidns-"):
                print(f"{impl}: {line}", file=sys.stderr, flush=True)

        guest = qemu.Qemu(cache, qemu.Machine.of(options, cache), stage, log, seconds, ARGUMENTS)
        guest.options = ["-device", "vmcoreinfo", "-qmp", f"unix:{stage}/qmp,server=on,wait=off"]
        guest.show = show
        words = ["script distro.sh", str(dumps.tools), *([ON_DUMP] if ON_DUMP in chosen else [])]
        answer = guest.run(" ".join(words))
        claims, lines = guest.claims(answer), list(answer.lines)
        if ON_DUMP in chosen:
            if not (stage / "dump").exists():
                note(f"error: there is no dump of IMPL={impl}")
            prefix = "pidns-table "
            rows = (line.removeprefix(prefix) for line in lines if line.startswith(prefix))
            (stage / "table").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
            found, said = dumps.look(stage)
            claims, lines = claims + found, lines + said
        results = ktap.Parser(tree.source.path).run(answer.lines) + claims
        report.keep(log, lines, claims, results)
    return results


def command(options: Options, cache: Cache, env: Mapping[str, str], _: Sequence[str]) -> int:
    """The command; returns the exit status."""
    have = counts(options.series)
    chosen = choose("CHECKS", env.get("CHECKS", "").split(), have)
    refuse(env, "distro", "DEBUG")
    setup(options, cache)
    dumps = Dump(debuggers.folder(cache))
    runs = {impl: run(options.with_impl(impl), cache, chosen, dumps) for impl in options.impls}
    kinds = ["tests"] if KSELFTESTS in chosen else []
    listed = expected.known(*kinds, series=options.series)
    print()
    # With two of the guest.
    least = sum(have[name] for name in chosen) + 2
    return tables.compare(runs, listed, least, whole=True).show()
