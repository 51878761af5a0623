"""The fronts: where the runs of every entry ended, beside the true front where it is known."""

# matplotlib and mplot3d leave many of their arguments untyped.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from paretomtl_reports.figures.canvas import Figure, canvas, panels, short, styled, to_svg
from paretomtl_reports.figures.explore import axis, color, layout, rounded, safe
from paretomtl_reports.figures.view import View, drawn, pieces
from paretomtl_reports.model import Array, Result, Section
from paretomtl_reports.style import INK, MUTED, TRUTH, Style

FAINT = 0.28
"""Opacity of dominated points."""

LINES = 60
"""Points of the exact front in a parallel plot."""


def fronts_figure(section: Section) -> Figure | None:
    """Return the figure of a section's fronts; None when no run ended well."""
    view = View.of(section)
    results = [r for r in section.results if r.ok]
    if view is None or not results or section.n_objectives < 2:
        return None
    m = section.n_objectives
    slug = f"{section.slug}-fronts"
    still = {2: _still_2d, 3: _still_3d}.get(m, _still_parallel)
    explore = {2: _explore_2d, 3: _explore_3d}.get(m, _explore_parallel)
    split = "Final test losses" if section.facts.neural else "Final losses"
    parts = [
        f"{split}, one point a preference and seed; dominated points are faint.",
        "Gray: the exact front." if _truth(section) is not None else "",
        "Each line is one run; axes run from the ideal (0) to the reference point (1)." * (m > 3),
        "Dotted: what each task reaches when trained alone." if section.anchors and m == 2 else "",
        view.sentence(),
    ]
    with styled(slug):
        svg = still(section, results, view)
    return Figure(
        slug=slug,
        title="Fronts",
        caption=" ".join(filter(None, parts)),
        alt=(
            f"Points that {len(results)} methods reached on {section.title}, in the space of its "
            f"{m} objectives."
        ),
        svg=svg,
        interactive=explore(section, results, view),
    )


def _truth(section: Section) -> Array | None:
    judge = section.facts.judge
    return None if judge is None else judge.front


