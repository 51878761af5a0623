"""Hypervolume of every entry with its interval and its seeds: how far apart, and how surely."""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math

import numpy as np

from paretomtl_reports.figures.canvas import Figure, canvas, styled, to_svg
from paretomtl_reports.model import Section
from paretomtl_reports.style import INK, MUTED, Style


def intervals_figure(section: Section) -> Figure | None:
    """Return the intervals of a section; None when no entry has a hypervolume."""
    known = section.facts.judge is not None and not math.isnan(section.facts.judge.best_hypervolume)
    name = "normalized_hypervolume" if known else "hypervolume"
    rows = [(r, r.estimates[name]) for r in section.results]
    rows = [(r, e) for r, e in rows if math.isfinite(e.mean)]
    if not rows:
        return None
    slug = f"{section.slug}-intervals"
    with styled(slug):
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
                marker=style.symbol.matplotlib,
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
    many = len(section.seeds) > 1
    return Figure(
        slug=slug,
        title="Hypervolume by method",
        caption=(
            "Mean over seeds (marker), 95 % confidence interval of the mean (bar), every seed (tick)."
            if many
            else "One seed: there is no interval."
        ),
        alt=f"Hypervolume of {len(rows)} methods on {section.title} with confidence intervals.",
        svg=svg,
    )
