"""CAGrad's direction: within a ball about the mean gradient, help the worst-off task most."""

from __future__ import annotations

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import apply, scale_diagonal
from paretomtl.aggregation.worst_case import Path, follow
from paretomtl.shapes import Gramian, Weights


def conflict_averse_weights(gramian: Gramian, radius: Tensor, *, precision: float) -> Weights:
    """Return the weights of `argmax_d min_i g_i.d` subject to `|d - g_0| <= c |g_0|`.

    The optimum is `d = J^T (u + v)`, where v solves the dual problem: see `worst_case`. At a
    Pareto-stationary point no direction helps every task, and the dual problem that defines the method
    (0/0 in the paper's formula) leaves d open. Then, and when a gradient is zero, the answer is the
    maximizer nearest to g_0: its projection on the dual cone, or as far as the ball allows.

    Args:
        gramian: Clean, float64.
        radius: c, [*batch, 1] or [1].
        precision: Machine epsilon of the numbers the Gramian was computed in.

    Cost: about m exchanges of O(m^2) a lane.
    """
    m = gramian.shape[-1]
    scaled = scale_diagonal(gramian)
    longest = scaled.lengths.amax(-1, keepdim=True)
    longest = torch.where(longest > 0, longest, 1.0)
    mean = scaled.lengths / (m * longest)
    linear = apply(scaled.cosines, mean)
    length = radius.square() * (mean * linear).sum(-1, keepdim=True).clamp(min=0)
    shortest = torch.where(scaled.present, scaled.lengths, torch.inf).amin(-1, keepdim=True)
    level = torch.where(scaled.present, shortest * scaled.inverse, 0.0)
    # a zero gradient gains nothing whatever the direction
    cap = torch.where(scaled.present.all(-1, keepdim=True), torch.inf, 0.0)
    path = Path(length, torch.full_like(cap, -torch.inf), cap)
    end = follow(scaled.cosines, linear, level, path, precision=precision)
    return 1 / m + end.point * longest * scaled.inverse
