"""Hypervolume of many point sets at once, in torch: for convergence curves and on a GPU.

Exact in two and three objectives by sorting, differentiable there, and independent from set to set.
With one objective it is a distance; from four on each set goes to pymoo in turn.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.indicators.volume import hypervolume

_ELEMENTS = 8_000_000
"""Entries of the largest temporary that the three-objective algorithm allocates."""


def batched_hypervolume(
    points: Float[Tensor, "*batch n m"], reference_point: Float[Tensor, " m"]
) -> Float[Tensor, "*batch"]:
    """Return the hypervolume of each set of points, in the dtype and on the device of `points`.

    Same definition as `hypervolume`. Points with a NaN or infinite coordinate, such as those of a run
    that diverged, count as absent: they dominate nothing.

    Args:
        points: Sets of n points each, minimised; n may be 0.
        reference_point: [m], finite; the same for all sets.

    Returns:
        Numbers >= 0. Differentiable in `points` for m <= 3 (a one-sided derivative at ties).

    Raises:
        BadInput: `points` is not a floating tensor [*batch, n, m] or the reference point is not a
            finite vector [m].

    Cost: O(n log n) a set for m <= 2, O(n^2) for m = 3, in chunks of bounded memory; m >= 4 loops over
    the sets on the CPU. Reading the reference point synchronises once with the device.
    """
    if not points.is_floating_point() or points.ndim < 2:
        raise BadInput(
            f"`points` must be a floating tensor [*batch, n, m]; found {list(points.shape)} of "
            f"{str(points.dtype).removeprefix('torch.')}."
        )
    reference = reference_point.to(points)
    if reference.shape != points.shape[-1:] or not bool(torch.isfinite(reference).all()):
        raise BadInput(
            f"`reference_point` must be {points.shape[-1]} finite numbers, one an objective; found "
            f"{reference}."
        )
    batch, (n, m) = points.shape[:-2], points.shape[-2:]
    sets = points.reshape(math.prod(batch), n, m)
    if n == 0 or len(sets) == 0:
        return points.new_zeros(batch)
    # A point that does not count becomes the reference point itself, which dominates nothing.
    counts = (torch.isfinite(sets) & (sets < reference)).all(-1, keepdim=True)
    sets = torch.where(counts, sets, reference)
    if m == 1:
        volumes = (reference - sets).amax(-2).squeeze(-1)
    elif m == 2:
        volumes = _areas(sets, reference)
    elif m == 3:
        chunk = max(1, _ELEMENTS // (n * n))
        volumes = torch.cat([_volumes(part, reference) for part in torch.split(sets, chunk)])
    else:
        volumes = torch.stack([sets.new_tensor(hypervolume(part, reference)) for part in sets])
    return volumes.reshape(batch)


def _areas(sets: Tensor, reference: Tensor) -> Tensor:
    """Two objectives: sweep along the first, and let the running minimum of the second step down."""
    order = sets[..., 0].argsort(-1)
    first = sets[..., 0].gather(-1, order)
    lowest = sets[..., 1].gather(-1, order).cummin(-1).values
    return _staircase(first, lowest, reference)


def _staircase(first: Tensor, lowest: Tensor, reference: Tensor) -> Tensor:
    before = torch.cat([reference[1].expand_as(lowest[..., :1]), lowest[..., :-1]], dim=-1)
    return ((reference[0] - first) * (before - lowest)).sum(-1)


def _volumes(sets: Tensor, reference: Tensor) -> Tensor:
    """Three objectives: between two neighbours in the third, the slice is an area of those below.

    With the points in the order of the first objective, slice k keeps the second objective of the
    points whose rank in the third is at most k, and lifts the others to the reference.
    """
    along = sets[..., 0].argsort(-1)
    first, second, third = sets.gather(-2, along.unsqueeze(-1).expand_as(sets)).unbind(-1)
    heights, by_height = third.sort(-1)
    rank = by_height.argsort(-1)
    below = rank.unsqueeze(-2) <= torch.arange(sets.shape[-2], device=sets.device).unsqueeze(-1)
    lowest = torch.where(below, second.unsqueeze(-2), reference[1]).cummin(-1).values
    areas = _staircase(first.unsqueeze(-2), lowest, reference)
    tops = torch.cat([heights[..., 1:], reference[2].expand_as(heights[..., :1])], dim=-1)
    return (areas * (tops - heights)).sum(-1)
