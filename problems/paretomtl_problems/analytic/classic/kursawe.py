"""Kursawe's function, with its exact front for three variables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from paretomtl.errors import NoKnownFront
from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.fronts.pieces import bisect, bisect_each
from paretomtl_problems.analytic.options import box, vector, whole_number
from paretomtl_problems.analytic.roots import floored_power


def _single(t: Tensor) -> Tensor:
    """One variable's share of f2 at x = -t, t >= 0."""
    return t.pow(0.8) - 5 * t.pow(3).sin()


def _slope(t: Tensor) -> Tensor:
    return 0.8 * t.pow(-0.2) - 15 * t.square() * t.pow(3).cos()


@cache
def _deepest() -> float:
    """Return the t at which one variable's share of f2 is least, 1.16..."""
    return bisect(lambda t: float(_slope(vector(t))) < 0, 1.1, 1.25)


def _one(f1: Tensor) -> Tensor:
    """Best f2 with x = (-t, 0, 0): `f1 = -10 exp(-0.2 t) - 10`."""
    return _single((-5 * (-(f1 + 10) / 10).log()).clamp_min(0))


def _two(f1: Tensor) -> Tensor:
    """Best f2 with x = (-s, 0, -t): `f1 = -10 (u + v)`, u = exp(-0.2 s), v = exp(-0.2 t).

    The two are equal from a level on and differ before; the split `d = (v - u) / (v + u)` is found
    where f2 stops falling with it.
    """
    total = -f1 / 10

    def depths(d: Tensor) -> tuple[Tensor, Tensor]:
        return -5 * (total * (1 + d) / 2).log(), -5 * (total * (1 - d) / 2).log()

    def rises(d: Tensor) -> Tensor:
        s, t = depths(d)
        return _slope(t) * (0.2 * s).neg().exp() > _slope(s) * (0.2 * t).neg().exp()

    most = (2 * math.exp(-0.2 * _deepest()) / total).neg() + 1  # the deeper at its best
    d = bisect_each(rises, torch.full_like(f1, 1e-9), most.clamp_min(1e-9))
    s, t = depths(d)
    return _single(s) + _single(t)


def _three(f1: Tensor) -> Tensor:
    """Best f2 with x = (-s, -t, -s): `f1 = -20 exp(-0.2 r)`, r^2 = s^2 + t^2."""
    r = -5 * (-f1 / 20).log()

    def rises(angle: Tensor) -> Tensor:
        s, t = r * angle.sin(), r * angle.cos()
        return 2 * _slope(s) * t > _slope(t) * s

    low, high = torch.full_like(r, math.pi / 4 - 0.02), torch.full_like(r, 1.2)
    angle = bisect_each(rises, low, high)
    return 2 * _single(r * angle.sin()) + _single(r * angle.cos())


@cache
def kursawe_curve() -> Curve:
    """Return the front for three variables: one point and three pieces, by f1."""
    t = _deepest()
    best = float(_single(vector(t)))
    ends = (
        -10 * math.exp(-0.2 * t) - 10,
        -20 * math.exp(-0.2 * t),
        -20 * math.exp(-0.2 * t * 2**0.5),
    )
    first = bisect(lambda f1: float(_one(vector(f1))) > 0, -19.5, ends[0])
    second = bisect(lambda f1: float(_two(vector(f1))) > best, -17.2, -16.9)
    third = bisect(lambda f1: float(_three(vector(f1))) > 2 * best, -15.75, -15.4)

    def point(level: Tensor) -> Tensor:
        f1 = level.detach()  # only f1 need be differentiable, and it is the parameter itself
        f2 = torch.where(f1 < ends[0] + 1e-9, _one(f1), torch.zeros_like(f1))
        f2 = torch.where(f1 >= second - 1e-9, _two(f1.clamp(second, ends[1])), f2)
        f2 = torch.where(f1 >= third - 1e-9, _three(f1.clamp(third, ends[2])), f2)
        return torch.stack((level, f2), -1)

    return Curve(point, ((-20.0, -20.0), (first, ends[0]), (second, ends[1]), (third, ends[2])))


@problems.register("kursawe")
@dataclass(frozen=True, kw_only=True, eq=False)
class Kursawe(CurveProblem):
    """Disconnected front with an isolated point.

    `f1 = sum(-10 exp(-0.2 sqrt(xi^2 + x_{i+1}^2)))` over i < n, `f2 = sum(|xi|^0.8 + 5 sin(xi^3))`.
    For n = 3 the front is the point x = 0, then x = (a, 0, 0), x = (a, 0, b), x = (a, b, a).

    Args:
        n_variables: Number of variables, at least 2; the front is known for 3.
    """

    n_variables: int = 3  # pyright: ignore[reportIncompatibleMethodOverride]

    card = ProblemCard(
        summary="Many local fronts, three pieces and an isolated point.",
        source="Kursawe 1991",
        family="classic",
        front_shape="disconnected",
        notes=(
            "At 0 both objectives have a kink: the gradient of sqrt and of |x|^0.8 is 0 there, which is a subgradient (x = 0 minimizes both terms); within 1e-10 of 0 the slope of |x|^0.8 stays what it is at 1e-10. The value is exact.",
            "pymoo downloads its front, and f2 there is the form with sin(x^3), as here; some papers write sin(x)^3.",
            "Exact front for three variables (one-dimensional root finding, about 1e-14).",
        ),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=2)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-5, 5]^n."""
        return box(self.n_variables, -5.0, 5.0)

    @property
    def lower_bound(self) -> float:
        """A bound on both: -10 (n - 1) and -4 n."""
        return -max(10.0 * (self.n_variables - 1), 4.0 * self.n_variables)

    @property
    def ideal(self) -> Tensor:
        """-10 (n - 1), and n times the least of one variable's share."""
        share = float(_single(vector(_deepest())))
        return vector(-10.0 * (self.n_variables - 1), self.n_variables * share)

    @property
    def nadir(self) -> Tensor:
        """f1 where f2 is least, and 0."""
        return vector(-10 * (self.n_variables - 1) * math.exp(-0.2 * 2**0.5 * _deepest()), 0.0)

    @property
    def curve(self) -> Curve:
        """The exact front, for three variables.

        Raises:
            NoKnownFront: Another number of variables.
        """
        if self.n_variables != 3:
            raise NoKnownFront(
                f"the exact front of 'kursawe' is known for 3 variables; found {self.n_variables}."
            )
        return kursawe_curve()

    def _objectives(self, x: Variables) -> Losses:
        square = x.square()
        floor = torch.finfo(x.dtype).tiny  # keeps the root's slope finite at 0, where it is cut off
        length = (square[..., :-1] + square[..., 1:]).clamp_min(floor).sqrt()
        f1 = -10 * (-0.2 * length).exp().sum(-1)
        power = floored_power(x.abs(), 0.8, 1e-10)
        return torch.stack((f1, (power + 5 * x.pow(3).sin()).sum(-1)), -1)
