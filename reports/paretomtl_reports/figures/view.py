"""What of a section's objective space is in sight, and which points are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paretomtl_reports.model import Array, Result, Section

CAP = 4000
"""Points of one section that are drawn, at most."""


@dataclass(frozen=True, kw_only=True)
class View:
    """The box of objective space in sight.

    Args:
        low: [m].
        high: [m].
        outside: Points of the section that are not in it.
        every: Draw each n-th dominated point only; 1 draws all.
    """

    low: Array
    high: Array
    outside: int
    every: int

    @classmethod
    def of(cls, section: Section) -> View | None:
        """From a little below the ideal to a little beyond the reference point.

        Without a reference point the view holds every point; None when there is none either.
        """
        m = section.n_objectives
        points = np.concatenate(
            [np.zeros((0, m)), *(f.points for r in section.results for f in r.fronts)]
        )
        judge = section.facts.judge
        if judge is not None:
            low, high = np.array(section.facts.ideal), judge.reference_point
        elif len(points):
            low, high = points.min(axis=0), points.max(axis=0)
        else:
            return None
        pad = 0.04 * np.where(high > low, high - low, 1.0)
        low, high = low - pad, high + pad
        inside = ((points >= low) & (points <= high)).all(axis=1)
        return cls(
            low=low,
            high=high,
            outside=int((~inside).sum()),
            every=max(1, -(-len(points) // CAP)),
        )

    def sentence(self) -> str:
        """Say what is not drawn."""
        parts: list[str] = []
        if self.outside:
            noun = "point lies" if self.outside == 1 else "points lie"
            parts.append(f"{self.outside} {noun} outside the view.")
        if self.every > 1:
            parts.append(
                f"Of the dominated points every {self.every}th is drawn; the CSV file has them all."
            )
        return " ".join(parts)


def drawn(result: Result, view: View) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the points of an entry that are drawn: losses, preferences, seeds, non-dominated or not."""
    points = np.concatenate([f.points for f in result.fronts])
    preferences = np.concatenate([f.preferences for f in result.fronts])
    seeds = np.concatenate([np.full(len(f.points), f.seed, dtype=np.int64) for f in result.fronts])
    kept = np.concatenate([f.nondominated for f in result.fronts])
    # The cap thins both kinds where there are very many, the dominated ones first.
    rank = np.empty(len(points), dtype=np.int64)
    rank[~kept] = np.arange(int((~kept).sum()))
    rank[kept] = np.arange(int(kept.sum()))
    shown = kept | (rank % view.every == 0)
    if shown.sum() > CAP:
        shown &= rank % -(-int(shown.sum()) // CAP) == 0
    return points[shown], preferences[shown], seeds[shown], kept[shown]


def pieces(front: Array) -> list[Array]:
    """Cut a front of two objectives where it has gaps, so that no line crosses them."""
    ordered = front[np.lexsort((-front[:, 1], front[:, 0]))]
    steps = np.linalg.norm(np.diff(ordered, axis=0), axis=1)
    if len(steps) == 0:
        return [ordered]
    gaps = np.flatnonzero(steps > 8 * np.median(steps)) + 1
    return np.split(ordered, gaps)
