"""What may enter an indicator: finite sets of points, checked before any library sees them.

The compiled routines behind pymoo answer hostile input with wrong numbers (IGD 0 for a NaN row, that
is: perfect), never return (a NaN row in four objectives) or end the process (-inf in three). So
everything is decided here:

| input | answer |
|---|---|
| NaN or infinite coordinate | `BadInput`, or the row is left out with `nonfinite="drop"` |
| empty set `[0, m]`, or `[]` | the worst value: hypervolume 0, every distance `inf` |
| one point as a vector `[m]` | `BadInput`: a set is `[n, m]` |
| text, complex or boolean entries | `BadInput` |
| empty or non-finite reference set or point | `BadInput`, whatever `nonfinite` is |
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from paretomtl.errors import BadInput

Array: TypeAlias = NDArray[np.float64]
PointsLike: TypeAlias = Tensor | ArrayLike
"""A torch tensor on any device, a NumPy array, or nested sequences of numbers."""

Nonfinite: TypeAlias = Literal["raise", "drop"]
"""What is done with rows that hold NaN or an infinity."""


def check_points(
    values: PointsLike,
    *,
    what: str = "`F`",
    columns: int | None = None,
    nonfinite: Nonfinite = "raise",
) -> Array:
    """Return a point set as contiguous float64 `[n, m]` with finite entries.

    Args:
        values: The points, one a row; a torch tensor is detached and moved to the CPU.
        what: How messages name the argument.
        columns: The number of objectives asked for; None accepts any.
        nonfinite: "raise" refuses rows with NaN or an infinity, "drop" leaves them out.

    Raises:
        BadInput: Not numbers, not `[n, m]`, not `columns` wide, or not finite.
    """
    if nonfinite not in ("raise", "drop"):
        raise BadInput(f"`nonfinite` must be 'raise' or 'drop'; found {nonfinite!r}.")
    points = as_points(values, what=what, columns=columns)
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        if nonfinite == "raise":
            bad = np.flatnonzero(~finite)
            raise BadInput(
                f"{what} must be finite; row {bad[0]} is {points[bad[0]].tolist()} "
                f"({bad.size} of {len(points)} rows are not). Leave failed runs out, or pass "
                f"`nonfinite='drop'`."
            )
        points = points[finite]
    return np.ascontiguousarray(points)


def as_points(values: PointsLike, *, what: str = "`F`", columns: int | None = None) -> Array:
    """Return a point set as float64 `[n, m]` whose entries may be NaN or infinite.

    Raises:
        BadInput: Not numbers, not `[n, m]`, or not `columns` wide.
    """
    points = _numbers(values, what)
    if points.size == 0 and points.ndim < 2:
        points = points.reshape(0, columns or 0)
    if points.ndim != 2:
        raise BadInput(
            f"{what} must be a set of points, [n, m] with one point a row; found the shape "
            f"{list(points.shape)}."
        )
    if len(points) and points.shape[1] == 0:
        raise BadInput(f"{what} must have at least one objective (column); found none.")
    if columns is not None and points.shape[1] != columns:
        raise BadInput(
            f"{what} must have {columns} objectives (columns); found {points.shape[1]} in the shape "
            f"{list(points.shape)}."
        )
    return points


def check_reference_set(
    values: PointsLike, *, columns: int | None = None, what: str = "`front`"
) -> Array:
    """Return a reference set as `check_points` does; it must not be empty.

    Raises:
        BadInput: As `check_points`, or no point at all.
    """
    points = check_points(values, what=what, columns=columns)
    if len(points) == 0:
        raise BadInput(f"{what} must hold at least one point; found none.")
    return points


def check_reference_point(values: PointsLike) -> Array:
    """Return a reference point as float64 `[m]`.

    Raises:
        BadInput: Not a vector of at least one finite number.
    """
    point = _numbers(values, "`reference_point`")
    if point.ndim != 1 or point.size == 0:
        raise BadInput(
            f"`reference_point` must be a vector with one number an objective; found the shape "
            f"{list(point.shape)}."
        )
    if not np.isfinite(point).all():
        raise BadInput(f"`reference_point` must be finite; found {point.tolist()}.")
    return np.ascontiguousarray(point)


def _numbers(values: PointsLike, what: str) -> Array:
    if isinstance(values, Tensor):
        tensor = values.detach().cpu()
        array = tensor.double().numpy() if tensor.is_floating_point() else tensor.numpy()
    else:
        try:
            array = np.asarray(values)
        except ValueError as error:
            raise BadInput(f"{what} must be a rectangular array of numbers; {error}") from error
    if array.dtype.kind not in "fiu":
        raise BadInput(f"{what} must hold real numbers; found the type {array.dtype}.")
    return array.astype(np.float64)
