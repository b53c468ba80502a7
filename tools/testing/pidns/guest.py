# SPDX-License-Identifier: GPL-2.0
"""A booted kernel that does what it is told, a line at a time.

guest/worker.sh runs in it. The host writes a command, and reads what the guest prints,
up to a line of its own with the command's status. What kind of machine the guest is
says a subclass.
"""

import abc
import contextlib
import enum
import os
import select
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .errors import Fault

# What the guest says at boot, and at the end of a command.
READY = "pidns-ready"
MARK = "pidns-status "
# Of a program that never stops to print, so many are kept.
MOST_LINES = 100_000


class End(enum.Enum):
    """How a command ended."""

    DONE = "done"
    HANG = "hang"
    DEATH = "death"


@dataclass
class Answer:
    """The outcome of a command."""

    end: End
    lines: list[str] = field(default_factory=list)
    status: int | None = None
    why: str = ""
    # The end of the kernel's log, if the guest did not come to the command's end.
    last_words: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Channel:
    """Lines to the guest and from it."""

    def __init__(self, reader: int, writer: int) -> None:
        self.reader, self.writer = reader, writer
        self.rest = b""

    def send(self, line: str) -> None:
        """Sends a line; one that nobody reads is no error, the answer tells."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.writer, line.encode() + b"\n")

    def lines(self, deadline: float) -> Iterator[str]:
        """Lines, as they come. Ends at the guest's end; raises TimeoutError at the deadline."""
        while True:
            while b"\n" in self.rest:
                line, self.rest = self.rest.split(b"\n", 1)
                yield line.decode(errors="replace").rstrip("\r")
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if select.select([self.reader], [], [], left)[0]:
                data = os.read(self.reader, 1 << 16)
                if not data:
                    return
                self.rest += data

    def close(self) -> None:
        """Closes both ends."""
        os.close(self.reader)
        os.close(self.writer)


class Guest(abc.ABC):
    """A guest. It boots when it is asked for the first time, and again when it has died."""

    def __init__(self, log: Path, boot_limit: float) -> None:
        self.log = log
        self.boot_limit = boot_limit
        self.channel: Channel | None = None
        self.boots = 0
        # Whether some of the log could not be written.
        self.log_cut = False
        # Where the log of this boot begins.
        self._booted_at = 0

    @abc.abstractmethod
    def start(self) -> Channel:
        """Boots it."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Ends it, whatever it does."""

    @abc.abstractmethod
    def close(self) -> None:
        """Ends it for good: it boots no more."""

    @abc.abstractmethod
    def refusal(self) -> str | None:
        """Why this machine cannot run such a guest, if the log of a failed boot tells."""

    def ask(self, command: str, limit: float) -> Answer:
        """Has a command done. A guest that hangs or dies is stopped: the next command has a fresh
        one."""
        if self.channel is None:
            self._boot()
        assert self.channel is not None
        begun = time.monotonic()
        self.channel.send(command)
        answer = self._read(self.channel, limit)
        answer.seconds = time.monotonic() - begun
        if answer.end is not End.DONE:
            self.drop()
            answer.why = self._why(answer.end, limit)
            answer.last_words = [f"# {line}" for line in self._tail()]
        return answer

    @property
    def up(self) -> bool:
        """Whether it is booted."""
        return self.channel is not None

    def finish(self) -> bool:
        """Lets the guest power off. False if it did not do so by itself."""
        if self.channel is None:
            return True
        self.channel.send("end")
        ended = self._read(self.channel, self.boot_limit).end is End.DEATH
        self.drop()
        log = self._this_boot()
        return ended and "reboot: Power down" in log and "Kernel panic" not in log

    def log_text(self) -> str:
        """The kernel's log so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def log_is_complete(self) -> bool:
        """Whether the log has all that was printed, and each boot."""
        return not self.log_cut and self.log_text().count("Linux version ") >= self.boots

    def _tail(self) -> list[str]:
        return self._this_boot().splitlines()[-30:]

    def _this_boot(self) -> str:
        return self.log_text()[self._booted_at :]

    def _boot(self) -> None:
        self._booted_at = len(self.log_text())
        self.boots += 1
        self.channel = self.start()
        answer = self._read(self.channel, self.boot_limit, booting=True)
        if answer.end is End.DONE:
            return
        self.drop()
        if refusal := self.refusal():
            raise Fault(refusal)
        tail = "\n".join(self._tail())
        raise Fault(
            f"the guest did not come up: {self._why(answer.end, self.boot_limit)};"
            f" the end of its log, {self.log}:\n{tail}"
        )

    def drop(self) -> None:
        """Stops the guest; the next command has a fresh one."""
        self.stop()
        if self.channel is not None:
            self.channel.close()
        self.channel = None

    def _why(self, end: End, limit: float) -> str:
        if "Kernel panic" in self._this_boot():
            return "the kernel panicked"
        if end is End.HANG:
            return f"timed out after {limit:.0f} s"
        return "the guest exited or rebooted"

    @staticmethod
    def _read(channel: Channel, limit: float, booting: bool = False) -> Answer:
        answer = Answer(End.DEATH)
        try:
            for line in channel.lines(time.monotonic() + limit):
                if line.endswith(READY):
                    answer.end = End.DONE if booting else End.DEATH
                    break
                # What a program printed last may lack its end of line.
                text, mark, status = line.partition(MARK)
                if mark and status.isdigit():
                    if text:
                        answer.lines.append(text)
                    answer.end, answer.status = End.DONE, int(status)
                    break
                if len(answer.lines) < MOST_LINES:
                    answer.lines.append(line)
        except TimeoutError:
            answer.end = End.HANG
        return answer
