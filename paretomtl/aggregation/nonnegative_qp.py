"""Convex quadratic programs over the non-negative orthant, a batch at a time, to their KKT conditions.

An active-set method (Lawson and Hanson, 1974, chapter 23) on a swept tableau: each round enters the
index with the most violated multiplier, or, when the step to the minimum on the face would leave the
orthant, walks as far as it can and drops the blocking index. The objective falls with every round and
faces do not repeat, so it ends at the exact minimizer; entered columns are independent of those before,
so a singular matrix is no obstacle.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.lanes import settled
from paretomtl.aggregation.sweep import hit, inspect, multiply, sweep_

_TOLERANCE = 1e-15
"""Violations of a problem of order one that count as none, where rounding is not magnified."""


def minimize_nonnegative(
    matrix: Float[Tensor, "*batch m m"],
    linear: Float[Tensor, "*batch m"],
    *,
    precision: float,
    rounds: int | None = None,
) -> Float[Tensor, "*batch m"]:
    """Return the `s >= 0` that minimizes `s^T M s / 2 + q^T s`.

    Args:
        matrix: M, symmetric positive semi-definite, float64, with a diagonal of order one or zero.
        linear: q, of order one, such that the program is bounded.
        precision: Machine epsilon of the numbers M was computed in: what separates an independent
            column from noise.
        rounds: How many exchanges to make at most; None means 3 m + 2, and then m + 2 after a look with
            fresh numbers. A lane that needs more keeps its best point so far, which is feasible.

    Returns:
        The minimizer; its gradient `M s + q` is zero on the support and non-negative elsewhere.
    """
    m = linear.shape[-1]
    program = _Program(
        matrix.reshape(-1, m, m).permute(1, 2, 0),
        linear.reshape(-1, m).mT,
        floor=8 * precision,
    )
    program.advance(3 * m + 2 if rounds is None else rounds)
    # rounding gathered in the tableau may hide a violation: look again with fresh numbers
    program.refresh()
    program.advance(m + 2)
    program.refresh()
    return program.point().mT.contiguous().reshape(linear.shape)


class _Program:
    """The state of the active-set method; every tensor has the lanes behind."""

    def __init__(self, matrix: Tensor, linear: Tensor, *, floor: float) -> None:
        m = linear.shape[0]
        self.matrix, self.linear, self.floor = matrix.contiguous(), linear.contiguous(), floor
        self.tableau: Tensor = torch.cat((self.matrix, -self.linear.unsqueeze(0)))
        # the last row holds the minimum on the face for basic indices, minus the multiplier for others
        self.carried: Tensor = self.tableau[m]
        self.basic: Tensor = torch.zeros_like(self.linear, dtype=torch.bool)
        self.s: Tensor = torch.zeros_like(self.linear)

    def advance(self, rounds: int) -> None:
        """Exchange one index a lane and round until the KKT conditions hold.

        An index whose violation, or whose independence of the face, is no more than rounding is closed
        until another leaves.
        """
        closed = torch.zeros_like(self.basic)
        for _ in range(rounds):
            face = torch.where(self.basic, self.carried, 0.0)
            ratio = torch.where(face < 0, self.s / (self.s - face), torch.inf)
            share, leave = ratio.min(0, keepdim=True)
            self.s = torch.lerp(self.s, face, share.clamp(max=1)).clamp(min=0)
            offered = torch.where(self.basic | closed, -torch.inf, self.carried)
            worst, enter = offered.max(0, keepdim=True)
            blocked = share <= 1
            pending = blocked | (worst > _TOLERANCE)
            if settled(~pending):
                break
            pivot = inspect(self.tableau, torch.where(blocked, leave, enter), self.basic)
            sound = (pivot.value > self.floor * pivot.reach.square()) & (
                worst > _TOLERANCE * pivot.reach
            )
            active = pending & (blocked | sound)
            closed = (closed | (hit(pivot.place, closed.shape[0]) & ~active)) & ~blocked
            self.basic = sweep_(self.tableau, pivot, self.basic, active)

    def refresh(self) -> None:
        """Recompute face and multipliers from the matrix itself, refined by the tableau's inverse."""
        face = torch.where(self.basic, self.carried, 0.0)
        inverse = self.tableau[:-1]
        for _ in range(2):
            residual = torch.where(self.basic, self.linear + multiply(self.matrix, face), 0.0)
            face = face + torch.where(self.basic, multiply(inverse, residual), 0.0)
        gradient = self.linear + multiply(self.matrix, face)
        self.carried.copy_(torch.where(self.basic, face, -gradient))

    def point(self) -> Tensor:
        """Return the minimum on the face where it is feasible, else the best feasible point so far."""
        face = torch.where(self.basic, self.carried, 0.0)
        feasible = (face >= 0).all(0, keepdim=True)
        return torch.where(feasible, face, self.s)
