"""Hypervolume of every entry with its interval and its seeds: how far apart, and how surely."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math

import numpy as np

from paretomtl_reports.analysis.model import Section
from paretomtl_reports.figures.figure import Figure
from paretomtl_reports.figures.svg import canvas, styled, to_svg
from paretomtl_reports.style import INK, MUTED, Style


def draw_intervals(section: Section, name: str) -> Figure | None:
    """Draw the intervals of a section; None when no entry has a hypervolume.

    Args:
        section: Its estimates.
        name: Unique in the report; the ids in the SVG file follow from it.
    """
    known = section.best_known
    shown = "normalized_hypervolume" if known else "hypervolume"
    rows = [(r, r.estimates[shown]) for r in section.results]
    rows = [(r, e) for r, e in rows if math.isfinite(e.mean)]
    if not rows:
        return None
    with styled(name):
        figure = canvas(9.6, 0.34 * len(rows) + 0.75)
        axes = figure.subplots()
        for place, (result, estimate) in enumerate(rows):
            style = Style.of(result.style)
            axes.plot(
                estimate.values,
                np.full(estimate.n, place),
                linestyle="none",
                marker="|",
                markersize=9,
                color=style.color,
                alpha=0.55,
            )
            if math.isfinite(estimate.half_width):
                axes.plot(
                    [estimate.mean - estimate.half_width, estimate.mean + estimate.half_width],
                    [place, place],
                    color=style.color,
                    linewidth=2.2,
                    solid_capstyle="round",
                )
            axes.plot(
                estimate.mean,
                place,
                marker=style.marker.matplotlib,
                markersize=6.5,
                markeredgewidth=0,
                color=style.color,
            )
        axes.set_yticks(range(len(rows)), [r.label for r, _ in rows], color=INK)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(
            "Hypervolume, share of the front's" if known else "Hypervolume", color=MUTED
        )
        svg = to_svg(figure)
    return Figure(
        alt=f"Hypervolume of {len(rows)} methods on {section.title} with confidence intervals.",
        svg=svg,
    )
