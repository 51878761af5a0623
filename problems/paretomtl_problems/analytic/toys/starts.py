"""Planar problems whose starting points the literature fixes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.problem import AnalyticProblem
from paretomtl_problems.analytic.options import box, whole_number


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedStarts(AnalyticProblem):
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
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The whole plane."""
        return box(2, -math.inf, math.inf)

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
