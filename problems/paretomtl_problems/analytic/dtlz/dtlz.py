"""DTLZ1 to DTLZ4 (Deb, Thiele, Laumanns and Zitzler 2005)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.problems import AnalyticProblem, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve
from paretomtl_problems.analytic.fronts.simplex_and_sphere import (
    even_simplex,
    even_sphere,
    orthant_ball,
    spherical,
    split_into_parts,
)
from paretomtl_problems.analytic.fronts.surface import SurfaceProblem
from paretomtl_problems.analytic.options import DERIVED, box, real_number, resolve, whole_number

SOURCE = "Deb, Thiele, Laumanns and Zitzler 2005"


@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ(AnalyticProblem):
    """m - 1 position variables move a point along the front, k distance variables away from it.

    The distance to the front enters as `g`, 0 on the front (but for DTLZ7).

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
        sizes = [self.n_objectives - 1, self.n_variables - self.n_objectives + 1]
        position, distance = torch.split(x, sizes, -1)
        return position, distance


LINE = Curve(lambda t: torch.stack((0.5 * t, 0.5 - 0.5 * t), -1))


def ripples(distance: Tensor) -> Tensor:
    """Return `100 (k + sum((xi - 0.5)^2 - cos(20 pi (xi - 0.5))))`: 11^k - 1 local fronts."""
    d = distance - 0.5
    waves = (20 * math.pi * d).cos().sum(-1)  # backward of two sums is cheaper than that of one
    return 100 * (d.shape[-1] + d.square().sum(-1) - waves)


@problems.register("dtlz1")
@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ1(SurfaceProblem, DTLZ):
    """Linear front `sum(f) = 0.5` behind 11^k - 1 local ones: `f = 0.5 (1 + g) h(x1, ..., x_{m-1})`.

    `h` splits one into m parts: `x1 x2 ... x_{m-1}`, `x1 ... (1 - x_{m-1})`, ..., `1 - x1`.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 4.
    """

    card = ProblemCard(
        summary="Linear front behind very many local fronts: a trap for descent methods.",
        source=SOURCE,
        family="DTLZ",
        front_shape="linear",
        notes=("BoTorch's best hypervolume omits the factor 1 / m!.",),
    )

    _paper_k = 5

    @property
    def nadir(self) -> Tensor:
        """One half in every objective."""
        return torch.full((self.n_objectives,), 0.5, dtype=torch.float64)

    @property
    def curve(self) -> Curve:
        """From (0, 1/2) to (1/2, 0)."""
        return LINE

    def _surface(self, n: int) -> Tensor:
        return 0.5 * even_simplex(n, self.n_objectives)

    def _volume(self, r: Tensor) -> float:
        """Return `prod(r) - 0.5^m / m!`."""
        return float(r.prod()) - 0.5**self.n_objectives / math.factorial(self.n_objectives)

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        return split_into_parts(position, 0.5 + 0.5 * ripples(distance))


class SphereFront(SurfaceProblem, DTLZ):
    """Problems whose front is the part of the unit sphere with no negative objective."""

    @property
    def curve(self) -> Curve:
        """A quarter of the unit circle."""
        return CIRCLE

    def _surface(self, n: int) -> Tensor:
        return even_sphere(n, self.n_objectives)

    def _volume(self, r: Tensor) -> float:
        """Return `prod(r)` less the ball's share, `pi^(m/2) / (2^m Gamma(m/2 + 1))`."""
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
        position, distance = self._split(x)
        g = (distance - 0.5).square().sum(-1)
        return spherical(position * (math.pi / 2), 1 + g)


@problems.register("dtlz3")
@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ3(SphereFront):
    """DTLZ2's front behind 3^k - 1 local ones: DTLZ2 with the distance of DTLZ1.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
    """

    card = ProblemCard(
        summary="Spherical front behind very many local fronts: a trap for descent methods.",
        source=SOURCE,
        family="DTLZ",
        front_shape="concave",
    )

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        return spherical(position * (math.pi / 2), 1 + ripples(distance))


@problems.register("dtlz4")
@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ4(SphereFront):
    """DTLZ2 with the first m - 1 variables raised to the power `alpha`.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 9.
        alpha: The power, at least 1.
    """

    alpha: float = 100.0

    card = ProblemCard(
        summary="Spherical front that uniform points hardly cover: most collapse on its edges.",
        source=SOURCE,
        family="DTLZ",
        front_shape="concave",
        notes=(
            "Poor for gradient sweeps: the slope by x1, ..., x_{m-1} vanishes but close to 1.",
            "BoTorch's DTLZ4 equals DTLZ2; LibMOON uses alpha = 20.",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        real_number(self, "alpha", low=1.0)

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        g = (distance - 0.5).square().sum(-1)
        return spherical(position.pow(self.alpha) * (math.pi / 2), 1 + g)
