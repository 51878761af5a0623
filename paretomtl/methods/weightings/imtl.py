"""IMTL: learned loss scales (IMTL-L) and impartial gradients (IMTL-G) together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from paretomtl.aggregation.lanes import clean
from paretomtl.methods.base import Card, LaneShapes, Signals, State, Weighting, lane_option, methods
from paretomtl.methods.gramian import gramian_of, keep_bad_lanes
from paretomtl.methods.learned import descend, start
from paretomtl.methods.option_values import check_option, choose
from paretomtl.methods.signals import losses_of
from paretomtl.methods.weightings.imtl_g import impartial_weights
from paretomtl.shapes import Weights


@methods.register("imtl")
@dataclass(frozen=True, kw_only=True, eq=False)
class IMTL(Weighting):
    """IMTL-G on the gradients of losses that IMTL-L scales: `sum_i e^(s_i) L_i - s_i`, s learned.

    The shared parameters feel only the ratios that IMTL-G leaves; the scales matter for the heads, which
    the engine weighs if asked to.

    Args:
        optimizer: Of the scales: "adam" or "sgd".
        lr: Learning rate of the scales, > 0.
    """

    card = Card(
        title="IMTL",
        formula="a = IMTL-G of the rows e^(s_i) g_i; w_i = a_i e^(s_i); s down the gradient e^(s_i) L_i - 1",
        source="Liu et al. (2021), Towards Impartial Multi-task Learning, Algorithm 1",
        departures="The scales have their own optimizer.",
        peers=("LibMTL: its IMTL; the scales share the network's optimizer",),
        cost="that of imtl_g",
    )
    reads_losses: ClassVar[bool] = True
    needs_positive_losses: ClassVar[bool] = True

    optimizer: Literal["adam", "sgd"] = "adam"
    lr: float = lane_option(0.025)

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "optimizer", ("adam", "sgd"))
        check_option(self, "lr", "a finite number > 0", lambda v: (v > 0) & v.isfinite())

    def init(self, shapes: LaneShapes) -> State:
        """Return log-scales of zero and their optimizer's state."""
        return start(shapes.per_task(0.0, dtype=torch.float64))

    def weigh(self, state: State, signals: Signals) -> tuple[Weights, State]:
        """Return the weights with the scales as they are, and the moved scales."""
        lanes = clean(gramian_of(self, signals))
        losses = losses_of(self, signals).to(torch.float64)
        good = lanes.finite & losses.isfinite().all(-1)
        scales = state["parameter"].exp()
        gramian = scales.unsqueeze(-1) * lanes.matrix * scales.unsqueeze(-2)
        weights = impartial_weights(gramian, precision=lanes.precision) * scales
        losses = torch.where(good.unsqueeze(-1), losses, 1.0)
        after = descend(state, scales * losses - 1, lr=self.lr, optimizer=self.optimizer)
        return lanes.only(good).restore(weights), keep_bad_lanes(good, state, after)
