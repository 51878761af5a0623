"""Fonseca and Fleming's function."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.problems import ProblemCard, problems
from paretomtl.shapes import Losses, Variables
from paretomtl_problems.analytic.fronts.simplicial import SimplicialProblem
from paretomtl_problems.analytic.options import box, whole_number


@problems.register("fonseca_fleming")
@dataclass(frozen=True, kw_only=True, eq=False)
class FonsecaFleming(SimplicialProblem):
    """`fi = 1 - exp(-|x - ci|^2)` with c1 = (1, ..., 1) / sqrt(n), c2 = -c1, c3 of alternating signs.

    The Pareto set is the segment or triangle of the centers; |c1 - c2| = 2, |c3 - c1| = sqrt(2).

    Args:
        n_objectives: 2, or 3 for the form of EPO.
        n_variables: Number of variables, at least 1; even for three objectives.
    """

    n_objectives: int = 2  # pyright: ignore[reportIncompatibleMethodOverride]
    n_variables: int = 3  # pyright: ignore[reportIncompatibleMethodOverride]

    card = ProblemCard(
        summary="Concave front of Gaussian bumps, in a box far wider than they are.",
        source="Fonseca and Fleming 1995; Mahapatra and Rajan 2020 (EPO) for three objectives",
        family="classic",
        front_shape="concave",
        notes=(
            "Gradients vanish in the corners of [-4, 4]^n: for gradient methods take vlmop2, the same function in a smaller box.",
            "Starts are drawn from [-0.5, 0.5]^n as in EPO and Pareto MTL.",
        ),
    )

    def __post_init__(self) -> None:
        whole_number(self, "n_objectives", low=2, high=3)
        whole_number(self, "n_variables", low=1)
        if self.n_objectives == 3 and self.n_variables % 2:
            raise BadInput(
                f"'fonseca_fleming' needs `n_variables` even for three objectives; "
                f"found {self.n_variables}."
            )

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """[-4, 4]^n."""
        return box(self.n_variables, -4.0, 4.0)

    @property
    def start_box(self) -> tuple[Tensor, Tensor]:
        """[-0.5, 0.5]^n, as in EPO and Pareto MTL."""
        return box(self.n_variables, -0.5, 0.5)

    def on_front(self, weights: Tensor) -> Tensor:
        """Return the front at barycentric weights of the centers."""
        along = weights[..., 0] - weights[..., 1]  # c3 is orthogonal to c1 = -c2
        across = weights[..., 2] if self.n_objectives == 3 else torch.zeros_like(along)
        squares = [(along - 1).square() + across.square(), (along + 1).square() + across.square()]
        if self.n_objectives == 3:
            squares.append(along.square() + (across - 1).square())
        return -(-torch.stack(squares, -1)).expm1()

    def _objectives(self, x: Variables) -> Losses:
        c = 1 / math.sqrt(self.n_variables)
        squares = [(x - c).square().sum(-1), (x + c).square().sum(-1)]
        if self.n_objectives == 3:
            third = x.new_full((self.n_variables,), c)
            third[1::2] = -c
            squares.append((x - third).square().sum(-1))
        return -(-torch.stack(squares, -1)).expm1()
