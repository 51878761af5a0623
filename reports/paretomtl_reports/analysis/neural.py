"""What only neural problems need: single-task anchors, the trade-off, validation against test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from paretomtl.indicators import AboveSupremum, Judge, nondominated
from paretomtl.records.record import Record
from paretomtl_reports.analysis.grouping import FrontRuns, anchored_task
from paretomtl_reports.analysis.model import (
    Anchor,
    Array,
    Result,
    SeedFront,
    TradeOff,
    ValidationGap,
)
from paretomtl_reports.analysis.statistics import estimate

FACTOR = 4.0
"""How many standard errors the span of a front must exceed to be called real.

The range of sixteen draws of pure noise is about 3.5 standard deviations.
"""


def anchors(fronts: Sequence[FrontRuns], n_objectives: int) -> tuple[Anchor, ...]:
    """Collect the single-task runs, one anchor a task that has any, in the order of the tasks."""
    found: dict[int, dict[int, Array]] = {}
    for front in fronts:
        for record in front.usable:
            task = anchored_task(record.spec)
            if task is not None:
                # An entry at another learning rate may train the same task: the first one stands.
                found.setdefault(task, {}).setdefault(front.seed, record.outcome.final["test"])
    return tuple(
        Anchor(
            task=task,
            seeds=tuple(sorted(found[task])),
            points=(points := np.array([found[task][seed] for seed in sorted(found[task])])),
            losses=tuple(estimate(points[:, i].tolist()) for i in range(n_objectives)),
        )
        for task in sorted(found)
    )


def initial_losses(records: Sequence[Record]) -> tuple[float, ...]:
    """Return the mean test losses before the first step, [m]; empty where none were recorded."""
    first = [
        r.outcome.losses["test"][0]
        for r in records
        if len(r.outcome.losses.get("test", ())) and r.outcome.steps[0] == 0
    ]
    return tuple(np.mean(first, axis=0).tolist()) if first else ()


def trade_off(results: Sequence[Result], found: Sequence[Anchor], m: int) -> TradeOff | None:
    """Compare the front of the entry with the largest hypervolume to its seed noise and the anchors.

    Returns None when no entry has a hypervolume above 0.
    """
    ranked = [r for r in results if r.hypervolume.mean > 0]
    if not ranked:
        return None
    best = max(ranked, key=lambda r: r.hypervolume.mean)
    fronts = [front for front in best.fronts if len(front.points)]
    # Seeds are averaged before the front is taken: the front of all seeds' points would be as wide as
    # its luckiest runs, and pure noise would look like a trade-off.
    averaged = np.array([np.mean(rows, axis=0) for rows in _by_preference(fronts).values()])
    span = np.ptp(averaged[nondominated(averaged)], axis=0)
    noise = _noise(fronts, m)
    shortfall = _shortfall(fronts, found, m)
    real = None
    if np.isfinite(noise).all():
        wide = bool((span > FACTOR * noise / math.sqrt(len(fronts))).all())
        # A network as good on every task as those trained on that task alone has nothing to trade,
        # however wide the front is. Negated, so that an unknown shortfall (NaN) decides nothing.
        real = wide and not shortfall <= noise.max()
    return TradeOff(
        label=best.label,
        span=tuple(span.tolist()),
        noise=tuple(noise.tolist()),
        shortfall=shortfall,
        seeds=len(fronts),
        real=real,
        factor=FACTOR,
    )


def validation_gaps(
    results: Sequence[Result], judge: Judge | None, m: int
) -> tuple[ValidationGap, ...]:
    """Compare validation and test for every entry whose runs recorded both."""
    return tuple(
        found for result in results if (found := _validation_gap(result, judge, m)) is not None
    )


def _validation_gap(result: Result, judge: Judge | None, m: int) -> ValidationGap | None:
    pairs = [(f, f.validation) for f in result.fronts if f.validation is not None and len(f.points)]
    if not pairs:
        return None
    gaps = np.array([(front.points - validation).mean(axis=0) for front, validation in pairs])
    chosen = lost = 0
    for front, validation in pairs:
        kept = nondominated(validation)
        chosen += int(kept.sum())
        lost += int((~nondominated(front.points[kept])).sum())
    return ValidationGap(
        label=result.label,
        style=result.style,
        gap=tuple(estimate(gaps[:, i].tolist()) for i in range(m)),
        validation_hypervolume=estimate(
            [] if judge is None else [_hypervolume(points, judge) for _, points in pairs]
        ),
        test_hypervolume=result.hypervolume,
        chosen=chosen,
        lost=lost,
    )


def _hypervolume(points: Array, judge: Judge) -> float:
    """Hypervolume, or NaN where it is refused; an alert about the test split explains why."""
    try:
        return judge.score(points)["hypervolume"]
    except AboveSupremum:
        return math.nan


def _noise(fronts: Sequence[SeedFront], m: int) -> Array:
    """Median over the preferences of the standard deviation over seeds, for each objective."""
    spreads = [
        np.std(rows, axis=0, ddof=1) for rows in _by_preference(fronts).values() if len(rows) > 1
    ]
    return np.median(spreads, axis=0) if spreads else np.full(m, math.nan)


def _by_preference(fronts: Sequence[SeedFront]) -> dict[tuple[float, ...], list[Array]]:
    """Test losses of all seeds at each preference."""
    found: dict[tuple[float, ...], list[Array]] = {}
    for front in fronts:
        for preference, point in zip(front.preferences.tolist(), front.points, strict=True):
            found.setdefault(tuple(preference), []).append(point)
    return found


def _shortfall(fronts: Sequence[SeedFront], found: Sequence[Anchor], m: int) -> float:
    """Mean over seeds of `min_p max_i (L_i(p) - a_i)`, `a_i` being the loss of task i trained alone."""
    if len(found) < m:
        return math.nan
    shortfalls: list[float] = []
    for front in fronts:
        if all(front.seed in anchor.seeds for anchor in found):
            alone = np.array([a.points[a.seeds.index(front.seed), a.task] for a in found])
            shortfalls.append(float((front.points - alone).max(axis=1).min()))
    return math.fsum(shortfalls) / len(shortfalls) if shortfalls else math.nan
