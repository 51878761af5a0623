"""The symmetric sweep: one exchange step of Gauss-Jordan elimination, in every lane at its own index.

After sweeping the indices P of a symmetric matrix M, the tableau holds `-M_PP^-1` on P, the Schur
complement elsewhere, and `M_NP M_PP^-1` between; a vector q carried along holds `M_PP^-1 q_P` on P and
`q_N - M_NP M_PP^-1 q_P` elsewhere (Goodnight, 1979, "A tutorial on the SWEEP operator"). Sweeping an
index again takes it out. It is the pivot of the active-set solvers here: O(m^2) a lane, no branch.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from paretomtl.shapes import Mask


def sweep_(
    tableau: Float[Tensor, "lanes m m"],
    carried: Float[Tensor, "lanes k m"],
    index: Int[Tensor, "lanes 1"],
    basic: Bool[Tensor, "lanes m"],
    active: Mask,
) -> Bool[Tensor, "lanes m"]:
    """Sweep `index` in the active lanes, in place; in the other lanes nothing changes, not a bit.

    Args:
        tableau: The partially swept matrix.
        carried: k vectors carried along.
        index: Which index enters or leaves, one a lane.
        basic: Which indices are swept now.
        active: Which lanes make the exchange.

    Returns:
        `basic` after the exchange.
    """
    m = tableau.shape[-1]
    wide = index.unsqueeze(-1).expand(-1, m, 1)
    column = tableau.gather(-1, wide).squeeze(-1)
    pivot = column.gather(-1, index)
    leaving = basic.gather(-1, index)
    on = active.unsqueeze(-1)
    # v v^T is symmetric to the last bit, c (c / p)^T is not
    v = torch.where(on, column / pivot.abs().sqrt(), 0.0)
    signed = torch.where(pivot < 0, -v, v)
    kept = carried.gather(-1, index.unsqueeze(-2).expand(-1, carried.shape[-2], 1))
    tableau.addcmul_(signed.unsqueeze(-1), v.unsqueeze(-2), value=-1)
    quotient = torch.where(on, kept.squeeze(-1) / pivot, 0.0)
    carried.addcmul_(quotient.unsqueeze(-1), column.unsqueeze(-2), value=-1)
    # the row and column of the pivot itself
    hit = torch.arange(m, device=tableau.device) == index
    ratio = torch.where(hit, -1 / pivot, torch.where(leaving, -column, column) / pivot)
    ratio = torch.where(on, ratio, column)
    tableau.scatter_(-1, wide, ratio.unsqueeze(-1))
    tableau.scatter_(-2, wide.mT, ratio.unsqueeze(-2))
    sign = torch.where(leaving, -1.0, 1.0)
    new = torch.where(on, sign * quotient, kept.squeeze(-1))
    carried.scatter_(-1, index.unsqueeze(-2).expand(-1, carried.shape[-2], 1), new.unsqueeze(-1))
    return basic ^ (hit & on)
