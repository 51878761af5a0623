"""ZDT1 to ZDT4 and ZDT6 (Zitzler, Deb and Thiele 2000)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.fronts.pieces import new_minima
from paretomtl_problems.analytic.options import box, whole_number
from paretomtl_problems.analytic.roots import floored_power

SOURCE = "Zitzler, Deb and Thiele 2000"

ROOT_FLOOR = 1e-16
"""Below this value of f1 / g the root's slope stays what it is there (at most 5e7)."""

AT_ZERO = (
    "At x1 = 0 the slope of f2 is -inf; the gradient uses the slope of the root at f1/g = 1e-16 there. "
    "The value is exact. Below x1 = 0 the formula is undefined: NaN."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ZDT(CurveProblem):
    """`f1 = x1`, `f2 = g h(f1 / g)`, `g = 1 + 9 mean(x2, ..., xn)`; the front is `g = 1`.

    Args:
        n_variables: Number of variables, at least 2.
    """

    n_variables: int = 30  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=2)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[0, 1]^n."""
        return box(self.n_variables, 0.0, 1.0)

    def _g(self, rest: Tensor) -> Tensor:
        return 1 + rest.sum(-1) * (9 / (self.n_variables - 1))

    def _split(self, x: Variables) -> tuple[Tensor, Tensor]:
        """Return x1 and g; a split costs one copy in the backward pass, two slices cost three."""
        first, rest = torch.split(x, [1, self.n_variables - 1], -1)
        return first.squeeze(-1), self._g(rest)


@problems.register("zdt1")
@dataclass(frozen=True, kw_only=True, eq=False)
class ZDT1(ZDT):
    """Convex front `f2 = 1 - sqrt(f1)`: `f1 = x1`, `f2 = g (1 - sqrt(x1 / g))`.

    Args:
        n_variables: Number of variables, at least 2.
    """

    card = ProblemCard(
        summary="Convex front; easy but for the infinite slope at one end.",
        source=SOURCE,
        family="ZDT",
        front_shape="convex",
        notes=(AT_ZERO, "LibMOON's NumPy version lacks the factor g."),
    )

    @property
    def curve(self) -> Curve:
        """`(t^2, 1 - t)` for t in [0, 1]."""
        return Curve(lambda t: torch.stack((t.square(), 1 - t), -1))

    def _objectives(self, x: Variables) -> Losses:
        f1, g = self._split(x)
        return torch.stack((f1, g * (1 - floored_power(f1 / g, 0.5, ROOT_FLOOR))), -1)


@problems.register("zdt2")
@dataclass(frozen=True, kw_only=True, eq=False)
class ZDT2(ZDT):
    """Concave front `f2 = 1 - f1^2`: `f1 = x1`, `f2 = g (1 - (x1 / g)^2)`.

    Args:
        n_variables: Number of variables, at least 2.
    """

    card = ProblemCard(
        summary="Concave front: linear scalarization reaches its two ends only.",
        source=SOURCE,
        family="ZDT",
        front_shape="concave",
    )

    @property
    def curve(self) -> Curve:
        """`(t, 1 - t^2)` for t in [0, 1]."""
        return Curve(lambda t: torch.stack((t, 1 - t.square()), -1))

    def _objectives(self, x: Variables) -> Losses:
        f1, g = self._split(x)
        return torch.stack((f1, g - f1.square() / g), -1)


@cache
def _zdt3_curve() -> Curve:
    pieces = new_minima(lambda x: 1 - x.sqrt() - x * (10 * math.pi * x).sin(), 0.0, 1.0)
    roots = tuple((math.sqrt(a), math.sqrt(b)) for a, b in pieces)

    def point(t: Tensor) -> Tensor:
        f1 = t.square()
        return torch.stack((f1, 1 - t - f1 * (10 * math.pi * f1).sin()), -1)

    return Curve(point, roots)


@problems.register("zdt3")
@dataclass(frozen=True, kw_only=True, eq=False)
class ZDT3(ZDT):
    """Five convex pieces: `f2 = g (1 - sqrt(x1 / g) - (x1 / g) sin(10 pi x1))`.

    Args:
        n_variables: Number of variables, at least 2.
    """

    card = ProblemCard(
        summary="Front in five pieces, separated by dominated stretches.",
        source=SOURCE,
        family="ZDT",
        front_shape="disconnected",
        notes=(
            AT_ZERO,
            "BoTorch's version lacks the factor g before the sine; pymoo's sampled front has three dominated points.",
        ),
    )

    @property
    def lower_bound(self) -> float:
        """-0.7734, just below the least f2."""
        return -0.7734

    @property
    def curve(self) -> Curve:
        """`(t^2, 1 - t - t^2 sin(10 pi t^2))` on five intervals."""
        return _zdt3_curve()

    def _objectives(self, x: Variables) -> Losses:
        f1, g = self._split(x)
        root = g * floored_power(f1 / g, 0.5, ROOT_FLOOR)
        return torch.stack((f1, g - root - f1 * (10 * math.pi * f1).sin()), -1)


@problems.register("zdt4")
@dataclass(frozen=True, kw_only=True, eq=False)
class ZDT4(ZDT1):
    """ZDT1's front behind 21^(n-1) local ones: `g = 1 + 10 (n-1) + sum(xi^2 - 10 cos(4 pi xi))`.

    Args:
        n_variables: Number of variables, at least 2.
    """

    n_variables: int = 10  # pyright: ignore[reportIncompatibleMethodOverride]

    card = ProblemCard(
        summary="Convex front behind very many local fronts: a trap for descent methods.",
        source=SOURCE,
        family="ZDT",
        front_shape="convex",
        notes=(AT_ZERO,),
    )

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[0, 1] for the first variable, [-5, 5] for the others."""
        lower, upper = box(self.n_variables, -5.0, 5.0)
        lower[0], upper[0] = 0.0, 1.0
        return lower, upper

    def _g(self, rest: Tensor) -> Tensor:
        waves = 10 * (4 * math.pi * rest).cos().sum(-1)
        return 1 + 10 * (self.n_variables - 1) + rest.square().sum(-1) - waves


