# SPDX-License-Identifier: GPL-2.0
"""The guests are stand-ins, and so is the fuzzer: Rust errs on programs with both x and y."""

import shutil
from pathlib import Path

from .. import shrink
from ..cache import Cache
from ..errors import Fault
from ..options import Options
from .kernel_tree import FolderTest

FUZZER = r"""#!/bin/bash
# Programs are lines, and what C says of them are the same lines.
command=$1
shift
case $command in
shrink-candidates)
	mkdir "$3"
	lines=$(wc -l <"$1") size=$((lines / 2))
	[[ " $* " != *' --fine '* ]] || size=1
	for ((at = 1; size > 0 && at <= lines; at += size)); do
		sed "$at,$((at + size - 1))d" "$1" >"$3/$at.prog"
	done
	[ "$4" != --also ] || cp "$5" "$3/also.prog"
	;;
shrink-pick)
	[ -n "$(ls "$1")" ] && [ -n "$(ls "$2")" ] || exit 2
	cd "$1"
	for name in *; do
		cmp -s "$name" "$2/$name" || echo "$(wc -c <"$name") $name"
	done | sort -n >"$4"
	read -r _ name <"$4" || exit 1
	cp "$name" "$4"
	cat "$name"
	;;
script) echo "int main(void) { /* $(xargs <"$1") */ }" ;;
diff) echo '000017 differs:' ;;
esac
"""
SHOWN = "x\ny\n\n000017 differs:\n\nint main(void) { /* x y */ }\n"


class ShrinkTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.work, self.out = self.folder / "work", self.folder / "out"
        (self.folder / "fuzz").write_text(FUZZER, encoding="utf-8")
        (self.folder / "fuzz").chmod(0o700)
        self.boots = 0

    def shrink(self, steps: str, boots: str = "", minutes: float = 60) -> str:
        """What is printed. Each word of `boots` is how a boot of Rust goes: it "errs", is "right"
        or "silent"; then it errs."""
        ways = boots.split()
        self.shown()
        self.boots = 0

        def run(impl: str, programs: Path, out: Path) -> None:
            how = "errs"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            if impl == "rust":
                self.boots += 1
                how = ways.pop(0) if ways else how
            for program in programs.iterdir() if how != "silent" else ():
                text = program.read_text(encoding="utf-8")
                if impl == "rust" and how == "errs" and {"x", "y"} <= set(text.split()):
                    text += "another result\n"
                (out / program.name).write_text(text, encoding="utf-8")

        for folder in (self.work, self.out):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        one = shrink.Shrink(self.folder / "fuzz", self.work, run, "make fuzz-shrink SEED=it")
        one.best.write_text("\n".join(steps) + "\n", encoding="utf-8")
        one("17", minutes, self.out)
        return self.shown()

    def test_it_becomes_small(self) -> None:
        self.assertEqual(self.shrink("abxcdyef"), SHOWN)
        kept = [(self.out / f"smallest.{kind}").read_text("utf-8") for kind in ("c", "prog")]
        self.assertEqual(kept, ["int main(void) { /* x y */ }\n", "x\ny\n"])
        self.assertRegex(self.said.getvalue(), "cc -static -o smallest .*/smallest.c")
        self.assertTrue(self.shrink("yqx").startswith("y\nx\n"))

    def test_a_guest_that_is_silent_once(self) -> None:
        self.assertEqual(self.shrink("abxcdyef", "silent errs silent"), SHOWN)

    def test_rows_of_steps_go_before_single_ones(self) -> None:
        self.shrink("xyabcdefghijklmn")
        self.assertLess(self.boots, 10)

    def test_the_time_is_over(self) -> None:
        shown = self.shrink("abxcdyef", minutes=0)
        self.assertIn("/* a b x c d y e f */", shown)
        self.assertRegex(
            self.said.getvalue(), "stopped after .*; to go on: make fuzz-shrink SEED=it\n"
        )

    def test_it_differs_no_more(self) -> None:
        self.shrink("abxcdyef", "errs" + " right" * 3)
        self.assertIn("by chance only", self.said.getvalue())

    def test_no_difference(self) -> None:
        with self.assertRaisesRegex(Fault, "C and Rust do not differ on 17"):
            self.shrink("abc")
        self.assertEqual(list(self.out.iterdir()), [])
        with self.assertRaisesRegex(Fault, "no transcripts of 17 came out"):
            self.shrink("abxcdyef", "silent silent")

    def test_no_program(self) -> None:
        for asked, words in (("", "say which: SEED=17"), ("nope", "neither a number nor a file")):
            with self.assertRaisesRegex(Fault, words):
                shrink.run(Options(), Cache(self.folder), asked, 1)
