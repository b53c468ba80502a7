# SPDX-License-Identifier: GPL-2.0
"""What commands refuse before anything is done, and their judgements."""

import unittest
from pathlib import Path
from unittest import mock

from .. import cargo, cli, containers, fuzz, fuzzer, kernel, kunit, shrink, test, upstream
from ..arch import ARM64, X86_64, Arch
from ..cache import Cache
from ..expected import Entry
from ..ktap import Outcome, Result
from ..options import Options
from ..source import Source
from .kernel_tree import FolderTest


class InputTest(FolderTest):
    def bad(self, command: str, words: str, **env: str) -> None:
        before = len(self.said.getvalue())
        with mock.patch.dict("os.environ", {"HOME": "/nowhere"} | env, clear=True):
            self.assertEqual(cli.main([command]), 1)
        said = self.said.getvalue()[before:]
        self.assertTrue(said.startswith("pidns: error: "))
        self.assertIn(words, said)
        self.assertEqual(said.count("\n"), 1)

    def test_bad_values(self) -> None:
        for command in ("kernel", "run", "test", "kunit", "shell", "containers", "systemd"):
            self.bad(command, "is not a folder", KDIR="/nowhere/linux")
            self.bad(command, "IMPL=java is not known", IMPL="java")
        self.bad(
            "upstream-tests", "TESTS=nope is not known; there are: pid_namespace", TESTS="nope"
        )
        self.bad(
            "containers", "CHECKS=nope is not known; there are: bubblewrap", CHECKS="crun nope"
        )
        self.bad("test", "TESTS=nope is not known", TESTS="pidns_create_test nope")
        self.bad("fuzz-shrink", "say which: SEED=17")

    def test_options_of_other_commands(self) -> None:
        self.bad("kunit", "IMPL=c is not for kunit", IMPL="c")
        self.bad("compare", "DEBUG=1 is not for compare", DEBUG="1")
        self.bad("compare", "TESTS=pidfd is not for compare", TESTS="pidfd")
        self.bad("compare", "SEEDS=20..0 is not a range", SEEDS="20..0")

    def test_no_terminal(self) -> None:
        with mock.patch("sys.stdin.isatty", return_value=False):
            self.bad("shell", "needs a terminal")

    def test_caches(self) -> None:
        for folder in ("cache", "/a b", "/a:b"):
            self.bad("kernel", "set XDG_CACHE_HOME to such a one", XDG_CACHE_HOME=folder)
        self.bad("kernel", "HOME is not set", HOME="")


class KernelTest(FolderTest):
    def test_trees(self) -> None:
        source, cache = Source(Path("/linux"), "linux-7.3"), Cache(self.folder)

        def name(variant: str, options: Options) -> str:
            return kernel.tree_of(options, cache, source, mock.Mock(), variant).build.name

        self.assertEqual(name("", Options(impl="c")), "linux-7.3-c")
        self.assertEqual(name("locks", Options(debug=True)), "linux-7.3-rust-debug-locks")
        self.assertEqual(name("", Options(arch=ARM64)), "linux-7.3-arm64-rust")

    def test_stage(self) -> None:
        tree = mock.Mock(build=self.folder / "build", arch="x86_64")
        program = self.write("lspidns", "program")
        self.write("build/arch/x86/boot/bzImage", "image")
        for text in ("", "CONFIG_SAMPLE_PIDNS_INSPECT=m\n"):
            self.write("build/.config", text)
            self.write(f"build/{kernel.SAMPLE}", "module")
            stage = self.folder / f"stage{len(text)}"
            stage.mkdir()
            with mock.patch.object(cargo, "build", return_value=program):
                kernel.stage(tree, stage)
            self.assertTrue((stage / "bin/lspidns").exists())
            self.assertTrue((stage / "bzImage").exists() and (stage / "worker.sh").exists())
            self.assertEqual((stage / "pidns_inspect.ko").exists(), bool(text))


class KunitTest(FolderTest):
    def test_sources(self) -> None:
        self.write("pidns/a.rs", "#[kunit_tests(pidns_a)]\n// #[kunit_tests(no)]\n")
        self.write(
            "rust/kernel/b.rs", "    #[kernel::macros::kunit_tests(rust_b)]\n/// ```\n/// ```\n"
        )
        self.write("rust/kernel/ns/c.rs", "//! ```ignore\n//! ```\n//! text\n")
        self.write("rust/kernel/ns/d.rs", "/// ```text\n/// ```\n/// ```no_run\n/// ```\n")
        self.assertEqual(kunit.suites(self.folder), ["pidns_a", "rust_b"])
        self.assertEqual(
            kunit.doctests(self.folder), ["rust_doctest_kernel_b_rs", "rust_doctest_kernel_ns_d_rs"]
        )

    def test_claims(self) -> None:
        results = [Result("pidns_a: one", Outcome.PASS), Result("d: rust_x_rs_0", Outcome.PASS)]
        with (
            mock.patch.object(kunit, "suites", return_value=["pidns_a", "pidns_b"]),
            mock.patch.object(kunit, "doctests", return_value=["rust_x_rs", "rust_y_rs"]),
        ):
            claims = kunit.claims(results, 0, "Linux version 7.3\n")
            self.assertEqual(
                [one.name for one in claims if one.outcome is Outcome.FAIL],
                ["the suite pidns_b ran", "the doctests rust_y_rs ran"],
            )
            bad = kunit.claims(results, 1, "BUG: so\n")[:2]
            self.assertEqual([one.why for one in bad], ["status 1", "BUG: so"])
            self.assertEqual(kunit.claims(results, 0, "")[1].why, "it is empty")


