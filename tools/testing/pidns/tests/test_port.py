# SPDX-License-Identifier: GPL-2.0
"""What make port and make integrate say of a tree that is not as the release that we know."""

import dataclasses
from pathlib import Path
from unittest import mock

from .. import cli, overlay, port, releases
from ..cache import TOP
from ..options import SERIES, known_series
from ..overlay import Overlay
from ..port import REST, Change, changes, global_functions, pieces
from ..releases import Release, hash_of, relied_on
from .kernel_tree import FolderTest, change, git, make_overlay, make_tree, write

BEFORE = """// SPDX
#include <a.h>

struct pid {
	int level;
};

static int one(int a,
		int b)
{
	if (a)
		return b;
	return 0;
}

#ifdef X
/* Two. */
static __always_inline struct pid *
two(struct pid *pid)
{
	return pid;
}
EXPORT_SYMBOL_GPL(two);
#endif

SYSCALL_DEFINE2(setns, int, fd, int, flags)
{
	return 0;
}

int pidns_many(void) { return 1; }
static int x = 1;

void __init three(void)
{
}
"""


class PiecesTest(FolderTest):
    def test_names(self) -> None:
        found = pieces(BEFORE)
        names = ["struct pid", "one", "two", "sys_setns", "three", REST]
        self.assertEqual(list(found), names)
        self.assertEqual("".join(found["one"]).count("\n"), 7)
        self.assertTrue(found["two"].startswith("static __always_inline"))
        for text in ("#include <a.h>", "/* Two. */", "static int x", "EXPORT_SYMBOL_GPL(two)"):
            self.assertIn(text, found[REST])
        self.assertEqual(global_functions(BEFORE), {"two", "sys_setns", "three"})

    def test_changes(self) -> None:
        after = BEFORE.replace("return b", "return a").replace("\tint level", "\tint nr")
        after = after.replace("three", "four").replace("x = 1", "x = 2")
        self.assertEqual(
            changes("f", BEFORE, after),
            [
                Change("f", "struct pid", "differs"),
                Change("f", "one", "differs"),
                Change("f", "four", "is new"),
                Change("f", REST, "differs"),
                Change("f", "three", "is gone"),
            ],
        )
        # Only blanks.
        self.assertEqual(changes("f", BEFORE, BEFORE.replace("\tint", "  int")), [])

    def test_counterparts(self) -> None:
        known = port.counterparts()
        self.assertEqual(known["alloc_pid"], "allocator::alloc_pid() in pidns/allocator.rs")
        self.assertEqual(known["sys_setns"], "setns::setns() in nsproxy/setns.rs")
        self.assertEqual(known["get_proc_ns"], "rust/helpers/proc_ns.c")
        self.assertEqual(known["prepare_nsset"], "the same in nsproxy/setns.rs")
        work = "the same in raw/destroy.rs"
        self.assertEqual(known["destroy_pid_namespace_work"], work)
        self.assertEqual(known["delayed_free_pidns"], work)
        self.assertIn("raw/new_ns.rs", known["create_pid_namespace"])


class ListTest(FolderTest):
    def test_the_list(self) -> None:
        self.assertEqual(list(releases._faults(Overlay())), [])
        self.assertEqual(known_series()[-1], SERIES)
        self.assertEqual(releases.supported()[-1].series, SERIES)
        files = relied_on(Overlay())
        for file in ("kernel/pid_sysctl.h", "include/linux/nstree.h", "include/uapi/linux/wait.h"):
            self.assertIn(file, files)
        self.assertNotIn("include/trace/events/pidns.h", files)

    def test_git_has_the_same_hashes(self) -> None:
        path = self.write("a", "text\n")
        self.assertEqual(hash_of(path.read_bytes()), git(self.folder, "hash-object", "a").strip())


