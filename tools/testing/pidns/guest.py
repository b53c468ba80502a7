# SPDX-License-Identifier: GPL-2.0
"""A booted kernel that executes commands, one a line.

guest/worker.sh runs in it. The host writes a command, and reads what the guest prints,
up to a line of its own with the command's status. Subclasses say how a guest is started.
"""

import contextlib
import enum
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .errors import Fault
from .process import end_group

# What the guest prints when it is ready, and after each command.
READY = "pidns-ready"
MARK = "pidns-status "
# Of a kernel's command line: tests do a part of their rounds.
QUICK = "PIDNS_QUICK=1"
# Limit on lines kept from one command.
MOST_LINES = 1_000_000
# What a guest runs, to be copied into its stage folder.
SCRIPTS = Path(__file__).parent / "guest"


class End(enum.Enum):
    """How a command ended."""

    DONE = "done"
    # It printed enough, and was not waited for.
    CUT = "cut"
    HANG = "hang"
    DEATH = "death"


@dataclass
class Answer:
    """The outcome of a command."""

    end: End
    lines: list[str] = field(default_factory=list)
    status: int | None = None
    why: str = ""
    # The end of the kernel's log, if the command did not end.
    last_words: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Channel:
    """Lines to the guest and from it."""

    def __init__(self, reader: int, writer: int) -> None:
        self.reader, self.writer = reader, writer
        self.rest = b""

    def send(self, line: str) -> None:
        """Sends a line. That nobody reads is no error: there will be no answer."""
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


class Guest:
    """A guest: a program of this machine, which prints the kernel's log. It boots for the first
    command, and again after it was stopped."""

    # Seconds between SIGTERM and SIGKILL: it has no data to write back.
    grace = 0.0

    def __init__(self, log: Path, boot_limit: float) -> None:
        self.log = log
        self.boot_limit = boot_limit
        self.channel: Channel | None = None
        self.boots = 0
        # Is given what commands print, as it comes.
        self.show: Callable[[str], None] = lambda _: None
        # Whether some of the log could not be written.
        self.log_cut = False
        # Where the log of this boot begins.
        self._booted_at = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.console: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False

    def start(self) -> Channel:
        """Boots it."""
        raise NotImplementedError

    def refusal(self) -> str | None:
        """Why this machine cannot run the guest, if the log of a failed boot says so."""
        return None

    def stale(self) -> bool:
        """Whether QEMU's emulation, not the kernel, caused the guest's end."""
        return False

    def ask(
        self, command: str, limit: float, enough: Callable[[str], object] | None = None
    ) -> Answer:
        """Runs a command in the guest, up to a line that is `enough`. If it does not end, the next
        command gets a fresh guest."""
        if self.channel is None:
            self._boot()
        assert self.channel is not None
        begun = time.monotonic()
        self.channel.send(command)
        answer = self._read(self.channel, limit, enough=enough)
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
        """Powers the guest off. False if it had to be killed, or panicked."""
        if self.channel is None:
            return True
        self.channel.send("end")
        ended = self._read(self.channel, self.boot_limit).end is End.DEATH
        self.drop()
        log = self.this_boot()
        return ended and "reboot: Power down" in log and "Kernel panic" not in log

    def log_text(self) -> str:
        """The kernel's log so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def log_is_complete(self) -> bool:
        """Whether the log has all that was printed, and each boot."""
        return not self.log_cut and self.log_text().count("Linux version ") >= self.boots

    def _tail(self) -> list[str]:
        return self.this_boot().splitlines()[-30:]

    def this_boot(self) -> str:
        """The kernel's log since it has booted."""
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
        """Stops the guest; the next command gets a fresh one."""
        self.stop()
        if self.channel is not None:
            self.channel.close()
        self.channel = None

    def _why(self, end: End, limit: float) -> str:
        if "Kernel panic" in self.this_boot():
            return "the kernel panicked"
        if end is End.CUT:
            return "it was not waited for"
        if end is End.HANG:
            return f"timed out after {limit:.0f} s"
        return "the guest exited or rebooted"

    def _read(
        self,
        channel: Channel,
        limit: float,
        booting: bool = False,
        enough: Callable[[str], object] | None = None,
    ) -> Answer:
        answer = Answer(End.DEATH)
        try:
            for line in channel.lines(time.monotonic() + limit):
                if line.endswith(READY):
                    answer.end = End.DONE if booting else End.DEATH
                    break
                # A program's last line may lack its newline.
                text, mark, status = line.partition(MARK)
                if mark and status.isdigit():
                    if text:
                        answer.lines.append(text)
                        self.show(text)
                    answer.end, answer.status = End.DONE, int(status)
                    break
                if len(answer.lines) < MOST_LINES:
                    answer.lines.append(line)
                self.show(line)
                if enough and enough(line):
                    answer.end = End.CUT
                    break
        except TimeoutError:
            answer.end = End.HANG
        return answer

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Prevents that the guest is closed meanwhile."""
        with self._starting:
            if self._closed:
                raise Fault("the run was ended")
            yield

    def launch(
        self, command: Sequence[str], fds: Sequence[int], cwd: Path, env: Mapping[str, str]
    ) -> None:
        """Starts the program; it inherits `fds`, which are closed here."""
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=fds,
                start_new_session=True,
                cwd=cwd,
                env=env,
            )
        finally:
            for fd in fds:
                os.close(fd)
        self.console = threading.Thread(target=self._copy_console, daemon=True)
        self.console.start()

    def stop(self) -> None:
        """Kills it."""
        with self._starting:
            if self.process is not None:
                end_group(self.process, self.grace)
                self.process = None
        if self.console is not None:
            self.console.join(timeout=5)

    def close(self) -> None:
        """Kills it; it will not boot again."""
        self._closed = True
        self.stop()

    def _copy_console(self) -> None:
        running = self.process
        if running is None or running.stdout is None:
            return
        with running.stdout as console, open(self.log, "ab", buffering=0) as log:
            while data := os.read(console.fileno(), 1 << 16):
                # The guest must not block on a full disk.
                try:
                    self.log_cut |= log.write(data) != len(data)
                except OSError:
                    self.log_cut = True
