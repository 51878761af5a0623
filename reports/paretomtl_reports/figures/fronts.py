"""What the drawings of fronts share, whatever the number of objectives."""

# matplotlib leaves many of its arguments untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from paretomtl_reports.analysis.model import Array, Result, Section
from paretomtl_reports.figures.svg import short
from paretomtl_reports.figures.traces import safe
from paretomtl_reports.style import INK

FAINT = 0.28
"""Opacity of dominated points."""

EXACT_FRONT = "exact front"
"""Its entry in the legends."""


def exact_front(section: Section) -> Array | None:
    """Return points of the problem's exact front; None where it is unknown."""
    judge = section.facts.judge
    return None if judge is None else judge.front


def grid_of(count: int) -> tuple[int, float, float]:
    """Return the columns of panels, and the figure's width and height in inches."""
    columns = min(count, 4)
    rows = -(-count // columns)
    return columns, 9.6 if columns > 2 else 3.2 * columns, rows * 2.5 + 0.3


def set_heading(axes: Axes, result: Result) -> None:
    """Write an entry's label above its panel."""
    axes.set_title(short(result.label), color=INK, loc="left")


def hover_texts(
    result: Result,
    points: Array,
    preferences: Array,
    seeds: NDArray[np.int64],
    names: Sequence[str],
) -> list[str]:
    """Return what the interactive figure shows of each point under the pointer."""
    title = f"<b>{safe(result.label)}</b>"
    return [
        f"{title}<br>seed {seed}, preference ({', '.join(f'{v:.3g}' for v in preference)})<br>"
        + "<br>".join(f"{safe(n)} = {v:.5g}" for n, v in zip(names, point, strict=True))
        for point, preference, seed in zip(points, preferences, seeds, strict=True)
    ]
