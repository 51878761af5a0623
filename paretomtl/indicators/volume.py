"""Hypervolume of a point set, by pymoo; exact where that is affordable, refused or approximate beyond."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import moocore
import numpy as np
from pymoo.indicators.hv import HV

from paretomtl.errors import BadInput
from paretomtl.indicators.domination import nondominated
from paretomtl.indicators.points import (
    Array,
    Nonfinite,
    PointsLike,
    check_points,
    check_reference_point,
)

EXACT_LIMIT = {5: 20_000, 6: 2_000, 7: 400, 8: 100, 9: 80, 10: 50}
"""Points, by objectives, up to which the exact algorithm answers within about half a minute.

Only points that are non-dominated and inside the reference box count. Up to four objectives there is
no limit; from 11 to 31, the most that the library takes, it is `EXACT_LIMIT_MANY`; none beyond.
"""

EXACT_LIMIT_MANY = 15


def hypervolume(
    F: PointsLike, reference_point: PointsLike, *, nonfinite: Nonfinite = "raise"
) -> float:
    """Return the volume that the points dominate, up to the reference point; higher is better.

    `HV(F, r) = volume of {z <= r : some f in F has f <= z}`. Points that are not strictly below the
    reference point in every objective add nothing; dominated points and duplicates change nothing.

    Args:
        F: Points [n, m], minimised; NumPy, torch or nested sequences.
        reference_point: [m], worse than every point that is to count.
        nonfinite: "raise" refuses rows with NaN or an infinity, "drop" leaves them out.

    Returns:
        A finite number >= 0; 0 for the empty set.

    Raises:
        BadInput: Wrong shapes or types, non-finite input, an overflow, or more points in many
            objectives than the exact algorithm can do (`EXACT_LIMIT`; see
            `approximate_hypervolume`).

    >>> hypervolume([[0.0, 1.0], [1.0, 0.0]], [2.0, 2.0])
    3.0
    """
    reference = check_reference_point(reference_point)
    points = check_points(F, columns=reference.size, nonfinite=nonfinite)
    points = _inside(points, reference)
    limit = exact_limit(reference.size)
    if limit is not None and len(points) > limit:
        points = points[nondominated(points)]
        if len(points) > limit:
            raise BadInput(
                f"the exact hypervolume of {len(points)} non-dominated points in {reference.size} "
                f"objectives would take too long (limit {limit}); use "
                f"`paretomtl.indicators.approximate_hypervolume`, and say that it is approximate."
            )
    if len(points) == 0:
        return 0.0
    return _finite(float(np.asarray(HV(ref_point=reference)(points))), reference)


def approximate_hypervolume(
    F: PointsLike,
    reference_point: PointsLike,
    *,
    samples: int = 262_144,
    nonfinite: Nonfinite = "raise",
) -> float:
    """Return an approximation of `hypervolume` that stays fast in many objectives.

    Deterministic: a line integral over `samples` quasi-random directions (moocore's "Rphi-FWE+"),
    with a measured relative error of about 1e-3. Report it as approximate.

    Raises:
        BadInput: As `hypervolume`, without a limit on the number of points.
    """
    reference = check_reference_point(reference_point)
    points = check_points(F, columns=reference.size, nonfinite=nonfinite)
    points = _inside(points, reference)
    if len(points) == 0:
        return 0.0
    points = points[nondominated(points)]
    if reference.size == 1:
        return _finite(float(reference[0] - points.min()), reference)
    return _finite(float(moocore.hv_approx(points, ref=reference, nsamples=samples)), reference)


def feasible_hypervolume(points: Array, reference: Array) -> tuple[float, bool]:
    """Return the hypervolume of finite points, and whether it is exact.

    It is `hypervolume` where that is feasible (`EXACT_LIMIT`), else `approximate_hypervolume`.
    """
    limit = exact_limit(reference.size)
    if limit is None or len(points) <= limit:
        return hypervolume(points, reference), True
    candidates = _inside(points, reference)
    candidates = candidates[nondominated(candidates)]
    if len(candidates) <= limit:
        return hypervolume(candidates, reference), True
    return approximate_hypervolume(candidates, reference), False


def exact_limit(n_objectives: int) -> int | None:
    """Return how many non-dominated points `hypervolume` takes in so many objectives; None: any."""
    if n_objectives <= 4:
        return None
    if n_objectives > 31:
        return 0
    return EXACT_LIMIT.get(n_objectives, EXACT_LIMIT_MANY)


def _inside(points: Array, reference: Array) -> Array:
    return points[(points < reference).all(axis=1)]


def _finite(value: float, reference: Array) -> float:
    if not np.isfinite(value):
        raise BadInput(
            f"the hypervolume at {reference.tolist()} exceeds the floating-point range; scale the "
            f"objectives first."
        )
    return value
