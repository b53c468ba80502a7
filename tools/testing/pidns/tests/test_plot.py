# SPDX-License-Identifier: GPL-2.0
import unittest
from xml.etree import ElementTree

from .. import plot
from ..plot import Line, Plot, Point

A = Plot("a < b", ["1", "10"], [Line("C", [Point(0, 2, 1, 3), Point(1, 4, 4, 4)])])
B = Plot("b", ["1"], [Line("Rust", [Point(0, 0.5, 0.5, 0.5)])])


class PlotTest(unittest.TestCase):
    def test_axes(self) -> None:
        self.assertEqual(plot.bounds(A, None), (0.0, 4.2))
        low, high = plot.bounds(B, 1.0)
        self.assertAlmostEqual(low, 0.45)
        self.assertAlmostEqual(high, 1.05)
        self.assertEqual(plot.bounds(Plot("", [], []), None), (0.0, 1.05))
        # The value itself is always seen.
        far = Plot("", ["1"], [Line("C", [Point(0, 3, 1, 2)])])
        self.assertGreater(plot.bounds(far, 1.0)[1], 3)

    def test_figures(self) -> None:
        said = [plot.short(value) for value in (0, 0.9876, 123.4, 1234, 43210, 2.5e6, 3e9)]
        self.assertEqual(said, ["0", "0.988", "123", "1234", "43.2k", "2.5M", "3G"])

    def test_a_picture(self) -> None:
        drawn = plot.svg("title & all", [A, B], base=1.0)
        root = ElementTree.fromstring(drawn)
        texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
        for text in ("title & all", "a < b", "b", "C", "Rust", "10"):
            self.assertIn(text, texts)
        self.assertEqual(drawn.count("<circle"), 3)
        # A line keeps its colour where the other one is missing.
        self.assertEqual(drawn.count(f'r="2.5" fill="{plot.COLOURS[0]}"'), 2)
        self.assertEqual(drawn.count(f'r="2.5" fill="{plot.COLOURS[1]}"'), 1)
