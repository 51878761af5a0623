"""A family of quadratic tasks with knobs for conflict, curvature of the front, condition and scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.simplicial import SimplicialProblem
from paretomtl_problems.analytic.options import real_number, whole_number
from paretomtl_problems.analytic.toys.starts import Unbounded


@problems.register("quadratic")
@dataclass(frozen=True, kw_only=True, eq=False)
class Quadratic(Unbounded, SimplicialProblem):
    """`fi = si phi(qi)`, `qi = (x - ci)^T H (x - ci)`, with a front that is known for every setting.

    The minimizers c1, ..., cm are unit vectors at equal angles, so the cosine of every two task
    gradients at the origin is `1 - conflict m / (m - 1)`. `phi(q) = log(1 + curvature q) / curvature`,
    the identity at 0: it leaves the Pareto set (the simplex of the minimizers) alone and bends the
    front, without ever letting a gradient vanish. For two tasks the middle of the front turns
    concave where `curvature |c1 - c2|^2 > 4`. H has eigenvalue 1 along the Pareto set and up to
    `condition` across it, in directions that no coordinate axis shares.

    Args:
        n_objectives: Number of tasks, m, at least 2.
        n_variables: Number of variables, at least m, and more than m for a `condition` above 1.
        conflict: 0 (all tasks agree) to 1 (as opposed as m tasks can be).
        curvature: 0 (convex front) upwards (ever more concave).
        condition: Condition number of H, at least 1.
        scale: Ratio of the last task's scale to the first one's, > 0; in between geometric.
    """

    n_objectives: int = 2  # pyright: ignore[reportIncompatibleMethodOverride]
    n_variables: int = 10  # pyright: ignore[reportIncompatibleMethodOverride]
    conflict: float = 1.0
    curvature: float = 0.0
    condition: float = 1.0
    scale: float = 1.0

    card = ProblemCard(
        summary="Quadratic tasks with knobs for conflict, front curvature, conditioning and scale.",
        source="paretomtl",
        family="multi-task toy",
        front_shape="mixed",
        notes=(
            "Convex front for curvature 0; concave in the middle for large curvature.",
            "Unbounded; starts are drawn from [-2, 2]^n.",
            "conflict 0 makes the front one point: the reference point is then one scale beyond it.",
        ),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_objectives", low=2)
        whole_number(self, "n_variables", low=self.n_objectives)
        real_number(self, "conflict", low=0.0, high=1.0)
        real_number(self, "curvature", low=0.0)
        real_number(self, "condition", low=1.0)
        real_number(self, "scale", low=0.0, open_low=True)
        if self.condition > 1 and self.n_variables == self.n_objectives:
            raise BadInput(
                f"'quadratic' needs `n_variables` above `n_objectives` ({self.n_objectives}) for a "
                f"`condition` above 1: the Pareto set itself is never stretched; found "
                f"{self.n_variables}."
            )

    @property
    def cosine(self) -> float:
        """Cosine of every two task gradients at the origin."""
        return 1 - self.conflict * self.n_objectives / (self.n_objectives - 1)

    @property
    def reference_point(self) -> Tensor:
        """Nadir and 10 % of the range; one scale beyond the front where that is a single point."""
        if self.conflict == 0:
            return self._scales
        return super().reference_point

    @cached_property
    def _scales(self) -> Tensor:
        exponents = torch.linspace(0, 1, self.n_objectives, dtype=torch.float64)
        return self.scale**exponents

    @cached_property
    def minimizers(self) -> Tensor:
        """The minimizer of each task, [m, n]: unit vectors with equal inner products."""
        m, cosine = self.n_objectives, self.cosine
        across = math.sqrt(max(1 - cosine, 0.0))  # sqrt of the Gramian (1 - cosine) I + cosine 11^T
        along = math.sqrt(max(1 + (m - 1) * cosine, 0.0))
        root = across * torch.eye(m, dtype=torch.float64) + (along - across) / m
        return root @ self._axes[:m]

    @cached_property
    def _axes(self) -> Tensor:
        """Orthonormal rows, the discrete cosine basis: no direction is a coordinate axis."""
        n = self.n_variables
        k = torch.arange(n, dtype=torch.float64)
        rows = (math.pi / n * k[:, None] * (k + 0.5)).cos() * math.sqrt(2 / n)
        rows[0] /= math.sqrt(2)
        return rows

    @cached_property
    def hessian(self) -> Tensor:
        """H, [n, n]: each task's second derivative is 2 si H at curvature 0."""
        m, n = self.n_objectives, self.n_variables
        stretch = torch.ones(n, dtype=torch.float64)
        if n > m:
            steps = torch.arange(1, n - m + 1, dtype=torch.float64) / (n - m)
            stretch[m:] = self.condition**steps
        return self._axes.T * stretch @ self._axes

    def _bent(self, q: Tensor) -> Tensor:
        if self.curvature == 0:
            return self._scales.to(q) * q
        return self._scales.to(q) * (self.curvature * q).log1p() / self.curvature

    def on_front(self, weights: Tensor) -> Tensor:
        """Return the front at barycentric weights of the minimizers."""
        side = 2 * (1 - self.cosine)  # squared distance of two minimizers
        spread = weights.square().sum(-1, keepdim=True)
        return self._bent(0.5 * side * (1 - 2 * weights + spread))

    def _objectives(self, x: Variables) -> Losses:
        hessian, minimizers = self.hessian.to(x), self.minimizers.to(x)
        d = x.unsqueeze(-2) - minimizers
        return self._bent(((d @ hessian) * d).sum(-1))
