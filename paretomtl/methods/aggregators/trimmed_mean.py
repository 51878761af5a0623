"""The trimmed mean: a mean that a few wild gradients cannot move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import Aggregator, Card, Signals, State, methods
from paretomtl.methods.jacobian import has_no_weights, jacobian_of
from paretomtl.methods.option_values import count


@methods.register("trimmed_mean")
@dataclass(frozen=True, kw_only=True, eq=False)
class TrimmedMean(Aggregator):
    """At each coordinate the mean of the entries without the largest and smallest few.

    Args:
        trim: How many to leave out at each end, with 2 trim < m; None leaves out as many as can be,
            which is the median of each coordinate.
    """

    card: ClassVar[Card] = Card(
        title="Trimmed mean",
        formula="d_k = mean of g_1k, ..., g_mk without the trim largest and the trim smallest",
        source="Yin et al. 2018, Byzantine-Robust Distributed Learning, Definition 2",
        departures="A robust mean of federated learning; not a multi-task method.",
        peers=("TorchJD TrimmedMean(trim_number): the same. LibMTL: absent.",),
        cost="O(n m log m)",
    )

    trim: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        has_no_weights(self)
        if self.trim is not None:
            count(self, "trim", least=0)

    @property
    def least_tasks(self) -> int:
        """2 `trim` + 1."""
        return 1 if self.trim is None else 2 * self.trim + 1

    def aggregate(self, state: State, signals: Signals) -> tuple[Tensor, State]:
        """Return the trimmed mean, and the state unchanged."""
        rows = jacobian_of(self, signals)
        m = rows.shape[-2]
        trim = (m - 1) // 2 if self.trim is None else self.trim
        if 2 * trim >= m:
            raise BadInput(
                f"trimmed_mean: `trim` = {trim} at each end leaves nothing of {m} tasks; "
                f"it can be at most {(m - 1) // 2}."
            )
        # a NaN sorts to the end, where it would be trimmed away unseen
        sound = rows.isfinite().all(-2)
        kept = rows.sort(-2).values[..., trim : m - trim, :].mean(-2)
        return torch.where(sound, kept, torch.nan), state
