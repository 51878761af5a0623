"""Two Gaussian bumps in any number of variables: concave_pair and vlmop2 alike."""

from __future__ import annotations

import math

import torch

from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem


class GaussianPair(CurveProblem):
    """`f = 1 - exp(-|x -+ c|^2)` for c = (1, ..., 1) / sqrt(n): a front that is concave but at its ends.

    The Pareto set is the segment `x = t (1, ..., 1) / sqrt(n)`, t in [-1, 1], for every n.
    """

    @property
    def curve(self) -> Curve:
        """`(1 - exp(-(t + 1)^2), 1 - exp(-(t - 1)^2))` for t in [-1, 1]."""
        return Curve(
            lambda t: -torch.stack((-(t + 1).square(), -(t - 1).square()), -1).expm1(),
            ((-1.0, 1.0),),
        )

    def _objectives(self, x: Variables) -> Losses:
        c = 1 / math.sqrt(self.n_variables)
        distances = torch.stack(((x - c).square().sum(-1), (x + c).square().sum(-1)), -1)
        return -(-distances).expm1()
