# SPDX-License-Identifier: GPL-2.0
"""Tests of the table of rows: what it lacks is found, and its report is complete."""

from typing import Any
from unittest import mock

from .. import lists
from ..options import SERIES
from ..rows import SELFTESTS, Tests, faults, main, read_table, report
from .kernel_tree import FolderTest, write
from .test_mutants import mutant

KUNIT = """
#[macros::kunit_tests(pidns_z)]
mod tests {
    #[test]
    fn one() {}

    #[test]
    // Why.
    #[cfg(CONFIG_X)]
    fn two() {}
}

#[kunit_tests(pidns_y)]
mod more {
    #[test]
    fn three() {}
}
"""
FILES = {
    "Makefile": "distro: ## looks\nmake-it:\n",
    f"{SELFTESTS}/Makefile": "TEST_GEN_PROGS := a_test \\\n\tb_test\n",
    f"{SELFTESTS}/a_test.c": "TEST_F_TIMEOUT(pidns, one, 9)\nTEST_F_TIMEOUT(pidns, two, 9)\n",
    f"{SELFTESTS}/b_test.c": "TEST_F_TIMEOUT(pidns, one, 9)\n",
    "pidns/z.rs": KUNIT,
    "tools/testing/pidns/guest/distro/bpf.sh": "",
    "tools/testing/mutants/m.toml": mutant("m", "x", "MUTANT", "A1"),
}


def row(title: str, *names: str, **more: str) -> dict[str, Any]:
    """A row of the list."""
    cases: dict[str, list[str]] = {}
    commands = [name for name in names if name.startswith("make ")]
    for group, _, case in (name.partition(".") for name in names if name not in commands):
        cases.setdefault(group, []).extend([case] if case else [])
    return {"title": title, "cases": cases, "commands": commands, **more}


A = ("a_test.one", "a_test.two", "pidns_z", "pidns_y.three")
ROW_A, ROW_D = row("one", *A), row("two", "b_test.one", "make distro", no_mutant="why not")


class RowsTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.top = self.folder
        write(self.top, FILES)

    def faults(self, *other: str, **changed: dict[str, Any]) -> list[str]:
        """What is wrong with two good rows of which some are changed, or more are added."""
        data = {"row": {"A1": ROW_A, "D1": ROW_D, **changed}, "other": list(other)}
        return list(faults(read_table(data), Tests(self.top)))

    def without(self, case: str) -> dict[str, Any]:
        return row("one", *(name for name in A if name != case))

    def test_all_is_well(self) -> None:
        self.assertEqual(self.faults(), [])

    def test_this_checkout(self) -> None:
        self.assertEqual(main(), 0, self.printed)

    def test_row_without_a_case(self) -> None:
        self.assertEqual(self.faults(D2=row("three")), ["rows.toml: D2 has no case"])

    def test_cases_that_do_not_exist(self) -> None:
        for name in (
            "a_test.three",
            "a_test",
            "c_test.one",
            "pidns_z.three",
            "pidns_x",
            "make nothing",
            "make distro CHECKS='bpf perf'",
        ):
            found = self.faults(D2=row("three", name))
            self.assertEqual(found, [f"rows.toml: D2: there is no {name}"])

    def test_cases_that_exist(self) -> None:
        for name in ("pidns_z.two", "make make-it", "make distro CHECKS=bpf IMPL=c"):
            self.assertEqual(self.faults(D2=row("three", name)), [])

    def test_case_in_two_rows(self) -> None:
        self.assertEqual(self.faults(D2=row("three", "a_test.one")), [])

    def test_case_twice_in_a_row(self) -> None:
        found = self.faults(D2=row("three", "a_test.one", "a_test.one"))
        self.assertEqual(found, ["rows.toml: D2 has a_test.one twice"])

    def test_case_in_no_row(self) -> None:
        less = self.without("a_test.two")
        self.assertEqual(
            self.faults(A1=less),
            ["rows.toml: a_test.two is in no row; add it to one, or to other"],
        )
        self.assertEqual(self.faults("a_test.two", A1=less), [])

    def test_case_in_other_and_in_a_row(self) -> None:
        self.assertEqual(self.faults("a_test.two"), ["rows.toml: a_test.two is in other and in A1"])

    def test_other_that_does_not_exist(self) -> None:
        self.assertEqual(self.faults("a_test.x"), ["rows.toml: other: there is no a_test.x"])

    def test_suite_in_no_row(self) -> None:
        self.assertEqual(
            self.faults(A1=self.without("pidns_z")), ["rows.toml: pidns_z is in no row"]
        )

    def test_program_that_is_not_built(self) -> None:
        self.write(f"{SELFTESTS}/c_test.c", "TEST_F_TIMEOUT(pidns, one, 9)\n")
        self.assertEqual(
            self.faults(), [f"{SELFTESTS}/c_test.c is not built; add c_test to the Makefile there"]
        )

    def test_default_limit(self) -> None:
        for macro in ("TEST", "TEST_F", "TEST_SIGNAL", "TEST_F_SIGNAL"):
            text = FILES[f"{SELFTESTS}/b_test.c"] + f"{macro}(pidns, three)\n"
            self.write(f"{SELFTESTS}/b_test.c", text)
            (fault,) = self.faults()
            self.assertIn("b_test.c: a case has the harness's default limit", fault)

    def test_program_without_a_case(self) -> None:
        self.write(f"{SELFTESTS}/b_test.c", "")
        self.assertIn(f"{SELFTESTS}/b_test.c: no case found", self.faults())

    def test_two_cases_of_a_name(self) -> None:
        self.write(f"{SELFTESTS}/b_test.c", FILES[f"{SELFTESTS}/b_test.c"] * 2)
        self.assertEqual(self.faults(), [f"{SELFTESTS}/b_test.c: two cases are one"])

    def test_invalid_lists(self) -> None:
        for bad in (
            {"title": "x"},
            {"title": "", "cases": {}},
            {**ROW_A, "why": ""},
            {**ROW_A, "since": "6.1"},
        ):
            with self.assertRaisesRegex(ValueError, "row A1: write title, cases"):
                read_table({"row": {"A1": bad}, "other": []})

    def test_report(self) -> None:
        later = {**ROW_A, "since": SERIES}
        table = read_table({"row": {"A1": ROW_A, "D1": ROW_D, "D2": later}, "other": []})
        text = report(table, Tests(self.top))
        for line in (
            "**A1**: one",
            "  * ``a_test``: one, two",
            "  * KUnit ``pidns_z``: 2 tests",
            "  * KUnit ``pidns_y``: three",
            "  * mutants: 1",
            "  * ``make distro``",
            "  * mutants: none: why not",
            f"**D2**: one (since Linux {SERIES}, see :doc:`porting`)",
        ):
            self.assertIn(f"\n{line}\n", text)

    def test_what_is_printed(self) -> None:
        self.write("lists/rows.toml", "other = []\n[row.A1]\ntitle = 'one'\ncases.a_test = ['x']\n")
        with mock.patch.object(lists, "LISTS", self.top / "lists"):
            self.assertEqual(main(self.top), 1)
            self.assertIn("A1: there is no a_test.x\n", self.shown())
            self.write("lists/rows.toml", "other = [")
            self.assertEqual(main(self.top), 1)
            self.assertIn("rows.toml is invalid", self.shown())
