"""Where a function of one variable reaches new minima: the pieces of a front with gaps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]


def new_minima(
    h: Function, low: float, high: float, *, resolution: int = 20001
) -> tuple[tuple[float, float], ...]:
    """Return the intervals on which `h` falls below all its values before, in order.

    For a front given as f2 = h(f1) these are its non-dominated pieces. A piece ends at a local
    minimum; the next starts where `h` comes down to that level again. Both are refined to rounding
    by bisection of the slope and of the value.

    Args:
        h: The function, element by element, differentiable.
        low: Where the front starts.
        high: Where it ends at the latest.
        resolution: Points of the grid on which pieces are found; narrower ones are missed.
    """
    x = torch.linspace(low, high, resolution, dtype=torch.float64)
    y = h(x)
    record = torch.cat((torch.ones(1, dtype=torch.bool), y[1:] < y.cummin(0).values[:-1]))
    edges = (record[1:] != record[:-1]).nonzero().flatten()  # last of a piece, last of a gap, ...
    pieces: list[tuple[float, float]] = []
    start = low
    for k, edge in enumerate(map(int, edges)):
        before, after = float(x[max(edge - 1, 0)]), float(x[edge + 1])
        if k % 2 == 0:
            pieces.append((start, bisect(lambda t: _slope(h, t) < 0, before, after)))
        else:
            level = _value(h, pieces[-1][1])
            start = bisect(lambda t, level=level: _value(h, t) > level, before, after)
    if bool(record[-1]):
        pieces.append((start, high))
    return tuple(pieces)


def bisect(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return where a condition that holds at `low` stops holding on the way to `high`."""
    for _ in range(80):
        middle = 0.5 * (low + high)
        if holds(middle):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _value(h: Function, x: float) -> float:
    return float(h(torch.tensor([x], dtype=torch.float64)))


def _slope(h: Function, x: float) -> float:
    with torch.enable_grad():
        t = torch.tensor([x], dtype=torch.float64, requires_grad=True)
        return float(torch.autograd.grad(h(t).sum(), t)[0])


def bisect_each(rises: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> Tensor:
    """Return, element by element, where a condition false at `low` becomes true on the way to `high`."""
    for _ in range(60):
        middle = 0.5 * (low + high)
        true = rises(middle)
        low, high = torch.where(true, low, middle), torch.where(true, middle, high)
    return 0.5 * (low + high)
