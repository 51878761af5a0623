"""Optimality conditions of the solvers, measured: by how much an answer violates those that define it.

Each function returns the largest violation of each lane in units of what rounding permits, so that at most
1 is a pass. With C the cosines of m rows and a point of size s (the sum of its numbers, in units of the
data), evaluating `C a` and solving for a by LU both have errors of up to `c m eps s`, c of order one (Higham,
2002, "Accuracy and stability of numerical algorithms", theorem 9.4); a row left out because it depends on
others but for rounding adds `8 eps (1 + s)^2`, the solvers' floor. Together: `8 m eps (1 + s)^2`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def apply(matrix: Tensor, vector: Tensor) -> Tensor:
    """Multiply lane by lane, [*batch, m]."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def lengths(gramian: Tensor) -> Tensor:
    """Return the lengths of the rows, [*batch, m]."""
    return gramian.diagonal(dim1=-2, dim2=-1).sqrt()


def on_simplex(weights: Tensor) -> Tensor:
    """Measure `w >= 0`, `sum w = 1`: m quotients and their sum, each rounded in the weights' own dtype."""
    m, eps = weights.shape[-1], torch.finfo(weights.dtype).eps
    sums = (weights.double().sum(-1) - 1).abs() / (m * eps)
    return torch.where((weights >= 0).all(-1), sums, torch.inf)


def nonnegative(matrix: Tensor, force: Tensor, point: Tensor, *, precision: float) -> Tensor:
    """Measure `s >= 0`, `M s - f >= 0`, complementary: the minimum of `s^T M s / 2 - f^T s` there."""
    slope = apply(matrix, point) - force
    permitted = _permitted(point.sum(-1, keepdim=True), point.shape[-1], precision)
    return _complementary(point, slope, permitted)


def min_norm(gramian: Tensor, weights: Tensor, *, precision: float) -> Tensor:
    """Measure that the weights, on the simplex, minimize `w^T G w`: no row is behind the mean.

    Row i is in units of its own length and the shortest one's, which bounds the least norm.
    """
    d = lengths(gramian)
    shortest = d.amin(-1, keepdim=True)
    image = apply(gramian, weights)
    unit = d * shortest
    ahead = torch.where(unit > 0, (image - (weights * image).sum(-1, keepdim=True)) / unit, 0.0)
    share = torch.where(shortest > 0, weights * d / shortest, 0.0)
    permitted = _permitted(share.sum(-1, keepdim=True), weights.shape[-1], precision)
    idle = torch.where(shortest > 0, 0.0, weights * d).amax(-1)
    violation = torch.maximum(_complementary(share, ahead, permitted), on_simplex(weights))
    return torch.where(idle > 0, torch.inf, violation)


def in_dual_cone(gramian: Tensor, weights: Tensor, *, precision: float) -> Tensor:
    """Measure that the direction `w^T J` harms no row: `G w >= 0`, in units of each row and the sizes of w."""
    d = lengths(gramian)
    size = (weights.abs() * d).amax(-1, keepdim=True)
    image = _over(apply(gramian, weights), d * size)
    share = _over(weights.abs() * d, size).sum(-1, keepdim=True)
    return (-image / _permitted(share, weights.shape[-1], precision)).amax(-1)


def projected(gramian: Tensor, combination: Tensor, weights: Tensor, *, precision: float) -> Tensor:
    """Measure that `w^T J` is the projection of `u^T J` on the dual cone of the rows.

    `v = w - u >= 0`, `G w >= 0`, complementary, in units of each row and the largest `u_i |g_i|`.
    """
    d = lengths(gramian)
    size = (d * combination).amax(-1, keepdim=True)
    image = _over(apply(gramian, weights), d * size)
    added = _over((weights - combination) * d, size)
    permitted = _permitted(added.sum(-1, keepdim=True), weights.shape[-1], precision)
    return _complementary(added, image, permitted)


def _permitted(size: Tensor, m: int, precision: float) -> Tensor:
    """Return what rounding permits at a point of this size, [*batch, 1]."""
    return 8 * m * precision * (1 + size).square()


def _complementary(point: Tensor, slope: Tensor, permitted: Tensor) -> Tensor:
    """Measure `s >= 0`, `g >= 0`, and `s g = 0` in units of one plus s."""
    slack = (slope * point).abs() / (1 + point)
    violation = torch.maximum(-slope, slack) / permitted
    return torch.where((point >= 0).all(-1), violation.amax(-1), torch.inf)


def _over(x: Tensor, y: Tensor) -> Tensor:
    """Divide; zero where the divisor is."""
    return torch.where(y > 0, x / y, 0.0)
