"""Problems without bounds, and where their starts come from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.problems import AnalyticProblem
from paretomtl_problems.analytic.options import box, whole_number


class Unbounded(AnalyticProblem):
    """A problem without bounds; starts are drawn from a box around its Pareto set."""

    start_range: ClassVar[tuple[float, float]] = (-2.0, 2.0)
    """Where each variable of a start is drawn from."""

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The whole space."""
        return box(self.n_variables, -math.inf, math.inf)

    @property
    def start_box(self) -> tuple[Tensor, Tensor]:
        """`start_range` in every variable."""
        return box(self.n_variables, *self.start_range)


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedStarts(Unbounded):
    """An unbounded problem in the plane with published starts.

    Args:
        start_index: Which published start every run takes, from 0; None draws one by the seed.
    """

    start_index: int | None = None

    _published: ClassVar[tuple[tuple[float, float], ...]]

    def __post_init__(self) -> None:
        if self.start_index is not None:
            whole_number(self, "start_index", low=0, high=len(self._points) - 1)

    @property
    def _points(self) -> tuple[tuple[float, float], ...]:
        return self._published

    @property
    def n_variables(self) -> int:
        """Two."""
        return 2

    @property
    def starts(self) -> Tensor:
        """The published starts, or the one chosen by `start_index`, [s, 2]."""
        points = torch.tensor(self._points, dtype=torch.float64)
        return points if self.start_index is None else points[self.start_index, None]

    @property
    def start_box(self) -> tuple[Tensor, Tensor]:
        """The smallest box around 0 that holds the published starts, for random clouds."""
        reach = max(abs(value) for point in self._points for value in point)
        return box(2, -reach, reach)
