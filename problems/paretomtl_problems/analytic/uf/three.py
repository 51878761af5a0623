"""UF8 to UF10: the three-objective problems of CEC 2009 (Zhang et al. 2008)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.problems import AnalyticProblem, Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.checks import beyond_nadir, check_count, whole_front_only
from paretomtl_problems.analytic.fronts.simplex_and_sphere import (
    even_sphere,
    orthant_ball,
    spherical,
)
from paretomtl_problems.analytic.fronts.surface import even_points
from paretomtl_problems.analytic.options import box, whole_number
from paretomtl_problems.analytic.uf.two import SOURCE


@dataclass(frozen=True, kw_only=True, eq=False)
class ThreeObjectiveUF(AnalyticProblem):
    """x1 and x2 run along the front, the others must follow a surface that depends on them.

    Args:
        n_variables: Number of variables, at least 5.
    """

    n_variables: int = 30  # pyright: ignore[reportIncompatibleMethodOverride]

    uncovered: ClassVar[float]
    """Volume of the unit box that the front does not dominate."""

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=5)

    @property
    def n_objectives(self) -> int:
        """Three."""
        return 3

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[0, 1] for x1 and x2, [-2, 2] for the others."""
        lower, upper = box(self.n_variables, -2.0, 2.0)
        lower[:2], upper[:2] = 0.0, 1.0
        return lower, upper

    @property
    def ideal(self) -> Tensor:
        """The origin."""
        return torch.zeros(3, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """One in each objective."""
        return torch.ones(3, dtype=torch.float64)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of the whole front."""
        r = beyond_nadir(self, reference_point)
        whole_front_only(self, n_points)
        return float(r.prod()) - self.uncovered

    def _distances(self, x: Variables) -> Tensor:
        """Return `y_j = x_j - 2 x2 sin(2 pi x1 + j pi / n)` for j = 3..n, [*batch, n - 2]."""
        n = self.n_variables
        phase = torch.arange(3, n + 1, dtype=x.dtype, device=x.device) * (math.pi / n)
        return x[..., 2:] - 2.0 * x[..., 1:2] * torch.sin((2 * math.pi) * x[..., :1] + phase)


def means(h: Tensor) -> Tensor:
    """Return twice the means over j = 4, 7, ..., j = 5, 8, ... and j = 3, 6, ..., [*batch, 3]."""
    return 2.0 * torch.stack([h[..., start::3].mean(-1) for start in (1, 2, 0)], -1)


class SphericalUF(ThreeObjectiveUF):
    """UF8 and UF10: the front is the part of the unit sphere with no negative objective."""

    uncovered: ClassVar[float] = orthant_ball(3)

    def front(self, n: int) -> Tensor:
        """Return `n` points of the sphere, evenly by area, axes first."""
        return even_sphere(n, 3)

    def _place(self, x: Variables) -> Tensor:
        angles = (math.pi / 2) * x[..., :2]
        return spherical(angles, torch.ones_like(x[..., 0]))


@problems.register("uf8")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF8(SphericalUF):
    """Spherical front; the Pareto set is a wave whose amplitude grows with x2.

    Args:
        n_variables: Number of variables, at least 5.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Spherical front of three objectives; the Pareto set is a wave.",
        source=SOURCE,
        family="UF",
        front_shape="concave",
    )

    def _objectives(self, x: Variables) -> Losses:
        return self._place(x) + means(self._distances(x).square())


@problems.register("uf9")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF9(ThreeObjectiveUF):
    """A front of two triangles in the plane f1 + f2 + f3 = 1.

    Args:
        n_variables: Number of variables, at least 5.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="The front is two triangles of a plane, joined in one corner.",
        source=SOURCE,
        family="UF",
        front_shape="disconnected",
        notes=(
            "Where the hump max(0, 1.1 (1 - 4 (2 x1 - 1)^2)) sets in, its slope is taken as 0.",
        ),
    )
    # On the level f3 = 1 - s the two pieces leave 5/8 s^2 of (f1, f2) uncovered.
    uncovered: ClassVar[float] = 5.0 / 24.0

    def front(self, n: int) -> Tensor:
        """Return `n` points of the triangles, evenly by area, their outer corners first."""
        check_count(n)
        u = even_points(max(n - 5, 0), 2)
        size = u[:, 0].sqrt()
        share = torch.where(u[:, 1] < 0.5, 0.5 * u[:, 1], 0.5 + 0.5 * u[:, 1])
        inner = torch.stack((size * share, size * (1.0 - share), 1.0 - size), -1)
        corners = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.25, 0.75, 0], [0.75, 0.25, 0]]
        return torch.cat((torch.tensor(corners, dtype=torch.float64), inner))[:n]

    def _objectives(self, x: Variables) -> Losses:
        x1, x2 = x[..., 0], x[..., 1]
        hump = (1.1 * (1.0 - 4.0 * (2.0 * x1 - 1.0).square())).relu()
        place = (0.5 * (hump + 2.0 * x1) * x2, 0.5 * (hump - 2.0 * x1 + 2.0) * x2, 1.0 - x2)
        return torch.stack(place, -1) + means(self._distances(x).square())


@problems.register("uf10")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF10(SphericalUF):
    """Spherical front with many local fronts.

    Args:
        n_variables: Number of variables, at least 5.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Spherical front of three objectives; many local fronts.",
        source=SOURCE,
        family="UF",
        front_shape="concave",
    )

    def _objectives(self, x: Variables) -> Losses:
        y = self._distances(x)
        return self._place(x) + means(4.0 * y.square() - torch.cos((8 * math.pi) * y) + 1.0)
