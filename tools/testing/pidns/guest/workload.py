#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: workload.py

Waits for a line, then makes a known number of the calls that the checks of ftrace count.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

CLONE_NEWTIME, CLONE_NEWUTS, CLONE_NEWPID = 0x80, 0x04000000, 0x20000000

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> None:
    """Raises an OSError if a call of the C library failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def child(body: Callable[[], object]) -> None:
    """A fork and a wait: the child does `body`, and must succeed."""
    pid = os.fork()
    if pid == 0:
        body()
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("a child failed")


def uts() -> None:
    """Two unshares, two setns."""
    own = os.open("/proc/self/ns/uts", os.O_RDONLY)
    for _ in range(2):
        check(libc.unshare(CLONE_NEWUTS))
    for _ in range(2):
        check(libc.setns(own, CLONE_NEWUTS))


def init() -> None:
    """Leaves two orphans for its own exit to kill."""
    for _ in range(2):
        if os.fork() == 0:
            signal.pause()


def nested() -> None:
    """An unshare and an init."""
    check(libc.unshare(CLONE_NEWPID))
    child(init)


def execute() -> None:
    """Two unshares, a vfork, and a switch at exec, into the time namespace."""
    check(libc.unshare(CLONE_NEWTIME))
    check(libc.unshare(CLONE_NEWUTS))
    pid = os.posix_spawn("/bin/true", ["true"], {})
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("true failed")


sys.stdin.readline()
for _ in range(8):
    child(lambda: None)
child(uts)
child(nested)
child(execute)
