"""Fronts of three and more objectives: even sampling and exact hypervolumes."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from paretomtl.errors import BadInput, NoKnownFront
from paretomtl.problem import AnalyticProblem, Point
from paretomtl_problems.analytic.fronts.curve import check_count, checked_reference
from paretomtl_problems.analytic.options import floats


def even_points(n: int, dimension: int) -> Tensor:
    """Return `n` points spread evenly over the unit cube, [n, dimension] float64.

    The additive recurrence with the generalized golden ratio: no draw is random, every prefix is
    spread evenly.
    """
    ratio = 2.0
    for _ in range(64):  # the root of ratio^(d+1) = ratio + 1
        ratio = (1 + ratio) ** (1 / (dimension + 1))
    steps = torch.tensor([ratio ** -(k + 1) for k in range(dimension)], dtype=torch.float64)
    return (0.5 + torch.arange(1, n + 1, dtype=torch.float64)[:, None] * steps) % 1


def even_surface(
    point: Callable[[Tensor], Tensor],
    dimension: int,
    n: int,
    *,
    holds: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Return `n` points of a surface, spread evenly by area, [n, m].

    Evenly spread parameters are thinned to the local area element, `sqrt(det(D^T D))` for the
    Jacobian D of `point`; one more even coordinate decides, so the result is the same every time.

    Args:
        point: Parameters [dimension] in the unit cube to objectives [m].
        dimension: Number of parameters.
        n: Number of points.
        holds: Parameters [k, dimension] to whether they belong to the front, [k]; None for all.
    """
    check_count(n)
    tried = 8 * n
    while True:
        u = even_points(tried, dimension + 1)
        slopes = torch.func.vmap(torch.func.jacrev(point))(u[:, :-1])
        area = (slopes.mT @ slopes).det().clamp_min(0).sqrt()
        if holds is not None:
            area = area * holds(u[:, :-1])
        if not bool(area.max() > 0):  # no area: the surface is a curve or a single point
            return torch.func.vmap(point)(u[:n, :-1])
        kept = u[u[:, -1] * area.max() < area][:n, :-1]
        if len(kept) == n:
            return torch.func.vmap(point)(kept)
        tried *= 2


def jacobian(function: Callable[[Tensor], Tensor], u: Tensor) -> Tensor:
    """Return the derivatives of every row of [k, m] by its own row of [k, d], [k, m, d]."""
    with torch.enable_grad():
        u = u.detach().requires_grad_()
        f = function(u)
        rows = [torch.autograd.grad(column.sum(), u, retain_graph=True)[0] for column in f.T]
    return torch.stack(rows, 1)


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


def beyond_nadir(problem: AnalyticProblem, reference_point: Point | None) -> Tensor:
    """Return the reference point of a closed form that holds from the nadir on, [m].

    Raises:
        BadInput: It is better than the nadir in some objective, or no point at all.
    """
    r = checked_reference(problem, reference_point)
    if bool((r < problem.nadir - 1e-12).any()):
        raise BadInput(
            f"the best hypervolume of {problem.name!r} is known for a `reference_point` no better "
            f"than the nadir {floats(problem.nadir)} in any objective; found {floats(r)}."
        )
    return r


def whole_front_only(problem: AnalyticProblem, n_points: int | None) -> None:
    """Say that the best set of N points is known for two objectives only.

    Raises:
        NoKnownFront: `n_points` was given.
    """
    if n_points is not None:
        raise NoKnownFront(
            f"the best hypervolume of {n_points} points is known for two objectives; "
            f"{problem.name!r} has {problem.n_objectives}."
        )
