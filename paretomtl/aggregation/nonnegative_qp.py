"""Convex quadratic programs over the non-negative orthant, a batch at a time, to their KKT conditions.

An active-set method (Lawson and Hanson, 1974, chapter 23) on a swept tableau: each round enters the
index with the most violated multiplier, or, when the step to the minimum on the face would leave the
orthant, walks as far as it can and drops the blocking index. The objective falls with every round and
faces do not repeat, so it ends at the exact minimiser; entered columns are independent of those before,
so a singular matrix is no obstacle.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import apply, settled
from paretomtl.aggregation.sweep import sweep_


def minimize_nonnegative(
    matrix: Float[Tensor, "lanes m m"],
    linear: Float[Tensor, "lanes m"],
    *,
    precision: float,
    rounds: int | None = None,
) -> Float[Tensor, "lanes m"]:
    """Return the `s >= 0` that minimises `s^T M s / 2 + q^T s`.

    Args:
        matrix: M, symmetric positive semi-definite, float64, with a diagonal of order one or zero.
        linear: q, in the range of M or bounding the problem otherwise.
        precision: Machine epsilon of the numbers M was computed in: what separates an independent
            column from noise.
        rounds: How many exchanges to make at most; None means 4 m + 4. A lane that needs more keeps
            its best point so far, which is feasible (not seen in the tests).

    Returns:
        The minimiser; its gradient `M s + q` is zero on the support and non-negative elsewhere.
    """
    m = matrix.shape[-1]
    program = _Program(matrix, linear, floor=8 * m * precision)
    program.advance(3 * m + 2 if rounds is None else rounds)
    # rounding gathered in the tableau may hide a violation: look again with fresh numbers
    program.refresh()
    program.advance(m + 2)
    program.refresh()
    return program.point()


class _Program:
    """The state of the active-set method; every tensor has the lanes in front."""

    def __init__(self, matrix: Tensor, linear: Tensor, *, floor: float) -> None:
        self.matrix, self.linear, self.floor = matrix, linear, floor
        self.tableau: Tensor = matrix.clone()
        self.carried: Tensor = linear.unsqueeze(-2).clone()
        self.basic: Tensor = torch.zeros_like(linear, dtype=torch.bool)
        self.useless: Tensor = self.basic
        self.s: Tensor = torch.zeros_like(linear)

    def advance(self, rounds: int) -> None:
        """Exchange one index a lane and round until the KKT conditions hold."""
        tolerance = 4 * torch.finfo(torch.float64).eps
        multipliers = self.carried[:, 0]
        diagonal = self.tableau.diagonal(dim1=-2, dim2=-1)
        indices = torch.arange(self.s.shape[-1], device=self.s.device)
        entered = torch.full_like(self.s[:, :1], -1, dtype=torch.int64)
        for _ in range(rounds):
            face = torch.where(self.basic, -multipliers, 0.0)
            ratio = torch.where(face < 0, self.s / (self.s - face), torch.inf)
            share, leave = ratio.min(-1, keepdim=True)
            blocked = share <= 1
            step = torch.where(blocked, share, 1.0)
            self.s = (self.s + step * (face - self.s)).clamp(min=0)
            # rounding can let an index in that must leave at once: never offer it again
            self.useless = self.useless | ((indices == entered) & blocked & (leave == entered))
            offered = ~(self.basic | self.useless) & (diagonal > self.floor)
            worst, enter = torch.where(offered, multipliers, torch.inf).min(-1, keepdim=True)
            active = blocked | (worst < -tolerance)
            if settled(~active):
                break
            index = torch.where(blocked, leave, enter)
            entered = torch.where(blocked, -1, index)
            self.basic = sweep_(self.tableau, self.carried, index, self.basic, active.squeeze(-1))

    def refresh(self) -> None:
        """Recompute face and multipliers from the matrix itself, refined by the tableau's inverse."""
        face = torch.where(self.basic, -self.carried[:, 0], 0.0)
        for _ in range(2):
            residual = torch.where(self.basic, self.linear + apply(self.matrix, face), 0.0)
            face = face + torch.where(self.basic, apply(self.tableau, residual), 0.0)
        multipliers = self.linear + apply(self.matrix, face)
        self.carried = torch.where(self.basic, -face, multipliers).unsqueeze(-2)

    def point(self) -> Tensor:
        """Return the minimum on the face where it is feasible, else the best feasible point so far."""
        face = torch.where(self.basic, -self.carried[:, 0], 0.0)
        feasible = (face >= 0).all(-1, keepdim=True)
        return torch.where(feasible, face, self.s)
