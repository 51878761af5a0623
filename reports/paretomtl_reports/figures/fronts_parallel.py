"""Fronts of more than three objectives: every point is a line over the objectives."""

# matplotlib and mplot3d leave many of their arguments untyped.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paretomtl_reports.analysis.model import Array, Result, Section
from paretomtl_reports.figures.fronts import (
    EXACT_FRONT,
    FAINT,
    exact_front,
    grid_of,
    hover_texts,
    set_heading,
)
from paretomtl_reports.figures.svg import canvas, panels, to_svg
from paretomtl_reports.figures.traces import axis, color, layout, rounded, safe
from paretomtl_reports.figures.view import View, drawn
from paretomtl_reports.style import MUTED, TRUTH, Style

LINES = 60
"""Lines of the exact front that are drawn, at most."""


def draw_still(section: Section, results: list[Result], view: View) -> str:
    """Return the still: a panel an entry."""
    columns, width, height = grid_of(len(results))
    figure = canvas(width, height)
    places = np.arange(section.n_objectives)
    exact = _some_lines(section)
    for axes, result in zip(
        panels(figure, len(results), columns, share=True), results, strict=True
    ):
        if exact is not None:
            axes.plot(places, exact.T, color=TRUTH, linewidth=0.5, alpha=0.35, zorder=1)
        style = Style.of(result.style)
        points, _, _, on_front = drawn(result, view)
        scaled = _scaled(points, section)
        for line, best in zip(scaled, on_front, strict=True):
            axes.plot(
                places,
                line,
                color=style.color,
                linewidth=0.7,
                alpha=0.65 if best else FAINT / 2,
                zorder=3 if best else 2,
            )
        axes.axhline(1.0, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        axes.set_ylim(-0.05, 1.3)
        axes.set_xticks(places, section.facts.objective_names)
        axes.set_xlim(-0.2, len(places) - 0.8)
        set_heading(axes, result)
    figure.supylabel("ideal (0) to reference (1)", fontsize=9, color=MUTED)
    return to_svg(figure)


def _scaled(points: Array, section: Section) -> Array:
    """Objectives in units of the distance from the ideal to the reference point."""
    judge = section.facts.judge
    if judge is None:
        low, high = points.min(axis=0), points.max(axis=0)
    else:
        low, high = np.array(section.facts.ideal), judge.reference_point
    return (points - low) / np.where(high > low, high - low, 1.0)


def _some_lines(section: Section) -> Array | None:
    """Some points of the exact front as lines of a parallel plot."""
    exact = exact_front(section)
    return None if exact is None else _scaled(exact[:: max(1, len(exact) // LINES)], section)


def draw_interactive(section: Section, results: list[Result], view: View) -> dict[str, Any]:
    """Return all entries over one axis of objectives, for plotly.

    Lines of a scatter plot, one trace an entry: its legend hides and shows entries, which the legend of
    plotly's own parallel coordinates cannot.
    """
    names = section.facts.objective_names
    places = [safe(name) for name in names]
    return {
        "data": [
            *_exact_traces(section, places),
            *(_entry_trace(section, result, view, places) for result in results),
        ],
        "layout": layout(
            xaxis=axis("", type="category"),
            yaxis=axis("ideal (0) to reference (1)", range=[-0.05, 1.3]),
        ),
        "height": 480,
        "still_first": True,
    }


def _exact_traces(section: Section, places: Sequence[str]) -> list[dict[str, Any]]:
    exact = _some_lines(section)
    if exact is None:
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": EXACT_FRONT,
            "x": [x for _ in exact for x in (*places, None)],
            "y": [y for line in exact for y in (*rounded(line.tolist()), None)],
            "line": {"color": "var(--truth)", "width": 0.8},
            "opacity": 0.5,
            "hoverinfo": "skip",
        }
    ]


def _entry_trace(
    section: Section, result: Result, view: View, places: Sequence[str]
) -> dict[str, Any]:
    style = Style.of(result.style)
    points, preferences, seeds, _ = drawn(result, view)
    hover = hover_texts(result, points, preferences, seeds, section.facts.objective_names)
    x: list[str | None] = []
    y: list[float | None] = []
    text: list[str | None] = []
    for line, label in zip(_scaled(points, section), hover, strict=True):
        # A missing value ends a line, so that one trace holds all of an entry's.
        x += [*places, None]
        y += [*rounded(line.tolist()), None]
        text += [label] * len(places) + [None]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": safe(result.label),
        "x": x,
        "y": y,
        "text": text,
        "hoverinfo": "text",
        "line": {"color": color(style), "width": 1},
        "marker": {"color": color(style), "size": 4, "symbol": style.marker.plotly},
        "opacity": 0.6,
    }
