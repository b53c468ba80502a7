# SPDX-License-Identifier: GPL-2.0
import os
import tempfile
import unittest
from functools import partial
from pathlib import Path
from unittest import mock

from .. import fuzzer, kselftests, logs, quick, uml
from ..cache import TOP
from ..errors import Fault
from ..kunit import DOCTESTS, suites
from ..options import Options
from ..quick import Quick, choose, complaints, machines_for
from ..run import RACES, Job
from ..splats import find
from ..tree import errors_of
from .kernel_tree import FolderTest


class ChooseTest(unittest.TestCase):
    def test_all(self) -> None:
        rust = choose(Options())
        c = choose(Options(impl="c"))
        self.assertIn(Job("kunit", DOCTESTS), rust)
        self.assertIn(Job("kselftest", "pidns_create_test"), c)
        self.assertIn(Job("fuzz", "seed 0", "0..1"), c)
        self.assertFalse([job for job in c if job.kind == "kunit"])
        self.assertEqual([job for job in rust if job.kind != "kunit"], c)

    def test_some(self) -> None:
        suite = suites()[0]
        jobs = choose(Options(tests=("pidns_create_test", suite, "fuzz"), seeds=range(2)))
        self.assertEqual([job.kind for job in jobs], ["kselftest", "kunit", "fuzz", "fuzz"])

    def test_twice_is_once(self) -> None:
        self.assertEqual(len(choose(Options(tests=("fuzz", "fuzz"), seeds=range(2)))), 2)

    def test_seeds_without_fuzz(self) -> None:
        with self.assertRaisesRegex(Fault, "SEEDS=3..5 is for fuzz"):
            choose(Options(tests=("pidns_create_test",), seeds=range(3, 5)))

    def test_unknown(self) -> None:
        for options in (Options(tests=("nope",)), Options(impl="c", tests=(DOCTESTS,))):
            with self.assertRaisesRegex(Fault, "is not known with IMPL="):
                choose(options)


class MachinesTest(unittest.TestCase):
    def test_races_have_two_processors(self) -> None:
        jobs = choose(Options(impl="c"))
        cpus = [machine.cpus for machine in machines_for(Options(jobs=2), jobs)]
        self.assertEqual(cpus, [2, 1, 1])

    def test_all_rounds_if_asked_for(self) -> None:
        jobs = choose(Options(impl="c"))
        for options in (Options.read({"SHORT": "0"}), Options.read({"SHORT": "0", "CPUS": "1"})):
            self.assertTrue(all(not one.arguments for one in machines_for(options, jobs)))
        for options in (Options.read({}), Options.read({"SHORT": "1"})):
            self.assertTrue(all(one.arguments for one in machines_for(options, jobs)))

    def test_races_are_tests(self) -> None:
        self.assertLessEqual(RACES, set(kselftests.names()))

    def test_not_more_guests_than_jobs(self) -> None:
        jobs = [Job("kselftest", "pidns_create_test")]
        self.assertEqual(machines_for(Options(jobs=3), jobs), [uml.Machine(1, "1G")])

    def test_one_processor_is_by_ptrace(self) -> None:
        jobs = choose(Options(impl="c"))
        machines = machines_for(Options(jobs=1, cpus=1), jobs)
        self.assertEqual(machines, [uml.Machine(1, "1G", ptrace=True)] * 2)


class MachineTest(FolderTest):
    check = staticmethod(partial(uml.check_machine, "1G"))

    def test_no_folder(self) -> None:
        with mock.patch.object(uml, "MEMORY_FOLDER", Path("/nowhere")):
            self.refused("is missing; mount a tmpfs", self.check)

    def test_noexec(self) -> None:
        state = mock.Mock(f_flag=os.ST_NOEXEC)
        with mock.patch("os.statvfs", return_value=state):
            self.refused("is mounted noexec", self.check)

    def test_too_small(self) -> None:
        state = mock.Mock(f_flag=0, f_bavail=100, f_frsize=1 << 20)
        with mock.patch("os.statvfs", return_value=state):
            self.refused("has no room for MEMORY=1G", self.check)

    def test_more_processors_than_the_kernel_has(self) -> None:
        config = (TOP / "configs/um.config").read_text(encoding="utf-8")
        self.assertIn(f"CONFIG_NR_CPUS={uml.MOST_CPUS}\n", config)
        with self.assertRaisesRegex(Fault, "CPUS=9 .* from 1 to 8"):
            uml.check_machine("1M", 9)

    def test_room(self) -> None:
        state = mock.Mock(f_flag=0, f_bavail=2500, f_frsize=1 << 20)
        with mock.patch("os.statvfs", return_value=state):
            uml.check_machine("1G")
            self.assertEqual((uml.room("1G"), uml.room("512M")), (2, 4))

    def test_refusals(self) -> None:
        work = self.folder
        guest = uml.Uml(work, work, work, work / "log", uml.Machine(2, "1G"))
        for line, word in (
            ("Checking that seccomp filters can be installed...error", "refuses seccomp"),
            ("check_ptrace : ptrace failed: Operation not permitted", "refuses ptrace"),
        ):
            guest.log.write_text(line + "\n", encoding="utf-8")
            self.assertIn(word, guest.refusal() or "")
        guest.log.write_text(
            "Checking that seccomp filters can be installed...OK\n"
            "Checking that ptrace can change system call numbers...OK\n",
            encoding="utf-8",
        )
        self.assertIsNone(guest.refusal())


