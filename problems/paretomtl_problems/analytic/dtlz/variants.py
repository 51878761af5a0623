"""Inverted, convex and scaled variants of DTLZ (Deb and Jain 2014; Jain and Deb 2014)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.problems import Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.dtlz.dtlz import CIRCLE, DTLZ, DTLZ1, DTLZ2, DTLZ4, ripples
from paretomtl_problems.analytic.fronts.checks import beyond_nadir, check_count
from paretomtl_problems.analytic.fronts.curve import Curve
from paretomtl_problems.analytic.fronts.simplex_and_sphere import (
    even_simplex,
    even_sphere,
    inverted_hypervolume,
    orthant_ball,
    spherical,
    split_into_parts,
)
from paretomtl_problems.analytic.fronts.surface import SurfaceProblem, even_surface
from paretomtl_problems.analytic.options import real_number

CONVEX = "Deb and Jain 2014 (NSGA-III, part I)"
INVERTED = "Jain and Deb 2014 (NSGA-III, part II)"


@problems.register("inverted_dtlz1")
@dataclass(frozen=True, kw_only=True, eq=False)
class InvertedDTLZ1(DTLZ1):
    """DTLZ1 upside down: `f = 0.5 (1 + g) - f_DTLZ1`; the front is a triangle standing on its tip.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 4.
    """

    card = ProblemCard(
        summary="Linear front whose edges hold no extreme point: regular preferences fit it badly.",
        source=INVERTED,
        family="DTLZ",
        front_shape="linear",
        notes=("pymoo calls it dtlz1^-1.",),
    )

    def _surface(self, n: int) -> Tensor:
        return 0.5 - 0.5 * even_simplex(n, self.n_objectives)

    def _volume(self, r: Tensor) -> float:
        """Return the volume with `sum(max(0, 1 - 2 f)) <= 1`."""
        m = self.n_objectives
        corner = [1 / math.factorial(k) for k in range(m + 1)]
        return inverted_hypervolume(r - 0.5, 0.5, corner)

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        whole = 0.5 + 0.5 * ripples(distance)
        return whole.unsqueeze(-1) - split_into_parts(position, whole)


@problems.register("inverted_dtlz2")
@dataclass(frozen=True, kw_only=True, eq=False)
class InvertedDTLZ2(SurfaceProblem, DTLZ):
    """DTLZ2 upside down: `f = (1 + g) - f_DTLZ2`; a convex front.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
    """

    card = ProblemCard(
        summary="Convex front: the sphere of DTLZ2, inverted.",
        source=INVERTED,
        family="DTLZ",
        front_shape="convex",
    )

    @property
    def curve(self) -> Curve:
        """A quarter of the unit circle around (1, 1)."""
        return INVERTED_CIRCLE

    def front(self, n: int) -> Tensor:
        """Return DTLZ2's points, inverted; for m = 2 in the order of f1."""
        if self.n_objectives == 2:
            return (1 - CIRCLE.sample(n)).flip(0)
        return self._surface(n)

    def _surface(self, n: int) -> Tensor:
        return 1 - even_sphere(n, self.n_objectives)

    def _volume(self, r: Tensor) -> float:
        """Return the volume with `sum(max(0, 1 - f)^2) <= 1`."""
        m = self.n_objectives
        return inverted_hypervolume(r - 1, 1.0, [orthant_ball(k) for k in range(m + 1)])

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        whole = 1 + (distance - 0.5).square().sum(-1)
        return whole.unsqueeze(-1) - spherical(position * (math.pi / 2), whole)


INVERTED_CIRCLE = Curve(
    lambda t: torch.stack((1 - t.cos(), 1 - t.sin()), -1), ((0.0, math.pi / 2),)
)


class ConvexFront(SurfaceProblem, DTLZ):
    """Fronts `sqrt(f1) + ... + sqrt(f_{m-1}) + fm = 1`: a sphere's points to the powers 4, ..., 4, 2."""

    @property
    def curve(self) -> Curve:
        """`sqrt(f1) + f2 = 1`."""
        return CONVEX_CIRCLE

    def _surface(self, n: int) -> Tensor:
        check_count(n)
        corners = torch.eye(self.n_objectives, dtype=torch.float64)

        def point(u: Tensor) -> Tensor:
            return _powers(spherical(u * (math.pi / 2), torch.ones_like(u[..., 0])))

        inner = even_surface(point, self.n_objectives - 1, max(n - self.n_objectives, 1))
        return torch.cat((corners, inner))[:n]

    def _volume(self, r: Tensor) -> float:
        """Return `prod(r) - 2^(m-1) / (2 m - 1)!`."""
        m = self.n_objectives
        return float(r.prod()) - 2 ** (m - 1) / math.factorial(2 * m - 1)


