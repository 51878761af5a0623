"""Options as numbers, per-task tuples or per-lane tensors: checked once, broadcast at each step.

A `lane_option` is a float, or a [lanes] tensor once lanes with different values share a batch. A
per-task option is a float for all tasks, a tuple with one number a task, or (as a lane option) a
[lanes, m] tensor.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from paretomtl.aggregation.recording import recorded
from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, Signals

PerTask: TypeAlias = "float | tuple[float, ...]"
"""One number for all tasks, or one a task."""


def settle(
    method: Method, name: str, expected: str, holds: Callable[[Tensor], Tensor] | None = None
) -> None:
    """Check a numeric option, and store arrays and sequences as what a method can use.

    Called from `__post_init__`. NumPy arrays become float64 tensors (one value a lane), lists become
    tuples (one value a task), integers become floats.

    Args:
        method: The method under construction.
        name: Which option.
        expected: What it must be, for the message: "a number > 0".
        holds: The test, elementwise; None accepts every number but NaN.

    Raises:
        BadInput: The value is not numeric, is NaN, or fails the test.
    """
    value = getattr(method, name)
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(value, dtype=torch.float64)
    elif isinstance(value, (list, tuple)):
        value = tuple(_number(method, name, v, expected) for v in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    elif not isinstance(value, Tensor):
        value = _number(method, name, value, expected)
    object.__setattr__(method, name, value)
    tensor = torch.as_tensor(value, dtype=torch.float64)
    good = ~tensor.isnan() if holds is None else ~tensor.isnan() & holds(tensor)
    if not good.all():
        found = tensor[~good].flatten()[0].item() if tensor.ndim else value
        raise BadInput(f"{_label(method)}: `{name}` must be {expected}; found {found}.")


def choose(method: Method, name: str, allowed: tuple[Any, ...]) -> None:
    """Check that an option is one of the `allowed` values.

    Raises:
        BadInput: It is not.
    """
    value = getattr(method, name)
    if value not in allowed:
        listed = ", ".join(repr(a) for a in allowed)
        raise BadInput(f"{_label(method)}: `{name}` must be one of {listed}; found {value!r}.")


def count(method: Method, name: str, *, least: int) -> None:
    """Check that an option is a whole number of at least `least`.

    Raises:
        BadInput: It is not.
    """
    value = getattr(method, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadInput(
            f"{_label(method)}: `{name}` must be a whole number >= {least}; found {value!r}."
        )


def lane(value: float | Tensor, like: Tensor) -> Tensor:
    """Return a lane option as a tensor that broadcasts against [*batch, m], in `like`'s dtype."""
    if isinstance(value, Tensor):
        return value.to(like).unsqueeze(-1)
    return like.new_full((1,), value)


def per_task(value: PerTask | Tensor, like: Tensor, *, name: str) -> Tensor:
    """Return a per-task option as a tensor that broadcasts against `like`, [*batch, m].

    Raises:
        BadInput: It has not one number for each of the m tasks.
    """
    if isinstance(value, Tensor):
        value = value.to(like)
        value = value.unsqueeze(-1) if value.ndim < 2 else value
    elif isinstance(value, tuple):
        value = like.new_tensor(value) if recorded() else _constant(value, like.dtype, like.device)
    else:
        return like.new_full((1,), value)
    if value.shape[-1] not in (1, like.shape[-1]):
        raise BadInput(
            f"`{name}` has {value.shape[-1]} numbers, but there are {like.shape[-1]} tasks."
        )
    return value


def losses_of(signals: Signals) -> Tensor:
    """Return the losses, which the method's type promises to be there.

    Raises:
        BadInput: They are missing.
    """
    if signals.losses is None:
        raise BadInput("this method reads the losses, and the signals hold none.")
    # sums over a strided axis round in another order: a lane must not depend on the layout
    return signals.losses.contiguous()


def coefficients(signals: Signals, like: Tensor) -> Tensor:
    """Return the preference as coefficients that sum to one, [*batch, m] or [m]; uniform if None."""
    if signals.preference is None:
        m = like.shape[-1]
        return like.new_full((m,), 1 / m)
    return signals.preference.to(like.dtype)


def emphasize(terms: Tensor, signals: Signals) -> Tensor:
    """Multiply each task's term by m times its preference; uniform leaves the paper's method."""
    if signals.preference is None:
        return terms
    return terms * (signals.preference * signals.preference.shape[-1]).to(terms.dtype)


def ideal_of(own: PerTask | Tensor | None, signals: Signals, like: Tensor) -> Tensor | None:
    """Return the point losses are measured from: the option if given, else the problem's, else None."""
    if own is not None:
        return per_task(own, like, name="ideal")
    return None if signals.ideal is None else signals.ideal.to(like)


def above_ideal(own: PerTask | Tensor | None, signals: Signals) -> Tensor:
    """Return the losses measured from the ideal point, `L - z`."""
    losses = losses_of(signals)
    ideal = ideal_of(own, signals, losses)
    return losses if ideal is None else losses - ideal


@functools.lru_cache(maxsize=256)
def _constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Move a tuple to the device once, not at every step."""
    return torch.tensor(values, dtype=dtype, device=device)


def _number(method: Method, name: str, value: object, expected: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise BadInput(f"{_label(method)}: `{name}` must be {expected}; found {value!r}.")
    number = float(value)  # pyright: ignore[reportUnknownArgumentType]
    if math.isnan(number):
        raise BadInput(f"{_label(method)}: `{name}` must be {expected}; found nan.")
    return number


def _label(method: Method) -> str:
    return getattr(method, "name", type(method).__name__)