def _grid_of(count: int) -> tuple[int, float, float]:
    """Columns, and the figure's width and height in inches."""
    columns = min(count, 4)
    rows = -(-count // columns)
    return columns, 9.6 if columns > 2 else 3.2 * columns, rows * 2.5 + 0.3


def _still_2d(section: Section, results: list[Result], view: View) -> str:
    columns, width, height = _grid_of(len(results))
    figure = canvas(width, height)
    for axes, result in zip(
        panels(figure, len(results), columns, share=True), results, strict=True
    ):
        truth = _truth(section)
        if truth is not None:
            for piece in pieces(truth):
                axes.plot(piece[:, 0], piece[:, 1], color=TRUTH, linewidth=2.2, zorder=1)
        judge = section.facts.judge
        if judge is not None:
            axes.plot(*judge.reference_point, marker="+", color=MUTED, markersize=7, zorder=2)
        for anchor in section.anchors:
            value = anchor.losses[anchor.task].mean
            line = axes.axvline if anchor.task == 0 else axes.axhline
            line(value, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
        style = Style.of(result.style)
        points, _, _, kept = drawn(result, view)
        for mask, opacity, order in ((~kept, FAINT, 3), (kept, 1.0, 4)):
            axes.plot(
                points[mask, 0],
                points[mask, 1],
                linestyle="none",
                marker=style.symbol.matplotlib,
                markersize=4.5,
                markeredgewidth=0,
                color=style.color,
                alpha=opacity,
                zorder=order,
            )
        axes.set_xlim(view.low[0], view.high[0])
        axes.set_ylim(view.low[1], view.high[1])
        _heading(axes, result)
    names = section.facts.objective_names
    figure.supxlabel(names[0], fontsize=9, color=MUTED)
    figure.supylabel(names[1], fontsize=9, color=MUTED)
    return to_svg(figure)


def _still_3d(section: Section, results: list[Result], view: View) -> str:
    columns = min(len(results), 3)
    figure = canvas(9.6 if columns > 2 else 3.4 * columns, 3.1 * -(-len(results) // columns))
    names = section.facts.objective_names
    for axes, result in zip(
        panels(figure, len(results), columns, share=False, projection="3d"), results, strict=True
    ):
        space: Any = axes
        truth = _truth(section)
        if truth is not None:
            space.scatter(*truth[:: max(1, len(truth) // 150)].T, s=1.5, color=TRUTH, alpha=0.6)
        style = Style.of(result.style)
        points, _, _, kept = drawn(result, view)
        inside = ((points >= view.low) & (points <= view.high)).all(axis=1)
        for mask, opacity in ((~kept & inside, FAINT), (kept & inside, 1.0)):
            space.scatter(
                *points[mask].T,
                s=14,
                marker=style.symbol.matplotlib,
                color=style.color,
                alpha=opacity,
                linewidths=0,
                depthshade=False,
            )
        for set_limits, low, high in zip(
            (space.set_xlim, space.set_ylim, space.set_zlim), view.low, view.high, strict=True
        ):
            set_limits(low, high)
        space.set_xlabel(names[0], labelpad=-8)
        space.set_ylabel(names[1], labelpad=-8)
        space.set_zlabel(names[2], labelpad=-8)
        space.tick_params(labelsize=6, pad=-4)
        space.locator_params(nbins=4)
        space.view_init(elev=24, azim=40)
        for side in (space.xaxis, space.yaxis, space.zaxis):
            side.set_pane_color((1, 1, 1, 0))
        _heading(axes, result)
    return to_svg(figure)


def _still_parallel(section: Section, results: list[Result], view: View) -> str:
    columns, width, height = _grid_of(len(results))
    figure = canvas(width, height)
    places = np.arange(section.n_objectives)
    truth = _thin_truth(section)
    for axes, result in zip(
        panels(figure, len(results), columns, share=True), results, strict=True
    ):
        if truth is not None:
            axes.plot(places, truth.T, color=TRUTH, linewidth=0.5, alpha=0.35, zorder=1)
        style = Style.of(result.style)
        points, _, _, kept = drawn(result, view)
        scaled = _scaled(points, section)
        for line, on_front in zip(scaled, kept, strict=True):
            axes.plot(
                places,
                line,
                color=style.color,
                linewidth=0.7,
                alpha=0.65 if on_front else FAINT / 2,
                zorder=3 if on_front else 2,
            )
        axes.axhline(1.0, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        axes.set_ylim(-0.05, 1.3)
        axes.set_xticks(places, section.facts.objective_names)
        axes.set_xlim(-0.2, len(places) - 0.8)
        _heading(axes, result)
    figure.supylabel("ideal (0) to reference (1)", fontsize=9, color=MUTED)
    return to_svg(figure)


def _heading(axes: Axes, result: Result) -> None:
    axes.set_title(short(result.label), color=INK, loc="left")


def _scaled(points: Array, section: Section) -> Array:
    """Objectives in units of the distance from the ideal to the reference point."""
    judge = section.facts.judge
    if judge is None:
        low, high = points.min(axis=0), points.max(axis=0)
    else:
        low, high = np.array(section.facts.ideal), judge.reference_point
    return (points - low) / np.where(high > low, high - low, 1.0)


def _thin_truth(section: Section) -> Array | None:
    """Some points of the exact front as lines of a parallel plot."""
    truth = _truth(section)
    return None if truth is None else _scaled(truth[:: max(1, len(truth) // LINES)], section)


def _hover(result: Result, points: Array, preferences: Array, seeds: Any, names: Any) -> list[str]:
    title = f"<b>{safe(result.label)}</b>"
    return [
        f"{title}<br>seed {seed}, preference ({', '.join(f'{v:.3g}' for v in preference)})<br>"
        + "<br>".join(f"{safe(n)} = {v:.5g}" for n, v in zip(names, point, strict=True))
        for point, preference, seed in zip(points, preferences, seeds, strict=True)
    ]


def _explore_2d(section: Section, results: list[Result], view: View) -> dict[str, Any]:
    names = section.facts.objective_names
    traces: list[dict[str, Any]] = []
    truth = _truth(section)
    if truth is not None:
        x: list[float | None] = []
        y: list[float | None] = []
        for piece in pieces(truth):
            x += [*rounded(piece[:, 0].tolist()), None]
            y += [*rounded(piece[:, 1].tolist()), None]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "exact front",
                "x": x,
                "y": y,
                "line": {"color": "var(--truth)", "width": 3},
                "hoverinfo": "skip",
            }
        )
    for result in results:
        style = Style.of(result.style)
        points, preferences, seeds, kept = drawn(result, view)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": safe(result.label),
                "x": rounded(points[:, 0].tolist()),
                "y": rounded(points[:, 1].tolist()),
                "text": _hover(result, points, preferences, seeds, names),
                "hoverinfo": "text",
                "marker": {
                    "color": color(style),
                    "symbol": style.symbol.plotly,
                    "size": 8,
                    "opacity": np.where(kept, 1.0, FAINT).tolist(),
                    "line": {"width": 0.5, "color": "var(--paper)"},
                },
            }
        )
    shapes: list[dict[str, Any]] = []
    for anchor in section.anchors:
        value = anchor.losses[anchor.task].mean
        across, along = ("x", "y") if anchor.task == 0 else ("y", "x")
        shapes.append(
            {
                "type": "line",
                "layer": "below",
                f"{across}0": value,
                f"{across}1": value,
                f"{along}ref": "paper",
                f"{along}0": 0,
                f"{along}1": 1,
                "line": {"color": "var(--muted)", "width": 1.2, "dash": "dot"},
            }
        )
    judge = section.facts.judge
    if judge is not None:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "reference point",
                "x": [float(judge.reference_point[0])],
                "y": [float(judge.reference_point[1])],
                "hovertemplate": "reference point (%{x:.4g}, %{y:.4g})<extra></extra>",
                "marker": {"color": "var(--muted)", "symbol": "cross-thin-open", "size": 10},
            }
        )
    return {
        "data": traces,
        "layout": layout(
            xaxis=axis(names[0], range=[float(view.low[0]), float(view.high[0])]),
            yaxis=axis(names[1], range=[float(view.low[1]), float(view.high[1])]),
            shapes=shapes,
        ),
        "height": 480,
    }


def _explore_3d(section: Section, results: list[Result], view: View) -> dict[str, Any]:
    names = section.facts.objective_names
    traces: list[dict[str, Any]] = []
    truth = _truth(section)
    if truth is not None:
        traces.append(
            {
                "type": "scatter3d",
                "mode": "markers",
                "name": "exact front",
                **{axis_name: rounded(truth[:, i].tolist()) for i, axis_name in enumerate("xyz")},
                "marker": {"color": "var(--truth)", "size": 1.6},
                "hoverinfo": "skip",
            }
        )
    for result in results:
        style = Style.of(result.style)
        points, preferences, seeds, kept = drawn(result, view)
        for mask, suffix, opacity in ((kept, "", 1.0), (~kept, " (dominated)", FAINT)):
            if mask.any():
                traces.append(
                    {
                        "type": "scatter3d",
                        "mode": "markers",
                        "name": safe(result.label) + suffix,
                        "legendgroup": safe(result.label),
                        "showlegend": not suffix or not kept.any(),
                        **{
                            axis_name: rounded(points[mask, i].tolist())
                            for i, axis_name in enumerate("xyz")
                        },
                        "text": _hover(result, points[mask], preferences[mask], seeds[mask], names),
                        "hoverinfo": "text",
                        "marker": {
                            "color": color(style),
                            "symbol": style.symbol.plotly_3d,
                            "size": 4.5,
                            "opacity": opacity,
                        },
                    }
                )
    sides = {
        f"{axis_name}axis": {
            "title": {"text": safe(names[i])},
            "range": [float(view.low[i]), float(view.high[i])],
            "gridcolor": "var(--rule)",
            "showbackground": False,
            "zeroline": False,
            "color": "var(--muted)",
        }
        for i, axis_name in enumerate("xyz")
    }
    return {
        "data": traces,
        "layout": layout(
            scene={
                **sides,
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


def _explore_parallel(section: Section, results: list[Result], view: View) -> dict[str, Any]:
    """Lines over the objectives, one trace an entry: the legend switches, which parcoords cannot."""
    names = section.facts.objective_names
    places = [*(safe(name) for name in names)]
    traces: list[dict[str, Any]] = []
    truth = _thin_truth(section)
    if truth is not None:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "exact front",
                "x": [x for _ in truth for x in (*places, None)],
                "y": [y for line in truth for y in (*rounded(line.tolist()), None)],
                "line": {"color": "var(--truth)", "width": 0.8},
                "opacity": 0.5,
                "hoverinfo": "skip",
            }
        )
    for result in results:
        style = Style.of(result.style)
        points, preferences, seeds, _ = drawn(result, view)
        hover = _hover(result, points, preferences, seeds, names)
        x: list[str | None] = []
        y: list[float | None] = []
        text: list[str | None] = []
        for line, label in zip(_scaled(points, section), hover, strict=True):
            x += [*places, None]
            y += [*rounded(line.tolist()), None]
            text += [label] * len(places) + [None]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": safe(result.label),
                "x": x,
                "y": y,
                "text": text,
                "hoverinfo": "text",
                "line": {"color": color(style), "width": 1},
                "marker": {"color": color(style), "size": 4, "symbol": style.symbol.plotly},
                "opacity": 0.6,
            }
        )
    return {
        "data": traces,
        "layout": layout(
            xaxis=axis("", type="category"),
            yaxis=axis("ideal (0) to reference (1)", range=[-0.05, 1.3]),
        ),
        "height": 480,
        "still_first": True,
    }
