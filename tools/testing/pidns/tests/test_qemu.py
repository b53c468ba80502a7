# SPDX-License-Identifier: GPL-2.0
"""A KVM that does not work, and guests that do not end well; QEMU and virtme-ng are stand-ins."""

import subprocess
import time
from functools import partial
from pathlib import Path
from unittest import mock

from .. import process, qemu, rootfs
from ..arch import ARM64
from ..cache import Cache
from ..errors import Fault
from ..guest import QUICK, End
from ..ktap import Outcome
from ..options import Options
from ..qemu import Machine, Qemu
from .kernel_tree import FolderTest

# A guest: the port is where virtme-ng is told; the console is its output.
VNG = """for word; do
	case $word in --qemu-opts=*) port=$(sed 's/.*path=\\([^,]*\\).*/\\1/' <<<"$word") ;; esac
done
exec 3<>"$port.in" 4>"$port.out"
echo 'Linux version 7.3'
"""
WORKS = """echo pidns-ready >&4
read -r command <&3
echo "said $command" >&4
echo "pidns-status 7" >&4
read -r end <&3
"""


class Stubs(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.cache = Cache(self.folder / "cache")

    def stub(self, name: str, text: str) -> None:
        self.program(name, f"#!/bin/bash\n{text}\n")


class KvmTest(Stubs):
    def setUp(self) -> None:
        super().setUp()
        self.device = self.folder / "kvm"
        self.enterContext(mock.patch.object(qemu, "KVM", self.device))

    def have(self, text: str) -> None:
        """KVM, and such a QEMU."""
        self.device.touch()
        self.stub("qemu-system-x86_64", text)

    def works(self, said: str = "") -> bool:
        """Whether it does; what is said in words is that."""
        before = len(self.said.getvalue())
        works = qemu.kvm_works(self.cache)
        text = self.said.getvalue()[before:]
        self.assertIn(said, text)
        self.assertEqual(text.count("\n"), 1 if said else 0)
        return works

    def test_none(self) -> None:
        self.stub("qemu-system-x86_64", f"touch {self.folder}/tried; exit 33")
        self.assertFalse(self.works())
        self.assertFalse((self.folder / "tried").exists())

    def test_it_works(self) -> None:
        self.have("exit 33")
        self.assertTrue(self.works())
        machine = Machine.of(Options(memory="512M", cpus=3), self.cache)
        self.assertIn("-m 512M -smp 3", " ".join(machine.command))
        self.assertIn("-accel kvm -cpu host", " ".join(machine.command))
        self.assertNotIn("--disable-kvm", machine.virtme(self.cache, self.folder))

    def test_it_fails(self) -> None:
        """Which is said once, and kept."""
        self.have("exit 1")
        self.assertFalse(self.works("/dev/kvm does not run a guest here"))
        self.stub("qemu-system-x86_64", "exit 33")
        self.assertFalse(self.works())
        machine = Machine.of(Options(), self.cache)
        self.assertIn("-accel tcg", " ".join(machine.command))
        self.assertIn("--disable-kvm", machine.virtme(self.cache, self.folder))

    def test_it_hangs(self) -> None:
        self.have("exit 33")
        with mock.patch.object(process, "run", return_value=None):
            self.assertFalse(self.works("does not run a guest here"))
        self.assertFalse(self.works())

    def test_two_runs_at_once(self) -> None:
        """That the other one has deleted what was kept before is no error."""
        self.have("exit 33")
        gone = [self.cache.root / "kvm-old"]
        with mock.patch.object(Path, "glob", return_value=gone):
            self.assertTrue(self.works())

    def test_it_is_refused(self) -> None:
        """Which is not kept."""
        self.have("exit 33")
        with mock.patch("os.access", return_value=False):
            self.assertFalse(self.works("you may not use /dev/kvm"))
        self.assertTrue(self.works())

    def test_without_kvm(self) -> None:
        self.stub("qemu-system-x86_64", 'printf "%s\\n" "$@"')
        path = self.folder / "qemu"
        qemu.without_kvm(path)
        words = ["-accel", "kvm", "-append", "a kvm-clock=/a/kvm/b"]
        said = subprocess.run([path, *words], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said.splitlines(), ["-accel", "tcg", *words[2:]])


class GuestTest(Stubs):
    def guest(self, text: str, seconds: int = 60) -> Qemu:
        self.stub("vng", VNG + text)
        return Qemu(self.cache, Machine(False), self.folder, self.folder / "log", seconds)

    def ends(self, text: str, words: str, seconds: int = 60) -> None:
        guest = self.guest(text, seconds)
        answer = guest.run("script it.sh")
        text = f"error: the guest{words}; above is its log's end, all of it is in"
        self.assertIn(text, self.said.getvalue())
        self.assertIsNot(answer.end, End.DONE)
        self.assertIs(guest.claims(answer)[0].outcome, Outcome.FAIL)

    def test_a_good_end(self) -> None:
        guest = self.guest(WORKS)
        shown: list[str] = []
        guest.show = shown.append
        answer = guest.run("script it.sh")
        self.assertEqual((answer.end, answer.status), (End.DONE, 7))
        self.assertEqual(shown, ["said script it.sh"])
        self.assertEqual([one.outcome for one in guest.claims(answer)], [Outcome.PASS] * 2)

    def test_bad_ends(self) -> None:
        begins = "echo pidns-ready >&4\nread -r command <&3\n"
        self.ends(f"{begins}echo 'Kernel panic - not syncing: why'", "'s kernel panicked")
        self.ends(f"{begins}sleep 1000", " did not finish within 1 s and was stopped", 1)
        self.ends(f"{begins}exit 3", " ended before its time")
        with mock.patch.object(qemu, "FAREWELL", 0.5):
            self.ends(f"{WORKS}sleep 1000", " did not power off and was stopped")

    def test_a_stale_breakpoint(self) -> None:
        """Emulation's fault, which is retried once."""
        begun = self.folder / "begun"
        dies = (
            f"echo >>{begun}\necho pidns-ready >&4\nread -r command <&3\n"
            "echo 'Oops: int3: 0000 [#1] SMP'\necho 'RIP: 0010:__schedule+0x4b3/0xa80'\n"
        )
        guest = self.guest(f"if [ ! -e {begun} ]; then {dies}exit; fi\n{WORKS}")
        answer = guest.run("script it.sh")
        self.assertIs(answer.end, End.DONE)
        self.assertIn("the guest died of an int3", self.said.getvalue())
        self.assertNotIn("int3", guest.log_text())
        self.assertIn("int3", guest.log.with_suffix(".stale").read_text())
        for text, kvm, times in (
            (dies, False, 2),
            (dies, True, 1),
            (f"echo 'kprobe: it'\n{dies}", False, 1),
            (dies.replace("__schedule", "_RNvNtCs_5pidns3abi"), False, 1),
        ):
            begun.unlink()
            guest = self.guest(text)
            guest.machine = Machine(kvm)
            self.assertIs(guest.run("script it.sh").end, End.DEATH)
            self.assertEqual(begun.read_text(), "\n" * times)

    def test_a_stale_breakpoint_at_boot(self) -> None:
        begun = self.folder / "begun"
        dies = f"echo >>{begun}\necho 'Oops: int3: 0000 [#1] SMP'\n"
        guest = self.guest(f"if [ ! -e {begun} ]; then {dies}exit; fi\n{WORKS}")
        self.assertIs(guest.run("script it.sh").end, End.DONE)
        self.assertNotIn("int3", guest.log_text())
        for text, times in ((dies, 2), (f"echo 'kprobe: it'\n{dies}", 1)):
            begun.unlink()
            with self.assertRaisesRegex(Fault, "the guest did not come up"):
                self.guest(text).run("script it.sh")
            self.assertEqual(begun.read_text(), "\n" * times)

    def test_an_interruption(self) -> None:
        guest = self.guest(f"{WORKS}sleep 1000")
        guest.show = mock.Mock(side_effect=KeyboardInterrupt)
        start = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            guest.run("script it.sh")
        self.assertIsNone(guest.process)
        self.assertLess(time.monotonic() - start, 60)

    def test_it_does_not_come_up(self) -> None:
        with self.assertRaisesRegex(Fault, "the guest did not come up: .*\n.*\nno such option"):
            self.guest("echo no such option; exit 3").run("script it.sh")

    def test_the_log(self) -> None:
        guest = self.guest(f"echo 'BUG: a'\n{WORKS}")
        answer = guest.run("script it.sh")
        self.assertEqual(guest.claims(answer)[1].why, "BUG: a")
        guest.log.unlink()
        self.assertIn("is empty or missing", guest.claims(answer)[1].why)
        self.assertTrue(self.shown().startswith("# BUG: a"))

    def test_an_image(self) -> None:
        guest = self.guest("")
        guest.image = Path("/disk")
        command = " ".join(guest.command(qemu.port_options("pipe,path=/port")))
        self.assertIn("file=/disk,format=raw,if=virtio,snapshot=on", command)
        self.assertIn(f"-kernel {self.folder}/bzImage", command)

    def test_by_kvm_all_rounds_are_done(self) -> None:
        for kvm in (True, False):
            guest = Qemu(self.cache, Machine(kvm), self.folder, self.folder / "log", 60)
            self.assertEqual(QUICK not in " ".join(guest.command([])), kvm)

    def test_another_architecture(self) -> None:
        """It is emulated on a disk of ours: nothing of it is this machine's."""
        with mock.patch.object(rootfs, "plain", return_value=Path("/plain")):
            machine = Machine.of(Options(arch=ARM64, cpus=3), self.cache)
        guest = Qemu(self.cache, machine, self.folder, self.folder / "log", 60)
        command = " ".join(guest.command(qemu.port_options("pipe,path=/port")))
        for words in (
            "qemu-system-aarch64 -m 1G -smp 3 ",
            "-accel tcg -machine virt -cpu ",
            f"-kernel {self.folder}/Image.gz -append console=ttyAMA0 root=/dev/vda ro ",
            "file=/plain,format=raw,if=virtio,snapshot=on",
            "kunit.enable=1 PIDNS_QUICK=1",
        ):
            self.assertIn(words, command)
        self.assertIn("-serial mon:stdio ", " ".join(machine.terminal))

    def test_a_shell(self) -> None:
        """What virtme-ng ends with does not tell how the guest ended."""
        (self.folder / "stage").mkdir()
        for text, status in (("echo pidns-status 130", 1), ("true", 0), ("true", 3)):
            out = self.folder / "stage/out"
            out.unlink(missing_ok=True)
            self.stub("vng", f"{text} >{out}; exit {status}")
            if "status" in text:
                qemu.shell(self.cache, Machine(False), self.folder / "stage")
                continue
            shell = partial(qemu.shell, self.cache, Machine(False), self.folder / "stage")
            self.refused(f"before its shell did (status {status})", shell)
