# SPDX-License-Identifier: GPL-2.0
"""The project file for editors."""

import json
import unittest
from pathlib import Path

from ..analyzer import CRATES, project
from ..cache import TOP
from ..errors import Fault


def crate(name: str, file: str, *deps: str) -> dict[str, object]:
    found = [{"crate": number, "name": name} for number, name in enumerate(deps)]
    return {"display_name": name, "root_module": file, "deps": found, "cfg": ["CONFIG_A"]}


CORE = crate("core", "/lib/core/src/lib.rs")
KERNEL = crate("kernel", "/src/rust/kernel/lib.rs", "core")
SAMPLE = crate("pidns_inspect", "/src/samples/rust/pidns_inspect.rs", "core", "kernel")


class AnalyzerTest(unittest.TestCase):
    def test_our_crates(self) -> None:
        text = json.dumps({"crates": [CORE, KERNEL, SAMPLE], "sysroot": "/lib"})
        data = json.loads(project(text, Path("/top")))
        core, kernel, sample, pidns, nsproxy = data["crates"]
        self.assertEqual((core, kernel), (CORE, KERNEL))
        self.assertEqual(sample["root_module"], "/top/samples/pidns_inspect.rs")
        self.assertEqual(pidns["root_module"], "/top/pidns/lib.rs")
        for ours in (pidns, nsproxy):
            self.assertEqual(ours["deps"], SAMPLE["deps"])
            self.assertEqual(ours["cfg"], ["CONFIG_A"])
        self.assertEqual(data["sysroot"], "/lib")

    def test_they_exist(self) -> None:
        for file in CRATES.values():
            self.assertTrue((TOP / file).is_file(), file)

    def test_no_sample(self) -> None:
        with self.assertRaisesRegex(Fault, "lacks our sample"):
            project(json.dumps({"crates": [CORE, KERNEL]}), Path("/top"))


if __name__ == "__main__":
    unittest.main()
