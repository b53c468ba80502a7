# SPDX-License-Identifier: GPL-2.0
"""A guest that is a program of this machine: the protocol, a death and a hang."""

import os
import subprocess
import sys
from pathlib import Path

from ..errors import Fault
from ..guest import SCRIPTS, Channel, End, Guest
from .kernel_tree import FolderTest

WORKER = """
import sys, time
print("pidns-ready", flush=True)
for line in sys.stdin:
    what = line.strip()
    if what == "end":
        open(sys.argv[1], "a").write("reboot: Power down")
        break
    if what == "reboot": print("half a linepidns-ready", flush=True)
    if what == "die": sys.exit(1)
    while what == "flood": print("more")
    if what == "hang": time.sleep(1000)
    print("said", what, end="" if what == "short" else "\\n")
    print("pidns-status 3", flush=True)
"""

# Those that the script uses.
FILES = {
    "kmemleak": "/sys/kernel/debug/kmemleak",
    "locks": "/proc/lockdep_stats",
    "switch": "/sys/module/pidns/parameters/mutant",
}


class Program(Guest):
    def __init__(self, folder: Path, text: str = WORKER) -> None:
        super().__init__(folder / "log", 10)
        self.text = text

    def start(self) -> Channel:
        inner, to_guest = os.pipe()
        from_guest, outer = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.text, self.log],
            stdin=inner,
            stdout=outer,
            start_new_session=True,
        )
        os.close(inner)
        os.close(outer)
        return Channel(from_guest, to_guest)


class GuestTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.guest = Program(self.folder)
        self.addCleanup(self.guest.stop)

    def test_answers(self) -> None:
        answer = self.guest.ask("hello", 10)
        self.assertEqual((answer.end, answer.status, answer.lines), (End.DONE, 3, ["said hello"]))
        self.assertGreater(answer.seconds, 0)
        self.assertEqual(self.guest.ask("short", 10).lines, ["said short"])
        self.assertTrue(self.guest.finish())
        self.assertEqual(self.guest.boots, 1)

    def test_an_end_without_power_off(self) -> None:
        guest = Program(self.folder, WORKER.replace("Power down", "System halted"))
        guest.ask("hello", 10)
        self.assertFalse(guest.finish())

    def test_a_power_off_of_before(self) -> None:
        (self.folder / "log").write_text("reboot: Power down\n", encoding="utf-8")
        self.test_an_end_without_power_off()

    def test_a_guest_that_reboots_is_replaced(self) -> None:
        answer = self.guest.ask("reboot", 10)
        self.assertEqual((answer.end, answer.why), (End.DEATH, "the guest exited or rebooted"))
        self.assertEqual(self.guest.ask("hello", 10).lines, ["said hello"])
        self.assertEqual(self.guest.boots, 2)

    def test_a_guest_that_dies_is_replaced(self) -> None:
        answer = self.guest.ask("die", 10)
        self.assertEqual((answer.end, answer.why), (End.DEATH, "the guest exited or rebooted"))
        self.assertEqual(self.guest.ask("hello", 10).end, End.DONE)
        self.assertEqual(self.guest.boots, 2)

    def test_a_panic_is_told(self) -> None:
        log = self.folder / "log"
        self.guest.ask("hello", 10)
        log.write_text("Kernel panic - not syncing: so\n", encoding="utf-8")
        answer = self.guest.ask("die", 10)
        self.assertEqual(answer.why, "the kernel panicked")
        self.assertEqual(answer.last_words, ["# Kernel panic - not syncing: so"])
        # The next boot has not.
        self.assertEqual(self.guest.ask("die", 10).why, "the guest exited or rebooted")

    def test_a_guest_that_hangs_is_replaced(self) -> None:
        answer = self.guest.ask("hang", 0.6)
        self.assertEqual((answer.end, answer.why), (End.HANG, "timed out after 1 s"))
        self.assertEqual(self.guest.ask("hello", 10).end, End.DONE)

    def test_a_guest_that_never_stops_to_print(self) -> None:
        self.assertEqual(self.guest.ask("flood", 0.6).end, End.HANG)

    def test_enough(self) -> None:
        answer = self.guest.ask("flood", 10, lambda line: line == "more")
        self.assertEqual((answer.end, answer.lines), (End.CUT, ["more"]))
        self.assertEqual(self.guest.ask("hello", 10).lines, ["said hello"])

    def test_a_guest_that_does_not_come_up(self) -> None:
        text = f"open({str(self.folder / 'log')!r}, 'w').write('last words')"
        with self.assertRaisesRegex(Fault, "did not come up.*\n.*last words"):
            Program(self.folder, text).ask("hello", 10)


class WorkerTest(FolderTest):
    """The script itself, on this machine."""

    def run_script(self, command: str, **files: Path | str) -> list[str]:
        """Runs a command, with other files."""
        script = (SCRIPTS / "worker.sh").read_text(encoding="utf-8").replace("sleep 6", ":")
        for name, path in files.items():
            script = script.replace(FILES[name], str(path))
        said = subprocess.run(
            ["bash", "-c", script],
            input=f"{command}\nend\n",
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return said.stdout.splitlines()

    def scan(self, lockdep: str, kmemleak: str = "") -> list[str]:
        leaks, locks = self.folder / "leaks", self.folder / "locks"
        locks.write_text(lockdep, encoding="utf-8")
        return self.run_script("scan", kmemleak=kmemleak or leaks, locks=locks)

    def test_mutant(self) -> None:
        switch = self.folder / "switch"
        said = self.run_script("mutant 5", switch=switch)
        self.assertEqual((said, switch.read_text()), (["pidns-ready", "pidns-status 0"], "5\n"))
        self.assertEqual(self.run_script("mutant 5", switch="/nowhere/x")[-1], "pidns-status 1")

    def test_scan(self) -> None:
        on = " debug_locks:                             1\n"
        self.assertEqual(self.scan(on), ["pidns-ready", "scan", "pidns-status 0"])
        self.assertEqual(self.scan(on.replace("1", "0"))[-1], "pidns-status 1")
        # It is missing, or has disabled itself.
        self.assertEqual(self.scan(on, "/nowhere/kmemleak")[-1], "pidns-status 1")
        self.assertEqual(self.scan(on, "/dev/full")[-1], "pidns-status 1")
