"""Hypervolume of a front at every snapshot of its runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from paretomtl.indicators import Judge, batched_hypervolume
from paretomtl.records.record import Record
from paretomtl_reports.analysis.grouping import FrontRuns
from paretomtl_reports.analysis.model import Array, ConvergenceCurve

GRID = 128
"""Steps at which a curve is evaluated, at most."""

MANY = 200
"""Points of a front in five or six objectives from which on its curve would cost minutes."""


def curve(fronts: Sequence[FrontRuns], judge: Judge) -> ConvergenceCurve | None:
    """Return the convergence of an entry's fronts; None when it has no run or would cost minutes.

    Only runs that ended well take part, so that the last value is the front's own hypervolume.
    Between two snapshots a run keeps the losses of the earlier one.
    """
    runs = [list(front.usable) for front in fronts]
    m = len(judge.reference_point)
    if not any(runs) or m > 6 or (m > 4 and max(map(len, runs)) > MANY):
        return None
    everyone = [record for members in runs for record in members]
    steps = _grid([record.outcome.steps for record in everyone])
    reference = torch.from_numpy(judge.reference_point)  # pyright: ignore[reportUnknownMemberType]
    volumes = [
        batched_hypervolume(torch.from_numpy(_points(members, steps, m)), reference).numpy()  # pyright: ignore[reportUnknownMemberType]
        for members in runs
    ]
    return ConvergenceCurve(
        seeds=tuple(front.seed for front in fronts),
        steps=steps,
        passes=_mean([_held(r.outcome.steps, r.outcome.backward_passes, steps) for r in everyone]),
        seconds=_mean([_held(r.outcome.steps, r.outcome.seconds, steps) for r in everyone]),
        hypervolume=np.array(volumes),
    )


def _grid(snapshots: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    steps = np.unique(np.concatenate(snapshots))
    if len(steps) > GRID:
        steps = steps[np.unique(np.linspace(0, len(steps) - 1, GRID).round().astype(int))]
    return steps


def _points(records: Sequence[Record], steps: NDArray[np.int64], m: int) -> Array:
    """Test losses [T, k, m] of some runs on a grid of steps."""
    found = np.full((len(steps), len(records), m), np.nan)
    for k, record in enumerate(records):
        found[:, k] = _held(record.outcome.steps, record.outcome.losses["test"], steps)
    return found


def _held(at: NDArray[np.int64], values: NDArray[np.generic], steps: NDArray[np.int64]) -> Array:
    """The last value at or before each step; NaN before the first."""
    place = np.searchsorted(at, steps, side="right") - 1
    held = values.astype(np.float64)[np.maximum(place, 0)]
    held[place < 0] = np.nan
    return held


def _mean(rows: Sequence[Array]) -> Array:
    return np.mean(np.array(rows), axis=0)
