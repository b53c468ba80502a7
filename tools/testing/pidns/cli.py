# SPDX-License-Identifier: GPL-2.0
"""The commands, as the Makefile calls them."""

import argparse
import errno
import os
import subprocess
import sys
from collections.abc import Sequence

from .cache import Cache
from .errors import Fault
from .mutation import mutation
from .options import Options
from .quick import quick

COMMANDS = {"mutants": mutation, "quick": quick}


def main(arguments: Sequence[str]) -> int:
    """Runs a command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="pidns", description="The test harness of pidns.")
    parser.add_argument("command", choices=sorted(COMMANDS))
    command = COMMANDS[parser.parse_args(arguments).command]
    try:
        return command(Options.read(os.environ), Cache.find(os.environ), os.environ)
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
