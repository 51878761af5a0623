"""ZDT1 to ZDT6 (Zitzler, Deb and Thiele 2000)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.problem import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.curve import Curve, CurveProblem
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

    def _g(self, x: Variables) -> Tensor:
        return 1 + 9 * x[..., 1:].mean(-1)


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
        f1, g = x[..., 0], self._g(x)
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
        f1, g = x[..., 0], self._g(x)
        return torch.stack((f1, g - f1.square() / g), -1)
