"""Weights from the recent history of the losses: DWA, CoV weighting, UW-SO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from paretomtl.methods.base import Card, LaneShapes, Signals, State, lane_option, methods
from paretomtl.methods.option_values import check_option, choose, count, lane
from paretomtl.methods.scalarizations.positive import PositiveScalarization, reciprocal
from paretomtl.methods.signals import emphasize


@dataclass(frozen=True, kw_only=True, eq=False)
class HistoryWeighting(PositiveScalarization):
    """A weighted sum of the losses whose weights are constants to the gradient."""

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the weighted sum."""
        return (self.weights(state, signals).detach() * self.shifted(signals)).sum(-1)


@methods.register("dwa")
@dataclass(frozen=True, kw_only=True, eq=False)
class DWA(HistoryWeighting):
    """Weights by the rate at which each loss fell between the last two windows of steps.

    Args:
        window: Steps in a window; an epoch, in the source.
        temperature: T, > 0; large ones even the weights out.
        form: "epoch": disjoint windows, weights change when one ends, equal until two have; "sliding":
            the variant of nash-mtl, which compares the last `window` losses with those before at every
            step after the first `window`, starts its history from ones, and averages over the tasks.
    """

    card: ClassVar[Card] = Card(
        title="Dynamic weight average (DWA)",
        formula="w = m softmax(r / T), r_i = Lbar_i(t-1) / Lbar_i(t-2), Lbar the mean over a window",
        source="Liu, Johns and Davison 2019, End-to-End Multi-Task Learning with Attention, Equation 7",
        departures="Epochs are counted in steps. A window whose mean is zero gives the ratio 1.",
        peers=(
            "TorchJD DWA, LibMTL DWA: form = 'epoch'.",
            "nash-mtl dwa: form = 'sliding', window = 25; the factor 1/m makes it m times shorter.",
        ),
        cost="O(m); the sliding form keeps 2 window m numbers a lane",
    )

    window: int = 25
    temperature: float = lane_option(2.0)
    form: Literal["epoch", "sliding"] = "epoch"

    def __post_init__(self) -> None:
        super().__post_init__()
        count(self, "window", least=1)
        check_option(self, "temperature", "a number > 0", lambda v: v > 0)
        choose(self, "form", ("epoch", "sliding"))

    def init(self, shapes: LaneShapes) -> State:
        """Return an empty history."""
        steps = shapes.counts()
        if self.form == "sliding":
            history = shapes.full(1.0, shapes.n_tasks, 2 * self.window)
            return {"history": history, "steps": steps}
        zeros = shapes.per_task(0.0)
        return {"total": zeros, "last": zeros, "before": zeros, "steps": steps}

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m softmax(r / T)`; for the sliding form, divided by m."""
        losses = self.shifted(signals)
        m = losses.shape[-1]
        if self.form == "sliding":
            history = self._appended(state["history"], losses)
            ready = state["steps"] > self.window
            before = history[..., : self.window].mean(-1)
            last = history[..., self.window :].mean(-1)
        else:
            ready = state["steps"] >= 2 * self.window
            last, before = state["last"], state["before"]
        known = ready.unsqueeze(-1) & (before != 0)
        ratio = torch.where(known, last / torch.where(known, before, 1.0), 1.0)
        shares = torch.softmax(ratio / lane(self.temperature, ratio), -1)
        return emphasize(shares if self.form == "sliding" else m * shares, signals)

    def update(self, state: State, signals: Signals) -> State:
        """Return the history with these losses."""
        losses = self.shifted(signals).detach()
        steps = state["steps"] + 1
        if self.form == "sliding":
            return {"history": self._appended(state["history"], losses), "steps": steps}
        total = state["total"] + losses
        ends = (steps % self.window == 0).unsqueeze(-1)
        return {
            "total": torch.where(ends, 0.0, total),
            "last": torch.where(ends, total / self.window, state["last"]),
            "before": torch.where(ends, state["last"], state["before"]),
            "steps": steps,
        }

    def _appended(self, history: Tensor, losses: Tensor) -> Tensor:
        return torch.cat([history[..., 1:], losses.detach().unsqueeze(-1)], -1)


@methods.register("cov_weighting")
@dataclass(frozen=True, kw_only=True, eq=False)
class CovWeighting(HistoryWeighting):
    """Weights by the coefficient of variation of each loss's ratio to its running mean.

    Args:
        decay: Decay of the running means, in [0, 1); None averages over all steps.
    """

    card: ClassVar[Card] = Card(
        title="CoV-weighting",
        formula="w_i = c_i / sum_j c_j, c_i = std(l_i) / mean(l_i), l_i(t) = L_i(t) / mean of L_i before t",
        source="Groenendijk et al. 2021, Multi-Loss Weighting with Coefficient of Variations, Equations 4 to 7",
        departures="Equal weights for the first two steps, 1e-8 under the root: as in the authors' code.",
        peers=("TorchJD, LibMTL, LibMOON: absent.",),
        cost="O(m)",
    )

    decay: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.decay is not None:
            check_option(self, "decay", "a number in [0, 1)", lambda v: (v >= 0) & (v < 1))

    def init(self, shapes: LaneShapes) -> State:
        """Return empty means of the losses and of their ratios, and the sum of squares."""
        zeros = shapes.per_task(0.0)
        steps = shapes.counts()
        return {"mean_loss": zeros, "mean_ratio": zeros, "squares": zeros, "steps": steps}

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return the coefficients of variation, divided by their sum."""
        losses = self.positive(signals)
        steps = state["steps"].unsqueeze(-1)
        ready = steps > 1
        deviation = (state["squares"] / steps.clamp(min=1) + 1e-8).sqrt()
        variation = torch.where(
            ready, deviation / torch.where(ready, state["mean_ratio"], 1.0), 1.0
        )
        shares = variation / variation.sum(-1, keepdim=True)
        return emphasize(shares.to(losses.dtype), signals)

    def update(self, state: State, signals: Signals) -> State:
        """Return the statistics that include these losses, by Welford's recurrence."""
        losses = self.positive(signals).detach()
        steps = state["steps"].unsqueeze(-1)
        first = steps == 0
        ratio = losses / torch.where(first, losses, state["mean_loss"])
        if self.decay is None:
            kept = steps.to(losses.dtype) / (steps + 1)
        else:
            kept = torch.where(first, 0.0, losses.new_full((1,), self.decay))
        mean = kept * state["mean_ratio"] + (1 - kept) * ratio
        return {
            "mean_loss": kept * state["mean_loss"] + (1 - kept) * losses,
            "mean_ratio": mean,
            "squares": state["squares"] + (ratio - state["mean_ratio"]) * (ratio - mean),
            "steps": state["steps"] + 1,
        }


@methods.register("uw_so")
@dataclass(frozen=True, kw_only=True, eq=False)
class SoftOptimalUncertainty(HistoryWeighting):
    """Weights by the softmax of the reciprocal losses: uncertainty weighting at its optimum, softened.

    Args:
        temperature: T, > 0, to be tuned: large ones even the weights out.
    """

    card: ClassVar[Card] = Card(
        title="Soft optimal uncertainty weighting (UW-SO)",
        formula="sum_i m p_i w_i L_i, w = softmax(1 / (T sg(L)))",
        source="Kirchdorfer et al. 2024, Analytical Uncertainty-Based Loss Weighting, Equation 8",
        departures="Without the softmax (UW-O) it is `live_norm`.",
        peers=("TorchJD, LibMTL, LibMOON: absent.",),
        cost="O(m)",
    )

    temperature: float = lane_option(1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "temperature", "a finite number > 0", lambda v: (v > 0) & v.isfinite())

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i` times the softmax."""
        losses = self.positive(signals).detach()
        inverse = reciprocal(losses.double())
        exponents = (inverse / lane(self.temperature, inverse)).clamp(max=1e300)
        return emphasize(torch.softmax(exponents, -1).to(losses.dtype), signals)
