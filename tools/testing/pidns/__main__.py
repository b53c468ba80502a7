# SPDX-License-Identifier: GPL-2.0
"""python3 -m pidns COMMAND"""

import sys

from .cli import main
from .process import raise_on_signals

raise_on_signals()
sys.exit(main(sys.argv[1:]))
