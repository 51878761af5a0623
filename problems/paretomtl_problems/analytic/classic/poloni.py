"""Poloni's function, with its exact front."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.fronts.pieces import bisect_each
from paretomtl_problems.analytic.options import box

_A1 = 0.5 * math.sin(1) - 2 * math.cos(1) + math.sin(2) - 1.5 * math.cos(2)
_A2 = 1.5 * math.sin(1) - math.cos(1) + 2 * math.sin(2) - 0.5 * math.cos(2)


def _first(x1: Tensor, x2: Tensor) -> Tensor:
    b1 = 0.5 * x1.sin() - 2 * x1.cos() + x2.sin() - 1.5 * x2.cos()
    b2 = 1.5 * x1.sin() - x1.cos() + 2 * x2.sin() - 0.5 * x2.cos()
    return 1 + (_A1 - b1).square() + (_A2 - b2).square()


def _turn(x1: Tensor, x2: Tensor, angle: Tensor) -> Tensor:
    """Return the slope of f1 along the circle at an angle."""
    e1 = _A1 - (0.5 * x1.sin() - 2 * x1.cos() + x2.sin() - 1.5 * x2.cos())
    e2 = _A2 - (1.5 * x1.sin() - x1.cos() + 2 * x2.sin() - 0.5 * x2.cos())
    g1 = -2 * (e1 * (0.5 * x1.cos() + 2 * x1.sin()) + e2 * (1.5 * x1.cos() + x1.sin()))
    g2 = -2 * (e1 * (x2.cos() + 1.5 * x2.sin()) + e2 * (2 * x2.cos() + 0.5 * x2.sin()))
    return g2 * angle.cos() - g1 * angle.sin()


def best_angle(radius: Tensor, low: float, high: float) -> Tensor:
    """Return the angle at which f1 is least on an arc around (-3, -1), the box ignored."""

    def rises(angle: Tensor) -> Tensor:
        return _turn(-3 + radius * angle.cos(), -1 + radius * angle.sin(), angle) > 0

    with torch.no_grad():
        return bisect_each(rises, torch.full_like(radius, low), torch.full_like(radius, high))


def touches(radius: float) -> float:
    """Return how far the best point of the near arc lies beyond the edge x1 = -pi."""
    r = torch.tensor([radius], dtype=torch.float64)
    return float(3 - math.pi - r * best_angle(r, math.pi / 2, math.pi).cos())


def _least_at(radius: Tensor, low: float, high: float) -> Tensor:
    """Return the least f1 on an arc around (-3, -1), within x1 >= -pi.

    The best angle is held constant for the derivative by the radius: that is exact inside the box,
    where f1 is stationary in the angle. On its edge the edge itself is followed.
    """
    angle = best_angle(radius, low, high)
    x1, x2 = -3 + radius * angle.cos(), -1 + radius * angle.sin()
    reach = (radius.square() - (math.pi - 3) ** 2).clamp_min(1e-30).sqrt()
    outside = x1 < -math.pi
    return _first(
        torch.where(outside, torch.full_like(x1, -math.pi), x1), torch.where(outside, reach - 1, x2)
    )


def least(radius: Tensor) -> Tensor:
    """Return the least f1 at a distance of at most 5 from (-3, -1): near (1, 2), or at the edge."""
    near, edge = _least_at(radius, 0.4, 0.8), _least_at(radius, math.pi / 2, math.pi)
    return torch.minimum(near, edge)


PIECES = (
    (0.0, 0.15426563367354112),
    (0.15426563367354112, 1.7704889798685701),
    (4.569141120713638, 5.0),
)
"""Distances of x to (-3, -1) on the front: inside the box, on its edge, and far off near (1, 2).

Found by `benchmarks/references/reference_fronts.py`: the new minima of `least` with growing distance.
"""


def _on_front(t: Tensor) -> Tensor:
    return torch.stack((least(-t), t.square()), -1)


CURVE = Curve(_on_front, tuple((-stop, -start) for start, stop in reversed(PIECES)))


@problems.register("poloni")
@dataclass(frozen=True, kw_only=True, eq=False)
class Poloni(CurveProblem):
    """`f1 = 1 + (A1 - B1)^2 + (A2 - B2)^2`, `f2 = (x1 + 3)^2 + (x2 + 1)^2` on [-pi, pi]^2.

    `B1 = 0.5 sin x1 - 2 cos x1 + sin x2 - 1.5 cos x2`, `B2 = 1.5 sin x1 - cos x1 + 2 sin x2 - 0.5 cos x2`,
    `A1` and `A2` their values at (1, 2).
    """

    card = ProblemCard(
        summary="Front in two pieces, one of them mostly on the edge x1 = -pi of the box.",
        source="Poloni et al. 1996; Van Veldhuizen and Lamont 1999, MOP3",
        family="classic",
        front_shape="disconnected",
        notes=(
            "Published as a maximization of -f1 and -f2.",
            "Exact front (one-dimensional root finding, about 1e-12).",
        ),
    )

    @property
    def n_variables(self) -> int:
        """Two."""
        return 2

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-pi, pi]^2."""
        return box(2, -math.pi, math.pi)

    @property
    def curve(self) -> Curve:
        """The exact front in two pieces."""
        return CURVE

    def _objectives(self, x: Variables) -> Losses:
        x1, x2 = x[..., 0], x[..., 1]
        return torch.stack((_first(x1, x2), (x1 + 3).square() + (x2 + 1).square()), -1)