class LogTest(FolderTest):
    def guest(self, log: Path) -> uml.Uml:
        image = self.folder / "image"
        image.write_text("#!/bin/sh\necho Linux version 7.3\n", encoding="utf-8")
        image.chmod(0o700)
        return uml.Uml(image, self.folder, self.folder, log, uml.Machine(1, "1G"))

    def boot(self, guest: uml.Uml) -> None:
        guest.start().close()
        assert guest.process
        guest.process.wait()
        guest.stop()

    def test_each_boot_is_in_the_log(self) -> None:
        guest = self.guest(self.folder / "log")
        run = mock.Mock(guests=[guest])
        self.assertEqual(complaints(run, []), [])
        for boots in (1, 2):
            guest.boots = boots
            self.assertEqual(complaints(run, []), [f"{guest.log} is incomplete"])
            self.boot(guest)
            self.assertEqual(complaints(run, []), [])

    def test_a_log_that_cannot_be_written(self) -> None:
        guest = self.guest(Path("/dev/full"))
        self.boot(guest)
        self.assertFalse(guest.log_is_complete())


class KeepTest(unittest.TestCase):
    def kept(self, complaint: list[str], whole: bool = False) -> bool:
        run = mock.MagicMock(options=Options(impl="c"), folder=Path("/nowhere"))
        run.jobs, run.whole = [Job("fuzz", "seed 0", "0..1")], whole
        self.logs = mock.Mock()
        with (
            mock.patch.object(logs, "Whole", self.logs),
            mock.patch.object(quick, "Source"),
            mock.patch.object(quick, "complaints", return_value=complaint),
            mock.patch.object(fuzzer, "Transcripts") as transcripts,
        ):
            Quick.__call__(run)
        return bool(transcripts.return_value.keep.called)

    def test_transcripts_of_c(self) -> None:
        self.assertTrue(self.kept([]))
        self.assertFalse(self.kept(["BUG: so"]))

    def test_logs_of_whole_runs_are_compared(self) -> None:
        for complaint, whole, compared in (([], True, 1), ([], False, 0), (["BUG: so"], True, 0)):
            self.kept(complaint, whole)
            self.assertEqual(self.logs.return_value.keep.call_count, compared)


class BuildTest(FolderTest):
    def test_what_a_build_begins_with(self) -> None:
        for built, copied in (([], True), ([".config"], False), ([".config", uml.IMAGE], False)):
            with self.subTest(built=built), tempfile.TemporaryDirectory() as folder:
                trees = [mock.Mock(build=Path(folder, name)) for name in ("tree", "other")]
                for tree, names in zip(trees, (built, [uml.IMAGE]), strict=True):
                    tree.build.mkdir()
                    for name in names:
                        (tree.build / name).touch()
                trees[0].configure.side_effect = Fault("enough")
                run = mock.Mock()
                run.tree.side_effect = trees
                with self.assertRaisesRegex(Fault, "enough"):
                    Quick.build(run, Options(), mock.Mock(), [])
                self.assertEqual(trees[0].copy_from.called, copied)

    def test_errors(self) -> None:
        log = self.folder / "log"
        log.write_text("  CC a.o\na.c:1: error: no\nthere\n" + "  CC b.o\n" * 40, "utf-8")
        shown = errors_of(log)
        self.assertEqual(shown[:2], ["a.c:1: error: no", "there"])
        self.assertLess(len(shown), 20)


class SplatsTest(unittest.TestCase):
    def test_a_complaint_and_what_follows(self) -> None:
        log = ["fine", "WARNING: CPU: 0", *["trace"] * 60, "command line: BUG: no"]
        self.assertEqual(len(list(find(log))), 40)
        self.assertEqual(list(find(["all is well"])), [])
