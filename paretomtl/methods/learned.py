"""Numbers that a method learns beside the parameters: one vector a lane, with its own optimizer."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import Scalarization, Signals, State, lane_option
from paretomtl.methods.options import PerTask, choose, lane, per_task, settle


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
        settle(self, "lr", "a number > 0", lambda v: (v > 0) & v.isfinite())
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

    def init(
        self,
        batch: Sequence[int],
        n_tasks: int,
        *,
        n_parameters: int | None = None,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> State:
        """Return the initial log-scales and their optimizer's state."""
        zeros = torch.zeros(*batch, n_tasks, dtype=dtype, device=device)
        initial = per_task(self.initial, zeros, name="initial")
        return start((zeros + initial).clamp(*self.bounds))

    def update(self, state: State, signals: Signals) -> State:
        """Return the log-scales after one step down their gradient."""
        slope = self.slope(state["parameter"], signals)
        state = descend(state, slope, lr=self.lr, optimizer=self.optimizer)
        return {**state, "parameter": state["parameter"].clamp(*self.bounds)}


def start(parameter: Tensor) -> State:
    """Return the state of a learned parameter [*batch, m] and its optimizer, before the first step."""
    return {
        "parameter": parameter,
        "first": torch.zeros_like(parameter),
        "second": torch.zeros_like(parameter),
        "count": torch.zeros(parameter.shape[:-1], dtype=torch.int64, device=parameter.device),
    }


def descend(
    state: State,
    gradient: Tensor,
    *,
    lr: float | Tensor,
    optimizer: Literal["adam", "sgd"],
    weight_decay: float | Tensor = 0.0,
) -> State:
    """Return the state after one step of the parameter's optimizer.

    Adam as in Kingma and Ba 2015, Algorithm 1, with torch's defaults (betas 0.9, 0.999, eps 1e-8), each
    lane with its own step count; weight decay enters the gradient, as in torch's `Adam`.
    """
    parameter = state["parameter"]
    rate = lane(lr, parameter)
    gradient = gradient + lane(weight_decay, parameter) * parameter
    if optimizer == "sgd":
        return {**state, "parameter": parameter - rate * gradient, "count": state["count"] + 1}
    count = state["count"] + 1
    first = 0.9 * state["first"] + 0.1 * gradient
    second = 0.999 * state["second"] + 0.001 * gradient.square()
    mean = first / _bias(0.9, count, parameter)
    root = (second / _bias(0.999, count, parameter)).sqrt()
    return {
        "parameter": parameter - rate * mean / (root + 1e-8),
        "first": first,
        "second": second,
        "count": count,
    }


def _bias(beta: float, count: Tensor, like: Tensor) -> Tensor:
    """Return `1 - beta^count`, [*batch, 1]; by expm1, since pow rounds differently by position."""
    return -torch.expm1(count.to(torch.float64) * math.log(beta)).unsqueeze(-1).to(like)
