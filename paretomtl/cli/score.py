"""`paretomtl score`: any file of points, judged by every indicator."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from paretomtl.cli.output import PLAIN, Output, shown
from paretomtl.cli.show import parse_option
from paretomtl.errors import BadInput, NoKnownFront

if TYPE_CHECKING:
    from paretomtl.cli.points import Points


def score_command(
    file: Path,
    *,
    reference: str | None = None,
    problem: str | None = None,
    option: Annotated[list[str] | None, Parameter(negative="")] = None,
    front: Path | None = None,
    output: Output = PLAIN,
) -> None:
    """Score a file of points by every indicator.

    Args:
        file: CSV, NPY, Parquet or JSON; one point a row, one objective a column, all minimised.
        reference: Reference point of the hypervolume, such as 1.1,1.1.
        problem: A problem whose reference point, exact front and best hypervolume are used.
        option: An option of the problem, such as n_objectives=3; repeat for more.
        front: A file of points that distances are measured against; the exact front of the problem
            when left out.
        output: How to print.
    """
    from paretomtl.cli.points import read_points

    if reference is None and problem is None:
        raise BadInput("give --reference, such as 1.1,1.1, or --problem, such as zdt1.")
    points = read_points(file)
    if problem is not None and reference is None and front is None:
        scores = _by_problem(points, problem, option or [])
    else:
        point = None if reference is None else parse_point(reference)
        others = None if front is None else read_points(front)
        scores = _by_hand(points, point, others, problem, option or [])
    width = max(map(len, scores))
    lines = [f"{name:<{width}}  {_shown(value)}" for name, value in scores.items()]
    output.result({"file": str(file), "objectives": points.shape[1], **scores}, *lines)


def parse_point(text: str) -> list[float]:
    """Return the numbers of a comma-separated list.

    >>> parse_point("1.1, 2")
    [1.1, 2.0]
    """
    try:
        point = [float(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(
            f"a reference point is numbers with commas between, such as 1.1,1.1; found {text!r}."
        ) from None
    if not all(map(math.isfinite, point)):
        raise BadInput(f"a reference point must be finite; found {text!r}.")
    return point


def _by_problem(points: Points, name: str, options: list[str]) -> dict[str, float]:
    from paretomtl.indicators import score

    problem = _problem(name, options)
    _check_width(points, problem.n_objectives, f"problem {name!r} has {problem.n_objectives}")
    scores = score(problem, points)
    reference = tuple(problem.reference_point.tolist())
    return {"reference_point": reference, **scores}  # pyright: ignore[reportReturnType]


def _by_hand(
    points: Points,
    reference: list[float] | None,
    front: Points | None,
    name: str | None,
    options: list[str],
) -> dict[str, Any]:
    from paretomtl.indicators import PointSet, hypervolume, indicators

    best = math.nan
    if name is not None:
        problem = _problem(name, options)
        reference = reference or problem.reference_point.tolist()
        try:
            best = problem.best_hypervolume(reference_point=reference)
            front = problem.front(1000).numpy() if front is None else front
        except NoKnownFront:
            pass
    assert reference is not None  # the command refuses to go on without
    _check_width(points, len(reference), f"the reference point has {len(reference)}")
    finite = points[np.isfinite(points).all(axis=1)]
    volume = hypervolume(finite, reference)
    measured = PointSet(points=finite, reference_point=np.array(reference), front=front)
    scores = {
        "reference_point": reference,
        "points": len(points),
        "nonfinite": len(points) - len(finite),
        "hypervolume": volume,
        "normalized_hypervolume": volume / best,
    }
    for other, indicator in indicators.items():
        if other not in scores and "best_hypervolume" not in indicator.needs:
            scores[other] = indicator.of(measured)
    return scores


def _problem(name: str, options: list[str]) -> Any:
    from paretomtl.problems.base import problems
    from paretomtl.sweep.options import choose

    return choose(problems, name, dict(parse_option(text) for text in options))[1]


def _check_width(points: Points, m: int, who: str) -> None:
    if points.shape[1] != m:
        raise BadInput(f"the points have {points.shape[1]} objectives, {who}.")


def _shown(value: Any) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "not known"
    return f"{value:.10g}" if isinstance(value, float) else shown(value)
