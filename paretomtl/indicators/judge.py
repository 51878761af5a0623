"""A point set judged by a problem's own facts: its reference point, its exact front, its best hypervolume."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from paretomtl.errors import NoKnownFront, ParetomtlError
from paretomtl.indicators.catalogue import indicators
from paretomtl.indicators.definition import PointSet
from paretomtl.indicators.points import (
    Array,
    PointsLike,
    as_points,
    check_reference_point,
    check_reference_set,
)
from paretomtl.indicators.volume import feasible_hypervolume
from paretomtl.problems.base import Problem

FRONT_POINTS = 1000
"""Points of the exact front that the distance indicators are measured against."""

ROUNDING = 1e-6
"""Relative excess over the best hypervolume that rounding (also of float32 runs) can explain."""

SENSITIVITY = 2.0
"""The second reference point lies this many times as far from the ideal as the problem's own."""


class AboveSupremum(ParetomtlError, ArithmeticError):  # noqa: N818 - names what is wrong
    """A hypervolume larger than any set of points can have: a stated fact or a loss is wrong."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What a problem states of its objective space, read once, to score many point sets.

    Args:
        name: How messages name the problem.
        reference_point: [m].
        sensitivity_point: [m], a second reference point further out, to see whether a ranking
            depends on the first.
        front: Points of the exact front [k, m]; None when it is not known.
        best_hypervolume: Hypervolume of the whole exact front at `reference_point`; NaN when unknown.
        best_sensitivity: The same at `sensitivity_point`.
        best_of: Best hypervolume of so many points at `reference_point`; NaN when unknown.
        supremum: No hypervolume at `reference_point` exceeds it; `inf` when nothing is known.
    """

    name: str
    reference_point: Array
    sensitivity_point: Array
    front: Array | None
    best_hypervolume: float
    best_sensitivity: float
    best_of: Callable[[int], float]
    supremum: float

    @classmethod
    def of(cls, problem: Problem, *, front_points: int = FRONT_POINTS) -> Judge:
        """Read the facts of a problem; what raises `NoKnownFront` is taken as unknown."""
        reference = check_reference_point(problem.reference_point)
        ideal = check_reference_point(problem.ideal)
        try:
            front = check_reference_set(problem.front(front_points), columns=reference.size)
        except NoKnownFront:
            front = None
        further = ideal + SENSITIVITY * (reference - ideal)
        best = _known(problem.best_hypervolume)

        @cache
        def best_of(n: int) -> float:
            return _known(lambda: problem.best_hypervolume(n))

        box = np.prod(np.maximum(reference - problem.lower_bound, 0.0))
        return cls(
            name=problem.name,
            reference_point=reference,
            sensitivity_point=further,
            front=front,
            best_hypervolume=best,
            best_sensitivity=_known(
                lambda: problem.best_hypervolume(reference_point=torch.from_numpy(further))  # pyright: ignore[reportUnknownMemberType]
            ),
            best_of=best_of,
            supremum=float(box) if math.isnan(best) else best,
        )

    def score(self, F: PointsLike) -> dict[str, float]:
        """Return every indicator of one point set by name; see `score`."""
        everything = as_points(F, columns=self.reference_point.size)
        points = everything[np.isfinite(everything).all(axis=1)]
        measured = PointSet(
            points=points,
            reference_point=self.reference_point,
            front=self.front,
            best_hypervolume=self.best_hypervolume,
            best_of=self.best_of,
        )
        self._check(measured.hypervolume)
        further, _ = feasible_hypervolume(points, self.sensitivity_point)
        values = {name: indicator.of(measured) for name, indicator in indicators.items()}
        return {
            "points": len(everything),
            "nonfinite": len(everything) - len(points),
            "hypervolume": values["hypervolume"],
            "hypervolume_is_exact": float(measured.hypervolume_is_exact),
            "normalized_hypervolume": values["normalized_hypervolume"],
            "share_of_best": values["share_of_best"],
            "sensitivity_hypervolume": further,
            "normalized_sensitivity_hypervolume": further / self.best_sensitivity,
            **values,
            "cut_off": int((~(points < self.reference_point).all(axis=1)).sum()),
        }

    def _check(self, volume: float) -> None:
        if volume > self.supremum * (1 + ROUNDING):
            raise AboveSupremum(
                f"the hypervolume {volume!r} on {self.name!r} at {self.reference_point.tolist()} "
                f"exceeds the largest possible, {self.supremum!r}: either the points were not "
                f"produced by this problem, or a fact that it states (front, best hypervolume, lower "
                f"bound) is wrong. It is not a result."
            )


def score(problem: Problem, F: PointsLike, *, front_points: int = FRONT_POINTS) -> dict[str, float]:
    """Return every indicator of a point set, judged by the problem's own facts.

    Args:
        problem: Owner of the reference point, and where known of the exact front.
        F: Points [n, m]. Rows with NaN or an infinity are counted and left out: a run that did not
            end anywhere contributes nothing to its front.
        front_points: Points of the exact front that the distances are measured against.

    Returns:
        By name every indicator of the catalogue, among them `hypervolume`; `hypervolume_is_exact` (0 where only `approximate_hypervolume` is
        feasible); `normalized_hypervolume`, the share of the whole exact front's; `share_of_best`,
        the share of the best that as many points can reach; `sensitivity_hypervolume` and
        `normalized_sensitivity_hypervolume`, at a reference point twice as far from the ideal;
        `igd`, `igd_plus`, `gd`, `gd_plus`, `epsilon`; `nondominated`, the number of distinct
        non-dominated points; `cut_off`, how many finite points are not strictly inside the reference
        point; `points` and `nonfinite`, how many rows came in and how many were left out. NaN where
        the problem does not know its front; an empty set has hypervolume 0 and infinite distances.

    Raises:
        BadInput: Wrong shape or type.
        AboveSupremum: The hypervolume exceeds the best possible by more than rounding.
    """
    return Judge.of(problem, front_points=front_points).score(F)


def _known(fact: Callable[[], float]) -> float:
    try:
        return float(fact())
    except NoKnownFront:
        return math.nan
