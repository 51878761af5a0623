"""VLMOP1 and VLMOP2 in the forms of the multi-task literature; VLMOP3 is in `viennet`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.curve import Curve, CurveProblem
from paretomtl_problems.analytic.gaussian_pair import GaussianPair
from paretomtl_problems.analytic.options import box, whole_number

SWAPPED = "The names of LibMOON's classes VLMOP1 and VLMOP2 are interchanged."


@problems.register("vlmop2")
@dataclass(frozen=True, kw_only=True, eq=False)
class VLMOP2(GaussianPair):
    """`1 - exp(-|x - c|^2)` and `1 - exp(-|x + c|^2)` with c = (1, ..., 1) / sqrt(n).

    Args:
        n_variables: Number of variables, at least 1; 20 in Pareto MTL.
    """

    n_variables: int = 20  # pyright: ignore[reportIncompatibleMethodOverride]

    card = ProblemCard(
        summary="Concave front of two Gaussian bumps: linear scalarization reaches only its two ends.",
        source="Van Veldhuizen and Lamont 1999, MOP2; Lin et al. 2019 (Pareto MTL), n = 20",
        family="VLMOP",
        front_shape="concave",
        notes=(
            "Box [-1, 1]^n, starts in [-0.5, 0.5]^n as in Pareto MTL: gradients vanish near the corners.",
            SWAPPED,
        ),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=1)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-1, 1]^n."""
        return box(self.n_variables, -1.0, 1.0)

    @property
    def start_box(self) -> tuple[Tensor, Tensor]:
        """[-0.5, 0.5]^n, as in Pareto MTL."""
        return box(self.n_variables, -0.5, 0.5)


@problems.register("vlmop1")
@dataclass(frozen=True, kw_only=True, eq=False)
class VLMOP1(CurveProblem):
    """`|x - c|^2 / 4` and `|x + c|^2 / 4` with c = (1, ..., 1) / sqrt(n).

    The front is `sqrt(f1) + sqrt(f2) = 1`, whatever n is.

    Args:
        n_variables: Number of variables, at least 1; 10 in LibMOON.
    """

    n_variables: int = 10  # pyright: ignore[reportIncompatibleMethodOverride]

    card = ProblemCard(
        summary="Two squared distances, scaled to [0, 1]; convex front.",
        source="Van Veldhuizen and Lamont 1999, MOP1, in the scaling of LibMOON",
        family="VLMOP",
        front_shape="convex",
        notes=("Box [-1, 1]^n.", SWAPPED),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_variables", low=1)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-1, 1]^n."""
        return box(self.n_variables, -1.0, 1.0)

    @property
    def curve(self) -> Curve:
        """`(t^2, (1 - t)^2)` for t in [0, 1]."""
        return Curve(lambda t: torch.stack((t.square(), (1 - t).square()), -1))

    def _objectives(self, x: Variables) -> Losses:
        c = 1 / math.sqrt(self.n_variables)
        return 0.25 * torch.stack(((x - c).square().sum(-1), (x + c).square().sum(-1)), -1)
