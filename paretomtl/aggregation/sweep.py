"""The symmetric sweep: one exchange step of Gauss-Jordan elimination, in every lane at its own index.

After sweeping the indices P of a symmetric matrix M, the tableau holds `-M_PP^-1` on P, the Schur
complement elsewhere, and `M_NP M_PP^-1` between; a row r appended below holds `r_P M_PP^-1` on P
and `r_N - r_P M_PP^-1 M_PN` elsewhere (Goodnight, 1979, "A tutorial on the SWEEP operator"). Sweeping
an index again takes it out. It is the pivot of the active-set solvers here: O(m^2) a lane, no branch.

The lanes are the last axis here and in the solvers built on it: every operation then runs over
contiguous lanes, whatever m is.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Pivot(NamedTuple):
    """An index chosen for the next exchange, one a lane.

    Args:
        place: Which index, [1, lanes].
        column: Its column of the tableau, appended rows included.
        value: The diagonal entry: the squared length of what the index adds to those swept, or minus
            the inverse of it for one that is swept.
        reach: One plus the sum of the coefficients by which those swept represent it. Rounding of the
            matrix shows in `value` times the square of this, and in appended rows times this.
    """

    place: Int[Tensor, "1 lanes"]
    column: Float[Tensor, "rows lanes"]
    value: Float[Tensor, "1 lanes"]
    reach: Float[Tensor, "1 lanes"]


def inspect(
    tableau: Float[Tensor, "rows m lanes"],
    index: Int[Tensor, "1 lanes"],
    basic: Bool[Tensor, "m lanes"],
) -> Pivot:
    """Look up what exchanging an index would mean."""
    column = tableau.gather(1, index.expand(tableau.shape[0], 1, -1)).squeeze(1)
    swept = torch.where(basic, column[: basic.shape[0]].abs(), 0.0)
    return Pivot(index, column, column.gather(0, index), 1 + total(swept))


def sweep_(
    tableau: Float[Tensor, "rows m lanes"],
    pivot: Pivot,
    basic: Bool[Tensor, "m lanes"],
    active: Bool[Tensor, "1 lanes"],
) -> Bool[Tensor, "m lanes"]:
    """Exchange the pivot in the active lanes, in place; in the others nothing changes, not a bit.

    Args:
        tableau: The partially swept matrix, and below it the appended rows.
        pivot: Which index enters or leaves.
        basic: Which indices are swept now.
        active: Which lanes exchange.

    Returns:
        `basic` after the exchange.
    """
    rows, m, _ = tableau.shape
    index, column, value, _ = pivot
    size = value.abs()
    # v v^T is symmetric to the last bit, c (c / p)^T is not
    v = torch.where(active, column / size.sqrt(), 0.0)
    tableau.addcmul_(v.unsqueeze(1), (v[:m] * value.sign()).unsqueeze(0), value=-1)
    # the row and column of the pivot itself; a negative pivot means that the index leaves
    ratio = (column / size).scatter(0, index, -1 / value)
    ratio = torch.where(active, ratio, column)
    tableau.scatter_(1, index.expand(rows, 1, -1), ratio.unsqueeze(1))
    tableau.scatter_(0, index.expand(1, m, -1), ratio[:m].unsqueeze(0))
    return basic ^ (hit(index, m) & active)


def hit(index: Int[Tensor, "1 lanes"], m: int) -> Bool[Tensor, "m lanes"]:
    """Mark the index of each lane."""
    return torch.arange(m, device=index.device).unsqueeze(-1) == index


def multiply(
    matrix: Float[Tensor, "k m lanes"], vector: Float[Tensor, "m lanes"]
) -> Float[Tensor, "k lanes"]:
    """Multiply lane by lane."""
    return total((matrix * vector).transpose(0, 1)).squeeze(0)


def total(terms: Tensor) -> Tensor:
    """Sum along the first axis, kept, by halves: [m, ...] -> [1, ...].

    `torch.sum` adds in another order at the end of a batch than in its middle, which would let the
    place of a lane show in its last bits.
    """
    while (m := terms.shape[0]) > 1:
        half = m // 2
        folded = terms[:half] + terms[half : 2 * half]
        terms = torch.cat((folded, terms[2 * half :])) if m % 2 else folded
    return terms
