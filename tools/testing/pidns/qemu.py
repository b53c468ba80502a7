# SPDX-License-Identifier: GPL-2.0
"""Guests by QEMU: on this machine's own files, read-only, by virtme-ng; or on a disk image.

What a guest needs of us lies in a stage folder that it sees as /run/pidns. Commands and
what they print go over a port of its own, so that the kernel's log on the console stays
apart.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import process, rootfs, setup, splats
from .arch import X86_64, Arch
from .cache import Cache, replace_file
from .errors import Fault, note
from .guest import QUICK, Answer, Channel, End, Guest
from .ktap import Outcome, Result
from .options import Options

KVM = Path("/dev/kvm")
# Seconds for a guest that ends at once.
KVM_LIMIT = 60
# mov dx, 0xf4; mov al, 0x10; out dx, al; hlt: QEMU ends with 33.
BOOT_SECTOR = b"\xba\xf4\x00\xb0\x10\xee\xf4"
BOOT_SECTOR_STATUS = 33
# Of every guest's kernel. With five levels of page tables KASAN can take good memory
# for wild: at boot the processor's features, of which they are one, are forgotten
# and read anew, and an interrupt may come in between. Upstream has a report of June 2026 on it:
# "kasan: Fix false-positive wild-memory-access on x86 under 5-level paging".
ARGUMENTS = "slab_nomerge oops=panic panic=-1 no5lvl"
# Of one that is emulated: stress tests do less, and programs are always at the same addresses. QEMU
# before 8.0 translates anew what lies elsewhere, which takes half of the time of a short program.
EMULATED = f"{QUICK} norandmaps"
# virtme-ng's, but with a cache of the guest's root, which does not change while it runs: without one
# each exec() reads programs and libraries from the host again. The last rootflags= wins.
CACHED_ROOT = "rootflags=version=9p2000.L,trans=virtio,access=any,msize=524288,cache=loose"
# Of one on a plain root.
PLAIN = f"ro {ARGUMENTS} init={rootfs.INIT}"
# The oops of an int3 that the kernel has removed when a static key changed, but that QEMU still
# executes on another of its processors.
STALE = "Oops: int3"
# With these, an int3 may be ours.
OURS = re.compile(r"RIP: [^\n]*pidns|RIP: [^\n]*nsproxy|kprobe|livepatch")
# The guest's end of the port.
PORT = "pidns"
# Seconds for a guest that was told to end.
FAREWELL = 300.0
DEFAULT_CPUS = 2
GDB_PORT = 1234
NO_KVM = "QEMU emulates the processor instead (slower)"


def kvm_works(cache: Cache) -> bool:
    """Whether KVM runs a guest: /dev/kvm may exist and be open to us, and a guest on it still
    hang. The answer is kept until the next boot; that we may not open it is not, which can
    change sooner."""
    if not KVM.exists():
        return False
    if not os.access(KVM, os.R_OK | os.W_OK):
        note(f"you may not use /dev/kvm; join the group kvm and log in again; {NO_KVM}")
        return False
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    kept = cache.root / f"kvm-{boot}-{os.getuid()}"
    if not kept.exists():
        with cache.temporary() as folder:
            sector = folder / "boot"
            sector.write_bytes(BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa")
            options = "-accel kvm -m 64M -display none -nodefaults -device isa-debug-exit -drive"
            command = [X86_64.qemu, *options.split(), f"file={sector},format=raw"]
            status = process.run(command, limit=KVM_LIMIT, log=folder / "said")
            works = status == BOOT_SECTOR_STATUS
        if not works:
            note(f"/dev/kvm does not run a guest here; {NO_KVM}")
        # Another run may do the same.
        for old in set(cache.root.glob("kvm-*")) - {kept}:
            old.unlink(missing_ok=True)
        replace_file(kept, b"yes\n" if works else b"no\n")
    return kept.read_text(encoding="utf-8") == "yes\n"


def without_kvm(path: Path) -> None:
    """Writes a program that is QEMU, but for KVM."""
    path.write_text(
        f"""#!/bin/bash
for arg; do
	shift
	[ "$arg" != kvm ] || arg=tcg
	set -- "$@" "$arg"
