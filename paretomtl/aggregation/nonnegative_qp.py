"""Convex quadratic programs over the non-negative orthant, a batch at a time, to their KKT conditions.

Two methods share the work. Block principal pivoting (Júdice and Pires, 1994) guesses the support of all
lanes at once, exchanging every index that violates a condition; it needs two to four rounds, but may
cycle. Whatever it finds counts only if the KKT conditions hold to rounding. The other lanes are solved by
an active-set method (Lawson and Hanson, 1974, chapter 23) on a swept tableau: each round enters the index
with the most violated multiplier, or, when the step to the minimum on the face would leave the orthant,
walks as far as it can and drops the blocking index. The objective falls with every round and faces do
not repeat, so it ends at the exact minimizer; entered columns are independent of those before, so a
singular matrix is no obstacle.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from paretomtl.aggregation.lanes import apply, open_lanes, settled
from paretomtl.aggregation.linalg import identity, pad_rows, solve
from paretomtl.aggregation.sweep import hit, inspect, multiply, sweep_

_TOLERANCE = 1e-15
"""Violations of a problem of order one that count as none, where rounding is not magnified."""

_BLOCK_ROUNDS = 8


def minimize_nonnegative(
    matrix: Float[Tensor, "*batch m m"],
    linear: Float[Tensor, "*batch m"],
    *,
    precision: float,
) -> Float[Tensor, "*batch m"]:
    """Return the `s >= 0` that minimizes `s^T M s / 2 + q^T s`.

    Args:
        matrix: M, symmetric positive semi-definite, float64, with a diagonal of order one or zero.
        linear: q, of order one, such that the program is bounded.
        precision: Machine epsilon of the numbers M was computed in: what separates an independent
            column from noise.

    Returns:
        The minimizer; its gradient `M s + q` is zero on the support and non-negative elsewhere. At most
        4 m + 4 exchanges are made in a lane; one that needs more keeps its best point, which is feasible.
    """
    m = linear.shape[-1]
    matrix, linear_lanes = matrix.reshape(-1, m, m), linear.reshape(-1, m)
    s, solved = _guess(matrix, linear_lanes)
    if not settled(solved):
        rest = open_lanes(solved)
        if rest is None:
            s = torch.where(solved.unsqueeze(-1), s, _exact(matrix, linear_lanes, precision))
        else:
            s = s.index_copy(0, rest, _exact(matrix[rest], linear_lanes[rest], precision))
    return s.reshape(linear.shape)


def _guess(
    matrix: Float[Tensor, "lanes m m"], linear: Float[Tensor, "lanes m"]
) -> tuple[Float[Tensor, "lanes m"], Bool[Tensor, " lanes"]]:
    """Pivot blockwise; return the points found and in which lanes they satisfy the KKT conditions."""
    m = linear.shape[-1]
    matrix = pad_rows(matrix)
    q = torch.nn.functional.pad(linear, (0, -m % 4)) if m % 4 else linear
    support = q < 0
    s, following, held = _solve_on(matrix, q, support)
    stable = (following == support).all(-1)
    for _ in range(_BLOCK_ROUNDS - 1):
        if settled(stable):
            break
        rest = open_lanes(stable)
        if rest is None:
            support = following
            s, following, held = _solve_on(matrix, q, support)
            stable = (following == support).all(-1)
            continue
        tried = following[rest]
        found, after, good = _solve_on(matrix[rest], q[rest], tried)
        s, following = s.index_copy(0, rest, found), following.index_copy(0, rest, after)
        held = held.index_copy(0, rest, good)
        stable = stable.index_copy(0, rest, (after == tried).all(-1))
    return s[:, :m], held & stable


def _solve_on(matrix: Tensor, linear: Tensor, support: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Solve on a support: the point, the support it asks for, and whether its equations hold."""
    system = torch.where(
        support.unsqueeze(-1) & support.unsqueeze(-2), matrix, identity(matrix.shape[-1], matrix)
    )
    s = solve(system, torch.where(support, -linear, 0.0))
    gradient = linear + apply(matrix, s)
    following = torch.where(support, s > 0, gradient < -_TOLERANCE)
    error = torch.where(support, gradient.abs(), 0.0).amax(-1)
    return s, following, error <= 100 * _TOLERANCE


def _exact(
    matrix: Float[Tensor, "lanes m m"], linear: Float[Tensor, "lanes m"], precision: float
) -> Float[Tensor, "lanes m"]:
    """Run the active-set method."""
    m = linear.shape[-1]
    program = _Program(matrix.permute(1, 2, 0), linear.mT, floor=8 * precision)
    program.advance(3 * m + 2)
    # rounding gathered in the tableau may hide a violation: look again with fresh numbers
    program.refresh()
    program.advance(m + 2)
    program.refresh()
    return program.point().mT.contiguous()


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
