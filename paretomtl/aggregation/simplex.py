"""Euclidean projections on the probability simplex and on a ball."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.aggregation.linalg import length
from paretomtl.shapes import Weights


def project_on_simplex(point: Float[Tensor, "*batch m"]) -> Weights:
    """Return the nearest point with non-negative entries that sum to one, exactly.

    By sorting (Held, Wolfe and Crowder, 1974). Cost: O(m log m) a lane.

    >>> project_on_simplex(torch.tensor([0.5, 2.5]))
    tensor([0., 1.])
    """
    ordered = point.sort(-1, descending=True).values
    count = torch.arange(1, point.shape[-1] + 1, dtype=point.dtype, device=point.device)
    thresholds = (ordered.cumsum(-1) - 1) / count
    support = (ordered > thresholds).sum(-1, keepdim=True).clamp(min=1)
    return (point - thresholds.gather(-1, support - 1)).clamp(min=0)


def project_on_ball(
    point: Float[Tensor, "*batch n"], radius: float | Tensor
) -> Float[Tensor, "*batch n"]:
    """Return the nearest point of length at most `radius` (a float, or [*batch, 1])."""
    size = length(point)
    return point * torch.where(size > radius, radius / size, 1.0)
