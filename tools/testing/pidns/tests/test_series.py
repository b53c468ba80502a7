# SPDX-License-Identifier: GPL-2.0
"""Which patch of a series has which file and which of its lines."""

import unittest

from ..errors import Fault
from ..series import Growth, Step, gained, growth, owner, unused

HEADER = """/* SPDX */
/*
 * Headers.
 */

#include <one.h>
#include <two.h>

#include "three.h"

const int ONE = 1;
const int TWO = 2;
"""
BEFORE = "int\nf(void)\n{\n}\n"
AFTER = f"""{BEFORE}
#ifdef CONFIG_PIDNS_RUST
__rust_helper int
rust_helper_one(void)
{{
	return 1;
}}

#ifndef CONFIG_NET
/* Two. */
__rust_helper int rust_helper_two(void)
{{
	return two(1,
		2);
}}
#endif
#endif
"""
CRATE = """pub mod a;
#[cfg(CONFIG_PIDNS_RUST)]
pub mod b;
#[cfg(CONFIG_PIDNS_RUST)]
pub mod bc;
pub mod d;
"""
KCONFIG = """config A
	bool "A"

	If unsure, say N.

config B
	bool "B"
"""


def steps(*pieces: dict[str, tuple[tuple[str, str], ...]]) -> list[Step]:
    return [Step(f"step {number}", "", (), piece) for number, piece in enumerate(pieces)]


def one(file: str, *names: str) -> dict[str, tuple[tuple[str, str], ...]]:
    return {file: tuple((name, name) for name in names)}


class SeriesTest(unittest.TestCase):
    def refused(self, text: str, *given: object) -> None:
        with self.assertRaises(Fault) as raised:
            growth(*given)  # type: ignore[arg-type]
        self.assertIn(text, str(raised.exception))
        self.assertNotIn("\n", str(raised.exception))

    def test_files(self) -> None:
        step = Step("a", "", ("kernel/a.c", "kernel/b/", "!kernel/b/c/", "kernel/*.h"))
        taken = ["kernel/a.c", "kernel/b/x", "kernel/b/d/y", "kernel/z.h"]
        for file in [*taken, "kernel/b/c/x", "kernel/c/z.h", "kernel/a.c.c", "kernel/b"]:
            self.assertEqual(step.has(file), file in taken, file)

    def test_no_patch_or_two(self) -> None:
        both = [Step("a", "", ("x/",)), Step("b", "", ("x/y",))]
        self.assertEqual(owner(both, "x/z"), 0)
        with self.assertRaisesRegex(Fault, '^x/y is in "a" and in "b"; let lists'):
            owner(both, "x/y")
        with self.assertRaisesRegex(Fault, "^y is in no patch; add it to lists/series.toml$"):
            owner(both, "y")
        self.assertEqual(
            owner([Step("a", "", ("x",)), Step("b", "", (), one("y", "z"))], "y"), None
        )
        self.assertEqual(list(unused(both, ["x/y"])), [])
        self.assertIn('x/y of "b"', next(unused(both, ["x/z"])))

    def test_a_header(self) -> None:
        plan = steps(one("h", "TWO = 2;"), one("h", "one.h>"), one("h", "two.h>", "ONE = 1;"))
        plan.append(Step("rest", "", ("h",)))
        grown = growth(plan, "h", None, HEADER)
        head = "/* SPDX */\n/*\n * Headers.\n */\n\n"
        two = "const int TWO = 2;\n"
        self.assertEqual(grown[0], f"{head}{two}")
        self.assertEqual(grown[1], f"{head}#include <one.h>\n\n{two}")
        both = "#include <one.h>\n#include <two.h>\n\n"
        self.assertEqual(grown[2], f"{head}{both}const int ONE = 1;\n{two}")
        self.assertEqual(grown[3], HEADER)

    def test_functions_and_conditions(self) -> None:
        plan = steps(one("f", "rust_helper_two("), one("f", "rust_helper_one("))
        grown = growth(plan, "f", BEFORE, AFTER)
        start = AFTER.index("__rust_helper int\nrust_helper_one")
        end = AFTER.index("\n#ifndef")
        self.assertEqual(grown[0], AFTER[:start] + AFTER[end + 1 :])
        self.assertEqual(grown[1], AFTER)
        plan.reverse()
        grown = growth(plan, "f", BEFORE, AFTER)
        self.assertEqual(grown[0], f"{AFTER[:end]}#endif\n")
        self.assertEqual(grown[1], AFTER)

    def test_attributes(self) -> None:
        plan = steps(one("lib.rs", "pub mod bc;"), one("lib.rs", "pub mod b;"))
        grown = growth(plan, "lib.rs", "pub mod a;\npub mod d;\n", CRATE)
        self.assertEqual(grown[0], CRATE.replace("#[cfg(CONFIG_PIDNS_RUST)]\npub mod b;\n", ""))
        self.assertEqual(grown[1], CRATE)

    def test_indented_lines(self) -> None:
        plan = steps(one("K", "config B"), one("K", "config A"))
        grown = growth(plan, "K", None, KCONFIG)
        self.assertEqual(grown, {0: 'config B\n\tbool "B"\n', 1: KCONFIG})

    def test_ranges(self) -> None:
        plan = steps({"h": (("one.h>", 'three.h"'),)}, one("h", "ONE = 1;", "TWO = 2;"))
        self.assertEqual(growth(plan, "h", None, HEADER)[0], HEADER[: HEADER.index("\nconst")])

    def test_faults(self) -> None:
        self.refused(
            'h: "const int TWO = 2;" is in no patch',
            steps(one("h", "one.h>", "two.h>", 'three.h"', "ONE")),
            "h",
            None,
            HEADER,
        )
        self.refused('h: 0 lines that we add have "x.h"', steps(one("h", "x.h")), "h", None, HEADER)
        self.refused('h: 2 lines that we add have "int"', steps(one("h", "int")), "h", None, HEADER)
        twice = steps(one("h", "ONE = 1;"), {"h": (("one.h>", "TWO = 2;"),)})
        self.refused(
            'h: "const int ONE = 1;" is in "step 0" and in "step 1"', twice, "h", None, HEADER
        )
        self.refused("h loses lines", steps(one("h", "b")), "h", "a\n", "b\n")

    def test_the_lines_that_are_gained(self) -> None:
        self.assertEqual(
            gained("", ["a", "", "b"], ["a", "", "c", "", "b"]), [False, False, True, True, False]
        )
        self.assertEqual(Growth("", [], []).owners, [])
