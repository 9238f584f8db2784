"""One pair of axes as SVG, and what plots have in common."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OWN, OTHER, QUIET = "#c2410c", "#1d4ed8", "#6b7280"
"""Nitido's, others', and what is beside the point."""
Plot = tuple[str, str]
"""A title and an SVG."""


def svg(title: str, draw: Callable[[Axes], None], size: tuple[float, float] = (7.2, 4.2)) -> Plot:
    """One pair of axes as SVG, the same bytes for the same rows; letters stay letters."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.size": 9}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        axes.grid(color="#e5e7eb", linewidth=0.6)
        axes.set_axisbelow(True)
        draw(axes)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return title, buffer.getvalue()


def pareto(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (cost, worth) those that no other is cheaper than and worth as much, cheapest first."""
    front: list[tuple[float, float]] = []
    for cost, worth in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or worth > front[-1][1]:
            front.append((cost, worth))
    return front
