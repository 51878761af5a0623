"""Interactive figures: traces and layouts for plotly as plain data; colors are CSS variables.

The page's script looks the variables up, so that one description serves the light and dark schemes.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from paretomtl_reports.style import Style

DIGITS = 7
ENTRY_WIDTH = 170
"""Pixels of one legend entry; from it the page's script computes the height of the legend."""


def color(style: Style) -> str:
    """Return the CSS variable of an entry's color."""
    return f"var(--hue-{style.hue})"


def safe(text: str) -> str:
    """Return text that plotly shows as it is, instead of reading tags in it."""
    return html.escape(text, quote=False)


def rounded(values: Sequence[float]) -> list[float | None]:
    """Round to seven significant digits for the page; the CSV files have them all. NaN becomes None."""
    return [float(f"{v:.{DIGITS}g}") if v == v and abs(v) != float("inf") else None for v in values]


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return a quiet axis."""
    return {
        "title": {"text": safe(title), "font": {"size": 13}},
        "gridcolor": "var(--rule)",
        "linecolor": "var(--rule)",
        "zeroline": False,
        "tickfont": {"size": 11},
        "automargin": True,
        **more,
    }


def layout(**more: Any) -> dict[str, Any]:
    """Return the layout that all interactive figures share."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "var(--font)", "color": "var(--muted)", "size": 12},
        "margin": {"l": 56, "r": 12, "t": 28, "b": 48},
        "hoverlabel": {
            "bgcolor": "var(--raised)",
            "bordercolor": "var(--rule)",
            "font": {"color": "var(--ink)", "size": 12},
        },
        "legend": {
            "font": {"size": 12, "color": "var(--ink)"},
            "itemsizing": "constant",
            "orientation": "h",
            "x": 0,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "entrywidth": ENTRY_WIDTH,
        },
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": "var(--truth)",
            "activecolor": "var(--accent)",
        },
        "hovermode": "closest",
        "dragmode": "pan",
        **more,
    }