class TreeTest(FolderTest):
    """A release with a replaced file, a header and one that our patch edits."""

    def setUp(self) -> None:
        super().setUp()
        self.tree = self.folder / "linux"
        make_tree(self.tree)
        write(self.tree, {"kernel/pid.c": BEFORE, "include/a.h": "int a(void);\n"})
        git(self.tree, "add", "-A")
        git(self.tree, "commit", "-qm", "files")
        root = self.folder / "overlay"
        make_overlay(root, self.tree)
        for name in ("rust", "pidns", "nsproxy", "Documentation"):
            (root / name).mkdir(exist_ok=True)
        write(root, {"rust/kernel/ns/pid.rs": "// ns\n"})
        files = ("kernel/pid.c", "include/a.h", "init/Kconfig")
        self.release = Release(
            "7.3", "7.3.4", {file: hash_of((self.tree / file).read_bytes()) for file in files}
        )
        self.enterContext(mock.patch.object(overlay, "TOP", root))
        self.enterContext(mock.patch.object(releases, "supported", lambda: [self.release]))
        self.enterContext(mock.patch.object(port, "counterparts", lambda _: {"one": "ONE"}))

    def integrate(self, **env: str) -> int:
        with mock.patch.dict("os.environ", env):
            return cli.main(["integrate", str(self.tree)])

    def test_the_release(self) -> None:
        self.assertEqual(self.integrate(), 0)
        self.assertNotIn("differ", self.said.getvalue())
        # Our own edits are none of the tree's.
        self.assertEqual(self.integrate(), 0)
        self.assertNotIn("differ", self.said.getvalue())

    def test_a_header_that_differs(self) -> None:
        write(self.tree, {"include/a.h": "int a(int);\n"})
        self.assertEqual(self.integrate(), 0)
        self.assertIn("include/a.h: 1 of its functions and types", self.said.getvalue())
        found = (self.folder / "cache/pidns/log/integrate-7.3.4.diff").read_text()
        self.assertIn("-int a(void);\n+int a(int);\n", found)

    def test_a_replaced_file_that_differs(self) -> None:
        change(self.tree / "kernel/pid.c", "return b", "return a")
        self.assertEqual(self.integrate(), 1)
        self.assertIn("-\t\treturn b;\n+\t\treturn a;\n", self.shown())
        self.assertIn("  one() differs  ONE\n", self.said.getvalue())
        self.assertIn("not those of 7.3.4: kernel/pid.c; see", self.said.getvalue())
        self.assertFalse((self.tree / "kernel/pidns").exists())
        self.assertEqual(self.integrate(FORCE="1"), 0)
        self.assertTrue((self.tree / "kernel/pidns/pidns/lib.rs").exists())
        self.assertEqual(self.integrate(FORCE="2"), 1)

    def test_a_text_that_is_not_known(self) -> None:
        files = {**self.release.files, "include/a.h": "0" * 40, "include/b.h": "1" * 40}
        self.release = dataclasses.replace(self.release, files=files)
        self.assertEqual(self.integrate(), 0)
        self.assertIn("include/a.h: differs, but the text of 7.3.4 is", self.said.getvalue())
        self.assertIn("include/b.h: is not there", self.said.getvalue())

    def test_another_series(self) -> None:
        change(self.tree / "Makefile", "PATCHLEVEL = 3", "PATCHLEVEL = 9")
        change(self.tree / "kernel/pid.c", "three", "attach_pid")
        change(self.tree / "init/Kconfig", "\n30\n", "\nother\n")
        with mock.patch.dict("os.environ", KDIR=str(self.tree)):
            self.assertEqual(cli.main(["integrate", str(self.tree)]), 1)
            self.assertIn("; give such a tree, or see", self.said.getvalue())
            self.assertEqual(cli.main(["port", str(self.tree)]), 0)
        said = self.shown()
        self.assertIn("Linux 7.9.4 against 7.3.4:\n", said)
        self.assertIn("  three() is gone\n", said)
        self.assertIn("kernel/pid.c: two() has no counterpart", said)
        self.assertIn("alloc_pid is in none of kernel/pid.c", said)
        self.assertNotIn("attach_pid is in none", said)
        self.assertIn("patches/0001-test.patch does not apply to init/Kconfig: ", said)
        self.assertIn("log/port-7.9.4.diff", said)

    def test_a_cached_source(self) -> None:
        cached = self.folder / "cache/pidns/src/linux-7.3.4"
        git(self.folder, "clone", "-q", str(self.tree), str(cached))
        (self.tree / ".git").rename(self.folder / "away")
        change(self.tree / "kernel/pid.c", "return b", "return a")
        self.assertEqual(self.integrate(), 1)
        self.assertIn("+\t\treturn a;\n", self.shown())

    def test_no_tree(self) -> None:
        self.assertEqual(cli.main(["port", ""]), 1)
        self.assertEqual(cli.main(["port", str(self.folder)]), 1)
        self.assertIn("is not a kernel source tree", self.said.getvalue())
        self.assertTrue(Path(TOP).is_dir())
