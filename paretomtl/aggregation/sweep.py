"""The symmetric sweep: one exchange step of Gauss-Jordan elimination, in every lane at its own index.

After sweeping the indices P of a symmetric matrix M, the tableau holds `-M_PP^-1` on P, the Schur
complement elsewhere, and `M_NP M_PP^-1` between; a row r carried along below holds `r_P M_PP^-1` on P
and `r_N - r_P M_PP^-1 M_PN` elsewhere (Goodnight, 1979, "A tutorial on the SWEEP operator"). Sweeping
an index again takes it out. It is the pivot of the active-set solvers here: O(m^2) a lane, no branch.

The lanes are the last axis here and in the solvers built on it: every operation then runs over
contiguous lanes, whatever m is.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def sweep_(
    tableau: Float[Tensor, "rows m lanes"],
    index: Int[Tensor, "1 lanes"],
    basic: Bool[Tensor, "m lanes"],
    active: Bool[Tensor, "1 lanes"],
) -> Bool[Tensor, "m lanes"]:
    """Sweep `index` in the active lanes, in place; in the other lanes nothing changes, not a bit.

    Args:
        tableau: The partially swept matrix, and below it the rows carried along.
        index: Which index enters or leaves, one a lane.
        basic: Which indices are swept now.
        active: Which lanes make the exchange.

    Returns:
        `basic` after the exchange.
    """
    rows, m, _ = tableau.shape
    tall = index.unsqueeze(0).expand(rows, 1, -1)
    wide = tall[:1].expand(1, m, -1)
    column = tableau.gather(1, tall).squeeze(1)
    pivot = column.gather(0, index)
    # v v^T is symmetric to the last bit, c (c / p)^T is not
    v = torch.where(active, column / pivot.abs().sqrt(), 0.0)
    sign = pivot.sign()
    tableau.addcmul_(v.unsqueeze(1), (v[:m] * sign).unsqueeze(0), value=-1)
    # the row and column of the pivot itself; a negative pivot means that the index leaves
    ratio = (column / pivot.abs()).scatter(0, index, -1 / pivot)
    ratio = torch.where(active, ratio, column)
    tableau.scatter_(1, tall, ratio.unsqueeze(1))
    tableau.scatter_(0, wide, ratio[:m].unsqueeze(0))
    return basic ^ ((_indices(basic) == index) & active)


def multiply(
    matrix: Float[Tensor, "k m lanes"], vector: Float[Tensor, "m lanes"]
) -> Float[Tensor, "k lanes"]:
    """Multiply lane by lane."""
    return total((matrix * vector).transpose(0, 1)).squeeze(0)


def total(terms: Float[Tensor, m * rest]) -> Float[Tensor, 1 * rest]:
    """Sum along the first axis, kept, by halves.

    `torch.sum` adds in another order at the end of a batch than in its middle, which would let the
    place of a lane show in its last bits.
    """
    while (m := terms.shape[0]) > 1:
        half = m // 2
        folded = terms[:half] + terms[half : 2 * half]
        terms = torch.cat((folded, terms[2 * half :])) if m % 2 else folded
    return terms


def _indices(like: Tensor) -> Tensor:
    return torch.arange(like.shape[0], device=like.device).unsqueeze(-1)
