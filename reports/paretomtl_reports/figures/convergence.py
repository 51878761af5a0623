"""Hypervolume of a front in the course of its runs, against steps and against backward passes."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from paretomtl_reports.analysis.model import Array, ConvergenceCurve, Result, Section
from paretomtl_reports.figures.figure import Figure
from paretomtl_reports.figures.svg import canvas, short, styled, to_svg
from paretomtl_reports.figures.traces import axis, color, layout, rounded, safe
from paretomtl_reports.style import MATPLOTLIB_DASHES, MUTED, TRUTH, Style

BAND = 0.1
"""Opacity of the bands."""

TITLES = {"steps": "Steps", "passes": "Backward passes of one run"}


def draw_convergence(
    section: Section, name: str, *, against: Literal["steps", "passes"]
) -> Figure | None:
    """Draw hypervolume against a cost axis; None when no entry has a curve.

    Args:
        section: Its curves.
        name: Unique in the report; the ids in the SVG file follow from it.
        against: The cost axis.
    """
    curves = [(r, r.curve) for r in section.results if r.curve is not None]
    if not curves:
        return None
    known = section.best_known
    judge = section.facts.judge
    unit = judge.best_hypervolume if known and judge is not None else 1.0
    lines = [_Line.of(result, curve, against, unit) for result, curve in curves]
    label = "Hypervolume, share of the front's" if known else "Hypervolume"
    with styled(name):
        svg = _still(lines, label, against, known=known)
    return Figure(
        alt=f"Hypervolume of {len(lines)} methods on {section.title} rising with {TITLES[against].lower()}.",
        svg=svg,
        interactive=_interactive(lines, label, against, known=known),
    )


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One entry's curve against one cost axis, without the start: mean, worst and best seed."""

    result: Result
    cost: Array
    mean: Array
    low: Array
    high: Array
    seeds: int

    @classmethod
    def of(cls, result: Result, curve: ConvergenceCurve, against: str, unit: float) -> _Line:
        """Average over the seeds; a logarithmic axis has no place for the start, at cost 0."""
        cost = np.asarray(getattr(curve, against), dtype=np.float64)
        volumes = curve.hypervolume / unit
        shown = cost > 0
        return cls(
            result=result,
            cost=cost[shown],
            mean=volumes.mean(axis=0)[shown],
            low=volumes.min(axis=0)[shown],
            high=volumes.max(axis=0)[shown],
            seeds=len(volumes),
        )


def _still(lines: Sequence[_Line], label: str, against: str, *, known: bool) -> str:
    rows = -(-len(lines) // 2)
    figure = canvas(4.8, 3.3 + 0.19 * rows)
    axes = figure.subplots()
    for line in lines:
        style = Style.of(line.result.style)
        axes.plot(
            line.cost,
            line.mean,
            color=style.color,
            linestyle=MATPLOTLIB_DASHES[style.dash],
            marker=style.marker.matplotlib,
            markersize=3.6,
            markeredgewidth=0,
            markevery=max(1, len(line.cost) // 8),
            label=short(line.result.label),
        )
        if line.seeds > 1:
            axes.fill_between(
                line.cost, line.low, line.high, color=style.color, alpha=BAND, linewidth=0
            )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(TITLES[against], color=MUTED)
    axes.set_ylabel(label, color=MUTED)
    axes.set_ylim(*_limits(lines, known=known))
    if known:
        axes.axhline(1.0, color=TRUTH, linewidth=1.2)
    figure.legend(loc="outside lower left", ncols=2, fontsize=8, handlelength=2.4)
    return to_svg(figure)


def _limits(lines: Sequence[_Line], *, known: bool) -> tuple[float, float]:
    top = 1.0 if known else max((float(x.high.max()) for x in lines if len(x.high)), default=1.0)
    return -0.02 * (top or 1.0), 1.04 * (top or 1.0)


def _interactive(
    lines: Sequence[_Line], label: str, against: str, *, known: bool
) -> dict[str, Any]:
    traces: list[dict[str, Any]] = []
    for line in lines:
        style = Style.of(line.result.style)
        name = safe(line.result.label)
        if line.seeds > 1:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": rounded(np.concatenate([line.cost, line.cost[::-1]]).tolist()),
                    "y": rounded(np.concatenate([line.high, line.low[::-1]]).tolist()),
                    "fill": "toself",
                    "fillcolor": color(style),
                    "opacity": BAND,
                    "line": {"width": 0},
                    "hoverinfo": "skip",
                    "legendgroup": name,
                    "showlegend": False,
                }
            )
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "legendgroup": name,
                "x": rounded(line.cost.tolist()),
                "y": rounded(line.mean.tolist()),
                "line": {"color": color(style), "width": 2, "dash": style.dash},
                "hovertemplate": f"<b>{name}</b><br>%{{x:.4~s}}: %{{y:.4f}}<extra></extra>",
            }
        )
    low, high = _limits(lines, known=known)
    return {
        "data": traces,
        "layout": layout(
            xaxis=axis(TITLES[against], type="log", dtick=1),
            yaxis=axis(label, range=[low, high]),
        ),
        "height": 330,
    }
