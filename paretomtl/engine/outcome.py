"""What the engine hands back for one run: numbers only, no spec, no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Status: TypeAlias = Literal["ok", "diverged", "failed"]
Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One finished run.

    Args:
        status: "ok"; "diverged" when losses or gradients stopped being finite (the lane was frozen
            there and takes no further step); "failed" when it could not be run at all.
        reason: Empty for "ok"; otherwise what happened and at which step.
        steps: [T] int64, steps made at each snapshot; the first is 0, the last is where the run ended:
            its budget, an early stop, or the first snapshot after it diverged.
        losses: Split name to [T, m] float64. Analytic problems have the single split "test".
        x: The final point, [n] float64, of an analytic problem; None for networks.
        backward_passes: Passes at each snapshot, [T] int64, counted for this lane.
        seconds: Wall-clock of its batch at each snapshot, [T], divided by the batch's runs.
        diagnostics: Name to [T] or [T, ...] float64: cosines, norms, effective weights, ...
        metrics: Final further figures by split and name, such as accuracies.
    """

    status: Status
    reason: str
    steps: NDArray[np.int64]
    losses: dict[str, Array]
    x: Array | None
    backward_passes: NDArray[np.int64]
    seconds: Array
    diagnostics: dict[str, Array] = field(default_factory=dict[str, Array])
    metrics: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])

    @property
    def final(self) -> dict[str, Array]:
        """Losses at the end, split name to [m]."""
        return {split: values[-1] for split, values in self.losses.items()}
