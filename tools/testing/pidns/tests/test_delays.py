# SPDX-License-Identifier: GPL-2.0
"""What is wrong with a list of points is found."""

from .. import delays
from .kernel_tree import FolderTest, write
from .test_mutants import FILES, GOOD, mutant

FIELDS = 'what = "it"\nrace = "others"\nholds = "all"\ntests = ["a1_test"]\nus = 100\n'
EDIT = "file = 'pidns/a.rs'\nfind = '''\n}'''\nwith = '''\n    DELAY;\n}'''\n"
DELAY = f"[slow]\n{FIELDS}{EDIT}"


class DelaysTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        write(self.folder, FILES | {"tools/testing/mutants/a.toml": GOOD})

    def check(self, *lists: str) -> list[str]:
        self.write("tools/testing/delays/a.toml", "\n".join(lists))
        return delays.check(self.folder)

    def fault(self, text: str, *lists: str) -> None:
        """This is the only fault."""
        faults = self.check(*lists)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(text, faults[0])

    def bad(self, text: str, *lists: str) -> None:
        self.refused(text, lambda: self.check(*lists))

    def test_good(self) -> None:
        self.assertEqual(self.check(DELAY), [])
        (spins,) = delays.parse(DELAY, "a.toml", 6)
        self.assertEqual((spins.number, spins.choice("crate")), (7, "crate::ns::delays::spin(7)"))
        self.assertEqual(spins.command, "delay 7 100 1")
        (sleeps,) = delays.parse(f"{DELAY}sleeps = true\nevery = 3\n", "a.toml")
        self.assertEqual(sleeps.choice("kernel"), "kernel::ns::delays::sleep(1)")
        self.assertEqual(sleeps.command, "delay 1 100 3")
        self.assertNotEqual(spins.digest, sleeps.digest)

    def test_the_text_to_replace(self) -> None:
        self.fault("slow: occurs 2 times", DELAY.replace("\n}'''\nwith", "two();'''\nwith"))
        self.fault("does not say DELAY", DELAY.replace("DELAY", "MUTANT"))
        self.fault("there is no file pidns/b.rs", DELAY.replace("a.rs", "b.rs"))

    def test_the_place_of_a_mutant(self) -> None:
        same = mutant("same", "two();\n}", "MUTANT")
        self.write("tools/testing/mutants/b.toml", same.replace("'two();\n}'", "'''two();\n}'''"))
        self.fault(
            "b.toml: same and tools/testing/delays/a.toml: slow change the same place", DELAY
        )

    def test_names(self) -> None:
        self.fault("there is no test b_test", DELAY.replace("a1_test", "b_test"))
        self.fault("no test races it", DELAY.replace('"a1_test"', ""))
        self.fault("there is no mutant b", DELAY + 'catches = ["good", "b"]\n')
        self.write("tools/testing/mutants/a.toml", f'{GOOD}delay = "slow"\n')
        self.assertEqual(self.check(DELAY), [])
        self.write("tools/testing/mutants/a.toml", f'{GOOD}delay = "fast"\n')
        self.fault("good: there is no delay fast", DELAY)

    def test_how_long(self) -> None:
        self.bad("us is not a number from 1 to 2000", DELAY.replace("100", "2001"))
        self.assertEqual(self.check(DELAY.replace("100", "2001") + "sleeps = true\n"), [])
        self.bad("us is not a number from 1 to 50000", DELAY.replace("100", "true"), "sleeps = 1")
        self.bad("every is not a number from 1", f"{DELAY}every = 0\n")

    def test_not_understood(self) -> None:
        self.bad("holds is missing, or not", DELAY.replace('holds = "all"', ""))
        self.bad("nothing may be planted in fs/a.rs", DELAY.replace("pidns/a.rs", "fs/a.rs"))
