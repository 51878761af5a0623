"""UF1 to UF7: the two-objective problems of CEC 2009 (Zhang et al. 2008)."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from paretomtl.problems import Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.best_points import best_chain
from paretomtl_problems.analytic.fronts.checks import check_count, checked_reference
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.options import box, floats, whole_number
from paretomtl_problems.analytic.roots import floored_power

SOURCE = "Zhang, Zhou, Zhao, Suganthan, Liu and Tiwari 2008 (CES-487)"

ROOT_FLOOR = 1e-12
"""Below this x1 the slope of a root stays what it is there."""

AT_ZERO = (
    "At x1 = 0 the slope of a root is infinite; the gradient uses the slope at x1 = 1e-12 there. The "
    "value is exact. Below x1 = 0 the formula is undefined: NaN."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class UF(CurveProblem):
    """Two objectives; x1 runs along the front, the others must follow a curve that depends on it.

    `f1 = a(x1) + 2 mean_J1`, `f2 = b(x1) + 2 mean_J2`: the odd and the even of the variables 2..n.

    Args:
        n_variables: Number of variables, at least 3.
    """

    n_variables: int = 30  # pyright: ignore[reportIncompatibleMethodOverride]

    other_bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    """Bounds of the variables after the first, which runs over [0, 1]."""

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=3)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[0, 1] for x1, the same box for each of the others."""
        lower, upper = box(self.n_variables, *self.other_bounds)
        lower[0], upper[0] = 0.0, 1.0
        return lower, upper

    def _indices(self, x: Variables) -> Tensor:
        """Return j = 2..n, [n - 1], in the dtype of `x`."""
        return torch.arange(2, self.n_variables + 1, dtype=x.dtype, device=x.device)

    def _wave(self, x: Variables) -> Tensor:
        """Return `y_j = x_j - sin(6 pi x1 + j pi / n)`, [*batch, n - 1]."""
        phase = self._indices(x) * (math.pi / self.n_variables)
        return x[..., 1:] - torch.sin((6 * math.pi) * x[..., :1] + phase)


def means(h: Tensor) -> Tensor:
    """Return twice the mean over J1 (odd j) and over J2 (even j), [*batch, 2]."""
    return 2.0 * torch.stack((h[..., 1::2].mean(-1), h[..., ::2].mean(-1)), -1)


def rugged(y: Tensor, index: Tensor) -> Tensor:
    """Return `2 / |J| (4 sum y^2 - 2 prod cos(20 y pi / sqrt(j)) + 2)` for J1 and J2, [*batch, 2]."""
    waves = torch.cos(y * (20.0 * math.pi / index.sqrt()))

    def bumps(part: slice) -> Tensor:
        square, wave = y[..., part].square(), waves[..., part]
        count = square.shape[-1]
        return (2.0 / count) * (4.0 * square.sum(-1) - 2.0 * product(wave) + 2.0)

    return torch.stack((bumps(slice(1, None, 2)), bumps(slice(0, None, 2))), -1)


def product(values: Tensor) -> Tensor:
    """Multiply along the last axis in pairs: unlike `prod`, backward needs no look at the values."""
    while values.shape[-1] > 1:
        half = values.shape[-1] // 2
        pairs = values[..., :half] * values[..., half : 2 * half]
        values = torch.cat((pairs, values[..., 2 * half :]), -1)
    return values[..., 0]


class RootFront(UF):
    """UF1 to UF3: the front is `f2 = 1 - sqrt(f1)`, reached where the distance to the Pareto set is 0."""

    @property
    def curve(self) -> Curve:
        """`f2 = 1 - sqrt(f1)`."""
        return Curve(lambda t: torch.stack((t.square(), 1.0 - t), -1))

    def _objectives(self, x: Variables) -> Losses:
        x1 = x[..., 0]
        position = torch.stack((x1, 1.0 - floored_power(x1, 0.5, ROOT_FLOOR)), -1)
        return position + self._distance(x)

    @abstractmethod
    def _distance(self, x: Variables) -> Tensor:
        """Return what the variables after the first add to both objectives, [*batch, 2]."""


