"""Numbers that a method learns beside the parameters: one vector a lane, with its own optimizer."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from paretomtl.methods.option_values import lane
from paretomtl.methods.state import State


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
