# SPDX-License-Identifier: GPL-2.0
"""Guests by User Mode Linux: the kernel is a process of this machine.

Their root is this machine's files, read-only. What they run is trusted: in this mode a
program can write to its guest's memory, and so act as the user on this machine.
"""

import os
import re
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import Fault
from .guest import QUICK, Channel, Guest

IMAGE = "vmlinux"
GOAL = "vmlinux"
MEMORY_FOLDER = Path("/dev/shm")
# CONFIG_NR_CPUS; the kernel would ignore the others.
MOST_CPUS = 8
# Seconds for a boot; with DEBUG=1 on a busy machine it takes a minute.
BOOT_LIMIT = 240.0
# Of every guest's kernel. HZ is 100, and a grace period of RCU would take several ticks:
# tests that wait for RCU callbacks would wait for minutes.
ARGUMENTS = (
    "slab_nomerge oops=panic panic=-1 kunit.enable=1 rcupdate.rcu_expedited=1"
    " rcutree.jiffies_till_first_fqs=0 rcutree.jiffies_till_next_fqs=1 rcutree.use_softirq=0"
    " rcutree.qhimark=1 rcutree.blimit=10000"
)
# What the log of a boot that this machine prevents has, and advice.
REFUSALS = (
    (
        re.compile(r"seccomp filters can be installed\.\.\.(?!OK)", re.I),
        "this machine refuses seccomp filters; allow them, or try CPUS=1, which does without",
    ),
    (
        re.compile(r"ptrace.*(?:not permitted|denied|failed|missing)|check_ptrace", re.I),
        "this machine refuses ptrace; allow it (kernel.yama.ptrace_scope, the container's profile)",
    ),
)


def check_machine(memory: str, cpus: int | None = None) -> None:
    """Raises a Fault for a guest that is not possible, or not on this machine."""
    if cpus and cpus > MOST_CPUS:
        raise Fault(f"CPUS={cpus} is not a number from 1 to {MOST_CPUS}; give one, or leave it out")
    where = f"{MEMORY_FOLDER}, where User Mode Linux keeps its memory,"
    try:
        flags = os.statvfs(MEMORY_FOLDER).f_flag
    except OSError:
        raise Fault(f"{where} is missing; mount a tmpfs there") from None
    if not os.access(MEMORY_FOLDER, os.W_OK):
        raise Fault(f"{where} cannot be written to; allow it, or be root")
    if flags & os.ST_NOEXEC:
        raise Fault(f"{where} is mounted noexec; mount it with exec")
    if not room(memory):
        raise Fault(
            f"{where} has no room for MEMORY={memory}; mount it larger, or give less, as in MEMORY=512M"
        )


def leave_no_core() -> None:
    """A kernel that panics aborts, and should leave no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def room(memory: str) -> int:
    """How many guests have room in this machine's memory."""
    state = os.statvfs(MEMORY_FOLDER)
    return (state.f_bavail * state.f_frsize >> 20) // megabytes(memory)


def megabytes(memory: str) -> int:
    """The number of megabytes in an amount such as 2G."""
    return int(memory[:-1]) * (1024 if memory[-1] in "gG" else 1)


@dataclass(frozen=True)
class Machine:
    """CPUs and memory of a guest."""

    cpus: int
    memory: str
    ptrace: bool = False
    # Of the kernel's command line: it gives what it does not know to the first process.
    arguments: tuple[str, ...] = (QUICK,)
    # Whether it is bound to as many processors of this machine. A program and its kernel are two
    # processes, which would otherwise run on two of them in turn.
    pinned: bool = False


class Uml(Guest):
    """One guest. Its programs run by seccomp, or under ptrace, then on one processor."""

    def __init__(self, image: Path, stage: Path, work: Path, log: Path, machine: "Machine") -> None:
        super().__init__(log, BOOT_LIMIT)
        self.image, self.stage, self.work = image, stage, work
        self.machine = machine

    def start(self) -> Channel:
        with self.starting():
            commands, to_guest = os.pipe()
            from_guest, answers = os.pipe()
            env = os.environ | {"TMPDIR": str(MEMORY_FOLDER), "HOME": str(self.work)}
            command = self._command(commands, answers)
            self.launch(command, (commands, answers), self.work, env)
            return Channel(from_guest, to_guest)

    def refusal(self) -> str | None:
        for pattern, words in REFUSALS:
            if pattern.search(self.log_text()):
                return words
        return None

    def _command(self, commands: int, answers: int) -> list[str]:
        command = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        if self.machine.pinned and shutil.which("taskset"):
            ours = sorted(os.sched_getaffinity(0))[: self.machine.cpus]
            command += ["taskset", "-c", ",".join(map(str, ours))]
        machine = f"mem={self.machine.memory} ncpus={self.machine.cpus}"
        root = "root=/dev/root rootfstype=hostfs rootflags=/ ro"
        consoles = f"con=null con0=null,fd:1 con1=fd:{commands},fd:{answers}"
        return [
            *(*command, str(self.image), *machine.split(), *root.split(), *consoles.split()),
            *(f"seccomp={'off' if self.machine.ptrace else 'on'}", f"uml_dir={self.work}"),
            *(f"init={self.stage}/uml-init.sh", f"pidns.stage={self.stage}"),
            *(*ARGUMENTS.split(), *self.machine.arguments),
        ]
