"""Fast adaptive multitask optimization: weights that follow how fast each loss falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from paretomtl.methods.base import Card, LaneShapes, Signals, State, lane_option, methods
from paretomtl.methods.learned import descend, start
from paretomtl.methods.option_values import check_option
from paretomtl.methods.scalarizations.positive import PositiveScalarization
from paretomtl.methods.signals import emphasize


@methods.register("famo")
@dataclass(frozen=True, kw_only=True, eq=False)
class FAMO(PositiveScalarization):
    """Weighted sum of log losses whose weights rise for the tasks that improved least at the last step.

    After the step it looks at the losses on the same minibatch again: one more forward pass. `shift`
    is minus the source's lower bound b of the losses.

    Args:
        lr: Learning rate of the weights' logits under Adam, > 0.
        weight_decay: Pull of the logits to zero, >= 0.
        eps: Added to the losses, >= 0.
    """

    card: ClassVar[Card] = Card(
        title="FAMO",
        formula=(
            "c sum_i z_i m p_i log(L_i - b_i + eps), z = softmax(xi), c = 1 / sum_i (z_i m p_i / (L_i - b_i + eps)); "
            "then xi by Adam along J_softmax^T (log L - log L_next)"
        ),
        source="Liu et al. 2023, FAMO: Fast Adaptive Multitask Optimization, Algorithm 1",
        departures="The losses after the step are taken on the same minibatch, as in the paper and the peers.",
        peers=(
            "TorchJD FAMO, LibMTL FAMO: the same, weight_decay = 1e-3; LibMTL recomputes in train mode.",
            "Authors' code: weight_decay = 1e-5, the next minibatch's losses, b = -21 times the scale on the toy.",
        ),
        cost="O(m) and one forward pass",
    )
    reads_next_losses: ClassVar[bool] = True

    lr: float = lane_option(0.025)
    weight_decay: float = lane_option(1e-3)
    eps: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "lr", "a finite number > 0", lambda v: (v > 0) & v.isfinite())
        check_option(
            self, "weight_decay", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite()
        )
        check_option(self, "eps", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return logits of zero and their optimizer's state."""
        logits = shapes.per_task(0.0)
        return {**start(logits), "previous": torch.ones_like(logits)}

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the scaled sum of logarithms; the scale c is a constant to the gradient."""
        gaps = self._gaps(signals)
        shares = emphasize(torch.softmax(state["parameter"], -1), signals)
        scale = (shares / gaps.detach()).sum(-1).reciprocal()
        return scale * (shares * gaps.log()).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `c m p_i z_i / (L_i - b_i)`, which sums to one."""
        gaps = self._gaps(signals)
        ratios = emphasize(torch.softmax(state["parameter"], -1), signals) / gaps
        return ratios / ratios.sum(-1, keepdim=True)

    def update(self, state: State, signals: Signals) -> State:
        """Return the state that remembers these losses for `observe`."""
        return {**state, "previous": self._gaps(signals).detach()}

    def observe(self, state: State, signals: Signals) -> State:
        """Return the logits after a step against the change of the log losses."""
        change = state["previous"].log() - self._gaps(signals).detach().log()
        shares = torch.softmax(state["parameter"], -1)
        gradient = shares * (change - (shares * change).sum(-1, keepdim=True))
        learned = {name: state[name] for name in state if name != "previous"}
        learned = descend(
            learned, gradient, lr=self.lr, optimizer="adam", weight_decay=self.weight_decay
        )
        return {**learned, "previous": state["previous"]}

    def _gaps(self, signals: Signals) -> Tensor:
        return self.positive(signals) + self.eps
