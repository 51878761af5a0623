"""Stills by matplotlib: the same numbers give the same bytes."""

# matplotlib leaves many of its arguments untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

from paretomtl_reports.style import INK, MUTED, RULE

RC: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": RULE,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "figure.dpi": 72,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelsize": 8,
    "xtick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.color": MUTED,
    "ytick.labelsize": 8,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
}


def canvas(width: float, height: float) -> Canvas:
    """Return an empty transparent figure; sizes in inches. Use within `styled`."""
    figure = Canvas(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    figure.patch.set_alpha(0)
    return figure


def styled(name: str) -> Any:
    """Return the context in which a still is drawn and saved: fonts, colors, and fixed ids.

    matplotlib draws the ids within an SVG file at random unless it is given a salt; with one, the same
    figure gives the same bytes. The name of the figure is the salt, so that figures differ.
    """
    return mpl.rc_context({**RC, "svg.hashsalt": name})  # pyright: ignore[reportArgumentType]


def short(label: str) -> str:
    """Return a label that fits above a panel; tables and interactive figures show all of it."""
    return label if len(label) <= 34 else f"{label[:33]}…"


def to_svg(figure: Canvas) -> str:
    """Return a complete SVG file without a date; call it within `styled`."""
    for axes in figure.axes:
        axes.patch.set_alpha(0)
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def panels(figure: Canvas, count: int, columns: int, *, share: bool, **how: Any) -> list[Axes]:
    """Return `count` panels in rows of at most `columns`; shared axes are labeled at the rims only.

    A panel with none below it counts as the rim.
    """
    found: list[Axes] = []
    for place in range(count):
        first = found[0] if share and found else None
        axes = figure.add_subplot(
            -(-count // columns), columns, place + 1, sharex=first, sharey=first, **how
        )
        if share:
            axes.tick_params(labelbottom=place + columns >= count, labelleft=place % columns == 0)
        found.append(axes)
    return found
