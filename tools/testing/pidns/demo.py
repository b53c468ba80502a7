# SPDX-License-Identifier: GPL-2.0
"""make run, make shell and make debug: a kernel to look at."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import cargo, kernel, qemu
from .cache import Cache
from .errors import Fault, note
from .guest import End
from .options import Options

LIMIT, DEBUG_LIMIT = 600, 1200


def stage(options: Options, cache: Cache, folder: Path) -> None:
    """Fills a stage folder with a kernel and the samples."""
    with kernel.built(options, cache) as tree:
        kernel.stage(tree, folder)
        shutil.copy(cargo.build(cache, tree.toolchain, options.arch, cargo.MINICONTAINER), folder)


def run(options: Options, cache: Cache, _env: Mapping[str, str], _: Sequence[str]) -> int:
    """Runs the demonstration; returns the exit status."""
    with cache.temporary() as folder, cache.log_of(f"run-{options.run}") as log:
        stage(options, cache, folder)
        note("booting it")
        seconds = options.timeout or (DEBUG_LIMIT if options.debug else LIMIT)
        guest = qemu.Qemu(cache, qemu.Machine.of(options, cache), folder, log, seconds)
        guest.show = lambda line: print(line, flush=True)
        answer = guest.run("script demo.sh")
        if answer.end is not End.DONE or answer.status != 0:
            raise Fault(
                f"the demonstration failed on IMPL={options.impl}; the kernel's log is in {log}"
            )
    return 0


def shell(options: Options, cache: Cache, _env: Mapping[str, str], _: Sequence[str]) -> int:
    """Gives an interactive shell on this machine's own files; changes to them stay in the guest."""
    if not sys.stdin.isatty():
        raise Fault("make shell needs a terminal; for a run without one there is make run")
    with cache.temporary() as folder:
        stage(options, cache, folder)
        note("booting it; exit ends it; /run/pidns has implementation.sh, which tells what runs,")
        note("and minicontainer, as in: /run/pidns/minicontainer --verbose bash")
        qemu.shell(cache, qemu.Machine.of(options, cache), folder)
    return 0


def debug(options: Options, cache: Cache, _env: Mapping[str, str], _: Sequence[str]) -> int:
    """The same shell in a guest that waits for gdb, with a kernel that has what gdb needs."""
    if not sys.stdin.isatty():
        raise Fault("make debug needs a terminal")
    if options.arch.foreign:
        raise Fault(
            f"make debug is for kernels of this machine; leave ARCH={options.arch.name} out"
        )
    if not shutil.which("gdb"):
        raise Fault("gdb is missing; install it, as by apt-get install gdb, then try again")
    with cache.temporary() as folder:
        with kernel.built(options, cache, "gdb") as tree:
            kernel.stage(tree, folder)
            # The kernel's commands, as vmlinux-gdb.py, which gdb looks for beside vmlinux.
            tree.run(tree.log("gdb"), [*tree.make, "scripts_gdb"], "the build of gdb's scripts")
        note("it waits for gdb; in another terminal:")
        note(
            f"gdb -iex 'add-auto-load-safe-path {tree.build}' {tree.build}/vmlinux"
            f" -ex 'target remote :{qemu.GDB_PORT}' -ex 'hbreak zap_pid_ns_processes' -ex continue"
        )
        qemu.shell(cache, qemu.Machine.of(options, cache), folder, gdb=True)
    return 0
