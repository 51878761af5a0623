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

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from paretomtl.aggregation.lanes import apply, open_lanes, settled
from paretomtl.aggregation.linalg import ROWS, identity, solve
from paretomtl.aggregation.sweep import hit, inspect, multiply, sweep_

_TOLERANCE = 1e-15
"""Violations of a problem of order one that count as none: 4.5 times the rounding of a number of order
one, and of what is small enough not to magnify it."""

_BLOCK_ROUNDS = 8
"""Supports that are tried at most. On random, conflicting, aligned and uneven gradients of 4 to 32 tasks
the tail of slow lanes ends here: 4 rounds left up to all lanes of a kind open, 8 at most 2 in 100. Dependent
gradients are what is left, which cycle or whose systems are refused: 20 rounds closed hardly more."""

_LARGE = 100.0
"""Solutions from this size on are left to the active-set method, which refines them. A solve by LU has a
residual of about `m eps |s|`: up to here, and 64 tasks, below 2e-12 of the force."""


def minimize_nonnegative(
    matrix: Float[Tensor, "*batch m m"],
    force: Float[Tensor, "*programs m"],
    *,
    precision: float,
    rays: int = 0,
) -> Float[Tensor, "*programs m"]:
    """Return the `s >= 0` that minimizes `s^T M s / 2 - f^T s`.

    Args:
        matrix: M, symmetric positive semi-definite, float64, with a diagonal of order one or zero.
        force: f, of order one, such that the program is bounded; [*batch, m], or [*batch, p, m] for p
            programs with one matrix.
        precision: Machine epsilon of the numbers M was computed in: what separates an independent
            column from noise.
        rays: How many gradient steps to spend on a first guess of the support.

    Returns:
        The minimizer; its gradient `M s - f` is zero on the support and non-negative elsewhere. At most
        4 m + 4 exchanges are made in a program; one that needs more keeps its best point, which is
        feasible.
    """
    m = force.shape[-1]
    # then the origin satisfies the conditions, and the rounds below would find it
    if settled(force <= 0):
        return torch.zeros_like(force)
    each = force.shape[-2] if force.ndim == matrix.ndim else 1
    matrices, f = _Matrices(matrix.reshape(-1, m, m), each), force.reshape(-1, m)
    s, solved = _guess(matrices, f, rays)
    if solved is not None:
        rest = open_lanes(solved)
        if rest is None:
            s = torch.where(solved.unsqueeze(-1), s, _exact(matrices.all, f, precision))
        else:
            s = s.index_copy(0, rest, _exact(matrices.of(rest), f[rest], precision))
    return s.reshape(force.shape)


