"""Fronts of two objectives: a plane an entry, or all entries in one plane to explore."""

# matplotlib and mplot3d leave many of their arguments untyped.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paretomtl_reports.analysis.model import Anchor, Result, Section
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
from paretomtl_reports.figures.view import View, drawn, pieces
from paretomtl_reports.style import MUTED, TRUTH, Style


def draw_still(section: Section, results: list[Result], view: View) -> str:
    """Return the still: a panel an entry."""
    columns, width, height = grid_of(len(results))
    figure = canvas(width, height)
    for axes, result in zip(
        panels(figure, len(results), columns, share=True), results, strict=True
    ):
        exact = exact_front(section)
        if exact is not None:
            for piece in pieces(exact):
                axes.plot(piece[:, 0], piece[:, 1], color=TRUTH, linewidth=2.2, zorder=1)
        judge = section.facts.judge
        if judge is not None:
            axes.plot(*judge.reference_point, marker="+", color=MUTED, markersize=7, zorder=2)
        for anchor in section.anchors:
            value = anchor.losses[anchor.task].mean
            line = axes.axvline if anchor.task == 0 else axes.axhline
            line(value, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
        style = Style.of(result.style)
        points, _, _, on_front = drawn(result, view)
        for mask, opacity, order in ((~on_front, FAINT, 3), (on_front, 1.0, 4)):
            axes.plot(
                points[mask, 0],
                points[mask, 1],
                linestyle="none",
                marker=style.marker.matplotlib,
                markersize=4.5,
                markeredgewidth=0,
                color=style.color,
                alpha=opacity,
                zorder=order,
            )
        axes.set_xlim(view.low[0], view.high[0])
        axes.set_ylim(view.low[1], view.high[1])
        set_heading(axes, result)
    names = section.facts.objective_names
    figure.supxlabel(names[0], fontsize=9, color=MUTED)
    figure.supylabel(names[1], fontsize=9, color=MUTED)
    return to_svg(figure)


def draw_interactive(section: Section, results: list[Result], view: View) -> dict[str, Any]:
    """Return all entries in one plane, for plotly."""
    names = section.facts.objective_names
    return {
        "data": [
            *_exact_traces(section),
            *(_entry_trace(result, view, names) for result in results),
            *_reference_traces(section),
        ],
        "layout": layout(
            xaxis=axis(names[0], range=[float(view.low[0]), float(view.high[0])]),
            yaxis=axis(names[1], range=[float(view.low[1]), float(view.high[1])]),
            shapes=[_single_task_line(anchor) for anchor in section.anchors],
        ),
        "height": 480,
    }


def _exact_traces(section: Section) -> list[dict[str, Any]]:
    exact = exact_front(section)
    if exact is None:
        return []
    x: list[float | None] = []
    y: list[float | None] = []
    for piece in pieces(exact):
        # A missing value interrupts plotly's line, so that one trace holds all pieces.
        x += [*rounded(piece[:, 0].tolist()), None]
        y += [*rounded(piece[:, 1].tolist()), None]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": EXACT_FRONT,
            "x": x,
            "y": y,
            "line": {"color": "var(--truth)", "width": 3},
            "hoverinfo": "skip",
        }
    ]


def _entry_trace(result: Result, view: View, names: Sequence[str]) -> dict[str, Any]:
    style = Style.of(result.style)
    points, preferences, seeds, on_front = drawn(result, view)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": safe(result.label),
        "x": rounded(points[:, 0].tolist()),
        "y": rounded(points[:, 1].tolist()),
        "text": hover_texts(result, points, preferences, seeds, names),
        "hoverinfo": "text",
        "marker": {
            "color": color(style),
            "symbol": style.marker.plotly,
            "size": 8,
            "opacity": np.where(on_front, 1.0, FAINT).tolist(),
            "line": {"width": 0.5, "color": "var(--paper)"},
        },
    }


def _single_task_line(anchor: Anchor) -> dict[str, Any]:
    """A line across the plane, at right angles to the axis of the task."""
    value = anchor.losses[anchor.task].mean
    across, along = ("x", "y") if anchor.task == 0 else ("y", "x")
    return {
        "type": "line",
        "layer": "below",
        f"{across}0": value,
        f"{across}1": value,
        f"{along}ref": "paper",
        f"{along}0": 0,
        f"{along}1": 1,
        "line": {"color": "var(--muted)", "width": 1.2, "dash": "dot"},
    }


def _reference_traces(section: Section) -> list[dict[str, Any]]:
    judge = section.facts.judge
    if judge is None:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "reference point",
            "x": [float(judge.reference_point[0])],
            "y": [float(judge.reference_point[1])],
            "hovertemplate": "reference point (%{x:.4g}, %{y:.4g})<extra></extra>",
            "marker": {"color": "var(--muted)", "symbol": "cross-thin-open", "size": 10},
        }
    ]
