"""Schaffer's function."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.options import box


@problems.register("schaffer")
@dataclass(frozen=True, kw_only=True, eq=False)
class Schaffer(CurveProblem):
    """`x^2` and `(x - 2)^2` of one variable in [-1000, 1000]; the Pareto set is [0, 2]."""

    card = ProblemCard(
        summary="The first test problem of the field: two parabolas in a wide box.",
        source="Schaffer 1985; Van Veldhuizen and Lamont 1999, MOP1",
        family="classic",
        front_shape="convex",
    )

    @property
    def n_variables(self) -> int:
        """One."""
        return 1

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-1000, 1000]."""
        return box(1, -1000.0, 1000.0)

    @property
    def curve(self) -> Curve:
        """`(t^2, (2 - t)^2)` for t in [0, 2]."""
        return Curve(lambda t: torch.stack((t.square(), (2 - t).square()), -1), ((0.0, 2.0),))

    def _objectives(self, x: Variables) -> Losses:
        return torch.cat((x.square(), (x - 2).square()), -1)
