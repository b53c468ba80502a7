# SPDX-License-Identifier: GPL-2.0
"""What is counted of QEMU's log; QEMU is a stand-in."""

import os
from functools import partial
from unittest import mock

from .. import profile
from ..cache import Cache
from ..options import Options
from .kernel_tree import FolderTest

NM = """ffffffff81000000 T __x64_sys_clone
ffffffff81000100 T alloc_pid
ffffffff81000200 T _raw_spin_lock
ffffffff81000300 T _raw_spin_unlock
ffffffff81000400 t other
ffffffff81000500 D data
"""
USER, CLONE, ALLOC, LOCK, UNLOCK, OTHER = [
    "00401000",
    "ffffffff81000000",
    "ffffffff81000108",
    "ffffffff81000200",
    "ffffffff81000300",
    "ffffffff81000404",
]
# The lock is taken in alloc_pid(), and once elsewhere, where nobody counts.
ORDER = [USER, CLONE, ALLOC, LOCK, ALLOC, OTHER, ALLOC, UNLOCK, ALLOC, LOCK, OTHER, UNLOCK] * 2
# One in another, as in Rust.
NESTED = [CLONE, ALLOC, LOCK, ALLOC, LOCK, ALLOC, UNLOCK, ALLOC, UNLOCK, OTHER]
LINE = "Trace 0: 0x7f00 [00000000/{}/00/ff] \n"
LOG = [LINE.format(address) for address in ORDER]
CODE = bytearray(0x500)
# lock incl (%rdi) in alloc_pid(), lock cmpxchgl in the lock, xchgl with memory elsewhere.
for place, instruction in ((0x108, "f0 ff 07"), (0x200, "f0 0f b1 0f"), (0x404, "87 07")):
    CODE[place : place + 4] = bytes.fromhex(instruction).ljust(4, b"\0")
ATOMIC = ["f0 ff 07", "f0 48 0f b1 0f", "66 f0 ff 07", "48 87 07", "87 05 00 00 00 00", "86 07"]
PLAIN = ["ff 07", "87 c0", "66 90", "48 87 d8", "f0 83 44 24 fc 00", "65 48 0f b1 0f", "f3 90"]
QEMU = """#!/usr/bin/env python3
import socket, sys, time
words = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(words[words.index("-monitor") + 1].split(":")[1].split(",")[0])
listener.listen()
log = open(words[words.index("-D") + 1], "w")
print("bench: looping" if "loop" in words else "no init", flush=True)
if "loop" in words:
    talk = listener.accept()[0]
    talk.send(b"QEMU monitor")
    said = b""
    while b"quit" not in said:
        said += talk.recv(4096)
    # It hears nothing of who has left.
    time.sleep(0.3)
    talk.send(b"(qemu)")
    log.write(open(words[0]).read())
"""


class ProfileTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.symbols = profile.Symbols(NM)

    def test_symbols(self) -> None:
        for address, name in ((0x401000, "(userspace)"), (int(ALLOC, 16), "alloc_pid")):
            self.assertEqual(self.symbols.name(address), name)
        self.assertEqual(self.symbols.address("other"), int(OTHER, 16) - 4)
        self.assertNotIn("data", self.symbols.names)

    def test_who_takes_a_lock_for_numbers(self) -> None:
        for name in ("free_pids", "pidns::a::b", "<pidns::A>::b", "<kernel::pid::Pid>::b"):
            self.assertTrue(profile.HOLDERS.fullmatch(name), name)
        for name in ("free_pidx", "<kernel::pidfd::A>::b", "mypidns::a"):
            self.assertFalse(profile.HOLDERS.fullmatch(name), name)

    def test_an_operation(self) -> None:
        executed = profile.Executed(self.symbols)
        executed.read(["QEMU starts", *LOG])
        code = profile.Code(int(CLONE, 16), bytes(CODE), frozenset({"alloc_pid", "gone"}))
        found = executed.an_operation("vfork", code)
        self.assertEqual(found.title, "vfork: 2 operations")
        self.assertEqual(found.functions["alloc_pid"], 4)
        # What comes between the lock and what gives it back.
        self.assertEqual((found.held, found.most), (3, 3))
        # The locks as well are those of the one that takes them.
        self.assertEqual(found.atomics, {"alloc_pid": 6, "other": 2})
        self.assertEqual(found.ours, {"alloc_pid"})
        head = "# vfork: 2 operations\n# held 3.0, the most at once 3.0\n4.0 alloc_pid\n"
        self.assertIn(head, found.text())
        tail = "# atomic operations\n6.0 alloc_pid (ours)\n2.0 other\n"
        self.assertIn(tail, found.text())
        with mock.patch.dict(profile.ENTRIES, kill0="data"):
            self.symbols.names.append("data")
            self.symbols.addresses.append(2**64)
            self.refused("kill0 was never begun", lambda: executed.an_operation("kill0", code))

    def test_nested_locks(self) -> None:
        executed = profile.Executed(self.symbols)
        executed.read(map(LINE.format, NESTED))
        found = executed.an_operation("vfork", profile.Code(0, b"", frozenset()))
        self.assertEqual((found.held, found.most), (5, 1))

    def test_atomic_operations(self) -> None:
        for instruction in ATOMIC:
            self.assertTrue(profile.ATOMIC.match(bytes.fromhex(instruction)), instruction)
        for instruction in PLAIN:
            self.assertFalse(profile.ATOMIC.match(bytes.fromhex(instruction)), instruction)

    def test_the_code_of_a_kernel(self) -> None:
        out = '#!/bin/sh\nfor last; do :; done\nprintf "\\360\\377" >"$last"\n'
        nm = '#!/bin/sh\necho "kernel/pid.o:"\necho "0000000000000000 T alloc_pid"\n'
        names = "ffffffff81000000 T _text\nffffffff81000010 T <kernel::pid::Pid>::get\n"
        self.program("llvm-objcopy-0", out)
        self.program("llvm-nm-0", nm)
        tree = mock.Mock(build=self.folder, toolchain=mock.Mock(llvm=0))
        with mock.patch.dict(os.environ, PATH=f"{self.folder}:{os.environ['PATH']}"):
            code = profile.Code.of(tree, "c", profile.Symbols(names), self.folder)
        self.assertEqual(code.functions, {"alloc_pid", "<kernel::pid::Pid>::get"})
        self.assertTrue(code.is_atomic(0xFFFFFFFF81000000))
        self.assertFalse(code.is_atomic(0xFFFFFFFF81000002))
        self.assertFalse(code.is_atomic(0x401000))

    def test_a_table(self) -> None:
        atomics, ours = {"same": 2.0, "gone": 1.0, "others": 4.0}, frozenset({"same", "gone"})
        c = profile.Profile("vfork", 1.0, 1.0, {"same": 5.0, "gone": 2.0}, atomics, ours)
        atomics = {"same": 2.0, "others": 3.0}
        functions = {"same": 5.0, "new": 3.0}
        rust = profile.Profile("vfork", 2.5, 0.5, functions, atomics, ours - {"gone"})
        self.assertEqual(
            profile.table(c, rust),
            [
                "         C       Rust       more  function (instructions an operation)",
                "       0.0        3.0       +3.0  new",
                "       2.0        0.0       -2.0  gone",
                "       5.0        5.0       +0.0  same",
                "       7.0        8.0       +1.0  all functions",
                "       1.0        2.5       +1.5  under a lock for numbers",
                "       1.0        0.5       -0.5  under the most of these at once",
                "",
                "         C       Rust       more  function of ours (atomic operations)",
                "       1.0        0.0       -1.0  gone",
                "       2.0        2.0       +0.0  same",
                "       7.0        5.0       -2.0  all functions",
                "       3.0        2.0       -1.0  these functions",
            ],
        )

    def test_how_qemu_is_told(self) -> None:
        command = ["qemu", "-accel", "tcg", "-m", "2G"]
        new = profile.one_by_one(command, "QEMU emulator version 10.0.2")
        self.assertEqual(new[:3], ["qemu", "-accel", "tcg,one-insn-per-tb=on"])
        old = profile.one_by_one(command, "QEMU emulator version 7.2.1 (Debian)")
        self.assertEqual(old, [*command, "-singlestep"])

    def executed(self, *words: str) -> profile.Executed | None:
        qemu = str(self.program("qemu", QEMU))
        log = self.folder / "given"
        log.write_text("".join(LOG), encoding="utf-8")
        (self.folder / "executed").unlink(missing_ok=True)
        return profile.executed([qemu, str(log), *words], self.folder, self.symbols, 0)

    def test_a_guest(self) -> None:
        found = self.executed("loop")
        assert found
        self.assertEqual(found.times.total(), len(LOG))

    def test_guests_that_end_early_or_late(self) -> None:
        self.refused("the guest ended before it came to the operation", self.executed)
        self.assertIn("no init\n", self.said.getvalue())
        with mock.patch.object(profile, "REST", 0.5):
            late = str(self.program("late", "#!/bin/sh\nexec sleep 1000\n"))
            (self.folder / "executed").unlink()
            self.assertIsNone(profile.executed([late], self.folder, self.symbols, 0))

    def test_bad_input(self) -> None:
        for words, text in (
            (["kill0", "1"], "DEBUG=1 is not for profile"),
            (["", ""], "say what to look at"),
            (["nope", "1"], "OP=nope is not known; there are: vfork fork"),
            (["vfork", "40"], "say what to look at"),
            (["vfork", "x"], "say what to look at"),
        ):
            env = {"DEBUG": "1"}
            self.refused(text, partial(profile.command, Options(), Cache(self.folder), env, words))
