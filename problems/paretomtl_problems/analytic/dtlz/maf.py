"""The MaF problems (Cheng et al. 2017) that are not renamed members of other families."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.errors import NoKnownFront
from paretomtl.problems import AnalyticProblem, Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.dtlz.dtlz import DTLZ, ripples
from paretomtl_problems.analytic.fronts.checks import beyond_nadir, check_count, whole_front_only
from paretomtl_problems.analytic.fronts.curve import Curve
from paretomtl_problems.analytic.fronts.simplex_and_sphere import (
    even_simplex,
    even_sphere,
    inverted_hypervolume,
    orthant_ball,
    spherical,
    split_into_parts,
)
from paretomtl_problems.analytic.fronts.simplicial import simplicial_hypervolume
from paretomtl_problems.analytic.fronts.surface import SurfaceProblem, even_points, even_surface
from paretomtl_problems.analytic.options import box, floats, whole_number

SOURCE = "Cheng, Li, Tian, Zhang, Yang, Jin and Yao 2017"


@problems.register("maf1")
@dataclass(frozen=True, kw_only=True, eq=False)
class MaF1(SurfaceProblem, DTLZ):
    """Inverted linear front without local traps: `f = (1 + g) (1 - h)`, `sum(h) = 1`.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Linear front standing on its tip: regular preferences fit it badly.",
        source=SOURCE,
        family="MaF",
        front_shape="linear",
    )

    @property
    def curve(self) -> Curve:
        """From (0, 1) to (1, 0)."""
        return LINE

    def _surface(self, n: int) -> Tensor:
        return 1.0 - even_simplex(n, self.n_objectives)

    def _volume(self, r: Tensor) -> float:
        """Return the volume with `sum(max(0, 1 - f)) <= 1`."""
        m = self.n_objectives
        return inverted_hypervolume(r - 1.0, 1.0, [1 / math.factorial(k) for k in range(m + 1)])

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        whole = 1.0 + (distance - 0.5).square().sum(-1)
        return whole.unsqueeze(-1) - split_into_parts(position, whole)


@problems.register("maf2")
@dataclass(frozen=True, kw_only=True, eq=False)
class MaF2(SurfaceProblem, DTLZ):
    """A patch from the middle of the sphere; each objective has distance variables of its own.

    `f = (1 + g_i) s_i(a)` with angles `a = pi / 2 (x / 2 + 1 / 4)` and `g_i` the sum of
    `(x_j / 2 - 1 / 4)^2` over the i-th of m equal groups of the n - m + 1 distance variables (the
    last group takes what is left over).

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least 2 m - 1; None for m + 9, or 2 m - 1 if more.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Patch of a sphere; every objective must converge by itself (DTLZ2BZ).",
        source=SOURCE,
        family="MaF",
        front_shape="concave",
    )

    def __post_init__(self) -> None:
        given = self.n_variables is not None  # pyright: ignore[reportUnnecessaryComparison]
        super().__post_init__()
        if not given:
            least = 2 * self.n_objectives - 1
            object.__setattr__(self, "n_variables", max(self.n_variables, least))
        whole_number(self, "n_variables", low=2 * self.n_objectives - 1)

    @property
    def ideal(self) -> Tensor:
        """Products of the smallest cosines and sine, pi / 8 and 3 pi / 8 being the angles' ends."""
        return self._extreme(SMALL)

    @property
    def nadir(self) -> Tensor:
        """Products of the largest cosines and sine."""
        return self._extreme(LARGE)

    @property
    def curve(self) -> Curve:
        """The middle of a quarter of the unit circle."""
        return ARC

    def _surface(self, n: int) -> Tensor:
        """Return the corners of the patch first."""
        check_count(n)
        turns = self.n_objectives - 1
        corners = patch(torch.cartesian_prod(*[torch.tensor([0.0, 1.0]).double()] * turns))
        inner = n - len(corners)
        if inner <= 0:
            return corners[:n]
        return torch.cat((corners, even_surface(patch, turns, inner)))

    def _volume(self, r: Tensor) -> float:
        """Return the hypervolume of the patch in closed form.

        The patch in d objectives, shrunk by c, covers `H_d(c)`: a slice at the d-th objective
        `c sin(a)` covers what the patch in d - 1 objectives, shrunk by c cos(a), does. With
        `H_1 = r_1 - c` every H_d is a polynomial in c.
        """
        limits = floats(r)
        coefficients = [limits[0], -1.0]
        for limit in limits[1:]:
            grown = [0.0] * (len(coefficients) + 1)
            for k, a in enumerate(coefficients):
                grown[k] += a * limit * SMALL**k
                grown[k + 1] += a * (_cosine_integral(k + 1) - LARGE * SMALL**k)
            coefficients = grown
        return sum(coefficients)

    def _extreme(self, value: float) -> Tensor:
        powers = [self.n_objectives - 1, *range(self.n_objectives - 1, 0, -1)]
        return torch.tensor([value**p for p in powers], dtype=torch.float64)

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        m = self.n_objectives
        size = distance.shape[-1] // m
        square = (0.5 * distance - 0.25).square()
        even = square[..., : (m - 1) * size].reshape(*x.shape[:-1], m - 1, size).sum(-1)
        g = torch.cat((even, square[..., (m - 1) * size :].sum(-1, keepdim=True)), -1)
        return (1.0 + g) * patch(position)


def patch(position: Tensor) -> Tensor:
    """Map [0, 1]^(m - 1) to the middle of the unit sphere: [*batch, m - 1] -> [*batch, m]."""
    return spherical((math.pi / 2) * (0.5 * position + 0.25), torch.ones_like(position[..., 0]))


