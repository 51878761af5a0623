"""Which points of a set no other point beats, by pymoo."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pymoo.util.nds.non_dominated_sorting import (
    find_non_dominated,  # pyright: ignore[reportUnknownVariableType]
)

from paretomtl.errors import BadInput
from paretomtl.indicators.points import Nonfinite, PointsLike, as_points, check_points


def nondominated(
    F: PointsLike, *, duplicates: Literal["all", "first"] = "all", nonfinite: Nonfinite = "raise"
) -> NDArray[np.bool_]:
    """Return the mask of the points that no other point dominates.

    `a` dominates `b` when `a <= b` in every objective and `a < b` in one. Equal points do not dominate
    each other.

    Args:
        F: Points [n, m]; NumPy, torch or nested sequences.
        duplicates: What happens to equal non-dominated points: "all" keeps every copy (the
            definition), "first" keeps the first, so that the mask counts distinct points.
        nonfinite: "raise" refuses rows with NaN or an infinity; "drop" marks them False and compares
            the others as if they were absent.

    Returns:
        Booleans [n], in the order of `F`; empty for the empty set.

    Raises:
        BadInput: Wrong shapes or types, or non-finite input.

    >>> nondominated([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]).tolist()
    [True, True, False, True]
    """
    if duplicates not in ("all", "first"):
        raise BadInput(f"`duplicates` must be 'all' or 'first'; found {duplicates!r}.")
    points = as_points(F)
    if nonfinite != "drop":
        points = check_points(points, nonfinite=nonfinite)
    rows = np.flatnonzero(np.isfinite(points).all(axis=1))
    mask = np.zeros(len(points), dtype=np.bool_)
    mask[rows[find_non_dominated(points[rows])]] = True
    if duplicates == "first":
        _, first = np.unique(points, axis=0, return_index=True)
        mask &= np.isin(np.arange(len(points)), first)
    return mask
