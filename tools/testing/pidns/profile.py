# SPDX-License-Identifier: GPL-2.0
"""make profile: where the instructions of an operation of bench.c go, function by function, C
beside Rust; and how many atomic operations it has.

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
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from . import bench, kernel, link, process
from .arch import X86_64
from .cache import Cache
from .errors import Fault, note
from .options import Options, refuse
from .tree import Tree

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
# A lock is counted for the caller of one of these.
LOCKS = re.compile(r"_raw_(spin|read|write)_.*|queued_(spin|read|write)_.*")
# Our functions in the kernel crate. Those that are inlined count for their callers.
CRATE = re.compile(r"<*kernel::(ns|nsproxy|pid|pid_namespace|pidfd)::")
# An instruction that reads and writes memory in one step: after other prefixes LOCK, or, perhaps
# with REX, XCHG with memory. But not smp_mb(), which locks its own stack.
ATOMIC = re.compile(
    rb"(?!\xf0\x83\x44\x24\xfc\x00)[\x26\x2e\x36\x3e\x64-\x67\xf2\xf3]*"
    rb"(\xf0|[\x40-\x4f]?[\x86\x87][\x00-\xbf])"
)
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


@dataclass(frozen=True)
class Code:
    """The machine code of a kernel, from an address on, and what functions are ours."""

    start: int
    text: bytes
    functions: frozenset[str]

    @classmethod
    def of(cls, tree: Tree, impl: str, symbols: "Symbols", folder: Path) -> "Code":
        """That of a kernel that was built."""
        text, llvm = folder / "text", tree.toolchain.llvm
        out = ("--output-target=binary", "--only-section=.text", tree.build / "vmlinux", text)
        process.output(f"llvm-objcopy-{llvm}", *out)
        objects = [tree.build / name for name in sorted(link.OBJECTS[impl])]
        own = Symbols(process.output(f"llvm-nm-{llvm}", "--demangle", *objects)).names
        crate = filter(CRATE.match, symbols.names)
        return cls(symbols.address("_text"), text.read_bytes(), frozenset([*own, *crate]))

    def is_atomic(self, address: int) -> bool:
        """Whether an instruction is. LOCK is never patched, not even for one processor, and no
        alternative that is used has it."""
        at = address - self.start
        return 0 <= at < len(self.text) and bool(ATOMIC.match(self.text, at))


class Executed:
    """Counts what is executed, and while a lock for numbers is held."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.gives = symbols.address("_raw_spin_unlock")
        # By address, and before it, which differs in functions of locks, the last one outside.
        self.times: Counter[tuple[int, int]] = Counter()
        # By how many such locks are held at once.
        self.held: Counter[int] = Counter()
        # By address: whether it is in a function that takes such a lock, in what takes it, and in
        # a function of any lock.
        self._kinds: dict[int, tuple[bool, bool, bool]] = {}
        self._depth, self._before, self._outside = 0, (False, False, False), 0

    def _kind(self, address: int) -> tuple[bool, bool, bool]:
        """Of an address seen for the first time."""
        name = self.symbols.name(address)
        holds, locks = bool(HOLDERS.fullmatch(name)), bool(LOCKS.fullmatch(name))
        self._kinds[address] = holds, name == "_raw_spin_lock", locks
        return self._kinds[address]

    def read(self, lines: Iterable[str]) -> None:
        """Reads QEMU's log."""
        for line in lines:
            if match := EXECUTED.search(line):
                address = int(match[1], 16)
                now = self._kinds.get(address) or self._kind(address)
                if self._before[1] and now[0]:
                    self._depth += 1
                elif self._depth and self._before[0] and address == self.gives:
                    self._depth -= 1
                if self._depth:
                    self.held[self._depth] += 1
                self._before = now
                if not now[2]:
                    self._outside = address
                self.times[self._outside, address] += 1

    def an_operation(self, operation: str, code: Code) -> "Profile":
        """How many instructions an operation has, and atomic ones."""
        entry = self.symbols.address(ENTRIES[operation])
        begun = self.times[entry, entry]
        if not begun:
            raise Fault(f"{operation} was never begun; give it more time by TIMEOUT=")
        functions: Counter[str] = Counter()
        atomics: Counter[str] = Counter()
        for (outside, address), times in self.times.items():
            functions[self.symbols.name(address)] += times
            if code.is_atomic(address):
                atomics[self.symbols.name(outside)] += times
        each, atomic = (
            {name: times / begun for name, times in found.most_common()}
            for found in (functions, atomics)
        )
        held, most = self.held.total() / begun, self.held[max(self.held, default=0)] / begun
        ours = code.functions & atomic.keys()
        return Profile(f"{operation}: {begun} operations", held, most, each, atomic, ours)


