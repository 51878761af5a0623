"""Diagnostics of conflict, dominance and harm from the Gramian, at no extra backward pass."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from paretomtl.aggregation.lanes import clean
from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.shapes import Gramian, Losses, Weights


class Direction(NamedTuple):
    """A direction u that is no combination `w^T J`, by what its diagnostics need.

    Args:
        inner: `<u, g_i>` with each task's gradient.
        length: `|u|`.
    """

    inner: Float[Tensor, "*batch m"]
    length: Float[Tensor, "*batch"]


def diagnose(
    gramian: Gramian,
    weights: Weights | None = None,
    losses: Losses | None = None,
    direction: Direction | None = None,
) -> dict[str, Tensor]:
    """Return the conflict diagnostics of each lane; NaN where a lane is not finite.

    Args:
        gramian: `J J^T` of the tasks' gradients.
        weights: What the method put on each task; its direction is `u = w^T J`.
        losses: Losses at the same point.
        direction: The direction's products and length where it is no combination of the gradients.

    Returns:
        From the Gramian: `cosines` [*batch, m, m] (NaN against a zero gradient), `conflict_rate`
        [*batch], `gradient_norms` [*batch, m], `condition` [*batch], `stationarity` [*batch]. With
        weights also `weights`, `gradient_shares`, `inner_products` (`<u, g_i>`) and `harmed`, each
        [*batch, m], and `direction_norm` [*batch]; with losses too, `loss_shares` [*batch, m]. With a
        direction `inner_products`, `harmed` and `direction_norm`.

    Cost: O(m^3) a lane, no synchronisation on an accelerator beyond the eigenvalues.

    >>> diagnose(torch.tensor([[1.0, -0.5], [-0.5, 1.0]]))["conflict_rate"]
    tensor(1.)
    """
    cosines = cosine_matrix(gramian)
    found = {
        "cosines": cosines,
        "conflict_rate": conflict_rate(cosines),
        "gradient_norms": gradient_norms(gramian),
        "condition": condition(gramian),
        "stationarity": stationarity(gramian),
    }
    if weights is not None:
        direction = Direction(inner_products(gramian, weights), direction_norm(gramian, weights))
    if direction is not None:
        found |= {
            "inner_products": direction.inner,
            "direction_norm": direction.length,
            "harmed": harmed(direction.inner, found["gradient_norms"], direction.length),
        }
    if weights is not None:
        pulls = weights.abs() * found["gradient_norms"]
        found |= {"weights": weights, "gradient_shares": shares(pulls)}
        if losses is not None:
            found["loss_shares"] = shares((weights * losses).abs())
    return found


def gradient_norms(gramian: Gramian) -> Float[Tensor, "*batch m"]:
    """Return `|g_i|`, the root of the diagonal."""
    return gramian.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()


def cosine_matrix(gramian: Gramian) -> Float[Tensor, "*batch m m"]:
    """Return the cosines between the gradients, in [-1, 1]; NaN in the row and column of a zero one."""
    norms = gradient_norms(gramian)
    # one division a side: the product of two small norms would underflow
    cosines = gramian / norms.unsqueeze(-1) / norms.unsqueeze(-2)
    return cosines.clamp(-1, 1)


def conflict_rate(cosines: Float[Tensor, "*batch m m"]) -> Float[Tensor, "*batch"]:
    """Return the share of pairs with a negative cosine among those that have one; NaN if none has."""
    m = cosines.shape[-1]
    i, j = torch.triu_indices(m, m, 1, device=cosines.device)
    pairs = cosines[..., i, j]
    return (pairs < 0).sum(-1) / (~pairs.isnan()).sum(-1).to(cosines.dtype)


def inner_products(gramian: Gramian, weights: Weights) -> Float[Tensor, "*batch m"]:
    """Return `<u, g_i>` of the direction `u = w^T J`: how fast each loss falls along -u."""
    return (gramian * weights.unsqueeze(-2)).sum(-1)


def direction_norm(gramian: Gramian, weights: Weights) -> Float[Tensor, "*batch"]:
    """Return `|w^T J|`."""
    return (weights * inner_products(gramian, weights)).sum(-1).clamp(min=0).sqrt()


def harmed(
    inner: Float[Tensor, "*batch m"],
    norms: Float[Tensor, "*batch m"],
    length: Float[Tensor, "*batch"],
) -> Bool[Tensor, "*batch m"]:
    """Tell which losses rise to first order when the direction is followed: `<u, g_i> < 0`.

    An angle that differs from 90 degrees by rounding alone does not count: the cosine must be below
    -1.5e-10 in float64, -3.5e-6 in float32.
    """
    # rounding moves a cosine by eps times the size of u's terms over its length: this forgives it down to
    # directions of 1.5e-6 of their terms, in float32 of 3.5e-2
    slack = 0.01 * math.sqrt(torch.finfo(inner.dtype).eps)
    return inner < -slack * norms * length.unsqueeze(-1)


def shares(amounts: Float[Tensor, "*batch m"]) -> Float[Tensor, "*batch m"]:
    """Divide non-negative amounts by their sum; NaN where that is 0."""
    return amounts / amounts.sum(-1, keepdim=True)


def condition(gramian: Gramian) -> Float[Tensor, "*batch"]:
    """Return the largest eigenvalue over the smallest; inf if the gradients are dependent, NaN if all 0."""
    lanes = clean(gramian)
    m = gramian.shape[-1]
    values = _eigenvalues(lanes.matrix)
    smallest, largest = values[..., 0], values[..., -1]
    # below this an eigenvalue is the rounding of the Gramian
    full = smallest > m * lanes.precision * largest
    ratio = largest / torch.where(full, smallest, 0.0)
    return torch.where(lanes.finite, ratio, torch.nan).to(gramian.dtype)


def _eigenvalues(matrix: Tensor) -> Tensor:
    """Return the eigenvalues of symmetric matrices, smallest first."""
    return torch.linalg.eigvalsh(matrix)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def stationarity(gramian: Gramian) -> Float[Tensor, "*batch"]:
    """Return the length of the shortest convex combination of the gradients; 0 iff Pareto stationary."""
    lanes = clean(gramian)
    weights = min_norm_weights(lanes.matrix, precision=lanes.precision)
    length = direction_norm(lanes.matrix, weights)
    return torch.where(lanes.finite, length, torch.nan).to(gramian.dtype)
