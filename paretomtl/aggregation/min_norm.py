"""The point of least norm in the convex hull of the gradients, from their Gramian."""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from paretomtl.aggregation.lanes import scale_diagonal
from paretomtl.aggregation.nonnegative_qp import minimize_nonnegative
from paretomtl.shapes import Gramian, Weights


def min_norm_weights(
    gramian: Gramian, *, precision: float, among: Bool[Tensor, "*batch m"] | None = None
) -> Weights:
    """Return the `w` on the simplex that minimises `w^T G w`, exactly.

    m = 2 has a closed form. Beyond, with `G = D C D` and `e = D^-1 1`, the weights are
    `D^-1 a / sum(D^-1 a)` for the `a >= 0` that minimises `|(C + e e^T)^(1/2) a|^2 / 2 - e^T a`: on the
    support `C a` is a multiple of `e`, which are the KKT conditions of the simplex problem.
    Rows that are zero share all the weight: the least norm is then zero.

    Args:
        gramian: Clean (no NaN), float64.
        precision: Machine epsilon of the numbers the Gramian was computed in.
        among: Which gradients take part; the others get weight 0. None means all.

    Cost: O(m^3) a lane, typically; no synchronisation with an accelerator.
    """
    m = gramian.shape[-1]
    if m == 1:
        return torch.ones_like(gramian[..., 0])
    if m == 2 and among is None:
        return _two(gramian)
    scaled = scale_diagonal(gramian)
    cosines, lengths, inverse = scaled
    present = scaled.present
    absent = ~present
    if among is not None:
        present, absent = present & among, absent & among
        cosines = torch.where(among.unsqueeze(-1) & among.unsqueeze(-2), cosines, 0.0)
    shortest = torch.where(present, lengths, torch.inf).amin(-1, keepdim=True)
    e = torch.where(present, shortest * inverse, 0.0)
    matrix = cosines + e.unsqueeze(-1) * e.unsqueeze(-2)
    a = minimize_nonnegative(matrix, e, precision=precision) * e
    total = a.sum(-1, keepdim=True)
    weights = torch.where(total > 0, a / total, 0.0)
    zeros = absent.sum(-1, keepdim=True)
    return torch.where(zeros > 0, absent.to(a.dtype) / zeros, weights)


def _two(gramian: Gramian) -> Weights:
    """Closed form for two tasks; two equal gradients share the weight."""
    first, second, inner = gramian[..., 0, 0], gramian[..., 1, 1], gramian[..., 0, 1]
    spread = (first - inner) + (second - inner)
    # each share by its own division: one minus the other would drown a share below rounding
    shares = torch.stack(((second - inner) / spread, (first - inner) / spread), -1).clamp(0, 1)
    return torch.where((spread > 0).unsqueeze(-1), shares, 0.5)
