"""The exact fronts of WFG1 to WFG9 and the volumes that lie below them.

Every function here is normalised: objective i is divided by its scale 2 i. A WFG front is
`r(x_1) * base` in the first m - 1 objectives and a falling function of x_1 in the last, so what it
leaves uncovered is an integral over x_1 alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from scipy.optimize import brentq  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from torch import Tensor

from paretomtl_problems.analytic.fronts.surface import even_surface
from paretomtl_problems.analytic.wfg import transforms


def mixed_point(x: Tensor) -> Tensor:
    """WFG1's front: parameters [*, m - 1] in the unit cube to [*, m]."""
    return transforms.convex(x, transforms.mixed(x[..., 0]))


def disconnected_point(x: Tensor) -> Tensor:
    """WFG2's front where the first parameter lies in a piece: [*, m - 1] to [*, m]."""
    return transforms.convex(x, transforms.disconnected(x[..., 0]))


@cache
def disconnected_pieces() -> tuple[tuple[float, float], ...]:
    """Return the intervals of x_1 where `disc_m` is below all its earlier values.

    `x cos^2(5 pi x)` has its peaks where `cot(5 pi x) = 10 pi x`, the last one at x = 1; a piece runs
    from where the height of the peak before it is reached again up to its own peak.
    """

    def rise(x: float) -> float:
        return x * math.cos(5 * math.pi * x) ** 2

    def slope(x: float) -> float:
        angle = 5 * math.pi * x
        return math.cos(angle) - 10 * math.pi * x * math.sin(angle)

    # Within (k / 5, k / 5 + 0.1) the angle runs from k pi to k pi + pi / 2 and the slope changes sign.
    peaks = [_root(slope, k / 5, k / 5 + 0.1) for k in range(5)] + [1.0]
    pieces = [(0.0, peaks[0])]
    for k in range(1, 6):
        height = rise(peaks[k - 1])
        pieces.append((_root(lambda x, h=height: rise(x) - h, k / 5 - 0.1, peaks[k]), peaks[k]))
    return tuple(pieces)


def even_mixed(n: int, m: int) -> Tensor:
    """Return `n` points of WFG1's front for m >= 3: the ends on the axes, the rest even by area."""
    return _with_axes(n, m, lambda k: even_surface(mixed_point, m - 1, k))


def even_disconnected(n: int, m: int) -> Tensor:
    """Return `n` points of WFG2's front for m >= 3: the ends on the axes, the rest even by area."""
    starts, stops = torch.tensor(disconnected_pieces(), dtype=torch.float64).unbind(-1)
    widths = stops - starts
    before = widths.cumsum(0) - widths
    gaps = torch.cat((starts[:1], starts[1:] - stops[:-1]))

    def point(u: Tensor) -> Tensor:
        along = u[..., 0] * widths.sum()
        x1 = along + ((along[..., None] >= before) * gaps).sum(-1)
        return disconnected_point(torch.cat((x1[..., None], u[..., 1:]), -1))

    return _with_axes(n, m, lambda k: even_surface(point, m - 1, k))


def uncovered_mixed(m: int) -> float:
    """Return the volume of the unit box that WFG1's front does not dominate."""
    return uncovered_convex(m - 1) * _integrate(
        lambda x: (1 - np.cos(np.pi / 2 * x)) ** (m - 1) * (1 - np.cos(10 * np.pi * x)), 0.0, 1.0
    )


def uncovered_disconnected(m: int) -> float:
    """Return the volume of the unit box that WFG2's front does not dominate."""

    def integrand(x: np.ndarray) -> np.ndarray:
        angle = 5 * np.pi * x
        fall = np.cos(angle) ** 2 - 10 * np.pi * x * np.cos(angle) * np.sin(angle)
        return (1 - np.cos(np.pi / 2 * x)) ** (m - 1) * fall

    total = sum(_integrate(integrand, a, b) for a, b in disconnected_pieces())
    return uncovered_convex(m - 1) * total


def uncovered_convex(m: int) -> float:
    """Return the volume of the unit box that the convex shape does not dominate; 1 for m = 1.

    `V_m = V_{m-1} int (1 - cos a)^(m-1) cos a da` over [0, pi / 2].
    """
    volume = 1.0
    for d in range(2, m + 1):
        volume *= _integrate(lambda a, d=d: (1 - np.cos(a)) ** (d - 1) * np.cos(a), 0.0, np.pi / 2)
    return volume


def _with_axes(n: int, m: int, rest: Callable[[int], Tensor]) -> Tensor:
    axes = torch.eye(m, dtype=torch.float64)
    return torch.cat((axes, rest(n - m))) if n > m else axes[:n]


def _integrate(f: Callable[[np.ndarray], np.ndarray], a: float, b: float) -> float:
    """Integrate a smooth function by Gauss-Legendre quadrature, to rounding."""
    nodes, weights = np.polynomial.legendre.leggauss(100)
    return float(weights @ f(a + (b - a) * (nodes + 1) / 2)) * (b - a) / 2


def _root(f: Callable[[float], float], a: float, b: float) -> float:
    return float(brentq(f, a, b, xtol=1e-16, rtol=1e-15))  # pyright: ignore[reportArgumentType]
