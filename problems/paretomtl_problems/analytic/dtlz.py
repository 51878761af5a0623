"""DTLZ1 to DTLZ7 (Deb, Thiele, Laumanns and Zitzler 2005)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.problem import AnalyticProblem, Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.curve import Curve
from paretomtl_problems.analytic.options import DERIVED, box, resolve, whole_number
from paretomtl_problems.analytic.surface import (
    beyond_nadir,
    even_sphere,
    orthant_ball,
    whole_front_only,
)

SOURCE = "Deb, Thiele, Laumanns and Zitzler 2005"


@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ(AnalyticProblem):
    """m - 1 variables place a point along the front, the k others its distance `g` to it.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m - 1 + the k of the paper.
    """

    n_objectives: int = 3  # pyright: ignore[reportIncompatibleMethodOverride]
    n_variables: int = DERIVED  # pyright: ignore[reportIncompatibleMethodOverride]

    _paper_k = 10

    def __post_init__(self) -> None:
        whole_number(self, "n_objectives", low=2)
        resolve(self, "n_variables", self.n_objectives - 1 + self._paper_k)
        whole_number(self, "n_variables", low=self.n_objectives)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[0, 1]^n."""
        return box(self.n_variables, 0.0, 1.0)

    @property
    def ideal(self) -> Tensor:
        """The origin."""
        return torch.zeros(self.n_objectives, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """One in every objective."""
        return torch.ones(self.n_objectives, dtype=torch.float64)

    def _split(self, x: Variables) -> tuple[Tensor, Tensor]:
        return x[..., : self.n_objectives - 1], x[..., self.n_objectives - 1 :]


def spherical(angles: Tensor, radius: Tensor) -> Tensor:
    """Return points from m - 1 angles, the last objective from the first angle, [*batch, m].

    `f1 = r cos(a1) ... cos(a_{m-1})`, `f2 = r cos(a1) ... sin(a_{m-1})`, ..., `fm = r sin(a1)`.
    """
    columns: list[Tensor] = []
    for cosine, sine in zip(angles.cos().unbind(-1), angles.sin().unbind(-1), strict=True):
        columns.append(radius * sine)
        radius = radius * cosine
    return torch.stack((radius, *reversed(columns)), -1)


class SphereFront(DTLZ):
    """Problems whose front is the part of the unit sphere with no negative objective."""

    def front(self, n: int) -> Tensor:
        """Return `n` points of the sphere: at equal steps for m = 2, evenly by area beyond."""
        if self.n_objectives == 2:
            return CIRCLE.sample(n)
        return even_sphere(n, self.n_objectives)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return `prod(r)` less the ball's share, `pi^(m/2) / (2^m Gamma(m/2 + 1))`."""
        r = beyond_nadir(self, reference_point)
        if self.n_objectives == 2 and n_points is not None:
            return CIRCLE.best_hypervolume(n_points, r)
        whole_front_only(self, n_points)
        return float(r.prod()) - orthant_ball(self.n_objectives)


CIRCLE = Curve(lambda t: torch.stack((t.sin(), t.cos()), -1), ((0.0, math.pi / 2),))


@problems.register("dtlz2")
@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ2(SphereFront):
    """Spherical front: `f = (1 + g) s(x1, ..., x_{m-1})`, `g = sum((xi - 0.5)^2)`.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
    """

    card = ProblemCard(
        summary="Concave, spherical front without local traps, for any number of objectives.",
        source=SOURCE,
        family="DTLZ",
        front_shape="concave",
    )

    def _objectives(self, x: Variables) -> Losses:
        place, distance = self._split(x)
        g = (distance - 0.5).square().sum(-1)
        return spherical(place * (math.pi / 2), 1 + g)
