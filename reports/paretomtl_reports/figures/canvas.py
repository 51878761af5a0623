"""Stills by matplotlib: the same numbers give the same bytes."""

# matplotlib leaves many of its arguments untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

from paretomtl_reports.style import INK, LIGHT, MUTED, RULE, TRUTH

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

VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    TRUTH: "var(--truth)",
    **{color: f"var(--hue-{i})" for i, color in enumerate(LIGHT)},
}
"""Colors of the stills that follow the page's light or dark scheme."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of the page.

    Args:
        slug: File name without suffix, unique on the page.
        title: Heading, in sentence case.
        caption: What to see and how it was made.
        alt: What it shows, for those who cannot see it.
        svg: The still, a complete SVG file.
        interactive: Traces and layout for plotly; None when the still says it all.
        wide: Whether it takes the full width of the page.
    """

    slug: str
    title: str
    caption: str
    alt: str
    svg: str
    interactive: dict[str, Any] | None = None
    wide: bool = True

    @property
    def inline(self) -> str:
        """The still as it stands within the page: themed, without XML prolog, its ids made unique."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
        body = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", body)
        body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
        body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
        body = re.sub(r'\bid="', f'id="{self.slug}-', body)
        body = re.sub(r'xlink:href="#', f'href="#{self.slug}-', body)
        body = re.sub(r"url\(#", f"url(#{self.slug}-", body)
        for color, variable in VARIABLES.items():
            body = body.replace(color, variable)
        return body


def canvas(width: float, height: float) -> Canvas:
    """Return an empty transparent figure; sizes in inches. Use within `styled`."""
    figure = Canvas(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    figure.patch.set_alpha(0)
    return figure


def styled(slug: str) -> Any:
    """Return the context in which a still is drawn and saved: fonts, colors, and fixed ids."""
    return mpl.rc_context({**RC, "svg.hashsalt": slug})  # pyright: ignore[reportArgumentType]


def short(label: str) -> str:
    """Return a label that fits above a panel; the tables and the interactive figures have it whole."""
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
