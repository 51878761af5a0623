"""Colors, markers and dashes: one per entry, the same in every figure and table, safe for the color-blind.

Ten hues (after Okabe and Ito, darkened or lightened to be visible on both backgrounds) run against seven
markers, so that 70 entries differ and no two neighbors differ by hue alone.
"""

from __future__ import annotations

from dataclasses import dataclass

LIGHT = (
    *("#0b6fb8", "#d1570a", "#0a8f68", "#b5488c", "#c98a00"),
    *("#3aa0dc", "#6b5ca5", "#7c8a00", "#8c4a2f", "#5f6b76"),
)
DARK = (
    *("#4ba3e3", "#f08a4b", "#2fc39a", "#e08cc0", "#e8b53c"),
    *("#8fd0f5", "#a99be0", "#bccb4d", "#c98b70", "#a3b0bc"),
)

INK = "#1b1f24"
MUTED = "#646c75"
RULE = "#dde1e6"
TRUTH = "#9aa3ad"
"""Text, secondary text, grid and the true front, as written in standalone SVG files."""


@dataclass(frozen=True)
class Marker:
    """One marker in the words of matplotlib, plotly, plotly in 3-D, and as a path in a 12 by 12 box."""

    matplotlib: str
    plotly: str
    plotly_3d: str
    path: str


MARKERS = (
    Marker("o", "circle", "circle", "M6 1.2a4.8 4.8 0 1 0 .01 0z"),
    Marker("s", "square", "square", "M1.8 1.8h8.4v8.4h-8.4z"),
    Marker("D", "diamond", "diamond", "M6 .6 11.4 6 6 11.4.6 6z"),
    Marker("^", "triangle-up", "circle-open", "M6 1 11.4 10.6H.6z"),
    Marker("v", "triangle-down", "square-open", "M6 11 .6 1.4h10.8z"),
    Marker("P", "cross", "cross", "M4.2.9h3.6v3.3h3.3v3.6H7.8v3.3H4.2V7.8H.9V4.2h3.3z"),
    Marker(
        "X",
        "x",
        "x",
        "M3.4.9 6 3.5 8.6.9l2.5 2.5L8.5 6l2.6 2.6-2.5 2.5L6 8.5l-2.6 2.6L.9 8.6 3.5 6 .9 3.4z",
    ),
)
DASHES = ("solid", "dash", "dot", "dashdot")
MATPLOTLIB_DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}


@dataclass(frozen=True)
class Style:
    """How one entry looks.

    Args:
        hue: Index of its color, the number of the CSS variable `--hue-N`.
        marker: Its marker.
        dash: Its line.
    """

    hue: int
    marker: Marker
    dash: str

    @classmethod
    def of(cls, index: int) -> Style:
        """Return the style of the entry at this index of the page's palette."""
        return cls(
            hue=index % len(LIGHT),
            marker=MARKERS[index % len(MARKERS)],
            dash=DASHES[index // len(LIGHT) % len(DASHES)],
        )

    @property
    def color(self) -> str:
        """Its color on a light background."""
        return LIGHT[self.hue]
