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
    debs,
    delaying,
    demo,
    distro,
    fuzz,
    growth,
    harden,
    integrate,
    kernel,
    kunit,
    lint,
    lspidns,
    models,
    mutation,
    native,
    patches,
    port,
    profile,
    quick,
    setup,
    shrink,
    soak,
    test,
    upstream,
)
from .cache import Cache
from .errors import Fault
from .options import Options, refuse

Command = Callable[[Options, Cache, Mapping[str, str], Sequence[str]], int]
COMMANDS: dict[str, Command] = {
    "bench": bench.command,
    "bench-growth": growth.command,
    "bench-native": native.command,
    "clean": clean.command,
    "compare": compare.command,
    "configs": configs.command,
    "containers": containers.command,
    "debs": debs.command,
    "debug": demo.debug,
    "delays": delaying.command,
    "distro": distro.command,
    "fuzz": fuzz.command,
    "fuzz-shrink": shrink.command,
    "harden": harden.command,
    "integrate": port.integrate_command,
    "kernel": kernel.kernel,
    "kunit": kunit.command,
    "lint": lint.command,
    "lspidns": lspidns.command,
    "models": models.command,
    "mutants": mutation.command,
    "patches": patches.command,
    "port": port.command,
    "profile": profile.command,
    "quick": quick.quick,
    "remove": integrate.remove_command,
    "run": demo.run,
    "setup": setup.command,
    "shell": demo.shell,
    "soak": soak.command,
    "systemd": containers.systemd,
    "test": test.command,
    "upstream-tests": upstream.command,
}
# Those that are for this machine's architecture and no other.
NATIVE = {
    *("bench", "bench-growth", "bench-native", "containers", "debs", "delays", "distro"),
    *("harden", "lint", "models", "mutants", "patches", "profile", "quick", "soak", "systemd"),
    "upstream-tests",
}
# Their KDIR= may be of any series.
OTHER_SERIES = {"port", "remove"}
# MEMORY= where it is not given: these have many guests, or a dump of it.
MEMORY = {
    "quick": "1G",
    "mutants": "1G",
    "delays": "1G",
    "distro": "1G",
    "bench-native": "1G",
    "bench-growth": "8G",
}


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
        env = dict(os.environ)
        if asked.command in OTHER_SERIES:
            env.pop("KDIR", None)
        options = Options.read(env, MEMORY.get(asked.command, "2G"))
        if options.arch.foreign and asked.command in NATIVE:
            refuse(os.environ, asked.command, "ARCH")
        return COMMANDS[asked.command](options, cache, env, asked.argument)
    except Fault as fault:
        print(f"pidns: error: {fault}", file=sys.stderr)
        return 1
    except subprocess.SubprocessError as error:
        advice = "" if isinstance(error, subprocess.TimeoutExpired) else "; run make setup"
        print(f"pidns: error: {error}{advice}", file=sys.stderr)
        return 1
    except OSError as error:
        advice = "; free some space, then try again" if error.errno == errno.ENOSPC else ""
        print(f"pidns: error: {error}{advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
