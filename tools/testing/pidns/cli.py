# SPDX-License-Identifier: GPL-2.0
"""The commands, as the Makefile calls them."""

import argparse
import errno
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from . import (
    clean,
    integrate,
    lint,
    models,
    mutation,
    overlay,
    policy,
    quick,
    setup,
    source,
    toolchain,
)
from .cache import Cache
from .errors import Fault
from .options import Options

Command = Callable[[Options, Cache, Mapping[str, str], Sequence[str]], int]
COMMANDS: dict[str, Command] = {
    "clean": clean.command,
    "integrate": integrate.integrate_command,
    "lint": lint.command,
    "models": models.command,
    "mutants": mutation.command,
    "overlay": overlay.command,
    "policy": policy.command,
    "quick": quick.quick,
    "remove": integrate.remove_command,
    "setup": setup.command,
    "source": source.command,
    "toolchain": toolchain.command,
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
        options = Options.read(os.environ)
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
