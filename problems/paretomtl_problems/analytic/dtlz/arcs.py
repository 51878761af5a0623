"""DTLZ5 and DTLZ6: fronts that are arcs (Deb, Thiele, Laumanns and Zitzler 2005)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.errors import NoKnownFront
from paretomtl.problems import Point, ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.dtlz.dtlz import CIRCLE, DTLZ, SOURCE
from paretomtl_problems.analytic.fronts.checks import beyond_nadir, whole_front_only
from paretomtl_problems.analytic.fronts.simplex_and_sphere import spherical
from paretomtl_problems.analytic.roots import floored_power

BEYOND_THREE = "For m >= 4 the front is larger than the curve of the paper and not known: pymoo's curve is wrong there."


class CurveFront(DTLZ):
    """Problems whose front is an arc of the unit sphere when m is 2 or 3.

    All angles but the first are drawn to 45 degrees as `g` falls to 0. For m >= 4 the front is
    larger than the arc and not known: with g > 0 the product of cosines undercuts it.
    """

    @property
    def nadir(self) -> Tensor:
        """Worst values on the arc; for m >= 4, where the front is not known, one in every objective."""
        if self.n_objectives == 3:
            return torch.tensor([0.5**0.5, 0.5**0.5, 1.0], dtype=torch.float64)
        return super().nadir

    def _known(self) -> None:
        if self.n_objectives > 3:
            raise NoKnownFront(
                f"the exact front of {self.name!r} is known for 2 and 3 objectives; "
                f"found {self.n_objectives}."
            )

    def front(self, n: int) -> Tensor:
        """Return `n` points of the arc at equal steps, [n, m]; m is 2 or 3."""
        self._known()
        circle = CIRCLE.sample(n)
        if self.n_objectives == 2:
            return circle
        half = circle[:, :1] * 0.5**0.5
        return torch.cat((half, half, circle[:, 1:]), -1)

    def best_hypervolume(
        self, n_points: int | None = None, *, reference_point: Point | None = None
    ) -> float:
        """Return `r1 r2 - pi / 4` for m = 2, `r1 r2 r3 - (r1 + r2) pi / (4 sqrt(2)) + 1/3` for m = 3."""
        self._known()
        r = beyond_nadir(self, reference_point)
        if self.n_objectives == 2:
            return (
                CIRCLE.hypervolume(r) if n_points is None else CIRCLE.best_hypervolume(n_points, r)
            )
        whole_front_only(self, n_points)
        return float(r.prod() - (r[0] + r[1]) * math.pi / (4 * math.sqrt(2)) + 1 / 3)

    def _arc(self, position: Tensor, g: Tensor) -> Losses:
        g1 = g.unsqueeze(-1)
        later = (1 + 2 * g1 * position[..., 1:]) * (math.pi / 4) / (1 + g1)
        return spherical(torch.cat((position[..., :1] * (math.pi / 2), later), -1), 1 + g)


@problems.register("dtlz5")
@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ5(CurveFront):
    """Degenerate front, an arc: DTLZ2 whose angles but the first are pulled to 45 degrees.

    Args:
        n_objectives: Number of objectives, m, at least 2; the front is known for 2 and 3.
        n_variables: Number of variables, at least m; None for m + 9.
    """

    card = ProblemCard(
        summary="Front that is only a curve, whatever the number of objectives was meant to be.",
        source=SOURCE,
        family="DTLZ",
        front_shape="degenerate",
        notes=(BEYOND_THREE,),
    )

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        return self._arc(position, (distance - 0.5).square().sum(-1))


@problems.register("dtlz6")
@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ6(CurveFront):
    """DTLZ5 with the distance `g = sum(xi^0.1)`, whose slope is infinite on the Pareto set.

    Args:
        n_objectives: Number of objectives, m, at least 2; the front is known for 2 and 3.
        n_variables: Number of variables, at least m; None for m + 9.
    """

    card = ProblemCard(
        summary="DTLZ5's curve behind a distance that hardly falls until its very end.",
        source=SOURCE,
        family="DTLZ",
        front_shape="degenerate",
        notes=(
            BEYOND_THREE,
            "On the Pareto set (xi = 0) the slope of g is infinite; the gradient uses the slope at xi = 1e-8 below that. The value is exact.",
        ),
    )

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        return self._arc(position, floored_power(distance, 0.1, 1e-8).sum(-1))