@dataclass(frozen=True)
class Profile:
    """How many instructions an operation has: with a lock for numbers held, or the most at once,
    and in each function, most first; and atomic ones, and which of these functions are ours."""

    title: str
    held: float
    most: float
    functions: Mapping[str, float]
    atomics: Mapping[str, float]
    ours: Set[str]

    def text(self) -> str:
        """All of it."""
        said = [
            f"# {self.title}",
            f"# held {self.held:.1f}, the most at once {self.most:.1f}",
            *(f"{times:.1f} {name}" for name, times in self.functions.items()),
            "# atomic operations",
        ]
        for name, times in self.atomics.items():
            said.append(f"{times:.1f} {name}{' (ours)' if name in self.ours else ''}")
        return "".join(f"{line}\n" for line in said)


def line(mine: float, other: float, what: str) -> str:
    """A line of a table."""
    return f"{mine:>10.1f} {other:>10.1f} {other - mine:>+10.1f}  {what}"


def side_by_side(c: Mapping[str, float], rust: Mapping[str, float], of: Set[str]) -> list[str]:
    """Some functions, what differs most first, and the sum of all functions."""
    pairs = {name: (c.get(name, 0), rust.get(name, 0)) for name in of}
    most = sorted(of, key=lambda name: (-abs(pairs[name][1] - pairs[name][0]), name))[:SHOWN]
    lines = [line(*pairs[name], name[-100:]) for name in most]
    return [*lines, line(sum(c.values()), sum(rust.values()), "all functions")]


def table(c: Profile, rust: Profile) -> list[str]:
    """Both side by side; of the atomic operations those of ours."""
    columns, ours = f"{'C':>10} {'Rust':>10} {'more':>10}", c.ours | rust.ours
    own = [sum(profile.atomics[name] for name in profile.ours) for profile in (c, rust)]
    return [
        f"{columns}  function (instructions an operation)",
        *side_by_side(c.functions, rust.functions, c.functions.keys() | rust.functions.keys()),
        line(c.held, rust.held, "under a lock for numbers"),
        line(c.most, rust.most, "under the most of these at once"),
        "",
        f"{columns}  function of ours (atomic operations)",
        *side_by_side(c.atomics, rust.atomics, ours),
        line(own[0], own[1], "these functions"),
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
            code = Code.of(tree, options.impl, symbols, folder)
        note(f"looking (IMPL={options.impl})")
        command = bench.guest(folder, f"BENCH_LOOP={operation} BENCH_LEVEL={level}")
        command = one_by_one(command, process.output(X86_64.qemu, "--version"))
        found = executed(command, folder, symbols, seconds)
    if found is None:
        raise Fault(
            f"the guest was not done with {operation} within {seconds + REST} s and was stopped"
            f" (IMPL={options.impl})"
        )
    profile = found.an_operation(operation, code)
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
    with cache.log_of("profile"):
        found = {
            impl: profiled(options.with_impl(impl), cache, operation, level) for impl in bench.IMPLS
        }
    print("\n".join(table(found["c"], found["rust"])), flush=True)
    note(f"all functions are in {cache.log}/profile-c.txt and profile-rust.txt")
    return 0
