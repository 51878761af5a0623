"""Pairs of objectives small enough to be solved by hand: planar, concave, scalar, ill-scaled."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.gaussian_pair import GaussianPair
from paretomtl_problems.analytic.options import real_number, whole_number
from paretomtl_problems.analytic.toys.starts import Unbounded


@problems.register("planar_pair")
@dataclass(frozen=True, kw_only=True, eq=False)
class PlanarPair(Unbounded, CurveProblem):
    """Squared distances to the points (1, ..., 1) and (-1, ..., -1).

    `f1 = |x - 1|^2`, `f2 = |x + 1|^2`. The front is convex: sqrt(f1) + sqrt(f2) = 2 sqrt(n), for
    n = 2 from (0, 8) to (8, 0).

    Args:
        n_variables: Number of variables, at least 1.
    """

    n_variables: int = 2  # pyright: ignore[reportIncompatibleMethodOverride]

    card = ProblemCard(
        summary="Two squared distances; every preference of a linear scalarization reaches its own point.",
        source="textbook pair of quadratics",
        family="multi-task toy",
        front_shape="convex",
        notes=("Unbounded; starts are drawn from [-2, 2]^n.",),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=1)

    @property
    def curve(self) -> Curve:
        """`(4 n t^2, 4 n (1 - t)^2)` for t in [0, 1]."""
        scale = 4.0 * self.n_variables
        return Curve(lambda t: scale * torch.stack((t.square(), (1 - t).square()), -1))

    def _objectives(self, x: Variables) -> Losses:
        return torch.stack(((x - 1).square().sum(-1), (x + 1).square().sum(-1)), -1)


@problems.register("concave_pair")
@dataclass(frozen=True, kw_only=True, eq=False)
class ConcavePair(Unbounded, GaussianPair):
    """`1 - exp(-(x - 1)^2)` and `1 - exp(-(x + 1)^2)` of one variable.

    The minima of linear scalarizations have |x| >= 0.957504 (local minima, where descent may stop as well,
    go down to |x| = 1 / sqrt(2)); the balanced point is a minimum of the power
    mean with equal preference exactly when gamma >= (1 + e) / 2.
    """

    card = ProblemCard(
        summary="One variable, two bumps: linear scalarization misses nearly the whole front.",
        source="Fonseca and Fleming 1995, one variable",
        family="multi-task toy",
        front_shape="concave",
        notes=("Unbounded; starts are drawn from [-2, 2]: farther out the gradients vanish.",),
    )

    @property
    def n_variables(self) -> int:
        """One."""
        return 1


@problems.register("scalar_pair")
@dataclass(frozen=True, kw_only=True, eq=False)
class ScalarPair(Unbounded, CurveProblem):
    """`(x - 2)^2` and `(x + 1)^2` of one variable; the Pareto set is [-1, 2].

    Equal weights meet at 1/2, unit-norm gradients stall anywhere on (-1, 2), the geometric mean
    ends at 2 or -1.

    Args:
        halved: Whether both are multiplied by 1/2.
    """

    halved: bool = False

    start_range = (-4.0, 5.0)  # the Pareto set and its length on either side

    card = ProblemCard(
        summary="Two parabolas of one variable, with an exact answer for every method.",
        source="textbook pair of parabolas",
        family="multi-task toy",
        front_shape="convex",
        notes=("Unbounded; starts are drawn from [-4, 5].",),
    )

    @property
    def n_variables(self) -> int:
        """One."""
        return 1

    @property
    def curve(self) -> Curve:
        """`(9 t^2, 9 (1 - t)^2)` for t in [0, 1], halved if asked."""
        scale = 4.5 if self.halved else 9.0
        return Curve(lambda t: scale * torch.stack((t.square(), (1 - t).square()), -1))

    def _objectives(self, x: Variables) -> Losses:
        f = torch.cat((x - 2, x + 1), -1).square()
        return 0.5 * f if self.halved else f


@problems.register("ill_scaled_pair")
@dataclass(frozen=True, kw_only=True, eq=False)
class IllScaledPair(Unbounded, CurveProblem):
    """`|x|^2` and `scale |x - e1|^2`: one gradient is far shorter than the other.

    Args:
        n_variables: Number of variables, at least 1.
        scale: Factor of the second objective, in (0, 1].
    """

    n_variables: int = 2  # pyright: ignore[reportIncompatibleMethodOverride]
    scale: float = 0.01

    card = ProblemCard(
        summary="Two quadratics whose gradients differ by orders of magnitude.",
        source="textbook pair of quadratics",
        family="multi-task toy",
        front_shape="convex",
        notes=("Unbounded; starts are drawn from [-2, 2]^n.",),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=1)
        real_number(self, "scale", low=0.0, high=1.0, open_low=True)

    @property
    def curve(self) -> Curve:
        """`(t^2, scale (1 - t)^2)` for t in [0, 1]."""
        return Curve(lambda t: torch.stack((t.square(), self.scale * (1 - t).square()), -1))

    def _objectives(self, x: Variables) -> Losses:
        first, rest = x[..., 0], x[..., 1:].square().sum(-1)
        return torch.stack((first.square() + rest, self.scale * ((first - 1).square() + rest)), -1)
