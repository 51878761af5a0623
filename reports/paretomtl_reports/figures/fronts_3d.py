"""Fronts of three objectives: a space an entry, or all entries in one space to turn."""

# matplotlib and mplot3d leave many of their arguments untyped.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paretomtl_reports.analysis.model import Array, Result, Section
from paretomtl_reports.figures.fronts import (
    EXACT_FRONT,
    FAINT,
    exact_front,
    hover_texts,
    set_heading,
)
from paretomtl_reports.figures.svg import canvas, panels, to_svg
from paretomtl_reports.figures.traces import color, layout, rounded, safe
from paretomtl_reports.figures.view import View, drawn
from paretomtl_reports.style import TRUTH, Style


def draw_still(section: Section, results: list[Result], view: View) -> str:
    """Return the still: a panel an entry."""
    columns = min(len(results), 3)
    figure = canvas(9.6 if columns > 2 else 3.4 * columns, 3.1 * -(-len(results) // columns))
    names = section.facts.objective_names
    for axes, result in zip(
        panels(figure, len(results), columns, share=False, projection="3d"), results, strict=True
    ):
        space: Any = axes
        exact = exact_front(section)
        if exact is not None:
            space.scatter(*exact[:: max(1, len(exact) // 150)].T, s=1.5, color=TRUTH, alpha=0.6)
        style = Style.of(result.style)
        points, _, _, on_front = drawn(result, view)
        # mplot3d does not clip at its axes: a point out of sight would be drawn over the labels.
        inside = ((points >= view.low) & (points <= view.high)).all(axis=1)
        for mask, opacity in ((~on_front & inside, FAINT), (on_front & inside, 1.0)):
            space.scatter(
                *points[mask].T,
                s=14,
                marker=style.marker.matplotlib,
                color=style.color,
                alpha=opacity,
                linewidths=0,
                depthshade=False,
            )
        _set_up(space, view, names)
        set_heading(axes, result)
    return to_svg(figure)


def _set_up(space: Any, view: View, names: Sequence[str]) -> None:
    """Give a panel its limits, labels and angle, without walls behind the points."""
    for set_limits, low, high in zip(
        (space.set_xlim, space.set_ylim, space.set_zlim), view.low, view.high, strict=True
    ):
        set_limits(low, high)
    for set_label, name in zip(
        (space.set_xlabel, space.set_ylabel, space.set_zlabel), names, strict=True
    ):
        set_label(name, labelpad=-8)
    space.tick_params(labelsize=6, pad=-4)
    space.locator_params(nbins=4)
    space.view_init(elev=24, azim=40)
    for side in (space.xaxis, space.yaxis, space.zaxis):
        side.set_pane_color((1, 1, 1, 0))


def draw_interactive(section: Section, results: list[Result], view: View) -> dict[str, Any]:
    """Return all entries in one space, for plotly."""
    names = section.facts.objective_names
    return {
        "data": [
            *_exact_traces(section),
            *(trace for result in results for trace in _entry_traces(result, view, names)),
        ],
        "layout": layout(
            scene={
                **{f"{side}axis": _side(names[i], view, i) for i, side in enumerate("xyz")},
                "aspectmode": "cube",
                "camera": {
                    "eye": {"x": 1.55, "y": 1.35, "z": 0.8},
                    "center": {"x": 0, "y": 0, "z": -0.18},
                },
            },
            dragmode="orbit",
            margin={"l": 0, "r": 0, "t": 0, "b": 0},
        ),
        "height": 560,
        "webgl": True,
    }


def _exact_traces(section: Section) -> list[dict[str, Any]]:
    exact = exact_front(section)
    if exact is None:
        return []
    return [
        {
            "type": "scatter3d",
            "mode": "markers",
            "name": EXACT_FRONT,
            **_coordinates(exact),
            "marker": {"color": "var(--truth)", "size": 1.6},
            "hoverinfo": "skip",
        }
    ]


def _entry_traces(result: Result, view: View, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return non-dominated and dominated points; plotly takes one opacity a trace in three dimensions."""
    style = Style.of(result.style)
    points, preferences, seeds, on_front = drawn(result, view)
    return [
        {
            "type": "scatter3d",
            "mode": "markers",
            "name": safe(result.label) + suffix,
            "legendgroup": safe(result.label),
            "showlegend": not suffix or not on_front.any(),
            **_coordinates(points[mask]),
            "text": hover_texts(result, points[mask], preferences[mask], seeds[mask], names),
            "hoverinfo": "text",
            "marker": {
                "color": color(style),
                "symbol": style.marker.plotly_3d,
                "size": 4.5,
                "opacity": opacity,
            },
        }
        for mask, suffix, opacity in ((on_front, "", 1.0), (~on_front, " (dominated)", FAINT))
        if mask.any()
    ]


def _coordinates(points: Array) -> dict[str, list[float | None]]:
    return {side: rounded(points[:, i].tolist()) for i, side in enumerate("xyz")}


def _side(name: str, view: View, objective: int) -> dict[str, Any]:
    return {
        "title": {"text": safe(name)},
        "range": [float(view.low[objective]), float(view.high[objective])],
        "gridcolor": "var(--rule)",
        "showbackground": False,
        "zeroline": False,
        "color": "var(--muted)",
    }
