"""Scalarizations that learn a log-scale for each task."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import LaneShapes, Scalarization, Signals, State, lane_option
from paretomtl.methods.learned import descend, start
from paretomtl.methods.option_values import PerTask, check_option, choose, per_task


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedScalarization(Scalarization):
    """A scalarization with a log-scale of its own for each task, moved down the gradient of its value.

    Losses must not be negative: a scale would grow without end.

    Args:
        optimizer: "adam" (betas 0.9 and 0.999, as in torch) or "sgd".
        lr: Learning rate of the scales, > 0; apart from that of the network.
        bounds: Lowest and highest log-scale; they stop its drive to infinity when a loss vanishes.
    """

    needs_positive_losses: ClassVar[bool] = True

    optimizer: Literal["adam", "sgd"] = "adam"
    lr: float = lane_option(0.025)
    bounds: tuple[float, float] = (-20.0, 20.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, "optimizer", ("adam", "sgd"))
        check_option(self, "lr", "a number > 0", lambda v: (v > 0) & v.isfinite())
        match self.bounds:
            case (float() | int() as lower, float() | int() as upper) if lower < upper:
                object.__setattr__(self, "bounds", (float(lower), float(upper)))
            case found:
                raise BadInput(
                    f"{self.name}: `bounds` must be a pair of numbers (lower, upper); found {found!r}."
                )

    @property
    @abstractmethod
    def initial(self) -> PerTask:
        """Where the log-scales start."""

    @abstractmethod
    def slope(self, log_scales: Tensor, signals: Signals) -> Tensor:
        """Return the gradient of the value by the log-scales, [*batch, m]."""

    def init(self, shapes: LaneShapes) -> State:
        """Return the initial log-scales and their optimizer's state."""
        zeros = shapes.per_task(0.0)
        initial = per_task(self.initial, zeros, name="initial")
        return start((zeros + initial).clamp(*self.bounds))

    def update(self, state: State, signals: Signals) -> State:
        """Return the log-scales after one step down their gradient."""
        slope = self.slope(state["parameter"], signals)
        state = descend(state, slope, lr=self.lr, optimizer=self.optimizer)
        return {**state, "parameter": state["parameter"].clamp(*self.bounds)}
