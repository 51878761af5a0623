"""Which part of a section's objective space is visible, and which of its points are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paretomtl_reports.analysis.model import Array, Result, Section

CAP = 4000
"""Points of one section that are drawn, at most."""


@dataclass(frozen=True, kw_only=True)
class View:
    """The visible box of objective space, and how many points of each entry are drawn.

    Args:
        low: [m].
        high: [m].
        each: Points of one entry that are drawn, at most.
        outside: Points of the section that are not in the box.
        hidden: Points of the section that are not drawn because there are too many.
    """

    low: Array
    high: Array
    each: int
    outside: int
    hidden: int

    @classmethod
    def of(cls, section: Section) -> View | None:
        """From a little below the ideal to a little beyond the reference point.

        Without a reference point the view holds every point; None when there is none either.
        """
        m = section.n_objectives
        counts = [sum(len(f.points) for f in r.fronts) for r in section.results]
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
        each = max(1, CAP // max(1, len(section.results)))
        return cls(
            low=low,
            high=high,
            each=each,
            outside=int((~inside).sum()),
            hidden=sum(max(0, count - each) for count in counts),
        )

    def sentence(self) -> str:
        """Return what the view leaves out, in words; empty where it shows every point."""
        parts: list[str] = []
        if self.outside:
            noun = "point lies" if self.outside == 1 else "points lie"
            parts.append(f"{self.outside} {noun} outside the view.")
        if self.hidden:
            parts.append(
                f"{self.hidden} points are not drawn because there are too many, dominated ones "
                f"first; the CSV file has them all."
            )
        return " ".join(parts)


def drawn(result: Result, view: View) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the points of an entry that are drawn: losses, preferences, seeds, non-dominated or not.

    Where there are more than `view.each`, non-dominated points go first and both kinds are thinned
    evenly.
    """
    points = np.concatenate([f.points for f in result.fronts])
    preferences = np.concatenate([f.preferences for f in result.fronts])
    seeds = np.concatenate([np.full(len(f.points), f.seed, dtype=np.int64) for f in result.fronts])
    on_front = np.concatenate([f.nondominated for f in result.fronts])
    best = _thinned(np.flatnonzero(on_front), view.each)
    rest = _thinned(np.flatnonzero(~on_front), view.each - len(best))
    shown = np.sort(np.concatenate([best, rest]))
    return points[shown], preferences[shown], seeds[shown], on_front[shown]


def _thinned(places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if len(places) <= count:
        return places
    return places[np.linspace(0, len(places) - 1, count).round().astype(int)]


def pieces(front: Array) -> list[Array]:
    """Cut a front of two objectives where it has gaps, so that no line crosses them."""
    ordered = front[np.lexsort((-front[:, 1], front[:, 0]))]
    steps = np.linalg.norm(np.diff(ordered, axis=0), axis=1)
    if len(steps) == 0:
        return [ordered]
    # Points of a connected front lie at similar distances: a step many times the median is a gap.
    gaps = np.flatnonzero(steps > 8 * np.median(steps)) + 1
    return np.split(ordered, gaps)
