"""Which lanes have stopped moving."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from paretomtl.sweep.settings import Stop


class Standstill:
    """Counts for each lane the checks in a row at which no loss had moved.

    Args:
        stop: When a check is due, how many must agree, and what counts as no movement.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._before: Tensor | None = None
        self._count: Tensor | None = None

    def due(self, step: int) -> bool:
        """Whether the losses are checked after `step` steps."""
        return step % self._stop.every == 0

    def stopped(self, losses: Tensor) -> Tensor:
        """Return which lanes have stood still long enough, [lanes], from their losses [lanes, m]."""
        if self._before is None or self._count is None:
            self._count = torch.zeros(len(losses), dtype=torch.int64, device=losses.device)
        else:
            scale = losses.abs().clamp(min=1)
            still = ((losses - self._before).abs() <= self._stop.tolerance * scale).all(-1)
            self._count = torch.where(still, self._count + 1, 0)
        self._before = losses.clone()
        return self._count >= self._stop.patience

    def select(self, rows: Sequence[int]) -> None:
        """Go on with these lanes alone."""
        if self._before is not None and self._count is not None:
            kept = torch.tensor(rows, device=self._before.device)
            self._before, self._count = self._before[kept], self._count[kept]
