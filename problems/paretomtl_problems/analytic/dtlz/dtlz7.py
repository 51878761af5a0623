"""DTLZ7: a front in 2^(m-1) pieces (Deb, Thiele, Laumanns and Zitzler 2005)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.dtlz.dtlz import DTLZ, SOURCE
from paretomtl_problems.analytic.fronts.curve import Curve
from paretomtl_problems.analytic.fronts.pieces import new_minima
from paretomtl_problems.analytic.fronts.surface import SurfaceProblem, even_surface
from paretomtl_problems.analytic.options import floats


def gain(f: Tensor) -> Tensor:
    """Return `f (1 + sin(3 pi f))`: what one objective's value takes off the last objective."""
    return f * (1 + (3 * math.pi * f).sin())


@cache
def gain_curve() -> Curve:
    """Return the new maxima of `gain` on [0, 1], as the front of `f` against `4 - gain(f)`."""
    pieces = new_minima(lambda f: -gain(f), 0.0, 1.0)
    return Curve(lambda t: torch.stack((t, 4 - gain(t)), -1), pieces)


@problems.register("dtlz7")
@dataclass(frozen=True, kw_only=True, eq=False)
class DTLZ7(SurfaceProblem, DTLZ):
    """Disconnected front: `f1 = x1, ..., f_{m-1} = x_{m-1}`, `fm = (1 + g) m - sum gain(fi)`.

    `gain(f) = f (1 + sin(3 pi f))`, `g = 1 + 9 mean(xm, ..., xn)`; the front has g = 1 and each of
    f1, ..., f_{m-1} where `gain` reaches a new maximum.

    Args:
        n_objectives: Number of objectives, m, at least 2.
        n_variables: Number of variables, at least m; None for m + 19.
    """

    card = ProblemCard(
        summary="Front in 2^(m-1) separate pieces.",
        source=SOURCE,
        family="DTLZ",
        front_shape="disconnected",
        notes=("pymoo's sampled fronts for m != 3 are dominated by half and more.",),
    )

    _paper_k = 20

    @property
    def ideal(self) -> Tensor:
        """Zero but for the last objective, 2 m - (m - 1) max gain."""
        best = 2 * self.n_objectives - (self.n_objectives - 1) * (4 - float(gain_curve().ideal[1]))
        return torch.cat((super().ideal[:-1], torch.tensor([best], dtype=torch.float64)))

    @property
    def nadir(self) -> Tensor:
        """0.8594 but for the last objective, 2 m."""
        worst = gain_curve().nadir[:1].expand(self.n_objectives - 1)
        last = torch.tensor([2.0 * self.n_objectives], dtype=torch.float64)
        return torch.cat((worst, last))

    @property
    def curve(self) -> Curve:
        """`f2 = 4 - gain(f1)` where `gain` reaches a new maximum."""
        return gain_curve()

    def _surface(self, n: int) -> Tensor:
        curve, m = gain_curve(), self.n_objectives
        lengths = [stop - start for start, stop in curve.pieces]
        edge = lengths[0] / sum(lengths)

        def point(u: Tensor) -> Tensor:
            f = torch.where(u < edge, u, u - edge) * sum(lengths)
            f = torch.where(u < edge, curve.pieces[0][0] + f, curve.pieces[1][0] + f)
            return torch.cat((f, 2 * m - gain(f).sum(-1, keepdim=True)), -1)

        return even_surface(point, m - 1, n)

    def _volume(self, r: Tensor) -> float:
        """Integrate `rm - 2 m + sum M(fi)` over the box below `r1, ..., r_{m-1}`.

        `M` is the greatest gain up to a value.
        """
        curve, m = gain_curve(), self.n_objectives
        *first, last = floats(r)
        base = math.prod(first)
        total = base * (last - 2 * m)
        for edge in first:  # the curve's own hypervolume above f2 = 4 is the integral of M
            gained = curve.hypervolume(torch.tensor([edge, 4.0], dtype=torch.float64))
            total += base / edge * gained
        return total

    def _objectives(self, x: Variables) -> Losses:
        position, distance = self._split(x)
        g = 1 + 9 * distance.mean(-1, keepdim=True)
        last = (1 + g) * self.n_objectives - gain(position).sum(-1, keepdim=True)
        return torch.cat((position, last), -1)
