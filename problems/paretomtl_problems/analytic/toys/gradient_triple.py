"""Three linear objectives whose gradients are (1, 1), (1, -1) and (-1, 1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.problems import AnalyticProblem, Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.checks import beyond_nadir, check_count, whole_front_only
from paretomtl_problems.analytic.options import box, floats, vector


@problems.register("gradient_triple")
@dataclass(frozen=True, kw_only=True, eq=False)
class GradientTriple(AnalyticProblem):
    """`x1 + x2`, `x1 - x2` and `x2 - x1` on [-1, 1]^2; the last two oppose each other exactly.

    The gradients are (1, 1), (1, -1), (-1, 1) everywhere and sum to (1, 1). The front is
    `(|d| - 2, d, -d)` for d = x1 - x2 in [-2, 2].
    """

    card = ProblemCard(
        summary="Constant gradients, two of them opposed: a fixture for projections of gradients.",
        source="counterexample for pairwise gradient surgery",
        family="multi-task toy",
        front_shape="degenerate",
        notes=("Objectives are negative on the front.",),
    )

    @property
    def n_objectives(self) -> int:
        """Three."""
        return 3

    @property
    def n_variables(self) -> int:
        """Two."""
        return 2

    @property
    def lower_bound(self) -> float:
        """-2, in the box."""
        return -2.0

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-1, 1]^2."""
        return box(2, -1.0, 1.0)

    @property
    def ideal(self) -> Tensor:
        """(-2, -2, -2)."""
        return vector(-2.0, -2.0, -2.0)

    @property
    def nadir(self) -> Tensor:
        """(0, 2, 2)."""
        return vector(0.0, 2.0, 2.0)

    def front(self, n: int) -> Tensor:
        """Return `n` points at equal steps of arc length, [n, 3]."""
        check_count(n)
        d = torch.linspace(-2, 2, n, dtype=torch.float64) if n > 1 else vector(0.0)
        return torch.stack((d.abs() - 2, d, -d), -1)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Integrate `r1 + 2 - min |d|` over the (f2, f3) with f2 + f3 >= 0."""
        r1, r2, r3 = floats(beyond_nadir(self, reference_point))
        whole_front_only(self, n_points)
        height = r1 + 2
        # f2 >= 0 and f3 >= 0 allow d = 0; where one is -s < 0 the other is at least s, and |d| = s
        wedges = sum(2 * r * height - 2 * (r + height) + 8 / 3 for r in (r2, r3))
        return r2 * r3 * height + wedges

    def _objectives(self, x: Variables) -> Losses:
        x1, x2 = x[..., 0], x[..., 1]
        return torch.stack((x1 + x2, x1 - x2, x2 - x1), -1)
