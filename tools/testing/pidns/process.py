# SPDX-License-Identifier: GPL-2.0
"""Child processes, ended with their process groups at a time limit or when we exit."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from .errors import note

# Seconds between SIGTERM and SIGKILL.
GRACE = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Those of started().
RUNNING: set["subprocess.Popen[bytes]"] = set()


def raise_on_signals() -> None:
    """Turns signals into SystemExit, so that children are ended."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        # A second one must not interrupt the cleanup.
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for one in SIGNALS:
        # nohup's, and that of a shell's job in the background, stay ignored.
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, unwind)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Signals wait until the end of this."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_group(process: "subprocess.Popen[Any]", grace: float = GRACE) -> None:
    """Ends the process group that this process leads: by SIGTERM, then by SIGKILL."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, GRACE)):
        if not _group_alive(process.pid):
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        deadline = time.monotonic() + patience
        while _group_alive(process.pid) and time.monotonic() < deadline:
            process.poll()
            time.sleep(0.02)
    process.wait()


@contextlib.contextmanager
def started(
    command: Sequence[str | Path], grace: float = GRACE, **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """Starts a program as the leader of a process group. Nothing of the group is left afterwards."""
    options.setdefault("stdin", subprocess.DEVNULL)
    with subprocess.Popen(command, start_new_session=True, **options) as process:
        RUNNING.add(process)
        try:
            yield process
        finally:
            end_group(process, grace)
            RUNNING.discard(process)


def end_all() -> None:
    """Ends what threads have started and wait for."""
    for process in list(RUNNING):
        end_group(process)


def run(
    command: Sequence[str | Path],
    *,
    limit: float,
    log: Path | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    grace: float = GRACE,
) -> int | None:
    """Runs a program; its output is the whole of `log`. Returns its status, or None if it took
    longer than `limit` seconds and was ended, with `grace` seconds to clean up."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(log, "wb")) if log else None
        error = subprocess.STDOUT if log else None
        process = stack.enter_context(
            started(command, grace, cwd=cwd, env=env, stdout=file, stderr=error)
        )
        try:
            return process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            return None


def limited(
    minutes: float,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> int | None:
    """As run(), and says that it was ended."""
    status = run(command, limit=minutes * 60, log=log, cwd=cwd, env=env)
    if status is None:
        name = Path(command[0]).name
        note(f"error: {name} did not finish within {minutes:g} minutes and was stopped")
    return status


def output(*command: str | Path) -> str:
    """What a short program prints. Raises CalledProcessError if it fails."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
