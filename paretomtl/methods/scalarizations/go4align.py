"""Group weights from risk indicators: GO4Align."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.aggregation.clusters import cluster_means
from paretomtl.methods.base import Card, LaneShapes, Signals, State, lane_option, methods
from paretomtl.methods.option_values import check_option, count, lane
from paretomtl.methods.scalarizations.loss_statistics import HistoryWeighting
from paretomtl.methods.scalarizations.positive import bounded, reciprocal
from paretomtl.methods.signals import emphasize


@methods.register("go4align")
@dataclass(frozen=True, kw_only=True, eq=False)
class GO4Align(HistoryWeighting):
    """Tasks grouped by their scaled risk indicator; each gets its group's mean indicator as weight.

    Args:
        groups: Number of groups, >= 1; at most the number of tasks is used.
        step_size: Rate at which the indicators follow the risks, >= 0.
    """

    card: ClassVar[Card] = Card(
        title="GO4Align",
        formula=(
            "q <- q exp(-eta L) / sum; indicator_i = q_i sum_j L_j / L_i; "
            "w_i = mean indicator of i's group by k-means"
        ),
        source="Shen et al. 2024, GO4Align: Group Optimization for Multi-Task Alignment, Section 4",
        departures=(
            "The groups are the exact k-means partition of the m numbers (they lie on a line), not the "
            "outcome of a random start. Formula and step size 1e-4 from the authors' code."
        ),
        peers=("Authors' code: k-means from a random start. TorchJD, LibMTL, LibMOON: absent.",),
        cost="O(groups m^2)",
    )

    groups: int = 2
    step_size: float = lane_option(1e-4)

    def __post_init__(self) -> None:
        super().__post_init__()
        count(self, "groups", least=1)
        check_option(self, "step_size", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return equal risk indicators, as logarithms."""
        return {"log_risk": shapes.per_task(0.0)}

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i` times the group means."""
        losses = self.positive(signals).detach()
        risk = torch.exp(self._log_risk(state, losses))
        indicator = risk * losses.sum(-1, keepdim=True) * reciprocal(losses)
        weights = emphasize(cluster_means(indicator, self.groups), signals)
        return bounded(weights)

    def update(self, state: State, signals: Signals) -> State:
        """Return the risk indicators that include these losses."""
        return {"log_risk": self._log_risk(state, self.positive(signals).detach())}

    def _log_risk(self, state: State, losses: Tensor) -> Tensor:
        return torch.log_softmax(state["log_risk"] - lane(self.step_size, losses) * losses, -1)
