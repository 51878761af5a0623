"""The best hypervolume that N points of a two-objective front can reach."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WIDE, NARROW = 257, 33
"""Places tried for each point in a round: first over a wide window, at last over a narrow one."""

GLOBAL = 100
"""Points up to which the first round tries the whole front for every point."""


def best_places(
    objectives: Callable[[Floats], tuple[Floats, Floats]], n: int, r1: float, r2: float
) -> Floats:
    """Return where on a front `n` points together cover most, as places in [0, 1], in order.

    Points 1..N with f1 rising cover `sum_i (f1[i+1] - f1[i]) (r2 - f2[i])`, `f1[N+1] = r1`. A
    dynamic program picks the best of some places for all points at once. Up to 100 points its first
    round tries the whole front for each; beyond, equal shares are near enough. Rounds over windows
    that reach the neighbors' places let points change pieces. Then the windows shrink, but only
    after a round in which no point moved far within its own, so that slow modes converge too.

    On a front in one piece the result is the optimum to rounding. Where there are gaps, how many
    points each piece gets is decided at 1/64 of a step, which may cost 1e-6 of the volume.

    Args:
        objectives: Places in [0, 1] to f1 (rising) and f2 (falling); equal steps of place should
            hold about equal shares of the best points.
        n: Number of points.
        r1: First coordinate of the reference point.
        r2: Second coordinate.
    """
    if n <= GLOBAL:
        grid = np.linspace(0.0, 1.0, 4 * n + 257)
        f1, f2 = objectives(grid)
        shape = (n, grid.size)
        places = grid[
            best_chain(np.broadcast_to(f1, shape), np.broadcast_to(r2 - f2, shape), r1)[1]
        ]
    else:
        places = (np.arange(n) + 0.5) / n

    def improve(places: Floats, reach: float, choices: int) -> tuple[Floats, float]:
        windows = places[:, None] + reach * np.linspace(-1.0, 1.0, choices)
        windows = np.clip(windows, 0.0, 1.0)
        f1, f2 = objectives(windows)
        value, chosen = best_chain(f1, r2 - f2, r1)
        return windows[np.arange(n), chosen], value

    value, reach = -np.inf, 2.0 / n
    for _ in range(50):
        places, found = improve(places, reach, WIDE)
        if found <= value * (1 + 1e-15):
            break
        value = found
    reach /= 32
    for _ in range(400):
        moved, _ = improve(places, reach, NARROW)
        converged = np.abs(moved - places).max() < 0.4 * reach
        places = moved
        if converged:
            reach /= 3.0
        if reach < 1e-8:
            break
    return places


def best_chain(f1: Floats, height: Floats, r1: float) -> tuple[float, npt.NDArray[np.int64]]:
    """Choose one candidate for each point so that together they cover most.

    Args:
        f1: First objective of each point's candidates, [N, K].
        height: `r2 - f2` of each candidate, [N, K].
        r1: First coordinate of the reference point.

    Returns:
        The hypervolume and the index of each point's choice. A chain that steps back in `f1` is
        never better than the chain without that step, so order needs no check.
    """
    # A point's strip ends where the next point's begins, so every term of the volume knows two
    # neighbors only: the best chain up to a candidate extends a best chain up to some candidate of
    # the point before. `value` is what a chain covers up to the f1 of its last point.
    n = len(f1)
    value = np.zeros(f1.shape[1])
    came_from = np.zeros(f1.shape, dtype=np.int64)
    for i in range(1, n):
        offered = (value - f1[i - 1] * height[i - 1])[:, None] + height[i - 1][:, None] * f1[i]
        came_from[i] = offered.argmax(0)
        value = offered[came_from[i], np.arange(f1.shape[1])]
    value = value + (r1 - f1[-1]) * height[-1]
    chosen = np.empty(n, dtype=np.int64)
    chosen[-1] = value.argmax()
    for i in range(n - 1, 0, -1):
        chosen[i - 1] = came_from[i, chosen[i]]
    return float(value[chosen[-1]]), chosen


def covered(f1: Floats, f2: Floats, r1: float, r2: float) -> float:
    """Return the hypervolume of points with f1 rising and f2 falling."""
    return float(((np.append(f1[1:], r1) - f1) * (r2 - f2)).sum())