def _powers(f: Tensor) -> Tensor:
    square = f.square()
    return torch.cat((square[..., :-1].square(), square[..., -1:]), -1)


CONVEX_CIRCLE = Curve(
    lambda t: torch.stack((t.sin().pow(4), t.cos().square()), -1), ((0.0, math.pi / 2),)
)


@problems.register("convex_dtlz2")
@dataclass(frozen=True, kw_only=True, eq=False)
class ConvexDTLZ2(ConvexFront, DTLZ2):
    """DTLZ2 with its objectives raised to the powers 4, ..., 4, 2: a convex front.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
    """

    card = ProblemCard(
        summary="Convex front without local traps, for any number of objectives.",
        source=CONVEX,
        family="DTLZ",
        front_shape="convex",
    )

    def _objectives(self, x: Variables) -> Losses:
        return _powers(super()._objectives(x))


@problems.register("convex_dtlz4")
@dataclass(frozen=True, kw_only=True, eq=False)
class ConvexDTLZ4(ConvexFront, DTLZ4):
    """DTLZ4 with its objectives raised to the powers 4, ..., 4, 2: a convex front.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
        alpha: The power of the first m - 1 variables, at least 1.
    """

    card = ProblemCard(
        summary="Convex front that uniform points hardly cover.",
        source=CONVEX,
        family="DTLZ",
        front_shape="convex",
        notes=("Poor for gradient sweeps: the slope by x1, ..., x_{m-1} vanishes but close to 1.",),
    )

    def _objectives(self, x: Variables) -> Losses:
        return _powers(super()._objectives(x))


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaled(DTLZ):
    """Another problem with objective i multiplied by `scale_factor ** (i - 1)`.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m.
        scale_factor: Ratio of one objective's scale to the one's before, > 0.
    """

    scale_factor: float = 10.0

    _kind: ClassVar[type[DTLZ1 | DTLZ2]]

    def __post_init__(self) -> None:
        super().__post_init__()
        real_number(self, "scale_factor", low=0.0, open_low=True)

    @cached_property
    def _original(self) -> DTLZ1 | DTLZ2:
        return self._kind(n_objectives=self.n_objectives, n_variables=self.n_variables)

    @cached_property
    def _factors(self) -> Tensor:
        return self.scale_factor ** torch.arange(self.n_objectives, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """The original's, scaled."""
        return self._original.nadir * self._factors

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the original's at the rescaled reference point, times all factors."""
        r = beyond_nadir(self, reference_point) / self._factors
        original = self._original.best_hypervolume(n_points, reference_point=r)
        return original * float(self._factors.prod())

    def _objectives(self, x: Variables) -> Losses:
        return self._original.objectives(x) * self._factors.to(x)


@problems.register("scaled_dtlz1")
@dataclass(frozen=True, kw_only=True, eq=False)
class ScaledDTLZ1(Scaled):
    """DTLZ1 with objective i multiplied by `scale_factor ** (i - 1)`.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 4.
        scale_factor: Ratio of one objective's scale to the one's before, > 0.
    """

    card = ProblemCard(
        summary="DTLZ1 with objectives of very different scale.",
        source=CONVEX,
        family="DTLZ",
        front_shape="linear",
        notes=("pymoo calls it sdtlz1.",),
    )

    _kind = DTLZ1
    _paper_k = 5

    def front(self, n: int) -> Tensor:
        """Return `n` points of the simplex: at equal steps for m = 2, evenly by area beyond."""
        return self._original.front(n) * self._factors


@problems.register("scaled_dtlz2")
@dataclass(frozen=True, kw_only=True, eq=False)
class ScaledDTLZ2(Scaled):
    """DTLZ2 with objective i multiplied by `scale_factor ** (i - 1)`.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
        scale_factor: Ratio of one objective's scale to the one's before, > 0.
    """

    card = ProblemCard(
        summary="DTLZ2 with objectives of very different scale.",
        source=CONVEX,
        family="DTLZ",
        front_shape="concave",
    )

    _kind = DTLZ2

    def front(self, n: int) -> Tensor:
        """Return `n` points: at equal steps of arc length for m = 2, evenly by area beyond."""
        check_count(n)
        factors = self._factors

        def point(u: Tensor) -> Tensor:
            return factors * spherical(u * (math.pi / 2), torch.ones_like(u[..., 0]))

        if self.n_objectives == 2:
            return Curve(lambda t: point(1 - t.unsqueeze(-1))).sample(n).flip(0)
        inner = even_surface(point, self.n_objectives - 1, max(n - self.n_objectives, 1))
        return torch.cat((factors.diag(), inner))[:n]
