"""What a sweep came to, on one screen: mean hypervolume of each method on each problem."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from paretomtl.errors import NoKnownFront

if TYPE_CHECKING:
    from paretomtl.problems.base import Problem
    from paretomtl.records.record import Record
    from paretomtl.records.store import Store
    from paretomtl.sweep.spec import RunSpec

COLUMNS = {
    "problem": "problem",
    "method": "method",
    "hypervolume": "hypervolume",
    "share": "of the front's",
    "seeds": "seeds",
    "runs": "runs",
    "bad": "not ok",
}


def summarize(store: Store, specs: Sequence[RunSpec]) -> list[dict[str, Any]]:
    """Return one row a problem and method, in the order of the specs.

    The hypervolume is that of the finished runs of one seed, on the test split, averaged over the
    seeds; `share` is its ratio to that of the whole exact front, None where this is not known. A run
    that diverged or failed adds no point and is counted in `bad`.
    """
    from paretomtl.problems.base import problem

    cells: dict[tuple[str, str], dict[int, list[Record]]] = {}
    chosen = {spec.problem.label: spec.problem for spec in specs}
    stored = {record.key: record for record in store.records([spec.key for spec in specs])}
    for spec in specs:
        seeds = cells.setdefault((spec.problem.label, spec.method.label), {})
        seeds.setdefault(spec.seed, [])
        if spec.key in stored:
            seeds[spec.seed].append(stored[spec.key])
    problems = {
        label: problem(choice.name, **dict(choice.options)) for label, choice in chosen.items()
    }
    return [
        {"problem": where, "method": method, **_row(problems[where], seeds)}
        for (where, method), seeds in cells.items()
    ]


def for_people(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of `summarize` with its numbers rounded for reading."""
    volume, share = row["hypervolume"], row["share"]
    return {
        **row,
        "hypervolume": "" if volume is None else f"{volume:.4f}",
        "share": "" if share is None else f"{share:.1%}",
    }


def _row(problem: Problem, seeds: dict[int, list[Record]]) -> dict[str, Any]:
    from paretomtl.indicators import hypervolume

    volumes: list[float] = []
    for records in seeds.values():
        points = [r.outcome.final["test"].tolist() for r in records if r.outcome.status == "ok"]
        if records:
            volumes.append(hypervolume(points, problem.reference_point) if points else 0.0)
    runs = [record for records in seeds.values() for record in records]
    mean = math.fsum(volumes) / len(volumes) if volumes else None
    try:
        share = None if mean is None else mean / problem.best_hypervolume()
    except NoKnownFront:
        share = None
    return {
        "hypervolume": mean,
        "share": share,
        "seeds": len(volumes),
        "runs": len(runs),
        "diverged": sum(r.outcome.status == "diverged" for r in runs),
        "failed": sum(r.outcome.status == "failed" for r in runs),
        "bad": sum(r.outcome.status != "ok" for r in runs),
    }
