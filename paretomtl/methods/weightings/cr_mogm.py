"""CR-MOGM: the moving average of another method's weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.errors import BadInput
from paretomtl.methods.base import (
    Card,
    LaneShapes,
    Signals,
    State,
    Weighting,
    by_options,
    lane_option,
    method,
    methods,
)
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.option_values import check_option, lane
from paretomtl.shapes import Weights

_OWN = "average"


@methods.register("cr_mogm")
@dataclass(frozen=True, kw_only=True, eq=False)
class CRMOGM(Weighting):
    """The exponential moving average of the weights of another weighting, against the noise of minibatches.

    Args:
        weighting: The registered name of the weighting that is smoothed.
        alpha: Share of the past in the average, in [0, 1); the first step has no past.
    """

    card = Card(
        title="CR-MOGM",
        formula="w <- alpha w + (1 - alpha) w_hat, w_hat the weights of another method",
        source="Zhou et al. (2022), On the Convergence of Stochastic Multi-Objective Gradient Manipulation, Algorithm 1",
        departures="alpha is fixed; the paper lets it grow to 1.",
        peers=("TorchJD: the same",),
        cost="that of the other method",
    )
    own_preference: ClassVar[bool] = True
    # what the other method reads, this one reads
    random: ClassVar[bool] = by_options(lambda self: self._inner.random, default=False)
    reads_losses: ClassVar[bool] = by_options(lambda self: self._inner.reads_losses, default=False)
    needs_positive_losses: ClassVar[bool] = by_options(
        lambda self: self._inner.needs_positive_losses, default=False
    )
    example: ClassVar[Mapping[str, Any]] = {"weighting": "mgda"}

    weighting: str = "mgda"
    alpha: float = lane_option(0.9)
    _inner: Weighting = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option(self, "alpha", "a number in [0, 1)", lambda v: (v >= 0) & (v < 1))
        inner = method(self.weighting)
        if not isinstance(inner, Weighting) or isinstance(inner, CRMOGM):
            raise BadInput(
                f"`weighting` must name a method that turns a Gramian into weights; found {self.weighting!r}."
            )
        if inner.minibatches != 1:
            raise BadInput(f"`weighting` must read one minibatch; {self.weighting!r} reads two.")
        object.__setattr__(self, "_inner", inner)

    @property
    def least_tasks(self) -> int:
        """Those of the other method."""
        return self._inner.least_tasks

    @property
    def most_tasks(self) -> int | None:
        """Those of the other method."""
        return self._inner.most_tasks

    def init(self, shapes: LaneShapes) -> State:
        """Return the inner method's state, and a NaN average that the first weights replace."""
        inner = self._inner.init(shapes)
        return {
            **inner,
            _OWN: shapes.per_task(torch.nan, dtype=torch.float64),
        }

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the averaged weights and the next state; a bad lane keeps its average."""
        lanes = clean(gramian_of(self, signals))
        inner = {name: value for name, value in state.items() if name != _OWN}
        fresh, inner = self._inner.step(inner, signals)
        fresh = fresh.to(torch.float64)
        past = torch.where(state[_OWN].isnan(), fresh, state[_OWN])
        alpha = lane(self.alpha, past)
        average = alpha * past + (1 - alpha) * fresh
        good = lanes.finite & fresh.isfinite().all(-1)
        kept = keep_bad_lanes(good, {_OWN: state[_OWN]}, {_OWN: average})
        return lanes.restore(average), {**inner, **kept}