class _Matrices(NamedTuple):
    """The matrices of many programs, a number of which in a row share one.

    Args:
        different: [matrices, m, m].
        each: Programs of a matrix.
    """

    different: Float[Tensor, "matrices m m"]
    each: int

    @property
    def all(self) -> Float[Tensor, "programs m m"]:
        """One a program."""
        return self.of(torch.arange(self.each * len(self.different), device=self.different.device))

    def of(self, programs: Tensor) -> Float[Tensor, "some m m"]:
        """Those of some programs."""
        return self.different[programs if self.each == 1 else programs // self.each]

    def times(self, vectors: Float[Tensor, "programs m"]) -> Float[Tensor, "programs m"]:
        """Multiply each program's vector."""
        if self.each == 1:
            return apply(self.different, vectors)
        m = vectors.shape[-1]
        return (vectors.view(-1, self.each, m) @ self.different).view(-1, m)

    def on(self, inside: Float[Tensor, "programs m"]) -> Float[Tensor, "programs m m"]:
        """Replace rows and columns outside of each program's support by those of the identity."""
        m = inside.shape[-1]
        eye = identity(m, inside)
        kept = inside.unsqueeze(-1) * inside.unsqueeze(-2)
        offset = self.different - eye
        if self.each > 1:
            kept, offset = kept.view(-1, self.each, m, m), offset.unsqueeze(1)
        return torch.addcmul(eye, offset, kept).view(-1, m, m)


def _guess(
    matrices: _Matrices, force: Float[Tensor, "programs m"], rays: int
) -> tuple[Float[Tensor, "programs m"], Bool[Tensor, " programs"] | None]:
    """Pivot blockwise; return the points found, and which satisfy the KKT conditions (None: all)."""
    m = force.shape[-1]
    # padded once, so that `solve` need not in every round; no force draws the rows of zeros in
    extra = -m % ROWS
    if extra:
        padded = torch.constant_pad_nd(matrices.different, (0, extra, 0, extra))
        matrices = matrices._replace(different=padded)
        force = torch.constant_pad_nd(force, (0, extra))
    support = _first_support(matrices, force, rays) if rays else force > 0
    s, content, fine = _solve_on(matrices, force, support)
    for _ in range(_BLOCK_ROUNDS - 1):
        if settled(fine):
            return s.narrow(-1, 0, m), None
        good = fine.all(-1)
        support = support == content
        rest = open_lanes(good)
        # solving a good program again gives the same, bit by bit: gathering the others pays only where
        # they are fewer than half
        if rest is None or 2 * len(rest) > len(good):
            s, content, fine = _solve_on(matrices, force, support)
            continue
        some = _Matrices(matrices.of(rest), 1)
        found, after, better = _solve_on(some, force[rest], support[rest])
        s, content = s.index_copy(0, rest, found), content.index_copy(0, rest, after)
        fine = fine.index_copy(0, rest, better)
    return s.narrow(-1, 0, m), fine.all(-1)


def _first_support(
    matrices: _Matrices, force: Float[Tensor, "programs m"], rays: int
) -> Bool[Tensor, "programs m"]:
    """Guess the support by projected gradient steps, each from the lowest point of a ray.

    Any guess is allowed: without a ray, or along one that the matrix annihilates, it is poor.
    """
    moved = force
    for _ in range(rays):
        point = moved.clamp(min=0)
        image = matrices.times(point)
        reach = (point * force).sum(-1, keepdim=True) / (point * image).sum(-1, keepdim=True)
        moved = reach * (point - image) + force
    return moved > 0


def _solve_on(matrices: _Matrices, force: Tensor, support: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Solve on a support: the point, which indices are content with it, and where it is the answer.

    An index is content where it satisfies its KKT condition: positive inside, pushed out outside. The point
    is the answer where all indices are, and none is large: the residual of the solve grows with its size.
    """
    inside = support.to(force.dtype)
    s = solve(matrices.on(inside), force * inside)
    slope = matrices.times(s) - force
    content = torch.where(support, s, slope + _TOLERANCE) > 0
    return s, content, content & (s < _LARGE)


def _exact(
    matrix: Float[Tensor, "lanes m m"], force: Float[Tensor, "lanes m"], precision: float
) -> Float[Tensor, "lanes m"]:
    """Run the active-set method."""
    m = force.shape[-1]
    # the pivot of a column that depends on the face is a sum that cancels: a few roundings of its terms
    program = _Program(matrix.permute(1, 2, 0), -force.mT, floor=8 * precision)
    program.advance(3 * m + 2)
    # Every exchange adds its rounding to the tableau, which may hide a violation: look again with fresh
    # numbers. 3 m + 2 exchanges let every index enter, leave and enter again; then few are wrong.
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
        # swept along with the matrix, the row below it holds the minimum on the face for basic indices,
        # minus the multiplier for others
        self.bottom: Tensor = self.tableau[m]
        self.basic: Tensor = torch.zeros_like(self.linear, dtype=torch.bool)
        self.s: Tensor = torch.zeros_like(self.linear)

    def advance(self, rounds: int) -> None:
        """Exchange one index a lane and round until the KKT conditions hold.

        An index whose violation, or whose independence of the face, is no more than rounding is closed
        until another leaves.
        """
        closed = torch.zeros_like(self.basic)
        for _ in range(rounds):
            face = torch.where(self.basic, self.bottom, 0.0)
            ratio = torch.where(face < 0, self.s / (self.s - face), torch.inf)
            share, leave = ratio.min(0, keepdim=True)
            self.s = torch.lerp(self.s, face, share.clamp(max=1)).clamp(min=0)
            offered = torch.where(self.basic | closed, -torch.inf, self.bottom)
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
        face = torch.where(self.basic, self.bottom, 0.0)
        inverse = self.tableau[:-1]
        # the inverse is that of the tableau, rounding of many exchanges included: two corrections by it
        # leave the rounding of the last residual alone
        for _ in range(2):
            residual = torch.where(self.basic, self.linear + multiply(self.matrix, face), 0.0)
            face = face + torch.where(self.basic, multiply(inverse, residual), 0.0)
        gradient = self.linear + multiply(self.matrix, face)
        self.bottom.copy_(torch.where(self.basic, face, -gradient))

    def point(self) -> Tensor:
        """Return the minimum on the face where it is feasible, else the best feasible point so far."""
        face = torch.where(self.basic, self.bottom, 0.0)
        feasible = (face >= 0).all(0, keepdim=True)
        return torch.where(feasible, face, self.s)
