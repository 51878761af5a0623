"""What is kept of a batch while it runs, and how it becomes one outcome a lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from paretomtl.engine.outcome import Array, Outcome


class Report(NamedTuple):
    """What a method reports of itself: for some rows of the batch, by name [rows, ...]."""

    rows: range
    values: Mapping[str, Tensor]


class Trajectory:
    """Snapshots of a batch of lanes; each lane's own ends when it stops or diverges.

    Lanes go by their place in the batch as it began: those that have ended may leave it.
    """

    def __init__(self, n_lanes: int) -> None:
        self._n_lanes = n_lanes
        self._steps: list[int] = []
        self._passes: list[int] = []
        self._seconds: list[float] = []
        self._losses: list[dict[str, Array]] = []
        self._diagnostics: list[dict[str, Array]] = []
        self._reports: list[dict[int, dict[str, Array]]] = []
        self._rows: list[dict[int, int]] = []
        self._kept: list[list[int]] = [[] for _ in range(n_lanes)]
        self._ended = [False] * n_lanes
        self._died = [-1] * n_lanes
        self._x: dict[int, Array] = {}
        self._metrics: dict[int, dict[str, dict[str, float]]] = {}

    def snapshot(
        self,
        step: int,
        losses: Mapping[str, Tensor],
        *,
        lanes: Sequence[int],
        kept: Sequence[bool],
        going: Sequence[bool],
        passes: int,
        seconds: float,
        diagnostics: Mapping[str, Tensor],
        reports: Sequence[Report],
    ) -> None:
        """Keep the losses on each split [lanes, m], the cost so far, and the diagnostics.

        Args:
            step: Steps made.
            losses: Split name to the losses of the lanes that are there.
            lanes: Their places.
            kept: Which of them keep this snapshot.
            going: Whether each goes on after this snapshot.
            passes: Backward passes of one lane so far.
            seconds: Since the batch began.
            diagnostics: Name to the values of the same lanes.
            reports: What methods report of some of them.
        """
        self._steps.append(step)
        self._passes.append(passes)
        self._seconds.append(seconds / self._n_lanes)
        self._losses.append({split: _array(value) for split, value in losses.items()})
        self._diagnostics.append({name: _array(value) for name, value in diagnostics.items()})
        reported: dict[int, dict[str, Array]] = {}
        for report in reports:
            arrays = {name: _array(value) for name, value in report.values.items()}
            for place, row in enumerate(report.rows):
                reported[lanes[row]] = {name: array[place] for name, array in arrays.items()}
        self._reports.append(reported)
        self._rows.append({lane: row for row, lane in enumerate(lanes)})
        for lane, keeps, goes_on in zip(lanes, kept, going, strict=True):
            if keeps and not self._ended[lane]:
                self._kept[lane].append(len(self._steps) - 1)
                self._ended[lane] = not goes_on

    def has_ended(self, lane: int) -> bool:
        """Return whether a lane's last snapshot has been kept."""
        return self._ended[lane]

    def leave(
        self,
        lanes: Sequence[int],
        *,
        died: Sequence[int],
        x: Tensor | None,
        metrics: Sequence[dict[str, dict[str, float]]],
    ) -> None:
        """Keep the final results of some lanes; `died` is the step where each stopped being finite, or -1."""
        points = None if x is None else _array(x)
        for row, lane in enumerate(lanes):
            self._died[lane] = died[row]
            self._metrics[lane] = metrics[row]
            if points is not None:
                self._x[lane] = points[row].copy()

    def outcomes(self) -> list[Outcome]:
        """Return one outcome a lane; all have left."""
        return [self._outcome(lane) for lane in range(self._n_lanes)]

    def _outcome(self, lane: int) -> Outcome:
        kept, died = self._kept[lane], self._died[lane]
        rows = [(t, self._rows[t][lane]) for t in kept]
        own = {
            split: np.stack([self._losses[t][split][row] for t, row in rows])
            for split in self._losses[0]
        }
        if died < 0 and not all(np.isfinite(v[-1]).all() for v in own.values()):
            died = self._steps[kept[-1]]
        return Outcome(
            status="ok" if died < 0 else "diverged",
            reason="" if died < 0 else f"losses or gradients stopped being finite at step {died}",
            steps=np.array([self._steps[t] for t in kept], dtype=np.int64),
            losses=own,
            x=self._x.get(lane),
            backward_passes=np.array([self._passes[t] for t in kept], dtype=np.int64),
            seconds=np.array([self._seconds[t] for t in kept]),
            diagnostics={**self._own_reports(lane, kept), **self._own_diagnostics(rows)},
            metrics=self._metrics[lane],
        )

    def _own_reports(self, lane: int, kept: Sequence[int]) -> dict[str, Array]:
        reports = [self._reports[t].get(lane, {}) for t in kept]
        like = {name: value for at in reports for name, value in at.items()}
        return {
            name: np.stack([at.get(name, np.full_like(value, np.nan)) for at in reports])
            for name, value in like.items()
        }

    def _own_diagnostics(self, rows: Sequence[tuple[int, int]]) -> dict[str, Array]:
        # Nothing is known before the first step: there the diagnostics are NaN.
        known: dict[str, Array] = next((at for at in self._diagnostics if at), dict[str, Array]())
        return {
            name: np.stack(
                [
                    self._diagnostics[t][name][row]
                    if name in self._diagnostics[t]
                    else np.full_like(like[0], np.nan)
                    for t, row in rows
                ]
            )
            for name, like in known.items()
        }


def _array(tensor: Tensor) -> Array:
    return tensor.detach().cpu().double().numpy()
