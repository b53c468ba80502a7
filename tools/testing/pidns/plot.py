# SPDX-License-Identifier: GPL-2.0
"""Figures as lines: a small plot for each operation, several side by side, as SVG."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

# Of a plot, with its title and the words on its axes, and how many stand side by side.
WIDTH, HEIGHT = 300, 210
LEFT, TOP, RIGHT, BOTTOM = 56, 28, 14, 34
COLUMNS = 3
COLOURS = ("#247", "#c64", "#4a8", "#a4a", "#888")
# Lines of the grid.
STEPS = 4
# Of a line of text.
LINE = 16


class Point(NamedTuple):
    """A figure at a place on the x axis, and the range that it was seen in."""

    place: int
    value: float
    low: float
    high: float


class Line(NamedTuple):
    """Figures that belong together."""

    name: str
    points: Sequence[Point]


class Plot(NamedTuple):
    """Lines over the same places."""

    title: str
    places: Sequence[str]
    lines: Sequence[Line]


def short(value: float) -> str:
    """A figure on an axis."""
    for least, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= least:
            return f"{value / (least if unit != 'k' else 1e3):.3g}{unit}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def bounds(plot: Plot, base: float | None) -> tuple[float, float]:
    """The ends of the y axis: from nothing up, or around a value that all are compared with."""
    points = [point for line in plot.lines for point in line.points]
    high = max((max(point.value, point.high) for point in points), default=1.0)
    if base is None:
        return 0.0, high * 1.05 or 1.0
    low = min([base, *(min(point.value, point.low) for point in points)])
    high = max(base, high)
    margin = max(high - low, 0.1 * base) * 0.1
    return low - margin, high + margin


def _drawn(plot: Plot, base: float | None) -> Iterator[str]:
    low, high = bounds(plot, base)
    right, foot = WIDTH - RIGHT, HEIGHT - BOTTOM

    def y(value: float) -> float:
        return foot - (value - low) / (high - low) * (foot - TOP)

    def x(place: int, line: int = 0) -> float:
        # Beside each other, so that bars do not hide bars.
        return LEFT + (place + 0.5) * (right - LEFT) / len(plot.places) + 3 * line

    yield f'<text x="{LEFT}" y="{TOP - 10}" font-weight="bold">{escape(plot.title)}</text>'
    for step in range(STEPS + 1):
        value = low + (high - low) * step / STEPS
        yield f'<path d="M{LEFT} {y(value):.1f}H{right}" stroke="#ddd"/>'
        label = escape(short(value))
        yield f'<text x="{LEFT - 5}" y="{y(value) + 4:.1f}" text-anchor="end">{label}</text>'
    if base is not None:
        yield f'<path d="M{LEFT} {y(base):.1f}H{right}" stroke="black"/>'
    for place, name in enumerate(plot.places):
        where = f'x="{x(place):.1f}" y="{foot + 14}"'
        yield f'<text {where} text-anchor="middle">{escape(name)}</text>'
    for number, line in enumerate(plot.lines):
        colour = COLOURS[number % len(COLOURS)]
        places = ((x(point.place, number), y(point.value)) for point in line.points)
        path = "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        for point in line.points:
            middle = x(point.place, number)
            yield f'<circle cx="{middle:.1f}" cy="{y(point.value):.1f}" r="2.5" fill="{colour}"/>'
            if point.high > point.low:
                bar = f"M{middle:.1f} {y(point.low):.1f}V{y(point.high):.1f}"
                yield f'<path d="{bar}" stroke="{colour}"/>'


def svg(title: str, plots: Sequence[Plot], base: float | None = None) -> str:
    """All plots in one picture. With `base` each has a line at that value."""
    names = list(dict.fromkeys(line.name for plot in plots for line in plot.lines))
    rows = -(-len(plots) // COLUMNS)
    head = (2 + len(names)) * LINE
    width, height = COLUMNS * WIDTH, head + rows * HEIGHT
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- SPDX-License-Identifier: GPL-2.0 -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LINE}" y="{LINE}">{escape(title)}</text>',
    ]
    for number, name in enumerate(names):
        colour, y = COLOURS[number % len(COLOURS)], (2 + number) * LINE
        lines += [
            f'<path d="M{LINE} {y - 4}h24" stroke="{colour}" stroke-width="3"/>',
            f'<text x="{3 * LINE}" y="{y}">{escape(name)}</text>',
        ]
    for number, plot in enumerate(plots):
        row, column = divmod(number, COLUMNS)
        lines.append(f'<g transform="translate({column * WIDTH} {head + row * HEIGHT})">')
        # A line has the same colour in each plot.
        known = {line.name: line for line in plot.lines}
        every = [known.get(name, Line(name, ())) for name in names]
        lines += [*_drawn(plot._replace(lines=every), base), "</g>"]
    return "\n".join([*lines, "</svg>", ""])
