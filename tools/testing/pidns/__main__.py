# SPDX-License-Identifier: GPL-2.0
"""python3 -m pidns COMMAND"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(f"pidns: error: {sys.executable} is older than Python 3.11; install that")

from .cli import main
from .process import raise_on_signals

raise_on_signals()
sys.exit(main(sys.argv[1:]))
