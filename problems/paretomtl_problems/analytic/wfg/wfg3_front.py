"""The whole Pareto front of WFG3 with three objectives: the intended line and a surface.

With t the distance x_m, the objectives are `f1 = t + 2 a b`, `f2 = t + 4 a (1 - b)`,
`f3 = t + 6 (1 - a)` for a in [0, 1] and |b - 1/2| <= t / 2. A point with room between b and its
limits, or with b < 1/2, is dominated by one of smaller t, so the front lies on t = 0 and on
b = (1 + t) / 2, where `f1 = a + t + a t` and `f2 = 2 a + t - 2 a t`. On a level of f3, f1 grows with
t and f2 is concave in t; hence a point with t > 0 is Pareto-optimal exactly where f2 is below its
value at the level's own point with t = 0, that is where a > 2/3.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from paretomtl_problems.analytic.fronts.checks import check_count
from paretomtl_problems.analytic.fronts.surface import even_surface
from paretomtl_problems.analytic.options import floats

EDGE = 2.0 / 3.0
"""On the surface a runs from here to 1."""


def nadir() -> Tensor:
    """Worst value of each objective on the front, [3]."""
    return torch.tensor([3.0, 2.0, 6.0], dtype=torch.float64)


def point(a: Tensor, t: Tensor) -> Tensor:
    """Return points of the line (t = 0) or the surface, [*, 3]."""
    return torch.stack((a + t + a * t, 2 * a + t - 2 * a * t, 6 * (1 - a) + t), -1)


def front(n: int) -> Tensor:
    """Return `n` points: a third on the line, corners first; the rest on the surface, even by area."""
    check_count(n)
    on_line = -(-n // 3)
    a = torch.linspace(0.0, 1.0, on_line, dtype=torch.float64)
    parts = [point(a, torch.zeros_like(a))]
    if n > on_line:
        corner = torch.ones(1, dtype=torch.float64)
        parts.append(point(corner, corner))
    if n > on_line + 1:
        parts.append(even_surface(_surface, 2, n - on_line - 1))
    return torch.cat(parts)


def hypervolume(reference_point: Tensor) -> float:
    """Return the hypervolume of the whole front, for a reference point no better than the nadir.

    The area that points with f3 <= z leave uncovered in (f1, f2) is a polynomial in z between
    the breakpoints, so Gauss-Legendre quadrature is exact.
    """
    r1, r2, r3 = floats(reference_point)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    uncovered = 0.0
    for low, high in ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 6.0)):
        levels = low + (high - low) * (nodes + 1) / 2
        areas = [_uncovered(z, r1, r2) for z in levels.tolist()]
        uncovered += float(weights @ np.array(areas)) * (high - low) / 2
    return r1 * r2 * r3 - uncovered


def _surface(u: Tensor) -> Tensor:
    return point(EDGE + (1 - EDGE) * u[..., 0], u[..., 1])


def _uncovered(z: float, r1: float, r2: float) -> float:
    """Area of [0, r1] x [0, r2] that no point with f3 <= z dominates."""
    a0 = 1.0 - z / 6.0
    start = min(max(0.0, 4.0 - 6.0 * a0), 1.0)
    stop = min(1.0, z)  # larger t would need a > 1
    if start >= stop:
        return a0 * r2 + (r1 - a0) * 2 * a0
    nodes, weights = np.polynomial.legendre.leggauss(8)
    t = start + (stop - start) * (nodes + 1) / 2
    a = a0 + t / 6
    f2 = 2 * a + t - 2 * a * t
    slope = 7 / 6 + t / 6 + a  # of f1 = a + t + a t along the level

    def f1(t: float) -> float:
        a = a0 + t / 6
        return a + t + a * t

    def f2_at(t: float) -> float:
        a = a0 + t / 6
        return 2 * a + t - 2 * a * t

    surface = float(weights @ (f2 * slope)) * (stop - start) / 2
    return a0 * r2 + (f1(start) - a0) * 2 * a0 + surface + (r1 - f1(stop)) * f2_at(stop)
