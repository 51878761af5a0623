"""Do stored records still come out of the code? Random runs are carried out again and compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from paretomtl.aggregation.allocator import keep_freed_memory
from paretomtl.engine import Compute, plan_batches, run_batch
from paretomtl.engine.outcome import Outcome
from paretomtl.errors import BadInput
from paretomtl.records.record import Record
from paretomtl.records.store import Store


def verify(
    store: Store, sample: int = 10, seed: int = 0, *, compute: Compute | None = None
) -> pd.DataFrame:
    """Re-execute randomly drawn runs and say how far they are from what is stored.

    Compared is everything that the spec determines: status, steps, passes, losses of every split
    along the trajectory, final point, diagnostics, metrics. Wall-clock is not. Runs that failed, and
    those with a budget in seconds, are not drawn: nothing says how they ought to come out.

    Args:
        store: Where the records are.
        sample: How many runs to draw; all when there are fewer.
        seed: Of the draw.
        compute: Where and how to run them again.

    Returns:
        One row a run: key, problem, method, seed, status, status_again, equal (to the bit), difference
        (largest relative one; inf when shapes or statuses differ), worst (where it is), device (where
        the stored run was made).

    Raises:
        BadInput: `sample` is less than 1, or there is no run to draw.
    """
    if sample < 1:
        raise BadInput(f"`sample` must be at least 1; found {sample}.")
    keys: list[str] = sorted(record.key for record in store.records() if _repeatable(record))
    if not keys:
        raise BadInput(f"{store} holds no run that can be repeated.")
    drawn: list[int] = np.random.default_rng(seed).permutation(len(keys))[:sample].tolist()
    chosen = sorted(store.records(keys[i] for i in drawn), key=lambda record: record.key)
    again: dict[str, Outcome] = {}
    for batch in plan_batches([record.spec for record in chosen], compute=compute):
        keep_freed_memory()
        outcomes = run_batch(batch, compute=compute)
        again.update({spec.key: o for spec, o in zip(batch, outcomes, strict=True)})
    return pd.DataFrame([_row(record, again[record.key]) for record in chosen])


def _repeatable(record: Record) -> bool:
    return record.outcome.status != "failed" and record.spec.budget.unit != "seconds"


def _row(record: Record, again: Outcome) -> dict[str, Any]:
    stored = record.outcome
    ours, theirs = dict(_arrays(stored)), dict(_arrays(again))
    differences = {
        name: relative_difference(ours.get(name), theirs.get(name)) for name in {**ours, **theirs}
    }
    differences["status"] = 0.0 if stored.status == again.status else np.inf
    worst = max(differences, key=lambda name: differences[name])
    return {
        "key": record.key,
        "problem": record.spec.problem.label,
        "method": record.spec.method.label,
        "seed": record.spec.seed,
        "status": stored.status,
        "status_again": again.status,
        "equal": stored.status == again.status and _bits(ours) == _bits(theirs),
        "difference": differences[worst],
        "worst": worst if differences[worst] else "",
        "device": record.provenance.device,
    }


def _bits(arrays: dict[str, Any]) -> dict[str, bytes]:
    return {name: np.asarray(array, dtype=np.float64).tobytes() for name, array in arrays.items()}


def _arrays(outcome: Outcome) -> Iterator[tuple[str, Any]]:
    yield "steps", outcome.steps
    yield "backward_passes", outcome.backward_passes
    if outcome.x is not None:
        yield "x", outcome.x
    yield from ((f"losses.{name}", values) for name, values in outcome.losses.items())
    yield from ((f"diagnostics.{name}", values) for name, values in outcome.diagnostics.items())
    for split, figures in outcome.metrics.items():
        yield from ((f"metrics.{split}.{name}", value) for name, value in figures.items())


def relative_difference(a: Any, b: Any) -> float:
    """Return the largest |a - b| / max(|a|, |b|), NaN equal to NaN; inf where only one is finite or there.

    >>> relative_difference([1.0, float("nan")], [1.001, float("nan")])
    0.000999...
    """
    if a is None or b is None:
        return np.inf
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape:
        return np.inf
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    a, b = a[~same], b[~same]
    if not (np.isfinite(a) & np.isfinite(b)).all():
        return np.inf
    return float((np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))).max())