SMALL, LARGE = math.sin(math.pi / 8), math.cos(math.pi / 8)

LINE = Curve(lambda t: torch.stack((t, 1.0 - t), -1))
ARC = Curve(lambda t: torch.stack((t.sin(), t.cos()), -1), ((math.pi / 8, 3 * math.pi / 8),))
INVERTED_ELLIPSE = Curve(
    lambda t: torch.stack((2.0 - 2.0 * t.cos(), 4.0 - 4.0 * t.sin()), -1), ((0.0, math.pi / 2),)
)


def _cosine_integral(k: int) -> float:
    """Integral of `cos(a)^k` from pi / 8 to 3 pi / 8, by the reduction formula."""
    if k == 0:
        return math.pi / 4
    if k == 1:
        return LARGE - SMALL
    edge = SMALL ** (k - 1) * LARGE - LARGE ** (k - 1) * SMALL
    return edge / k + (k - 1) / k * _cosine_integral(k - 2)


@problems.register("maf4")
@dataclass(frozen=True, kw_only=True, eq=False)
class MaF4(SurfaceProblem, DTLZ):
    """Inverted sphere, objective i scaled by 2^i, with DTLZ3's many local fronts.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Convex, badly scaled front with very many local fronts.",
        source=SOURCE,
        family="MaF",
        front_shape="convex",
        notes=("Ripples of depth 100 per variable: gradients lead to one of 11^k local fronts.",),
    )

    @property
    def nadir(self) -> Tensor:
        """2^i in objective i."""
        return self._scale(torch.zeros((), dtype=torch.float64))

    @property
    def curve(self) -> Curve:
        """A quarter of an ellipse around (2, 4)."""
        return INVERTED_ELLIPSE

    def _surface(self, n: int) -> Tensor:
        return self.nadir * (1.0 - even_sphere(n, self.n_objectives))

    def _volume(self, r: Tensor) -> float:
        """Return the volume with `sum(max(0, 1 - f_i / 2^i)^2) <= 1`."""
        m = self.n_objectives
        balls = [orthant_ball(k) for k in range(m + 1)]
        return float(self.nadir.prod()) * inverted_hypervolume(r / self.nadir - 1.0, 1.0, balls)

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        whole = 1.0 + ripples(distance)
        inverted = whole.unsqueeze(-1) - spherical((math.pi / 2) * position, whole)
        return self._scale(x) * inverted

    def _scale(self, like: Tensor) -> Tensor:
        exponents = torch.arange(1, self.n_objectives + 1, dtype=like.dtype, device=like.device)
        return exponents.exp2()


@problems.register("maf8")
@dataclass(frozen=True, kw_only=True, eq=False)
class MaF8(AnalyticProblem):
    """Distances of a point in the plane to the corners of a regular polygon.

    Args:
        n_objectives: Number of corners, m, at least 3.
    """

    n_objectives: int = 3  # pyright: ignore[reportIncompatibleMethodOverride]

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Distances to the corners of a polygon, which is the Pareto set.",
        source=SOURCE,
        family="MaF",
        front_shape="convex",
        notes=(
            "At a corner the distance has no gradient: 0 is used, a subgradient.",
            "best_hypervolume() is integrated for three corners; for more it refuses.",
        ),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_objectives", low=3)

    @property
    def n_variables(self) -> int:
        """Two."""
        return 2

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-10000, 10000] in both directions."""
        return box(2, -10000.0, 10000.0)

    @property
    def ideal(self) -> Tensor:
        """The origin."""
        return torch.zeros(self.n_objectives, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """The polygon's largest diagonal from each corner."""
        m = self.n_objectives
        diagonal = 2.0 if m % 2 == 0 else 2.0 * math.cos(math.pi / (2 * m))
        return torch.full((m,), diagonal, dtype=torch.float64)

    def front(self, n: int) -> Tensor:
        """Return the images of the corners and of points spread evenly over the polygon, [n, m]."""
        check_count(n)
        m = self.n_objectives
        corners = self._corners(torch.zeros((), dtype=torch.float64))
        u = even_points(max(n - m, 0), 2)
        along = u[:, 0] * m
        wedge = along.long().clamp(max=m - 1)
        part, size = (along - wedge)[:, None], u[:, 1:].sqrt()
        inner = size * (corners[wedge] * (1.0 - part) + corners[(wedge + 1) % m] * part)
        return self._objectives(torch.cat((corners, inner))[:n])

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Integrate over the triangle and its edges for three corners (relative error about 1e-7).

        Raises:
            NoKnownFront: There are four or more corners.
        """
        r = beyond_nadir(self, reference_point)
        whole_front_only(self, n_points)
        if self.n_objectives > 3:
            raise NoKnownFront(
                f"the best hypervolume of {self.name!r} is known for 3 objectives; found "
                f"{self.n_objectives}."
            )
        corners = self.corners
        return simplicial_hypervolume(lambda w: self._objectives(w @ corners), r)

    def _objectives(self, x: Variables) -> Losses:
        away = x.unsqueeze(-2) - self._corners(x)
        return torch.linalg.vector_norm(away, dim=-1)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]

    @property
    def corners(self) -> Tensor:
        """The polygon's corners, [m, 2] float64."""
        return self._corners(torch.zeros((), dtype=torch.float64))

    def _corners(self, like: Tensor) -> Tensor:
        m = self.n_objectives
        turns = torch.arange(1, m + 1, dtype=like.dtype, device=like.device) / m
        angle = (2 * math.pi) * (0.25 - turns)
        return torch.stack((angle.cos(), angle.sin()), -1)
