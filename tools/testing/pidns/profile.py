# SPDX-License-Identifier: GPL-2.0
"""make profile: where the instructions of an operation of bench.c go, function by function, C
beside Rust.

A guest does the operation for ever, and for some seconds QEMU logs which instructions are executed.
Each is translated for itself, so that the log has a line for each. An operation is counted by the
system call that it begins with.
"""

import bisect
import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import bench, kernel, process
from .arch import X86_64
from .cache import Cache
from .errors import Fault, note
from .options import Options, refuse

# The function that each operation enters once.
ENTRIES = {
    "vfork": "__x64_sys_clone",
    "fork": "__x64_sys_clone",
    "pthread": "__x64_sys_clone3",
    "newpid": "__x64_sys_clone",
    "container": "__x64_sys_clone",
    "unshare": "__x64_sys_unshare",
    "setns-file": "__x64_sys_setns",
    "setns-pidfd": "__x64_sys_setns",
    "pidfd_open": "__x64_sys_pidfd_open",
    "kill0": "__x64_sys_kill",
    "getppid": "__x64_sys_getppid",
    "getsid": "__x64_sys_getsid",
    "getpgid": "__x64_sys_getpgid",
    "status": "__x64_sys_openat",
    # Of one process: how it is made as well as how it is killed.
    "kill-ns": "do_exit",
}
# Who takes a lock for numbers: pidmap_lock in C, that of a namespace in Rust.
HOLDERS = re.compile(r"alloc_pid|free_pids?|.*\b(pidns|kernel::pid)::.*")
KERNEL = 0xFFFFFFFF80000000
EXECUTED = re.compile(r"\[[0-9a-f]+/([0-9a-f]+)/")
SHOWN, DEEPEST = 40, 31
# Seconds for which instructions are logged, and that all else may take: the guest's boot, and to
# read what was logged.
LONG, REST = 4, 900


class Symbols:
    """Which function an address is in."""

    def __init__(self, said: str) -> None:
        fields = (line.split(None, 2) for line in said.splitlines())
        code = (line for line in fields if len(line) == 3 and line[1] in "tTwW")
        found = sorted((int(line[0], 16), line[2]) for line in code)
        self.addresses = [address for address, _ in found]
        self.names = [name for _, name in found]

    def name(self, address: int) -> str:
        """The function, or that it is not in the kernel."""
        if address < KERNEL:
            return "(userspace)"
        return self.names[max(0, bisect.bisect_right(self.addresses, address) - 1)]

    def address(self, name: str) -> int:
        """Where a function is."""
        return self.addresses[self.names.index(name)]


class Executed:
    """Counts what is executed, and while a lock for numbers is held."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.gives = symbols.address("_raw_spin_unlock")
        self.times: Counter[int] = Counter()
        self.held = 0
        # By address: whether it is in a function that takes such a lock, and in what takes it.
        self._kinds: dict[int, tuple[bool, bool]] = {}
        self._holding, self._before = False, (False, False)

    def _kind(self, address: int) -> tuple[bool, bool]:
        """Of an address seen for the first time."""
        name = self.symbols.name(address)
        self._kinds[address] = bool(HOLDERS.fullmatch(name)), name == "_raw_spin_lock"
        return self._kinds[address]

    def read(self, lines: Iterable[str]) -> None:
        """Reads QEMU's log."""
        for line in lines:
            if match := EXECUTED.search(line):
                address = int(match[1], 16)
                self.times[address] += 1
                now = self._kinds.get(address) or self._kind(address)
                if self._holding:
                    self._holding = not (address == self.gives and self._before[0])
                else:
                    self._holding = self._before[1] and now[0]
                self.held += self._holding
                self._before = now

    def an_operation(self, operation: str) -> "Profile":
        """How many instructions an operation has."""
        begun = self.times[self.symbols.address(ENTRIES[operation])]
        if not begun:
            raise Fault(f"{operation} was never begun; give it more time by TIMEOUT=")
        functions: Counter[str] = Counter()
        for address, times in self.times.items():
            functions[self.symbols.name(address)] += times
        each = {name: times / begun for name, times in functions.most_common()}
        return Profile(f"{operation}: {begun} operations", self.held / begun, each)


@dataclass(frozen=True)
class Profile:
    """How many instructions an operation has: with a lock for numbers held, and in each function,
    most first."""

    title: str
    held: float
    functions: Mapping[str, float]

    def text(self) -> str:
        """All of it."""
        lines = [f"{times:.1f} {name}\n" for name, times in self.functions.items()]
        return "".join([f"# {self.title}\n# held {self.held:.1f}\n", *lines])


