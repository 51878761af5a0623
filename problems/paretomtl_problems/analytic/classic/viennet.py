"""Viennet's function of three objectives, with its exact front, a curve in three pieces."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from paretomtl.problems import AnalyticProblem, Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.checks import beyond_nadir, whole_front_only
from paretomtl_problems.analytic.fronts.curve import Curve
from paretomtl_problems.analytic.fronts.pieces import bisect_each
from paretomtl_problems.analytic.fronts.space_curve import curve_hypervolume
from paretomtl_problems.analytic.options import box, floats, vector

SOURCE = "Viennet, Fonteix and Marc 1996"


def _second(x1: Tensor, x2: Tensor) -> Tensor:
    return (3 * x1 - 2 * x2 + 4).square() / 8 + (x1 - x2 + 1).square() / 27 + 15


def _on_circle(s: Tensor) -> tuple[Tensor, Tensor]:
    """Return the point with `|x|^2 = s` at which f2 is least, the box ignored."""
    radius = s.sqrt()

    def rises(angle: Tensor) -> Tensor:
        x1, x2 = radius * angle.cos(), radius * angle.sin()
        inner, outer = (3 * x1 - 2 * x2 + 4) / 4, 2 * (x1 - x2 + 1) / 27
        return (3 * inner + outer) * -angle.sin() - (2 * inner + outer) * angle.cos() > 0

    # f2's valley 3 x1 - 2 x2 = -4 crosses circles of radius 4 / sqrt(13) and more on either side of
    # the direction 2.5536; the side of greater angles is the better one
    low = 2.54 + 0.5 * (16 / 13 / s.clamp_min(16 / 13)).sqrt().acos()
    angle = bisect_each(rises, low, low + 1.0)
    return radius * angle.cos(), radius * angle.sin()


def edge_distance(s: float) -> float:
    """Return how far the best point with `|x|^2 = s` lies inside the edge x1 = -3."""
    return float(_on_circle(torch.tensor([s], dtype=torch.float64))[0] + 3)


def _on_front(s: Tensor) -> Tensor:
    """Return the best objectives with `|x|^2 = s`: f1 and f3 depend on s alone, f2 is least there.

    Where the circle's best point lies beyond the box, it is the one on the edge x1 = -3.
    """
    x1, x2 = _on_circle(s)
    edge = -(s - 9).clamp_min(0).sqrt()
    outside = x1 < -3
    f2 = _second(torch.where(outside, -3, x1), torch.where(outside, edge, x2))
    return torch.stack((0.5 * s + s.sin(), f2, 1 / (s + 1) - 1.1 * (-s).exp()), -1)


EDGE = 15.108353591436172

PIECES = ((0.0, 1.5003927700298056), (4 * math.pi / 3, EDGE), (EDGE, 17.155164066553567))
"""Values of `|x|^2` on the front: up to a jump, then inside the box, then on its edge x1 = -3.

Found by `benchmarks/references/reference_fronts.py`.
"""

CURVE = Curve(_on_front, PIECES)


class ViennetFunction(AnalyticProblem):
    """`f1 = s / 2 + sin s`, `f3 = 1 / (s + 1) - 1.1 exp(-s)` with `s = |x|^2`, and a quadratic f2."""

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
        """-0.1, the least f3."""
        return -0.1

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-3, 3]^2."""
        return box(2, -3.0, 3.0)

    @property
    def ideal(self) -> Tensor:
        """(0, 15, -0.1)."""
        return vector(0.0, 15.0, -0.1)

    @property
    def nadir(self) -> Tensor:
        """f1 at s = 14 pi / 3, f2 at s = 0, f3 at s = 4 pi / 3."""
        s = vector(14 * math.pi / 3, 0.0, 4 * math.pi / 3)
        return _on_front(s).diagonal().clone()

    def front(self, n: int) -> Tensor:
        """Return `n` points at equal steps of arc length, [n, 3]."""
        return CURVE.sample(n)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Integrate numerically, to about 1e-6 of the value."""
        r = beyond_nadir(self, reference_point)
        whole_front_only(self, n_points)
        return _volume(*floats(r))

    def _objectives(self, x: Variables) -> Losses:
        x1, x2 = x[..., 0], x[..., 1]
        s = x.square().sum(-1)
        return torch.stack((0.5 * s + s.sin(), _second(x1, x2), 1 / (s + 1) - 1.1 * (-s).exp()), -1)


@cache
def _volume(r1: float, r2: float, r3: float) -> float:
    return curve_hypervolume(CURVE, vector(r1, r2, r3))


@problems.register("viennet")
@dataclass(frozen=True, kw_only=True, eq=False)
class Viennet(ViennetFunction):
    """`f1 = s/2 + sin s`, `f2 = (3 x1 - 2 x2 + 4)^2 / 8 + (x1 - x2 + 1)^2 / 27 + 15`, `f3 = 1/(s + 1) - 1.1 exp(-s)`.

    `s = |x|^2`, x in [-3, 3]^2. f1 and f3 depend on s alone, so the front is a curve.
    """

    card = ProblemCard(
        summary="Three objectives of two variables; the front is a curve in three pieces.",
        source=SOURCE,
        family="classic",
        front_shape="degenerate",
        notes=(
            "Exact front (one-dimensional root finding); best hypervolume integrated to about 1e-6.",
            "smoof prints 3 x1 + 2 x2 in f2.",
        ),
    )


@problems.register("vlmop3")
@dataclass(frozen=True, kw_only=True, eq=False)
class VLMOP3(ViennetFunction):
    """Viennet's function under the name that Bayesian optimization gave it.

    `f1 = s/2 + sin s`, `f2 = (3 x1 - 2 x2 + 4)^2 / 8 + (x1 - x2 + 1)^2 / 27 + 15`,
    `f3 = 1/(s + 1) - 1.1 exp(-s)`, `s = |x|^2`, x in [-3, 3]^2.
    """

    card = ProblemCard(
        summary="Viennet's function, as used under this name since ParEGO.",
        source="Knowles 2006 (ParEGO); " + SOURCE,
        family="VLMOP",
        front_shape="degenerate",
        notes=(
            "Van Veldhuizen and Lamont's own MOP3 is Poloni's function: see poloni.",
            "Exact front (one-dimensional root finding); best hypervolume integrated to about 1e-6.",
        ),
    )
