# SPDX-License-Identifier: GPL-2.0
"""The commands, as the Makefile calls them."""

import argparse
import errno
import os
import subprocess
import sys
from collections.abc import Sequence

from .cache import Cache
from .clean import clean
from .errors import Fault
from .integrate import integrate_command, remove_command
from .options import Call, Options
from .overlay import overlay
from .policy import policy
from .process import raise_on_signals
from .quick import quick
from .setup import setup_command
from .source import source_command
from .toolchain import toolchain

COMMANDS = {
    "clean": clean,
    "integrate": integrate_command,
    "overlay": overlay,
    "policy": policy,
    "quick": quick,
    "remove": remove_command,
    "setup": setup_command,
    "source": source_command,
    "toolchain": toolchain,
}


def main(arguments: Sequence[str]) -> int:
    """Runs a command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="pidns", description="The test harness of pidns.")
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the command")
    asked = parser.parse_args(arguments)
    # Some of what programs print is read.
    os.environ["LC_ALL"] = "C.UTF-8"
    raise_on_signals()
    try:
        call = Call(Options.read(os.environ), Cache.find(os.environ), os.environ, asked.arguments)
        return COMMANDS[asked.command](call)
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
