# SPDX-License-Identifier: GPL-2.0
import unittest

from ..errors import Fault
from ..options import Options


class OptionsTest(unittest.TestCase):
    def refused(self, word: str, **env: str) -> None:
        with self.assertRaises(Fault) as raised:
            Options.read(env)
        self.assertIn(word, str(raised.exception))
        self.assertNotIn("\n", str(raised.exception))

    def test_nothing_asked_for(self) -> None:
        options = Options.read({})
        self.assertEqual((options.impl, options.debug, options.tests), ("rust", False, ()))
        self.assertEqual((options.cpus, options.memory, options.seeds), (None, "1G", None))

    def test_empty_is_as_left_out(self) -> None:
        names = "IMPL DEBUG KDIR TESTS SEEDS JOBS CPUS MEMORY TIMEOUT RUSTC MINUTES".split()
        self.assertEqual(Options.read(dict.fromkeys(names, "")), Options.read({}))

    def test_values(self) -> None:
        options = Options.read(
            {"IMPL": "c", "DEBUG": "1", "TESTS": "a  b", "SEEDS": "3..7", "MEMORY": "512"}
        )
        self.assertEqual((options.impl, options.debug, options.tests), ("c", True, ("a", "b")))
        self.assertEqual((options.seeds, options.memory), (range(3, 7), "512M"))

    def test_bad_values(self) -> None:
        self.refused("use IMPL=rust or IMPL=c", IMPL="java")
        self.refused("DEBUG=yes is not known", DEBUG="yes")
        self.refused("CPUS=0 is not a number from 1", CPUS="0")
        self.refused("JOBS=x is not a number from 1", JOBS="x")
        self.refused("TIMEOUT=-1 is not a number of seconds", TIMEOUT="-1")
        self.refused("MINUTES=1.5 is not a number of minutes", MINUTES="1.5")
        self.refused("MEMORY=2GB is not an amount of memory", MEMORY="2GB")
        self.refused("is not a number of seconds", TIMEOUT="100000000000")
        self.refused("is not a number from 1", JOBS="9" * 5000)
        self.refused("is not an amount of memory", MEMORY="9" * 5000)
        for seeds in ("20..0", "5..5", "5", "a..b", "1...3"):
            self.refused(f"SEEDS={seeds} is not a range", SEEDS=seeds)


if __name__ == "__main__":
    unittest.main()