@problems.register("uf1")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF1(RootFront):
    """Convex front; the Pareto set is a sine wave in the variables.

    Args:
        n_variables: Number of variables, at least 3.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Convex front; the Pareto set is a sine wave.",
        source=SOURCE,
        family="UF",
        front_shape="convex",
        notes=(AT_ZERO,),
    )

    def _distance(self, x: Variables) -> Tensor:
        return means(self._wave(x).square())


@problems.register("uf2")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF2(RootFront):
    """Convex front; the Pareto set is a curve of growing amplitude and three frequencies.

    Args:
        n_variables: Number of variables, at least 3.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Convex front; the Pareto set winds with growing amplitude.",
        source=SOURCE,
        family="UF",
        front_shape="convex",
        notes=(AT_ZERO,),
    )

    def _distance(self, x: Variables) -> Tensor:
        first = x[..., :1]
        phase = self._indices(x) * (math.pi / self.n_variables)
        amplitude = 0.3 * first.square() * torch.cos((24 * math.pi) * first + 4.0 * phase)
        amplitude = amplitude + 0.6 * first
        angle = (6 * math.pi) * first + phase
        even = x[..., 1::2] - amplitude[..., ::2] * angle[..., ::2].sin()
        odd = x[..., 2::2] - amplitude[..., 1::2] * angle[..., 1::2].cos()
        return 2.0 * torch.stack((odd.square().mean(-1), even.square().mean(-1)), -1)


@problems.register("uf3")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF3(RootFront):
    """Convex front; the Pareto set is a bundle of powers of x1, with many local fronts around it.

    Args:
        n_variables: Number of variables, at least 3.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Convex front; the Pareto set is powers of x1; many local fronts.",
        source=SOURCE,
        family="UF",
        front_shape="convex",
        notes=(AT_ZERO,),
    )
    other_bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def _distance(self, x: Variables) -> Tensor:
        j = self._indices(x)
        exponents = 0.5 * (1.0 + 3.0 * (j - 2.0) / (self.n_variables - 2.0))
        y = x[..., 1:] - floored_power(x[..., :1], exponents, ROOT_FLOOR)
        return rugged(y, j)


@problems.register("uf4")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF4(UF):
    """Concave front; the distance `|y| / (1 + exp(2 |y|))` is small far away too.

    Args:
        n_variables: Number of variables, at least 3.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Concave front; the distance falls again far from the Pareto set.",
        source=SOURCE,
        family="UF",
        front_shape="concave",
        notes=("The Pareto set lies on the kink of |y|: the gradient there is 0, the mean.",),
    )
    other_bounds: ClassVar[tuple[float, float]] = (-2.0, 2.0)

    @property
    def curve(self) -> Curve:
        """`f2 = 1 - f1^2`."""
        return Curve(lambda t: torch.stack((t, 1.0 - t.square()), -1))

    def _objectives(self, x: Variables) -> Losses:
        x1, size = x[..., 0], self._wave(x).abs()
        return torch.stack((x1, 1.0 - x1.square()), -1) + means(size / (1.0 + (2.0 * size).exp()))


@problems.register("uf5")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF5(UF):
    """A front of 21 separate points on the line f1 + f2 = 1.

    Args:
        n_variables: Number of variables, at least 3.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="The front is 21 isolated points on a line; many local fronts.",
        source=SOURCE,
        family="UF",
        front_shape="disconnected",
        notes=("The 21 points lie on kinks of |sin(20 pi x1)|: the gradient there is the mean's.",),
    )

    @property
    def ideal(self) -> Tensor:
        """The origin."""
        return torch.zeros(2, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """One in each objective."""
        return torch.ones(2, dtype=torch.float64)

    def front(self, n: int) -> Tensor:
        """Return the 21 points, or `n` of them, spread evenly."""
        check_count(n)
        count = min(n, 21)
        steps = torch.linspace(0, 20, count, dtype=torch.float64).round() / 20
        return torch.stack((steps, 1.0 - steps), -1)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of the 21 points, or of the best `n_points` of them."""
        r1, r2 = floats(checked_reference(self, reference_point))
        if n_points is not None:
            check_count(n_points)
        f1 = np.arange(21) / 20
        f1 = f1[(f1 < r1) & (1 - f1 < r2)]
        count = min(len(f1), n_points or 21)
        if count == 0:
            return 0.0
        candidates = np.broadcast_to(f1, (count, len(f1)))
        return best_chain(candidates, r2 - (1 - candidates), r1)[0]

    def _objectives(self, x: Variables) -> Losses:
        x1, y = x[..., 0], self._wave(x)
        hump = (1 / 20 + 0.1) * torch.sin((20 * math.pi) * x1).abs()
        h = 2.0 * y.square() - torch.cos((4 * math.pi) * y) + 1.0
        return torch.stack((x1 + hump, 1.0 - x1 + hump), -1) + means(h)


