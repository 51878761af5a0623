"""What an indicator is: what it means, what it needs to be known, and how it is measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from paretomtl.indicators.points import Array
from paretomtl.indicators.volume import feasible_hypervolume

Compliance: TypeAlias = Literal["strict", "weak", "none"]
Fact: TypeAlias = Literal["reference_point", "front", "best_hypervolume"]


def _unknown(n_points: int) -> float:
    return math.nan


@dataclass(frozen=True, kw_only=True)
class PointSet:
    """A finite set of points beside the facts that it is measured against.

    Args:
        points: [n, m], finite, minimised.
        reference_point: [m].
        front: Points of the exact front [k, m]; None when it is not known.
        best_hypervolume: Hypervolume of the whole exact front; NaN when unknown.
        best_of: Best hypervolume of so many points; NaN when unknown.
    """

    points: Array
    reference_point: Array
    front: Array | None = None
    best_hypervolume: float = math.nan
    best_of: Callable[[int], float] = _unknown

    @cached_property
    def hypervolume(self) -> float:
        """Exact where that is feasible, else approximate."""
        return self._hypervolume[0]

    @property
    def hypervolume_is_exact(self) -> bool:
        """Whether `hypervolume` is exact."""
        return self._hypervolume[1]

    @cached_property
    def _hypervolume(self) -> tuple[float, bool]:
        return feasible_hypervolume(self.points, self.reference_point)


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """One number that a point set gets.

    Args:
        name: As in tables and in the public functions.
        title: As people write it.
        summary: What it measures, in one sentence.
        better: "higher" or "lower".
        pareto_compliance: "strict": a set that dominates another scores strictly better; "weak": never
            worse; "none": it may score worse.
        needs: Facts of the problem without which it is not defined.
        unit: What the number is measured in.
        measure: The number itself; called only where what it needs is known, or NaN.
        computed_by: The library that computes it.
    """

    name: str
    title: str
    summary: str
    better: Literal["higher", "lower"]
    pareto_compliance: Compliance
    needs: tuple[Fact, ...]
    unit: str
    measure: Callable[[PointSet], float]
    computed_by: str = "pymoo"

    def of(self, points: PointSet) -> float:
        """Return the number of a point set; NaN where the front that it needs is not known."""
        if "front" in self.needs and points.front is None:
            return math.nan
        return self.measure(points)

    def card(self) -> dict[str, Any]:
        """Return all that can be printed of it, by name."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        del fields["measure"]
        return fields
