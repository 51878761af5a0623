"""What is remembered of a batch while it runs, and how it becomes one outcome a lane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from paretomtl.engine.outcome import Array, Outcome


class Trajectory:
    """Snapshots of a batch of lanes."""

    def __init__(self, n_lanes: int) -> None:
        self._n_lanes = n_lanes
        self._steps: list[int] = []
        self._passes: list[int] = []
        self._seconds: list[float] = []
        self._losses: list[dict[str, Array]] = []
        self._diagnostics: list[dict[str, Array]] = []

    def snapshot(
        self,
        step: int,
        losses: dict[str, Tensor],
        *,
        passes: int,
        seconds: float,
        diagnostics: dict[str, Tensor],
    ) -> None:
        """Keep the losses on each split [lanes, m], the cost so far, and the diagnostics."""
        self._steps.append(step)
        self._passes.append(passes)
        self._seconds.append(seconds / self._n_lanes)
        self._losses.append({split: _array(value) for split, value in losses.items()})
        self._diagnostics.append({name: _array(value) for name, value in diagnostics.items()})

    def outcomes(
        self,
        *,
        died: Tensor,
        x: Tensor | None,
        metrics: Sequence[dict[str, dict[str, float]]],
    ) -> list[Outcome]:
        """Return one outcome a lane; `died` [lanes] is the step where it stopped being finite, or -1."""
        losses = {s: np.stack([at[s] for at in self._losses]) for s in self._losses[-1]}
        names = self._diagnostics[-1]
        diagnostics = {n: self._column(n, names[n]) for n in names}
        died_at = died.cpu().numpy()
        points = None if x is None else _array(x)
        return [
            self._outcome(lane, int(died_at[lane]), losses, diagnostics, points, metrics[lane])
            for lane in range(self._n_lanes)
        ]

    def _outcome(
        self,
        lane: int,
        died: int,
        losses: dict[str, Array],
        diagnostics: dict[str, Array],
        points: Array | None,
        metrics: dict[str, dict[str, float]],
    ) -> Outcome:
        own = {split: values[:, lane].copy() for split, values in losses.items()}
        if died < 0 and not all(np.isfinite(v[-1]).all() for v in own.values()):
            died = self._steps[-1]
        return Outcome(
            status="ok" if died < 0 else "diverged",
            reason="" if died < 0 else f"losses or gradients stopped being finite at step {died}",
            steps=np.array(self._steps, dtype=np.int64),
            losses=own,
            x=None if points is None else points[lane].copy(),
            backward_passes=np.array(self._passes, dtype=np.int64),
            seconds=np.array(self._seconds),
            diagnostics={name: values[:, lane].copy() for name, values in diagnostics.items()},
            metrics=metrics,
        )

    def _column(self, name: str, like: Array) -> Array:
        # Nothing is known before the first step: there the diagnostics are NaN.
        absent = np.full_like(like, np.nan)
        return np.stack([at.get(name, absent) for at in self._diagnostics])


def _array(tensor: Tensor) -> Array:
    return tensor.detach().cpu().double().numpy()