@problems.register("uf6")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF6(UF):
    """A front of one point and two pieces of the line f1 + f2 = 1.

    Args:
        n_variables: Number of variables, at least 3.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="The front is one point and two pieces of a line; many local fronts.",
        source=SOURCE,
        family="UF",
        front_shape="disconnected",
        notes=("Where the hump max(0, sin(4 pi x1)) sets in, its slope is the lower side's: 0.",),
    )

    @property
    def curve(self) -> Curve:
        """The two pieces; the point (0, 1) is the rest of the front."""
        return Curve(lambda t: torch.stack((t, 1.0 - t), -1), ((0.25, 0.5), (0.75, 1.0)))

    @property
    def ideal(self) -> Tensor:
        """The origin."""
        return torch.zeros(2, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:
        """One in each objective."""
        return torch.ones(2, dtype=torch.float64)

    def front(self, n: int) -> Tensor:
        """Return the point (0, 1) and `n - 1` points of the pieces at equal steps of arc length."""
        check_count(n)
        alone = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
        return torch.cat((alone, self.curve.sample(n - 1))) if n > 1 else alone

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return the hypervolume of the whole front, or the best of `n_points` points.

        With the point (0, 1) in it, a set covers `r1 (r2 - 1)` more than its other points cover
        below f2 = 1.
        """
        r = checked_reference(self, reference_point)
        if n_points is not None:
            check_count(n_points)
        r1, r2 = floats(r)
        alone, below = r1 * (r2 - 1.0), torch.tensor([r1, 1.0], dtype=torch.float64)
        with_it = r1 > 0.0 and r2 > 1.0
        if n_points is None:
            return self.curve.hypervolume(below) + alone if with_it else self.curve.hypervolume(r)
        best = self.curve.best_hypervolume(n_points, r)
        if not with_it:
            return best
        others = self.curve.best_hypervolume(n_points - 1, below) if n_points > 1 else 0.0
        return max(best, alone + others)

    def _objectives(self, x: Variables) -> Losses:
        x1 = x[..., 0]
        hump = (2 * (1 / 4 + 0.1)) * torch.sin((4 * math.pi) * x1).relu()
        distance = rugged(self._wave(x), self._indices(x))
        return torch.stack((x1 + hump, 1.0 - x1 + hump), -1) + distance


@problems.register("uf7")
@dataclass(frozen=True, kw_only=True, eq=False)
class UF7(UF):
    """Linear front, crowded at one end: it is a fifth root of x1.

    Args:
        n_variables: Number of variables, at least 3.
    """

    card: ClassVar[ProblemCard] = ProblemCard(
        summary="Linear front; small x1 spans most of it, by a fifth root.",
        source=SOURCE,
        family="UF",
        front_shape="linear",
        notes=(AT_ZERO,),
    )

    @property
    def curve(self) -> Curve:
        """`f1 + f2 = 1`."""
        return Curve(lambda t: torch.stack((t, 1.0 - t), -1))

    def _objectives(self, x: Variables) -> Losses:
        root = floored_power(x[..., 0], 0.2, ROOT_FLOOR)
        return torch.stack((root, 1.0 - root), -1) + means(self._wave(x).square())