done
exec '{shutil.which(X86_64.qemu)}' "$@"
""",
        encoding="utf-8",
    )
    path.chmod(0o755)


@dataclass(frozen=True)
class Machine:
    """Processors and memory of a guest."""

    kvm: bool
    cpus: int = DEFAULT_CPUS
    memory: str = "2G"
    arch: Arch = X86_64
    # The disk with its root, where this machine's files are of no use to it.
    root: Path | None = None

    @classmethod
    def of(cls, options: Options, cache: Cache) -> "Machine":
        """Those that were asked for."""
        arch, cpus = options.arch, options.cpus or DEFAULT_CPUS
        if arch.foreign:
            return cls(False, cpus, options.memory, arch, rootfs.plain(cache, arch))
        return cls(kvm_works(cache), cpus, options.memory)

    @property
    def command(self) -> list[str]:
        """QEMU without virtme-ng: the console is its output."""
        accel = "-accel kvm -cpu host" if self.kvm else f"-accel tcg {self.arch.emulated}"
        rest = "-nodefaults -no-reboot -display none -serial stdio"
        size = f"-m {self.memory} -smp {self.cpus}"
        return [self.arch.qemu, *f"{size} {rest} {accel}".split()]

    @property
    def terminal(self) -> list[str]:
        """The same, which leaves Ctrl-C to the guest; Ctrl-A X ends it."""
        return ["mon:stdio" if word == "stdio" else word for word in self.command]

    def disk(self, stage: Path, disk: Path, words: str) -> list[str]:
        """QEMU's arguments for the kernel of a stage folder on a disk, whose changes are lost."""
        share = f"local,path={stage},mount_tag=pidns,security_model=none,readonly=on"
        return [
            *("-kernel", str(stage / self.arch.file)),
            *("-append", f"console={self.arch.console} root=/dev/vda {words}", "-virtfs", share),
            *("-drive", f"file={disk},format=raw,if=virtio,snapshot=on"),
        ]

    def virtme(self, cache: Cache, stage: Path) -> list[str]:
        """virtme-ng with all but what to run."""
        return [
            *("vng", "--run", str(stage / self.arch.file), "--name", "pidns"),
            *("--user", "root", "--force-9p", "--disable-microvm", "--cpus", str(self.cpus)),
            *("--memory", self.memory, "--rodir", f"/run/pidns={stage}"),
            *("--append", f"{ARGUMENTS} {CACHED_ROOT}"),
            *([] if self.kvm else ["--disable-kvm"]),
        ]


def virtme_env(cache: Cache) -> dict[str, str]:
    """The environment for virtme-ng, which looks for its other programs in the PATH."""
    return os.environ | {"PATH": f"{cache.tools}/{setup.VIRTME}/bin:{os.environ['PATH']}"}


def port_options(chardev: str) -> list[str]:
    """QEMU's arguments for the port. Each bus of ports has the one port that is needed, and not
    queues for thirty: QEMU's main loop looks at all of them at each turn."""
    return [
        *("-global", "virtio-serial-device.max_ports=2", "-device", "virtio-serial-pci"),
        *(
            "-chardev",
            f"{chardev},id=pidns",
            "-device",
            f"virtserialport,chardev=pidns,name={PORT}",
        ),
    ]


