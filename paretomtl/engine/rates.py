"""How the learning rate changes while a batch runs: a factor on every lane's own rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from paretomtl.aggregation.diagnostics import cosine_matrix
from paretomtl.sweep.settings import ConflictAware, Optimizer


class Rate:
    """The factor of each step: cosine decay over the budget, and caution where tasks conflict.

    Args:
        optimizer: The settings that name the schedule.
        total: Steps in all; None with a budget of seconds.
        n_lanes: Lanes of the batch.
        dtype: Floating-point type of the factor of each lane.
        device: Where the lanes live.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        total: int | None,
        n_lanes: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self._total = total if optimizer.schedule == "cosine" else None
        self._conflict = optimizer.conflict
        self.caution: Tensor | None = None
        """The cautious factor of each lane, [lanes]."""
        if optimizer.conflict is not None:
            self.caution = torch.ones(n_lanes, dtype=dtype, device=device)

    def scheduled(self, step: int) -> float:
        """Return what the schedule says of this step (0 is the first)."""
        if self._total is None:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * step / self._total))

    def factor(self, scheduled: float | Tensor, gramian: Tensor | None) -> float | Tensor:
        """Return the factor of this step, a number or [lanes], more cautious where tasks conflict."""
        if self._conflict is None or self.caution is None:
            return scheduled
        assert gramian is not None
        self.caution = cautious(self._conflict, self.caution, gramian)
        return scheduled * self.caution


def cautious(settings: ConflictAware, caution: Tensor, gramian: Tensor) -> Tensor:
    """Return the next factor of each lane, [lanes], from the Gramian [lanes, m, m].

    A task without gradient conflicts with none.
    """
    smallest = torch.nan_to_num(cosine_matrix(gramian), nan=1.0).flatten(-2).amin(-1)
    conflict = 1 - smallest.to(caution.dtype)
    shrunk, grown = caution * settings.shrink, caution * settings.grow
    factor = torch.where(conflict > settings.threshold, shrunk, grown)
    return factor.clamp(settings.lowest, settings.highest)