def table(c: Profile, rust: Profile) -> list[str]:
    """Both side by side, what differs most first."""

    def line(mine: float, other: float, what: str) -> str:
        return f"{mine:>10.1f} {other:>10.1f} {other - mine:>+10.1f}  {what}"

    names = c.functions.keys() | rust.functions.keys()
    pairs = {name: (c.functions.get(name, 0), rust.functions.get(name, 0)) for name in names}
    most = sorted(names, key=lambda name: (-abs(pairs[name][1] - pairs[name][0]), name))[:SHOWN]
    return [
        f"{'C':>10} {'Rust':>10} {'more':>10}  function (instructions an operation)",
        *(line(*pairs[name], name[-100:]) for name in most),
        line(sum(c.functions.values()), sum(rust.functions.values()), "all"),
        line(c.held, rust.held, "under a lock for numbers"),
    ]


def one_by_one(command: list[str], version: str) -> list[str]:
    """QEMU's command, such that it translates each instruction for itself."""
    found = re.search(r"version (\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) >= (8, 1):
        return [f"{word},one-insn-per-tb=on" if word == "tcg" else word for word in command]
    return [*command, "-singlestep"]


def log_for(seconds: float, monitor: Path, running: "subprocess.Popen[bytes]") -> None:
    """Has QEMU log what is executed for so long, and end. It may not read what is said by who has
    left."""
    with socket.socket(socket.AF_UNIX) as talk:
        talk.connect(str(monitor))
        time.sleep(0.2)
        talk.recv(4096)
        talk.send(b"log exec,nochain\n")
        time.sleep(seconds)
        talk.send(b"log none\nquit\n")
        running.wait()


@contextlib.contextmanager
def reading(log: Path, found: Executed) -> Iterator[None]:
    """Reads a log that is made, which is a pipe. All of it is read when this ends."""
    os.mkfifo(log)
    # With a writer of our own nobody waits for the other end to be opened.
    writer = os.open(log, os.O_RDWR)
    with open(log, encoding="utf-8", errors="replace") as lines:
        reader = threading.Thread(target=found.read, args=[lines])
        reader.start()
        try:
            yield
        finally:
            os.close(writer)
            reader.join()


def executed(command: list[str], folder: Path, symbols: Symbols, seconds: int) -> Executed | None:
    """What a guest executes; None if that took too long."""
    log, monitor = folder / "executed", folder / "monitor"
    found = Executed(symbols)
    command = [*command, "-monitor", f"unix:{monitor},server,nowait", "-D", str(log)]
    deadline = time.monotonic() + seconds + REST
    looping = False
    with reading(log, found), process.started(command, stdout=subprocess.PIPE) as running:
        late = threading.Timer(seconds + REST, running.kill)
        late.start()
        try:
            assert running.stdout
            for line in running.stdout:
                if looping := line.startswith(b"bench: looping"):
                    log_for(seconds, monitor, running)
                    break
                sys.stderr.write(line.decode(errors="replace"))
        finally:
            late.cancel()
    if time.monotonic() >= deadline:
        return None
    if not looping:
        raise Fault("the guest ended before it came to the operation")
    return found


def profiled(options: Options, cache: Cache, operation: str, level: str) -> Profile:
    """Counts on one implementation; what it found is kept as well."""
    seconds = options.timeout or LONG
    with cache.temporary() as folder:
        with kernel.built(options, cache) as tree:
            bench.stage(tree, folder)
            symbols = Symbols(bench.symbols(tree, "--demangle"))
        note(f"looking (IMPL={options.impl})")
        command = bench.guest(folder, f"BENCH_LOOP={operation} BENCH_LEVEL={level}")
        command = one_by_one(command, process.output(X86_64.qemu, "--version"))
        found = executed(command, folder, symbols, seconds)
    if found is None:
        raise Fault(
            f"the guest was not done with {operation} within {seconds + REST} s and was stopped"
            f" (IMPL={options.impl})"
        )
    profile = found.an_operation(operation)
    (cache.log / f"profile-{options.impl}.txt").write_text(profile.text(), encoding="utf-8")
    return profile


def command(
    options: Options, cache: Cache, env: Mapping[str, str], arguments: Sequence[str]
) -> int:
    """The command "profile OPERATION [LEVEL]"."""
    operation, level, *_ = *arguments, "", ""
    level = level or "0"
    if not operation or not re.fullmatch("[0-9]{1,2}", level) or int(level) > DEEPEST:
        raise Fault("say what to look at, as in: make profile OP=newpid LEVEL=1")
    if operation not in ENTRIES:
        raise Fault(f"OP={operation} is not known; there are: {' '.join(ENTRIES)}")
    refuse(env, "profile", "IMPL", "DEBUG")
    cache.log.mkdir(parents=True, exist_ok=True)
    found = {
        impl: profiled(options.with_impl(impl), cache, operation, level) for impl in bench.IMPLS
    }
    print("\n".join(table(found["c"], found["rust"])), flush=True)
    note(f"all functions are in {cache.log}/profile-c.txt and profile-rust.txt")
    return 0
