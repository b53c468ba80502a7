# SPDX-License-Identifier: GPL-2.0
"""What is wrong with a list of mistakes is found."""

from unittest import mock

from .. import lists, mutants
from .kernel_tree import FolderTest, write

A = "fn f() -> u32 {\n    one();\n    two();\n    two();\n}\n"
FILES = {
    "pidns/a.rs": A,
    "tools/testing/selftests/pidns/Makefile": "TEST_GEN_PROGS := a1_test\n",
    mutants.ROWS: '[row.A1]\ncases.a1_test = ["x"]\n[row.A2]\nno_mutant = "nobody can"\n',
}


def mutant(name: str, find: str, replace: str, row: str = "A1", test: str = "a1_test") -> str:
    return (
        f'[{name}]\nwhat = "it"\nrows = ["{row}"]\ntests = ["{test}"]\n'
        f"file = 'pidns/a.rs'\nfind = '{find}'\nwith = '{replace}'\n"
    )


GOOD = mutant("good", "one();", "if !MUTANT { one(); }")
# What follows is the same place.
OTHER = mutant("b", "-> u32", "-> MUTANT")


class MutantsTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.top = self.folder
        write(self.top, FILES)
        self.enterContext(mock.patch.object(lists, "LISTS", self.top))

    def check(self, *lists: str, least: int = 1) -> list[str]:
        self.write("tools/testing/mutants/a.toml", "\n".join(lists))
        return mutants.check(self.top, least)

    def fault(self, text: str, *lists: str, least: int = 1) -> None:
        """This is the only fault."""
        faults = self.check(*lists, least=least)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(text, faults[0])

    def bad(self, text: str, *lists: str) -> None:
        self.refused(text, lambda: self.check(*lists))

    def test_good(self) -> None:
        self.assertEqual(self.check(GOOD), [])

    def test_the_text_to_replace(self) -> None:
        self.fault("b: occurs 0 times", GOOD, mutant("b", "three();", "MUTANT"))
        self.fault("b: occurs 2 times", GOOD, mutant("b", "two();", "MUTANT"))
        self.fault("change the same place", GOOD, mutant("b", "    one();", "MUTANT"))
        self.fault("does not say MUTANT", GOOD, mutant("b", "-> u32", "-> u64"))

    def test_names(self) -> None:
        self.write("tools/testing/mutants/0.toml", mutant("good", "-> u32", "-> MUTANT"))
        self.fault("a.toml: good: there is another one in 0.toml", GOOD)
        (self.top / "tools/testing/mutants/0.toml").unlink()
        self.fault("no row A9", GOOD, mutant("b", "-> u32", "MUTANT", "A9"))
        self.fault("no test a9_test", GOOD, mutant("b", "-> u32", "MUTANT", "A1", "a9_test"))

    def test_rows(self) -> None:
        self.fault("A2 has a mutant, and a reason", GOOD, mutant("b", "-> u32", "MUTANT", "A2"))
        self.assertIn("A1 has no mutant", self.check()[0])

    def test_tests(self) -> None:
        lists = (GOOD, mutant("b", "-> u32", "MUTANT", "A1", "b1_test"))
        makefile = "tools/testing/selftests/pidns/Makefile"
        self.write(makefile, "TEST_GEN_PROGS := a1_test b1_test\n")
        self.assertEqual(self.check(*lists), [])
        self.write(makefile, "TEST_GEN_PROGS := a1_test b1_test b2_test\n")
        self.fault("tried with b2_test", *lists)
        # One that is of no row tests no kernel.
        self.write(mutants.ROWS, 'other = ["b2_test.x"]\n' + FILES[mutants.ROWS])
        self.assertEqual(self.check(*lists), [])
        self.write(makefile, "TEST_GEN_PROGS := b1_test\nOTHER := x_a1_test\n")
        self.write(mutants.ROWS, FILES[mutants.ROWS].replace("a1_", "x_a1_"))
        words = "A1 has mutants, but none with one of its own tests"
        self.assertTrue(any(words in one for one in self.check(lists[1])))

    def test_no_test_can_see_it(self) -> None:
        self.write(mutants.ROWS, "[row.A1]\n")
        self.fault("tried with a1_test", GOOD.replace('"a1_test"', ""))

    def test_rows_that_are_not_understood(self) -> None:
        for text, words in (("[row", "rows.toml is invalid: "), ("a = 1", "'row' is missing")):
            self.write(mutants.ROWS, text)
            self.bad(words, GOOD)

    def test_fewer_than_there_must_be(self) -> None:
        self.fault("1 mistakes; lists/counts.toml says 2", GOOD, least=2)

    def test_not_understood(self) -> None:
        self.bad("rows, tests, what, with is missing", "[b]\nfile = 'pidns/a.rs'\nfind = 'x'")
        self.bad(
            "nothing may be planted in kernel/fork.c", GOOD.replace("pidns/a.rs", "kernel/fork.c")
        )
        self.bad("find is empty", mutant("b", "", "MUTANT"))
        self.bad("is no entry; write [NAME]", "b = 1")
        self.bad("small letters", mutant("B", "one", "MUTANT"))
        self.bad("a.toml: Cannot declare ('good',)", GOOD, GOOD)
        self.bad("whom is missing, or not", GOOD, "whom = 1")
        self.bad("with is missing", GOOD, "[[good.also]]\nfile = 'pidns/a.rs'\nfind = '-> u32'")

    def test_the_digest(self) -> None:
        digests = {
            mutants.parse(text, "a.toml", before)[0].digest
            for text in (GOOD, GOOD.replace('"it"', '"that"').replace("good", "b"))
            for before in (0, 5)
        }
        self.assertEqual(len(digests), 1)
        self.assertNotIn(mutants.parse(OTHER, "a.toml")[0].digest, digests)
