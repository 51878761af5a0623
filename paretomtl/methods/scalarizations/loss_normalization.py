"""Losses divided by a scale of their own: their logarithm, their current, first, or prior value."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from paretomtl.methods.base import (
    Card,
    LaneShapes,
    Scalarization,
    Signals,
    State,
    lane_option,
    methods,
    task_option,
)
from paretomtl.methods.option_values import PerTask, check_option, count, lane, per_task
from paretomtl.methods.scalarizations.positive import PositiveScalarization, bounded, reciprocal
from paretomtl.methods.signals import emphasize, losses_of


@methods.register("log_sum")
@dataclass(frozen=True, kw_only=True, eq=False)
class LogSum(PositiveScalarization):
    """Sum of the logarithms of the losses: indifferent to the unit of each loss."""

    card: ClassVar[Card] = Card(
        title="Log-sum (SI, scale-invariant)",
        formula="sum_i m p_i log L_i;  gradient m p_i / L_i",
        source="Navon et al. 2022, Multi-Task Learning as a Bargaining Game (baseline SI)",
        peers=(
            "TorchJD: absent.",
            "LibMTL: absent, but STCH uses it during its warm-up epochs.",
        ),
        cost="O(m)",
    )

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return `sum_i m p_i log L_i`."""
        return emphasize(self.positive(signals).log(), signals).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i / L_i`."""
        return bounded(emphasize(reciprocal(self.positive(signals)), signals))


VANISHING = 1e-8
"""Share of the largest loss below which a loss counts as vanishing."""


@methods.register("live_norm")
@dataclass(frozen=True, kw_only=True, eq=False)
class LiveNorm(PositiveScalarization):
    """Each loss divided by its own current value, held constant: always worth m, gradient of `log_sum`.

    Its value says nothing about progress: watch the losses or their logarithms. On small minibatches
    the reciprocal is biased; `decay` divides by a running mean instead.

    Args:
        eps: Added to the denominator, >= 0; bounds the weight of a vanishing loss.
        decay: Decay of the running mean of each loss, in [0, 1); 0 divides by the current loss.
    """

    card: ClassVar[Card] = Card(
        title="Real-time normalisation (stop-gradient)",
        formula="sum_i m p_i L_i / sg(Lbar_i + eps),  Lbar <- decay Lbar + (1 - decay) L, Lbar(0) = L(0)",
        departures=(
            "A loss <= 0 gives its lane NaN weights, so that the run is reported. A loss that vanishes beside "
            "the others takes all the weight: direct calls warn, a run shows it in its gradient shares; "
            "`eps` bounds the weight."
        ),
        source="Su, kexue.fm, Multi-task talk (1), 2022",
        peers=("TorchJD, LibMTL, LibMOON: absent.",),
        cost="O(m)",
    )

    eps: float = lane_option(0.0)
    decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "eps", "a finite number >= 0", lambda v: (v >= 0) & v.isfinite())
        check_option(self, "decay", "a number in [0, 1)", lambda v: (v >= 0) & (v < 1))

    def init(self, shapes: LaneShapes) -> State:
        """Return an empty running mean, if there is one."""
        if self.decay == 0:
            return {}
        return running_mean(shapes)

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the sum of the normalised losses."""
        return (self.weights(state, signals).detach() * self.positive(signals)).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i / (Lbar_i + eps)`."""
        mean = self._mean(state, signals)
        if isinstance(self.eps, Tensor) or self.eps > 0:
            mean = mean + lane(self.eps, mean)
        return bounded(emphasize(reciprocal(mean), signals))

    def update(self, state: State, signals: Signals) -> State:
        """Return the running mean that includes these losses."""
        if self.decay == 0:
            return state
        return {"mean": self._mean(state, signals), "count": state["count"] + 1}

    def check_losses(self, losses: Tensor) -> None:
        """Warn where dividing by the losses gives one task all the weight."""
        unbounded = (torch.as_tensor(self.eps) == 0).unsqueeze(-1)
        vanishing = losses < VANISHING * losses.amax(-1, keepdim=True)
        small = vanishing & unbounded & losses.isfinite().all(-1, keepdim=True)
        if bool(small.any()):
            place: list[int] = small.nonzero()[0].tolist()  # pyright: ignore[reportUnknownVariableType]
            *at, task = place
            where = f" in lane {at}" if at else ""
            warnings.warn(
                f"live_norm divides by a loss that vanishes: {losses[tuple(place)].item():g} for task "
                f"{task + 1}{where}, less than {VANISHING:g} of the largest; its weight hides all others. "
                "Set `eps`, or `decay` for a running mean.",
                stacklevel=5,
            )

    def _mean(self, state: State, signals: Signals) -> Tensor:
        losses = self.positive(signals).detach()
        if self.decay == 0:
            return losses
        first = (state["count"] == 0).unsqueeze(-1)
        return torch.where(first, losses, self.decay * state["mean"] + (1 - self.decay) * losses)


@methods.register("init_norm")
@dataclass(frozen=True, kw_only=True, eq=False)
class InitNorm(PositiveScalarization):
    """Each loss divided by its value at the start, averaged over the first minibatches.

    Args:
        batches: How many steps L(0) is averaged over, >= 1; until then over those so far.
        initial: L(0) as known from theory (see `paretomtl.losses.reference`), one number a task; None
            measures.
    """

    card: ClassVar[Card] = Card(
        title="Initial-loss normalisation",
        formula="sum_i m p_i L_i / L_i(0)",
        source="Su, kexue.fm, Multi-task talk (1), 2022",
        departures="A lane whose measured L(0) is not positive gets NaN weights, so that the run is reported.",
        peers=(
            "TorchJD, LibMTL, LibMOON: absent; GradNorm and LibMTL's STCH use the same ratio inside.",
        ),
        cost="O(m)",
    )

    batches: int = 1
    initial: PerTask | None = task_option(None, lane=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        count(self, "batches", least=1)
        if self.initial is not None:
            check_option(
                self,
                "initial",
                "a finite number > 0, or one a task",
                lambda v: (v > 0) & v.isfinite(),
            )

    def init(self, shapes: LaneShapes) -> State:
        """Return an empty mean of the first losses, if they are measured."""
        return {} if self.initial is not None else running_mean(shapes)

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the sum of the normalised losses."""
        return (self.weights(state, signals) * self.shifted(signals)).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i / L_i(0)`."""
        if self.initial is not None:
            losses = losses_of(self, signals)
            scale = per_task(self.initial, losses, name="initial").expand(losses.shape)
            return emphasize(scale.reciprocal(), signals)
        scale = self._initial(state, signals)
        return emphasize(torch.where(scale > 0, scale.reciprocal(), torch.nan), signals)

    def update(self, state: State, signals: Signals) -> State:
        """Return the mean of the first losses, and how many went in."""
        if self.initial is not None:
            return state
        counted = (state["count"] + 1).clamp(max=self.batches)
        return {"mean": self._initial(state, signals), "count": counted}

    def _initial(self, state: State, signals: Signals) -> Tensor:
        losses = self.shifted(signals).detach()
        counted = state["count"].unsqueeze(-1)
        mean = state["mean"] + (losses - state["mean"]) / (counted + 1)
        return torch.where(counted < self.batches, mean, state["mean"])


@methods.register("prior_norm")
@dataclass(frozen=True, kw_only=True, eq=False)
class PriorNorm(Scalarization):
    """Each loss divided by that of the best constant predictor, known from the training labels.

    Args:
        prior: Loss of the best constant predictor, one number a task: label entropy in nats for
            cross-entropy, label variance for squared error (see `paretomtl.losses.reference`).
    """

    card: ClassVar[Card] = Card(
        title="Prior normalisation",
        formula="sum_i m p_i L_i / L_i(prior)",
        source="Su, kexue.fm, Multi-task talk (1), 2022",
        peers=("TorchJD, LibMTL, LibMOON: absent.",),
        cost="O(m)",
    )
    example: ClassVar[Mapping[str, Any]] = {"prior": 1.0}

    prior: PerTask = task_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(
            self, "prior", "a finite number > 0, or one a task", lambda v: (v > 0) & v.isfinite()
        )

    def value(self, state: State, signals: Signals) -> Tensor:
        """Return the sum of the normalised losses."""
        return (self.weights(state, signals) * losses_of(self, signals)).sum(-1)

    def weights(self, state: State, signals: Signals) -> Tensor:
        """Return `m p_i / L_i(prior)`."""
        losses = losses_of(self, signals)
        prior = per_task(self.prior, losses, name="prior").expand(losses.shape)
        return emphasize(prior.reciprocal(), signals)


def running_mean(shapes: LaneShapes) -> State:
    """Return the state of an empty mean of losses: `mean` [*batch, m] and `count` [*batch]."""
    return {
        "mean": shapes.per_task(0.0),
        "count": shapes.counts(),
    }
