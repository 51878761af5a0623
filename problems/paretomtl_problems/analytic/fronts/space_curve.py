"""Hypervolume of a front that is a curve among three objectives."""

from __future__ import annotations

from bisect import bisect_left

import torch
from torch import Tensor

from paretomtl_problems.analytic.fronts.curve import Curve


def curve_hypervolume(curve: Curve, reference_point: Tensor, *, points: int = 20001) -> float:
    """Return the hypervolume of a curve in three objectives, between two staircases.

    Points of the curve dominate less than the curve, the best corners of neighbouring points
    dominate more. Their mean errs by far less than their distance: the errors of both are half a
    step and opposite, what is left shrinks with the square of the step.

    Args:
        curve: The curve, with three objectives.
        reference_point: No better than the nadir, [3].
        points: Points taken, spread over the pieces by length.
    """
    lower: list[Tensor] = []
    upper: list[Tensor] = []
    total = sum(stop - start for start, stop in curve.pieces)
    for start, stop in curve.pieces:
        n = max(2, round(points * (stop - start) / total))
        graded = 0.5 - 0.5 * torch.linspace(0, torch.pi, n, dtype=torch.float64).cos()
        f = curve.point(start + (stop - start) * graded)
        lower.append(f)
        upper.append(torch.minimum(f[1:], f[:-1]))
    volumes = [volume(torch.cat(part), reference_point) for part in (lower, upper)]
    return 0.5 * sum(volumes)


def volume(points: Tensor, reference_point: Tensor) -> float:
    """Return the hypervolume of points in three objectives.

    A sweep by the third objective keeps the staircase of the first two and its area.
    """
    r1, r2, r3 = (float(value) for value in reference_point)
    below = (points < reference_point).all(-1)
    kept = points[below]
    kept = kept[kept[:, 2].argsort()]
    first: list[float] = []  # the staircase: f1 rising, f2 falling
    second: list[float] = []
    area, total, height = 0.0, 0.0, r3
    rows = [(float(a), float(b), float(c)) for a, b, c in kept]
    for f1, f2, f3 in rows:
        if area:
            total += area * (f3 - height)
        height = f3
        at = bisect_left(first, f1)
        ceiling = second[at - 1] if at else r2
        if ceiling <= f2 or (at < len(first) and first[at] == f1 and second[at] <= f2):
            continue
        left = f1
        end = at
        while end < len(first) and second[end] >= f2:  # steps that the new point dominates
            area += (first[end] - left) * (ceiling - f2)
            left, ceiling = first[end], second[end]
            end += 1
        area += ((first[end] if end < len(first) else r1) - left) * (ceiling - f2)
        first[at:end], second[at:end] = [f1], [f2]
    return total + area * (r3 - height)