class Qemu(Guest):
    """One guest, which may take so many seconds. With an image of rootfs.py it has its own
    init, and changes to the image are lost."""

    grace = process.GRACE

    def __init__(
        self,
        cache: Cache,
        machine: Machine,
        stage: Path,
        log: Path,
        seconds: int,
        arguments: str = "",
        image: Path | None = None,
    ) -> None:
        super().__init__(log, seconds)
        self.cache, self.machine, self.stage = cache, machine, stage
        self.seconds, self.arguments, self.image = seconds, arguments, image
        # More of QEMU's options.
        self.options: Sequence[str] = ()
        # Whether it was tried a second time.
        self.retried = False
        log.unlink(missing_ok=True)

    def start(self) -> Channel:
        work = self.stage / "port"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        pipes = [work / name for name in ("port.in", "port.out")]
        for pipe in pipes:
            os.mkfifo(pipe)
        with self.starting():
            reader = os.open(pipes[1], os.O_RDONLY | os.O_NONBLOCK)
            # The answers end when the program has ended, too.
            held = os.open(pipes[1], os.O_WRONLY)
            writer = os.open(pipes[0], os.O_RDWR)
            command = self.command([*port_options(f"pipe,path={work / 'port'}"), *self.options])
            self.launch(command, (held,), Path("/"), virtme_env(self.cache))
            return Channel(reader, writer)

    def command(self, port: Sequence[str]) -> list[str]:
        """What starts it."""
        disk = self.image or self.machine.root
        given = self.arguments if self.machine.kvm else f"{EMULATED} {self.arguments}"
        if disk is None:
            return [
                *self.machine.virtme(self.cache, self.stage),
                *("--verbose", "--append", f"kunit.enable=1 {given}"),
                *(f"--qemu-opts={' '.join(port)}", "--exec", "bash /run/pidns/qemu-init.sh worker"),
            ]
        how = f"rw {ARGUMENTS} systemd.show_status=1" if self.image else f"{PLAIN} kunit.enable=1"
        words = f"{how} {given}"
        return [*self.machine.command, *port, *self.machine.disk(self.stage, disk, words)]

    def run(self, command: str) -> Answer:
        """Runs one command in a fresh guest, and ends that. Why it did not come to its end is
        said."""
        answer = self.run_once(command)
        if answer.end is End.DEATH and self.may_retry():
            self.set_aside()
            answer = self.run_once(command)
        if answer.end is not End.DONE:
            end = f"above is its log's end, all of it is in {self.log}"
            print("\n".join(answer.last_words), file=sys.stderr)
            if answer.end is End.HANG:
                # The command itself may have ended.
                what = (
                    "power off" if answer.status is not None else f"finish within {self.seconds} s"
                )
                note(f"error: the guest did not {what} and was stopped; {end}")
            elif "Kernel panic" in self.log_text():
                note(f"error: the guest's kernel panicked; {end}")
            else:
                note(f"error: the guest ended before its time; {end}")
        return answer

    def may_retry(self) -> bool:
        """Whether emulation is to blame for the guest's end, and this is the first time."""
        return not self.machine.kvm and not self.retried and self.stale()

    def set_aside(self) -> None:
        """Says why the guest is tried again, and keeps its log elsewhere."""
        self.retried = True
        kept = self.log.rename(self.log.with_suffix(".stale"))
        self.boots = 0
        note(
            "the guest died of an int3, probably one that QEMU executed after the kernel had"
            f" removed it; its log is {kept}; retrying once"
        )

    def _boot(self) -> None:
        try:
            super()._boot()
        except Fault:
            if not self.may_retry():
                raise
            self.set_aside()
            super()._boot()

    def stale(self) -> bool:
        """Whether the log says that emulation is to blame for the guest's end."""
        log = self.this_boot()
        return STALE in log and not OURS.search(log)

    def run_once(self, command: str) -> Answer:
        """Runs it, whatever the guest's end. One that does not power off hangs."""
        try:
            answer = self.ask(command, self.seconds)
        except BaseException:
            self.close()
            raise
        if not self.finish():
            answer.end, answer.why = End.HANG, "it did not power off"
            answer.last_words = [f"# {line}" for line in self._tail()]
        return answer

    def finish(self) -> bool:
        if self.channel is None:
            return True
        self.channel.send("end")
        ended = self._read(self.channel, FAREWELL).end is End.DEATH
        self.drop()
        return ended

    def claims(self, answer: Answer) -> list[Result]:
        """Two results more of a guest that ran a command; what is wrong is printed."""
        complaints = list(splats.find(self.log_text().splitlines()))
        if not self.log_text():
            complaints = [f"the kernel's log {self.log} is empty or missing"]
        if complaints:
            print("\n".join(f"# {line}" for line in complaints))
        return [
            claim("the guest came to its end", "" if answer.end is End.DONE else answer.why),
            claim("the kernel log is silent", complaints[0] if complaints else ""),
        ]


def claim(name: str, fault: str) -> Result:
    """A result of the harness's own: it fails with a fault."""
    return Result(name, Outcome.FAIL if fault else Outcome.PASS, fault)


def gdb_server() -> list[str]:
    """QEMU's arguments for a guest that waits for gdb, on this machine alone, and starts then."""
    return ["-gdb", f"tcp:127.0.0.1:{GDB_PORT}", "-S"]


def shell(cache: Cache, machine: Machine, stage: Path, gdb: bool = False) -> None:
    """A shell in a guest, on our terminal. Raises a Fault if the guest ended before it; what the
    shell itself ended with is its user's affair."""
    out = stage / "out"
    port = [*port_options(f"file,path={out}"), *(gdb_server() if gdb else [])]
    # Else the addresses are not those of vmlinux.
    fixed = ["nokaslr"] if gdb else []
    # In the foreground: the terminal belongs to the guest. A panic ends it, too.
    if machine.root:
        words = " ".join([PLAIN, "quiet", "PIDNS_SHELL=1", *fixed])
        command = [*machine.terminal, *port, *machine.disk(stage, machine.root, words)]
    else:
        options = " ".join(["-no-reboot", *port])
        command = [
            *machine.virtme(cache, stage),
            *(["--append", *fixed] if fixed else []),
            *("--cwd", "/", "--shell", "/run/pidns/qemu-init.sh", f"--qemu-opts={options}"),
        ]
    status = subprocess.call(command, env=virtme_env(cache))
    if not out.exists() or "pidns-status " not in out.read_text(encoding="utf-8"):
        raise Fault(
            f"the guest ended before its shell did (status {status}): it did not start, its kernel"
            " panicked, or it was turned off; look at the lines above"
        )
