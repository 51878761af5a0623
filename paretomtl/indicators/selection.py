"""Choose the value of an option on validation data: scores of runs, spread over seeds, ties."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from paretomtl.errors import BadInput


def _geometric(losses: np.ndarray[Any, Any]) -> float:
    if (losses < 0).any():
        raise BadInput("the geometric mean needs losses >= 0; choose another `score`.")
    with np.errstate(divide="ignore"):
        return float(np.exp(np.log(losses).mean()))


SCORES: Mapping[str, Callable[[np.ndarray[Any, Any]], float]] = {
    "mean": lambda losses: float(losses.mean()),
    "worst": lambda losses: float(losses.max()),
    "geometric": _geometric,
}
"""What one run's losses are judged by; lower is better."""


ALIKE = (
    *("problem_label", "method", "gamma", "budget_unit", "budget_amount", "optimizer", "lr"),
    *("momentum", "weight_decay", "batch_size", "precision", "heads"),
)
"""Columns in which runs may not differ, but for the one that is chosen by."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One value of the option and the scores of its runs.

    Args:
        value: The option's value.
        seeds: How many seeds all of whose runs finished.
        bad: Runs that diverged or failed; their seeds are left out.
        validation: Score on the validation split, mean over the seeds; NaN without a seed.
        validation_spread: Its standard deviation over the seeds; NaN for fewer than two.
        test: Score on the test split, mean over the same seeds.
        test_spread: Its standard deviation.
        chosen: Whether its validation score is the lowest; of equals the first in order of the value.
        tied: Whether its validation score lies within one standard error of the chosen one's.
    """

    value: float
    seeds: int
    bad: int
    validation: float
    validation_spread: float
    test: float
    test_spread: float
    chosen: bool = False
    tied: bool = False


def select_value(
    runs: Iterable[Mapping[str, Any]], *, by: str = "gamma", score: str = "mean"
) -> list[Candidate]:
    """Return the candidates in order of the value; the choice is made on the validation split alone.

    The score of a seed is the mean over its runs (its preferences). A problem without splits, which a
    formula is, is judged on its only one.

    Args:
        runs: Rows of `Store.runs()`, as dicts: of one problem, and one method but for the option.
        by: A numeric column; runs without it are left out.
        score: One of `SCORES`.

    Raises:
        BadInput: No such score, no run that has a value, no value with a finished seed, or runs of
            several problems or methods.
    """
    if score not in SCORES:
        raise BadInput(f"`score` must be one of {', '.join(SCORES)}; found {score!r}.")
    rows = [row for row in runs if _number(row.get(by)) is not None]
    if not rows:
        raise BadInput(f"no run has a number {by!r} to choose among; gamma, lr and seed are some.")
    for what in (*ALIKE, "method options"):
        found = sorted({_entry(row, what, by) for row in rows})
        if len(found) > 1 and what != by:
            raise BadInput(
                f"choose among runs of one {what.removesuffix('_label').replace('_', ' ')}; found "
                f"{', '.join(found)}. Leave some of them out."
            )
    groups: dict[float, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(float(row[by]), []).append(row)
    return _mark([_candidate(value, groups[value], SCORES[score]) for value in sorted(groups)])


def _entry(row: Mapping[str, Any], what: str, by: str) -> str:
    """Return one entry of a row as text; of the method's options those that are not chosen by."""
    if what != "method options":
        return str(row.get(what))
    spec: Any = json.loads(row["spec"]) if "spec" in row else {"method": {"options": []}}
    return str([option for option in spec["method"]["options"] if option[0] not in (by, "gamma")])


def _candidate(
    value: float, rows: list[Mapping[str, Any]], score: Callable[[np.ndarray[Any, Any]], float]
) -> Candidate:
    seeds: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        seeds.setdefault(int(row["seed"]), []).append(row)
    whole = [own for own in seeds.values() if all(row["status"] == "ok" for row in own)]
    validation = [_mean([score(_losses(row, "validation")) for row in own]) for own in whole]
    test = [_mean([score(_losses(row, "test")) for row in own]) for own in whole]
    return Candidate(
        value=value,
        seeds=len(whole),
        bad=sum(row["status"] != "ok" for row in rows),
        validation=_mean(validation),
        validation_spread=_spread(validation),
        test=_mean(test),
        test_spread=_spread(test),
    )


def _number(value: Any) -> float | None:
    """Return a number that is one, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    number = float(value)  # pyright: ignore[reportUnknownArgumentType]
    return None if math.isnan(number) else number


def _mark(found: list[Candidate]) -> list[Candidate]:
    """Mark the lowest validation score, and as tied those within one standard error of it."""
    usable = [c for c in found if not math.isnan(c.validation)]
    if not usable:
        raise BadInput("no value has a seed all of whose runs finished.")
    best = min(usable, key=lambda c: c.validation)
    error = best.validation_spread / math.sqrt(best.seeds) if best.seeds > 1 else 0.0
    return [
        dataclasses.replace(
            c, chosen=c is best, tied=c is not best and c.validation <= best.validation + error
        )
        for c in found
    ]


def _losses(row: Mapping[str, Any], split: str) -> np.ndarray[Any, Any]:
    """Return a run's final losses on a split, else on the only one it has."""
    for name in (split, "test", "train"):
        losses = row.get(f"losses_{name}")
        if losses is not None and np.size(losses):
            return np.asarray(losses, dtype=np.float64)
    raise BadInput(f"run {row['key']} has no final losses.")


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _spread(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