class LogTest(FolderTest):
    def same(self, impl: str, text: str, arch: Arch = X86_64, **options: int) -> list[Outcome]:
        cache = Cache(self.folder)
        self.write("log/x", "")
        asked = Options(arch=arch, impl=impl, cpus=options.get("cpus"))
        return [result.outcome for result in test.whole_logs(asked, cache).keep(text)]

    def test_logs_of_whole_runs(self) -> None:
        self.assertEqual(self.same("c", "a\n"), [])
        self.assertEqual(self.same("rust", "a\n"), [Outcome.PASS])
        self.assertEqual(self.same("rust", "b\n"), [Outcome.FAIL])
        self.assertEqual(self.same("rust", "a\n", cpus=3), [])
        self.assertEqual(self.same("rust", "a\n", ARM64), [])
        self.assertEqual(self.same("c", "b\n", ARM64), [Outcome.FAIL])


class FuzzTest(FolderTest):
    def test_seeds(self) -> None:
        for name in ("c/000003.txt", "c/000004.txt", "rust/000003.txt"):
            self.write(name, "said\n")
        results = fuzz.judge(range(3, 5), self.folder / "rust", self.folder / "c", True, False)
        self.assertEqual(results[0], Result("fuzz: seed 000003", Outcome.PASS))
        self.assertEqual(
            [one.outcome for one in results],
            [Outcome.PASS, Outcome.FAIL, Outcome.PASS, Outcome.FAIL],
        )

    def difference(self, lines: list[str]) -> str:
        self.write("log/x", "")
        with (
            mock.patch.object(fuzzer, "difference", return_value=lines),
            mock.patch.object(shrink, "run") as run,
        ):
            fuzz.compare(Options(), Cache(self.folder), Path(), [Path(), Path()])
        if run.called:
            self.assertEqual(run.call_args.args[2:], ("17", fuzz.MINUTES))
        return self.said.getvalue()

    def test_two_runs_at_once(self) -> None:
        one, other = Cache(self.folder), Cache(self.folder)
        with mock.patch.object(fuzz, "_run", side_effect=lambda *_: fuzz.run(Options(), other)):
            self.refused("another run writes", lambda: fuzz.run(Options(), one))

    def test_a_difference_that_takes_too_long(self) -> None:
        program = self.program("fuzzer", "#!/bin/sh\nexec sleep 1000\n")
        with mock.patch.object(fuzzer, "DIFFERENCE_LIMIT", 0.1):
            lines = fuzzer.difference(program, Path(), Path())
        self.assertEqual(lines, ["# the difference could not be shown in time"])

    def test_the_first_that_differs_is_made_small(self) -> None:
        self.assertEqual(self.difference(["all the same"]), "")
        said = self.difference(["000017 differs:", "000018 differs:"])
        self.assertIn("by itself: make fuzz-shrink SEED=17\n", said)

    def test_counts(self) -> None:
        good, bad = (Result("fuzz", outcome) for outcome in (Outcome.PASS, Outcome.FAIL))
        for c, rust, status, last in (
            ([good], [good, good], 0, "2 passed, 0 failed\n"),
            ([good], [good, bad], 1, "1 passed, 1 failed\n"),
            ([bad], [good], 1, "1 passed, 1 failed\n"),
        ):
            with mock.patch.object(fuzz, "run", return_value={"c": c, "rust": rust}):
                self.assertEqual(fuzz.command(Options(), Cache(self.folder), {}, []), status)
            self.assertEqual(self.shown(), last)


class UpstreamTest(unittest.TestCase):
    def test_suites(self) -> None:
        words = [suite.words() for suite in upstream.chosen(("pidfd", "cgroup"))]
        self.assertEqual(words, ["pidfd 2700 all", "cgroup 900 test_pids,test_kill"])
        self.assertGreater(len(upstream.chosen(())), 10)

    def test_what_is_run_again(self) -> None:
        entries = [
            Entry("pidfd:a_test: global.one", Outcome.FAIL, "late", chance=True),
            Entry("pidfd:a_test: global.two", Outcome.SKIP, "no file"),
        ]
        self.assertEqual(upstream.again(entries), "pidfd a_test global.one\n")


class ContainersTest(unittest.TestCase):
    def test_systemd(self) -> None:
        good = [
            *("PID 1: /usr/lib/systemd/systemd", "default target: graphical.target, active"),
            *("state: running", "failed units: "),
        ]
        self.assertEqual({one.outcome for one in containers.systemd_claims(good)}, {Outcome.PASS})
        for number, line in enumerate(("PID 1: /bin/sh", "default target: x, inactive")):
            claims = containers.systemd_claims([line, "state: degraded", "failed units: a"])
            self.assertIs(claims[number].outcome, Outcome.FAIL)
            self.assertEqual([one.outcome for one in claims[2:]], [Outcome.FAIL] * 2)
