"""The two shapes most fronts have, upright or inverted: a simplex, the orthant of a sphere."""

from __future__ import annotations

import math
from itertools import combinations

import torch
from torch import Tensor

from paretomtl_problems.analytic.fronts.checks import check_count
from paretomtl_problems.analytic.fronts.surface import even_points


def split_into_parts(shares: Tensor, whole: Tensor) -> Tensor:
    """Return m parts of `whole` from m - 1 shares, the last from the first share, [*batch, m]."""
    columns: list[Tensor] = []
    for share in shares.unbind(-1):
        columns.append(whole * (1 - share))
        whole = whole * share
    return torch.stack((whole, *reversed(columns)), -1)


def spherical(angles: Tensor, radius: Tensor) -> Tensor:
    """Return points from m - 1 angles, the last objective from the first angle, [*batch, m].

    `f1 = r cos(a1) ... cos(a_{m-1})`, `f2 = r cos(a1) ... sin(a_{m-1})`, ..., `fm = r sin(a1)`.
    """
    columns: list[Tensor] = []
    for cosine, sine in zip(angles.cos().unbind(-1), angles.sin().unbind(-1), strict=True):
        columns.append(radius * sine)
        radius = radius * cosine
    return torch.stack((radius, *reversed(columns)), -1)


def even_simplex(n: int, m: int) -> Tensor:
    """Return `n` points spread evenly over the simplex of `m` weights, its corners first, [n, m]."""
    check_count(n)
    u = even_points(max(n - m, 0), m - 1).sort(-1).values  # spacings of sorted draws are uniform
    ends = u.new_zeros(len(u), 1), u.new_ones(len(u), 1)
    inner = torch.cat((u, ends[1]), -1) - torch.cat((ends[0], u), -1)
    return torch.cat((torch.eye(m, dtype=torch.float64), inner))[:n]


def even_sphere(n: int, m: int) -> Tensor:
    """Return `n` points spread evenly over the unit sphere's part with f >= 0, axes first, [n, m].

    Coordinates of normal draws, divided by their length, are uniform on the sphere.
    """
    check_count(n)
    u = even_points(max(n - m, 0), m)
    normal = math.sqrt(2) * torch.erfinv(u)
    inner = normal / normal.square().sum(-1, keepdim=True).sqrt()
    return torch.cat((torch.eye(m, dtype=torch.float64), inner))[:n]


def orthant_ball(k: int) -> float:
    """Return the volume of the part of the k-dimensional unit ball with no negative coordinate."""
    return math.pi ** (k / 2) / (2**k * math.gamma(k / 2 + 1))


def inverted_hypervolume(excess: Tensor, edge: float, corner: list[float]) -> float:
    """Return the volume that an inverted front dominates up to a reference point.

    In each objective a point is either beyond the nadir (a factor `excess`) or within the last
    `edge` before it, where the k objectives so placed must lie in a corner of volume `corner[k]`.

    Args:
        excess: Reference point less nadir, [m].
        edge: Range of each objective on the front.
        corner: For each k the volume of the feasible corner of the k-dimensional unit cube.
    """
    m = len(excess)
    return sum(
        float(excess[list(free)].prod()) * edge ** (m - len(free)) * corner[m - len(free)]
        for size in range(m + 1)
        for free in combinations(range(m), size)
    )
