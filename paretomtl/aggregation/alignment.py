"""Balance the principal components of the gradients: `sigma G^(-1/2)` on the range of G."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import apply, settled
from paretomtl.aggregation.linalg import eigh, recombine
from paretomtl.shapes import Gramian, Weights

Balance = Literal["min", "median", "rmse"]


def balanced_weights(
    gramian: Gramian, combination: Weights | float, *, balance: Balance, precision: float
) -> Weights:
    """Return `sigma V L^(-1/2) V^T u` for `G = V L V^T`, eigenvalues below rounding dropped.

    Args:
        gramian: Clean, float64.
        combination: u, [*batch, m] or [m]; a float is the same for all rows.
        balance: sigma^2 is the smallest, the (lower) median or the mean of the eigenvalues kept.
        precision: Machine epsilon of the numbers the Gramian was computed in; an eigenvalue is kept
            above `m * precision` times the largest.

    Returns:
        The weights; u itself for a zero Gramian. For m = 2 a closed form, else one `eigh` a lane.
    """
    if isinstance(combination, Tensor):
        combination = combination.expand(gramian.shape[:-1])
    if gramian.shape[-1] == 2:
        return _two(gramian, combination, balance, precision)
    values, vectors = eigh(gramian)
    least, largest = values[..., :1], values[..., -1:]
    if balance == "min" and settled(least > largest * (gramian.shape[-1] * precision)):
        # full rank everywhere: the same numbers in fewer operations
        return recombine(vectors, (least / values).sqrt(), combination)
    kept = values > largest * (gramian.shape[-1] * precision)
    if balance == "min":
        scale = torch.where(kept, values, torch.inf).amin(-1, keepdim=True)
    else:
        rank = kept.sum(-1, keepdim=True)
        if balance == "rmse":
            scale = torch.where(kept, values, 0.0).sum(-1, keepdim=True) / rank.clamp(min=1)
        else:
            m = gramian.shape[-1]
            scale = values.gather(-1, (m - rank + (rank - 1) // 2).clamp(max=m - 1))
    factor = torch.where(kept, (scale / values).sqrt(), 0.0)
    balanced = recombine(vectors, factor, combination)
    return torch.where(kept[..., -1:], balanced, combination)


def _two(
    gramian: Gramian, combination: Weights | float, balance: Balance, precision: float
) -> Weights:
    """Closed form for two tasks: the square root of G is `(G + s) / t`, `s^2 = det G`."""
    a, b, inner = gramian[..., 0, 0], gramian[..., 1, 1], gramian[..., 0, 1]
    if isinstance(combination, Tensor):
        (u, v), gradient = combination.unbind(-1), apply(gramian, combination)
    else:
        u = v = combination
        gradient = gramian.sum(-1) * combination
    trace = a + b
    largest = (trace + ((a - b).square() + 4 * inner.square()).sqrt()) / 2
    determinant = (a * b - inner.square()).clamp(min=0)
    smallest = determinant / largest
    root = determinant.sqrt()
    divisor = ((trace + 2 * root) * largest).sqrt()
    if balance == "rmse":
        divisor = divisor * (2 * smallest / trace).sqrt()
    full = torch.stack(
        ((b + root) * u - inner * v, (a + root) * v - inner * u), -1
    ) / divisor.unsqueeze(-1)
    single = gradient / trace.unsqueeze(-1)
    weights = torch.where((smallest > 2 * precision * largest).unsqueeze(-1), full, single)
    return torch.where((trace > 0).unsqueeze(-1), weights, combination)
