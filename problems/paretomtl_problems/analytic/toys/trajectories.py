"""EWQ, CQF and HQF: the planar quadratics on which Jacobian descent is shown step by step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.problems import AnalyticProblem, Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.checks import check_count, checked_reference
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.options import vector
from paretomtl_problems.analytic.toys.starts import FixedStarts

SOURCE = "Quinton and Rey 2024 (Jacobian descent), trajectories"


@problems.register("ewq")
@dataclass(frozen=True, kw_only=True, eq=False)
class ElementWiseQuadratic(FixedStarts, AnalyticProblem):
    """`f = (x1^2, x2^2)`: no conflict at all; the front is the one point 0.

    Every point of the two axes is weakly stationary: one of the gradients vanishes there.

    Args:
        start_index: Which of the five published starts, from 0; None draws one by the seed.
    """

    card = ProblemCard(
        summary="Two tasks without conflict, with weakly stationary axes.",
        source=SOURCE,
        family="multi-task toy",
        front_shape="degenerate",
        notes=(
            "Published protocol: SGD, learning rate 0.075, 50 steps, five starts.",
            "The front is one point and has no range: the reference point is (1, 1).",
        ),
    )

    _published: ClassVar = ((3.0, -2.0), (0.0, -3.0), (-4.0, 4.0), (-3.0, 4.0), (-3.5, -0.75))

    @property
    def n_objectives(self) -> int:
        """Two."""
        return 2

    @property
    def ideal(self) -> Tensor:
        """The origin."""
        return vector(0.0, 0.0)

    @property
    def nadir(self) -> Tensor:
        """The origin."""
        return vector(0.0, 0.0)

    @property
    def reference_point(self) -> Tensor:
        """(1, 1)."""
        return vector(1.0, 1.0)

    def front(self, n: int) -> Tensor:
        """Return the only point, [1, 2]."""
        check_count(n)
        return torch.zeros(1, 2, dtype=torch.float64)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return `r1 r2`: one point reaches it."""
        if n_points is not None:
            check_count(n_points)
        return float(checked_reference(self, reference_point).clamp_min(0).prod())

    def _objectives(self, x: Variables) -> Losses:
        return x.square()


class QuadraticForms(FixedStarts, CurveProblem):
    """`fi = (x - ui)^T Ai (x - ui)` with two positive definite matrices.

    The Pareto set is `(t A1 + (1 - t) A2)^-1 (t A1 u1 + (1 - t) A2 u2)`, t in [0, 1].
    """

    _matrices: ClassVar[tuple[tuple[tuple[float, float], tuple[float, float]], ...]]
    _minimizers: ClassVar[tuple[tuple[float, float], tuple[float, float]]]

    @cached_property
    def _forms(self) -> tuple[Tensor, Tensor]:
        return (
            torch.tensor(self._matrices, dtype=torch.float64),
            torch.tensor(self._minimizers, dtype=torch.float64),
        )

    @property
    def curve(self) -> Curve:
        """The front from the first minimizer (t = 1) to the second (t = 0)."""
        (a1, a2), (u1, u2) = self._forms

        def point(s: Tensor) -> Tensor:
            t = 1 - s[:, None]
            matrix = t[..., None] * a1 + s[:, None, None] * a2
            right = t * (a1 @ u1) + s[:, None] * (a2 @ u2)
            return self._objectives((torch.inverse(matrix) @ right[..., None]).squeeze(-1))

        return Curve(point)

    def _objectives(self, x: Variables) -> Losses:
        matrices, minimizers = (form.to(x) for form in self._forms)
        first, second = (x.unsqueeze(-2) - minimizers).unbind(-1)
        cross = 2 * matrices[:, 0, 1]  # element by element: ten times as fast as products of 2 x 2
        return first * (matrices[:, 0, 0] * first + cross * second) + (
            matrices[:, 1, 1] * second.square()
        )


@problems.register("cqf")
@dataclass(frozen=True, kw_only=True, eq=False)
class ConvexQuadraticForms(QuadraticForms):
    """Two elongated quadratics with minimizers (1, 0) and (-1, 0).

    `A1 = [[1, .2], [.2, .05]]`, `A2 = [[3, -.6], [-.6, .2]]`.

    Args:
        start_index: Which of the three published starts, from 0; None draws one by the seed.
    """

    card = ProblemCard(
        summary="Two elongated convex quadratics whose long axes cross.",
        source=SOURCE,
        family="multi-task toy",
        front_shape="convex",
        notes=(
            "Published protocol: SGD, learning rate 0.125, 200 steps, three starts.",
            "To draw fair figures the source scales learning rates by method: step length is part of a method.",
        ),
    )

    _published = ((0.5, 0.5), (-0.3, 7.0), (0.0, 0.0))
    _matrices = (((1.0, 0.2), (0.2, 0.05)), ((3.0, -0.6), (-0.6, 0.2)))
    _minimizers = ((1.0, 0.0), (-1.0, 0.0))


@problems.register("hqf")
@dataclass(frozen=True, kw_only=True, eq=False)
class HomogeneousQuadraticForms(QuadraticForms):
    """Two quadratics of one shape, the second ten times as steep, minimizers (1, 0) and (-10, 0).

    `A1 = [[2, -1], [-1, 2]]`, `A2 = 10 A1`.

    Args:
        start_index: Which of the four published starts, from 0; None draws one by the seed.
    """

    card = ProblemCard(
        summary="Two quadratics of one shape and different steepness.",
        source=SOURCE,
        family="multi-task toy",
        front_shape="convex",
        notes=("Published protocol: SGD, learning rate 0.005, 100 steps, four starts.",),
    )

    _published = ((-6.0, 4.0), (-3.0, -1.5), (1.5, 2.0), (2.5, 5.5))
    _matrices = (((2.0, -1.0), (-1.0, 2.0)), ((20.0, -10.0), (-10.0, 20.0)))
    _minimizers = ((1.0, 0.0), (-10.0, 0.0))
