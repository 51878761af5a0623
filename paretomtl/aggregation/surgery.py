"""Gradient surgery in the space of coefficients: projections that only ever need inner products.

Row i of the coefficients `R [*batch, m, m]` holds the altered gradient i as a combination of the original
ones; its inner product with the original j is `(R G)_ij`. No gradient is touched.
"""

from __future__ import annotations

import itertools

import torch
from jaxtyping import Float, Int
from torch import Tensor

from paretomtl.aggregation.linalg import identity
from paretomtl.aggregation.random import whole
from paretomtl.shapes import Gramian, Keys

Coefficients = Float[Tensor, "*batch m m"]


def project_in_order(gramian: Gramian, order: Int[Tensor, "*batch m others"]) -> Coefficients:
    """Project each gradient off the originals it conflicts with, one after another (PCGrad).

    Args:
        gramian: Clean, float64.
        order: Row i is the order in which gradient i visits the other tasks.

    Returns:
        Coefficients of the altered gradients.
    """
    m = gramian.shape[-1]
    order = order.expand(*gramian.shape[:-1], m - 1)
    # the reciprocal of a zero row's square is infinite, and it is projected off by nothing
    shares = gramian.diagonal(dim1=-2, dim2=-1).reciprocal().nan_to_num(posinf=0.0).neg()
    divisors = shares.unsqueeze(-2).expand_as(gramian).gather(-1, order)
    coefficients = identity(m, gramian).expand(gramian.shape).clone()
    inner = gramian.clone()
    for visit in range(m - 1):
        other = order[..., visit : visit + 1]
        row = gramian.gather(-2, other.expand_as(gramian))
        step = inner.gather(-1, other).clamp(max=0) * divisors[..., visit : visit + 1]
        coefficients.scatter_add_(-1, other, step)
        inner.addcmul_(step, row)
    return coefficients


def project_all_at_once(gramian: Gramian) -> Coefficients:
    """Subtract all conflicting projections of the original gradient at the same time."""
    diagonal = gramian.diagonal(dim1=-2, dim2=-1)
    inverse = torch.where(diagonal > 0, 1 / diagonal, 0.0)
    eye = torch.eye(gramian.shape[-1], dtype=gramian.dtype, device=gramian.device)
    return eye - torch.where(eye > 0, 0.0, gramian.clamp(max=0)) * inverse.unsqueeze(-2)


def project_in_place(gramian: Gramian) -> Coefficients:
    """Project in the order of the tasks off the gradients as altered so far, overwriting them."""
    m = gramian.shape[-1]
    eye = torch.eye(m, dtype=gramian.dtype, device=gramian.device)
    coefficients = eye.expand(gramian.shape).clone()
    altered = gramian.clone()
    for i, j in itertools.permutations(range(m), 2):
        length = altered[..., j, j]
        conflict = altered[..., i, j].clamp(max=0)
        step = torch.where(length > 0, -conflict / length, 0.0).unsqueeze(-1)
        coefficients[..., i, :] += step * coefficients[..., j, :]
        row = altered[..., i, :] + step * altered[..., j, :]
        own = row[..., i] + step.squeeze(-1) * row[..., j]
        altered[..., i, :] = row
        altered[..., :, i] = row
        altered[..., i, i] = own
    return coefficients


def project_mean_of_orders(gramian: Gramian) -> Coefficients:
    """Average `project_in_order` over all (m - 1)! orders of the other tasks.

    Cost: O((m-1)! m^2) a lane; meant for m <= 6.
    """
    m = gramian.shape[-1]
    orders = list(itertools.permutations(range(m - 1)))
    coefficients: list[Tensor] = []
    for order in orders:
        rows = [[j + (j >= i) for j in order] for i in range(m)]
        visits = torch.tensor(rows, device=gramian.device)
        coefficients.append(project_in_order(gramian, visits))
    # Added one after the other: a reduction over a leading axis rounds differently in larger batches.
    total = coefficients[0]
    for other in coefficients[1:]:
        total = total + other
    return total / len(coefficients)


def random_orders(
    keys: Keys, steps: Int[Tensor, "*batch"] | None, m: int
) -> Int[Tensor, "*batch m others"]:
    """Draw an order of the other tasks for each task of each lane, from the lane's key and step alone."""
    draws = whole(keys, steps, m * (m - 1))
    places = torch.argsort(draws.reshape(*draws.shape[:-1], m, m - 1), dim=-1)
    tasks = torch.arange(m, device=draws.device).unsqueeze(-1)
    return places + (places >= tasks)


def ascending_order(m: int, *, device: torch.device) -> Int[Tensor, "m others"]:
    """Return the order in which every task visits the others by their number."""
    places = torch.arange(m - 1, device=device)
    return places + (places >= torch.arange(m, device=device).unsqueeze(-1))


def vaccinate(
    gramian: Gramian,
    targets: Float[Tensor, "*batch m m"],
    order: Int[Tensor, "*batch m others"],
    *,
    decay: Tensor,
    epsilon: float,
) -> tuple[Coefficients, Float[Tensor, "*batch m m"]]:
    """Turn each gradient towards the originals it is too far from, one after another (GradVac).

    Args:
        gramian: Clean, float64.
        targets: Cosine that gradient i should have at least with original j.
        order: Row i is the order in which gradient i visits the other tasks.
        decay: Weight of the new cosine in the targets' moving average, broadcastable to [*batch, m].
        epsilon: Added to the divisors.

    Returns:
        Coefficients of the altered gradients, and the next targets.
    """
    m = gramian.shape[-1]
    order = order.expand(*gramian.shape[:-1], m - 1)
    lengths = gramian.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
    coefficients = torch.eye(m, dtype=gramian.dtype, device=gramian.device).expand(gramian.shape)
    coefficients = coefficients.clone()
    targets = targets.clone()
    inner = gramian.clone()
    for visit in range(m - 1):
        other = order[..., visit : visit + 1]
        row = gramian.gather(-2, other.expand_as(gramian))
        found = inner.gather(-1, other).squeeze(-1)
        own = (coefficients * inner).sum(-1).clamp(min=0).sqrt()
        theirs = lengths.gather(-1, other.squeeze(-1))
        target = targets.gather(-1, other).squeeze(-1)
        divisor = own * theirs + epsilon
        cosine = torch.where(divisor > 0, found / divisor, 0.0)
        sine = (1 - cosine.square()).clamp(min=0).sqrt()
        wanted_sine = (1 - target.square()).clamp(min=0).sqrt()
        divisor = theirs * wanted_sine + epsilon
        step = own * (target * sine - cosine * wanted_sine) / divisor
        step = torch.where((cosine < target) & (divisor > 0), step, 0.0).unsqueeze(-1)
        coefficients.scatter_add_(-1, other, step)
        inner.addcmul_(step, row)
        moved = (1 - decay) * target + decay * cosine
        targets.scatter_(-1, other, moved.unsqueeze(-1))
    return coefficients, targets
