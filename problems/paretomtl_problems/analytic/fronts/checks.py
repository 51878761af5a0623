"""What questions about a front are refused: numbers of points and reference points."""

from __future__ import annotations

import torch
from torch import Tensor

from paretomtl.errors import BadInput, NoKnownFront
from paretomtl.problems import AnalyticProblem, Point
from paretomtl_problems.analytic.options import floats


def check_count(n: int) -> None:
    """Raise BadInput unless `n` is a whole number of points, at least 1."""
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
        raise BadInput(f"the number of points must be an integer, at least 1; found {n!r}.")


def checked_reference(problem: AnalyticProblem, reference_point: Point | None) -> Tensor:
    """Return the given reference point or else the problem's own, [m] float64.

    Raises:
        BadInput: It has another length or is not finite.
    """
    if reference_point is None:
        return problem.reference_point
    try:
        r = torch.as_tensor(reference_point, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise BadInput(
            f"`reference_point` of {problem.name!r} needs {problem.n_objectives} finite numbers; "
            f"found {reference_point!r}."
        ) from None
    if r.shape != (problem.n_objectives,) or not bool(r.isfinite().all()):
        raise BadInput(
            f"`reference_point` of {problem.name!r} needs {problem.n_objectives} finite numbers; "
            f"found {floats(r)}."
        )
    return r


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
    """Refuse a number of points: the best set of N points is known for two objectives only.

    Raises:
        NoKnownFront: `n_points` was given.
    """
    if n_points is not None:
        raise NoKnownFront(
            f"the best hypervolume of {n_points} points is known for two objectives; "
            f"{problem.name!r} has {problem.n_objectives}."
        )