@cache
def _zdt6_start() -> tuple[float, float]:
    """Return the least f1, `1 - max exp(-4 x) sin(6 pi x)^6`, and where it lies.

    The slope vanishes where tan(6 pi x) = 9 pi; the first such x is the highest bump.
    """
    x = math.atan(9 * math.pi) / (6 * math.pi)
    return 1 - math.exp(-4 * x) * math.sin(6 * math.pi * x) ** 6, x


@problems.register("zdt6")
@dataclass(frozen=True, kw_only=True, eq=False)
class ZDT6(ZDT):
    """Concave front with uneven density: `f1 = 1 - exp(-4 x1) sin(6 pi x1)^6`, `f2 = g (1 - (f1 / g)^2)`.

    `g = 1 + 9 mean(x2, ..., xn)^(1/4)`.

    Args:
        n_variables: Number of variables, at least 2.
    """

    n_variables: int = 10  # pyright: ignore[reportIncompatibleMethodOverride]

    card = ProblemCard(
        summary="Concave front that uniform points cover unevenly, with an infinite slope towards it.",
        source=SOURCE,
        family="ZDT",
        front_shape="concave",
        notes=(
            "On the Pareto set (x2 = ... = xn = 0) the slope of g is infinite; the gradient uses the slope at a mean of 1e-12 below that. The value is exact.",
            "f1 is stationary wherever x1 is a multiple of 1/6; descent stays there.",
            "The front starts at f1 = 0.2808, not 0 as in LibMOON.",
        ),
    )

    @property
    def curve(self) -> Curve:
        """`(t, 1 - t^2)` for t from 0.2808 to 1."""
        return Curve(lambda t: torch.stack((t, 1 - t.square()), -1), ((_zdt6_start()[0], 1.0),))

    def _g(self, rest: Tensor) -> Tensor:
        return 1 + 9 * floored_power(rest.sum(-1) / (self.n_variables - 1), 0.25, 1e-12)

    def _objectives(self, x: Variables) -> Losses:
        x1, g = self._split(x)
        f1 = 1 - (-4 * x1).exp() * (6 * math.pi * x1).sin().pow(6)
        return torch.stack((f1, g - f1.square() / g), -1)
