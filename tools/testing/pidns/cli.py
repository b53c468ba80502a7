# SPDX-License-Identifier: GPL-2.0
"""The commands, as the Makefile calls them."""

import argparse
import errno
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from . import (
    bench,
    clean,
    compare,
    configs,
    containers,
    delaying,
    demo,
    distro,
    fuzz,
    integrate,
    kernel,
    kunit,
    lint,
    lspidns,
    models,
    mutation,
    policy,
    profile,
    quick,
    setup,
    shrink,
    test,
    upstream,
)
from .cache import Cache
from .errors import Fault
from .options import Options, refuse

Command = Callable[[Options, Cache, Mapping[str, str], Sequence[str]], int]
COMMANDS: dict[str, Command] = {
    "bench": bench.command,
    "clean": clean.command,
    "compare": compare.command,
    "configs": configs.command,
    "containers": containers.command,
    "debug": demo.debug,
    "delays": delaying.command,
    "distro": distro.command,
    "fuzz": fuzz.command,
    "fuzz-shrink": shrink.command,
    "integrate": integrate.integrate_command,
    "kernel": kernel.kernel,
    "kunit": kunit.command,
    "lint": lint.command,
    "lspidns": lspidns.command,
    "models": models.command,
    "mutants": mutation.command,
    "policy": policy.command,
    "profile": profile.command,
    "quick": quick.quick,
    "remove": integrate.remove_command,
    "run": demo.run,
    "setup": setup.command,
    "shell": demo.shell,
    "systemd": containers.systemd,
    "test": test.command,
    "upstream-tests": upstream.command,
}
# Those that are for this machine's architecture and no other.
NATIVE = {
    *("bench", "configs", "containers", "delays", "distro", "lint", "models", "mutants", "profile"),
    *("quick", "systemd", "upstream-tests"),
}
# MEMORY= where it is not given: these have many guests, or a dump of it.
MEMORY = {"quick": "1G", "mutants": "1G", "delays": "1G", "distro": "1G"}


def main(arguments: Sequence[str]) -> int:
    """Runs a command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="pidns", description="The test harness of pidns.")
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("argument", nargs=argparse.REMAINDER)
    asked = parser.parse_args(arguments)
    # Some of what programs print is read.
    os.environ["LC_ALL"] = "C.UTF-8"
    try:
        cache = Cache.find(os.environ)
        options = Options.read(os.environ, MEMORY.get(asked.command, "2G"))
        if options.arch.foreign and asked.command in NATIVE:
            refuse(os.environ, asked.command, "ARCH")
        return COMMANDS[asked.command](options, cache, os.environ, asked.argument)
    except Fault as fault:
        print(f"pidns: error: {fault}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"pidns: error: {error}; run make setup", file=sys.stderr)
        return 1
    except OSError as error:
        advice = "; free some space, then try again" if error.errno == errno.ENOSPC else ""
        print(f"pidns: error: {error}{advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
