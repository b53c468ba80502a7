# SPDX-License-Identifier: GPL-2.0
from unittest import mock

from .. import cargo, configs, qemu
from ..arch import ARM64, RISCV
from ..kept import Kept
from .kernel_tree import FolderTest

WARNING = """Linux version 7.3
[    0.1] WARNING: kernel/cgroup/cgroup.c:1 at cgroup_init+0x1/0x2, CPU#0
[    0.1] Call Trace:
[    0.1] ---[ end trace 0000000000000000 ]---
"""


class ConfigsTest(FolderTest):
    def test_the_list(self) -> None:
        entries = {entry.name: entry for entry in configs.matrix()}
        self.assertEqual(entries["net-off"].config.must, "CONFIG_NET=n\n")
        self.assertTrue(entries["perf-events-off"].cannot and entries["proc-fs-off"].warns)
        self.assertEqual(entries["defconfig"].config.goal, "x86_64_defconfig")
        self.assertEqual([one.name for one in configs.chosen(["preempt"])], ["preempt"])
        self.assertEqual(
            (entries["fineibt"].boot, entries["fineibt"].says), ("cfi=fineibt", "FineIBT")
        )
        text = "CONFIGS=nope is not known; there are: usual "
        self.refused(text, lambda: configs.chosen(["nope"]))

    def test_other_architectures(self) -> None:
        self.assertEqual([one.name for one in configs.chosen([], RISCV)], ["riscv"])
        first, *rest = configs.chosen([], ARM64)
        self.assertEqual(first.name, "arm64")
        names = [path.stem for path in first.config.fragments]
        self.assertEqual(names, ["guest", "lean", "emulated", "arm64"])
        # Nothing of an architecture is in another's matrix.
        self.refused("CONFIGS=arm64 is not known", lambda: configs.chosen(["arm64"]))
        tagged = next(one for one in rest if "KASAN_HW_TAGS=y" in one.set)
        machine = qemu.Machine(False, arch=ARM64)
        self.assertIn("virt,mte=on", tagged.on(machine).command)
        self.assertEqual(first.on(machine), machine)

    def test_complaints(self) -> None:
        self.assertEqual(configs.unexpected("Linux version 7.3\n", ""), [])
        self.assertTrue(configs.unexpected(WARNING, ""))
        self.assertEqual(configs.unexpected(WARNING, "cgroup_init"), [])
        self.assertTrue(configs.unexpected(f"{WARNING}BUG: so\n", "cgroup_init"))
        (fault,) = configs.unexpected("Linux version 7.3\n", "cgroup_init")
        self.assertIn("there is no warning at cgroup_init", fault)

    def test_what_the_log_must_have(self) -> None:
        entry = configs.Entry("a", "A=y", says="Using A")
        good = "Linux version 7.3\nUsing A\nsmoke: 3 passed, 0 failed\n"
        for log, fault in (
            (good, ""),
            (good.replace("0 failed", "1 failed"), "smoke.c does not pass"),
            (good.replace("Using A", "Using B"), "the kernel does not say Using A"),
            (f"{good}BUG: so\n", "the kernel complains"),
        ):
            self.assertEqual(configs.fault_of(entry, log), fault)

    def test_symbols(self) -> None:
        text = "CONFIG_A=y\nCONFIG_B=y\n"
        self.assertEqual(configs.changed_symbols(text, "CONFIG_A=m\nCONFIG_C=y\n"), ["A", "B", "C"])

    def test_tree_of_an_entry(self) -> None:
        """It is a copy of the usual one, or that of the last run, if that was of the same entry."""
        tree, usual = mock.Mock(build=self.folder / "one"), mock.Mock(build=self.folder / "usual")
        one, other = configs.chosen(["preempt", "net-off"])
        run = mock.Mock(entries=[one])
        run.tree.return_value = tree
        run.machine.arch.image = "bzImage"

        def copies(entry: configs.Entry) -> bool:
            tree.copy_from.reset_mock()
            self.assertIs(configs.Configs.started(run, entry, usual), tree)
            return bool(tree.copy_from.called)

        # There is nothing to copy.
        self.assertFalse(copies(one))
        usual.build_kernel.assert_not_called()
        usual.build.mkdir()
        (usual.build / "bzImage").touch()
        self.assertFalse(copies(one))
        self.assertTrue(copies(other))
        usual.build_kernel.assert_called_once()
        self.assertTrue(copies(one))

    def test_what_is_kept(self) -> None:
        """A good row is kept while nothing changes, any other is not."""
        entries = configs.chosen(["usual", "preempt"])
        run = mock.Mock(entries=entries, kept=Kept(self.folder))
        run.source.own = False
        run.key.side_effect = lambda entry: f"key of {entry.name}"
        run.table.return_value = []

        def tries(*good: bool) -> int:
            run.attempt.reset_mock()
            run.attempt.side_effect, run.rows = good, {}
            status = configs.Configs.__call__(run)
            self.assertEqual(run.attempt.call_count, len(good))
            self.assertIn("failed\n", self.shown())
            return status

        self.assertEqual(tries(True, False), 1)
        self.assertEqual(tries(True), 0)
        self.assertEqual(tries(), 0)
        run.key.side_effect = lambda entry: f"another of {entry.name}"
        self.assertEqual(tries(True, True), 0)
        # A tree of the user's may change at any time, and says nothing of the fetched one.
        run.source.own = True
        self.assertEqual(tries(True, True), 0)
        self.assertEqual(tries(True, False), 1)
        run.source.own = False
        self.assertEqual(tries(), 0)

    def test_what_a_kept_row_comes_from(self) -> None:
        run = configs.Configs.__new__(configs.Configs)
        run.source, run.toolchain = mock.Mock(), mock.Mock(identity="x")
        run.source.kernel_version.return_value = "1"
        run.machine = qemu.Machine(False)

        def key() -> str:
            run.__dict__.pop("common_key", None)
            return run.common_key

        first = key()
        self.assertEqual(key(), first)
        run.machine = qemu.Machine(True)
        on_kvm = key()
        self.assertNotEqual(on_kvm, first)
        run.machine = qemu.Machine(True, memory="4G")
        self.assertNotIn(key(), (on_kvm, first))
        run.machine = qemu.Machine(False)
        crate = mock.Mock(folder=self.folder)
        with mock.patch.object(cargo, "LSPIDNS", crate):
            self.write("src/main.rs", "one")
            one = key()
            self.write("src/main.rs", "two")
            self.assertNotEqual(key(), one)
