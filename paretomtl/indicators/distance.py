"""Distances between a point set and a reference front, by pymoo: IGD, IGD+, GD, GD+, additive epsilon.

Write `d(a, b)` for the Euclidean distance and `d+(a, z) = |max(a - z, 0)|` for how much the point `a`
is worse than `z`. An empty set is infinitely far in every one of them.
"""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import math

import numpy as np
from pymoo.indicators.epsilon import Epsilon
from pymoo.indicators.gd import GD
from pymoo.indicators.gd_plus import GDPlus
from pymoo.indicators.igd import IGD
from pymoo.indicators.igd_plus import IGDPlus

from paretomtl.errors import BadInput
from paretomtl.indicators.points import (
    Array,
    Nonfinite,
    PointsLike,
    check_points,
    check_reference_set,
)

_PAIRS = 4_000_000
"""Distances held at once by GD and GD+, which pymoo computes as one dense matrix."""


def igd(F: PointsLike, front: PointsLike, *, nonfinite: Nonfinite = "raise") -> float:
    """Return the inverted generational distance: mean over the front of the distance to `F`.

    `IGD = mean_z min_a d(a, z)`. Lower is better. Not Pareto-compliant: a better set can score worse.

    Args:
        F: Points [n, m]; NumPy, torch or nested sequences.
        front: Points of the reference front [k, m].
        nonfinite: "raise" refuses rows of `F` with NaN or an infinity, "drop" leaves them out.

    Returns:
        A number >= 0; `inf` for the empty set.

    Raises:
        BadInput: Wrong shapes or types, non-finite input, or an empty front.

    >>> igd([[0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]])
    0.7071067811865476
    """
    return _compute(IGD, F, front, nonfinite)


def igd_plus(F: PointsLike, front: PointsLike, *, nonfinite: Nonfinite = "raise") -> float:
    """Return IGD+ (Ishibuchi et al. 2015): mean over the front of how much `F` falls short.

    `IGD+ = mean_z min_a d+(a, z)`. Lower is better; weakly Pareto-compliant. Arguments, the empty set
    and errors as for `igd`.
    """
    return _compute(IGDPlus, F, front, nonfinite)


def gd(F: PointsLike, front: PointsLike, *, nonfinite: Nonfinite = "raise") -> float:
    """Return the generational distance: mean over `F` of the distance to the front.

    `GD = mean_a min_z d(a, z)`. Lower is better; blind to gaps, so read it beside IGD. Arguments, the
    empty set and errors as for `igd`. Cost: n k distances.
    """
    return _compute_by_rows(GD, F, front, nonfinite)


def gd_plus(F: PointsLike, front: PointsLike, *, nonfinite: Nonfinite = "raise") -> float:
    """Return GD+: mean over `F` of how much each point is worse than the front's nearest.

    `GD+ = mean_a min_z d+(a, z)`. Lower is better; blind to gaps. Arguments, the empty set and errors
    as for `igd`. Cost: n k distances.
    """
    return _compute_by_rows(GDPlus, F, front, nonfinite)


def epsilon(F: PointsLike, front: PointsLike, *, nonfinite: Nonfinite = "raise") -> float:
    """Return the additive epsilon indicator: the shift that lets `F` weakly dominate the front.

    `eps = max_z min_a max_i (a_i - z_i)`. Lower is better; weakly Pareto-compliant; negative when `F`
    is better than the front everywhere. Arguments, the empty set and errors as for `igd`.
    """
    return _compute(Epsilon, F, front, nonfinite)


def _checked(F: PointsLike, front: PointsLike, nonfinite: Nonfinite) -> tuple[Array, Array]:
    points = check_points(F, nonfinite=nonfinite)
    return points, check_reference_set(front, columns=points.shape[1] or None)


def _compute(indicator: type, F: PointsLike, front: PointsLike, nonfinite: Nonfinite) -> float:
    points, reference = _checked(F, front, nonfinite)
    if len(points) == 0:
        return math.inf
    return _finite(float(indicator(reference)(points)))


def _compute_by_rows(
    indicator: type, F: PointsLike, front: PointsLike, nonfinite: Nonfinite
) -> float:
    points, reference = _checked(F, front, nonfinite)
    if len(points) == 0:
        return math.inf
    compute = indicator(reference)
    parts = np.array_split(points, math.ceil(len(points) * len(reference) / _PAIRS))
    parts = [part for part in parts if len(part)]
    with np.errstate(over="ignore"):
        means = [float(compute(part)) for part in parts]
    return _finite(float(np.average(means, weights=[len(part) for part in parts])))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise BadInput("a distance exceeds the floating-point range; scale the objectives first.")
    return value
