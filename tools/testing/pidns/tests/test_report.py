# SPDX-License-Identifier: GPL-2.0
from xml.etree import ElementTree

from .. import report
from ..ktap import Outcome, Result
from .kernel_tree import FolderTest


class ReportTest(FolderTest):
    def test_junit(self) -> None:
        results = [
            Result("pidns:a_test: one", Outcome.PASS),
            Result("pidns:a_test: two", Outcome.FAIL, "<died> \x1b"),
            Result("the guest came to its end", Outcome.SKIP, "none"),
        ]
        path = self.folder / "results.xml"
        report.write(path, {"c": [], "rust": results})
        suites = ElementTree.parse(path).getroot()
        self.assertEqual([suite.get("name") for suite in suites], ["c", "rust"])
        one, two, three = suites[1]
        self.assertEqual((one.get("classname"), one.get("name")), ("pidns:a_test", "one"))
        self.assertEqual(
            [(child.tag, child.get("message")) for child in two], [("failure", "<died> ?")]
        )
        self.assertEqual(
            (three.get("name"), three[0].tag), ("the guest came to its end", "skipped")
        )
