"""Powers whose gradient stays finite where the formula's does not."""

from __future__ import annotations

import torch
from torch import Tensor


def floored_power(x: Tensor, exponent: float | Tensor, floor: float) -> Tensor:
    """Return `x ** exponent` exactly, with the slope at `floor` wherever `0 <= x < floor`.

    For exponents below 1 the slope grows without bound towards 0, which is where box constraints
    put a point. The one-sided derivative there is infinite; this one is large, finite and of the
    right sign, so that a projected step neither stalls nor turns NaN. Below 0 the value is NaN, as
    the formula's.
    """
    # `torch.where` alone does not do: the branch that is not taken has an infinite slope at 0, and
    # 0 * inf is NaN in its backward. So its argument is replaced by `floor` there, too; the branch
    # that is taken is a line through the exact value, with the slope at `floor`.
    small = x < floor
    here = x.detach()
    below = here.pow(exponent) + exponent * floor ** (exponent - 1) * (x - here)
    return torch.where(small, below, torch.where(small, floor, x).pow(exponent))
