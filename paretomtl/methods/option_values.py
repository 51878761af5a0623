"""Options as numbers, per-task tuples or per-lane tensors: checked once, broadcast at each step.

A `lane_option` is a float, or a [lanes] tensor once lanes with different values share a batch. A
`task_option` is a float for all tasks, a tuple with one number a task, or a [lanes, m] tensor.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from paretomtl.aggregation.recording import recorded
from paretomtl.arrays import as_tensor
from paretomtl.errors import BadInput
from paretomtl.methods.base import Method

PerTask: TypeAlias = "float | tuple[float, ...]"
"""One number for all tasks, or one a task."""


def check_option(
    method: Method, name: str, expected: str, holds: Callable[[Tensor], Tensor] | None = None
) -> None:
    """Check a numeric option, and store arrays and sequences as what a method can use.

    Called from `__post_init__`. Integers and tensors of one number become floats. Of a `task_option`
    lists, arrays and tensors of one axis become tuples, one number a task, and those of more axes
    float64 tensors, lanes in front. Of other options arrays and tensors have one number a lane.

    Args:
        method: The method under construction.
        name: Which option.
        expected: What it must be, for the message: "a number > 0".
        holds: The test, elementwise; None accepts every number but NaN.

    Raises:
        BadInput: The value is not numeric, is NaN, or fails the test.
    """
    value: Any = getattr(method, name)
    of_tasks = bool(_field(method, name).metadata.get("task"))
    if isinstance(value, (np.ndarray, Tensor)):
        array = _array(method, name, value, expected)  # pyright: ignore[reportUnknownArgumentType]
        value = array
        if array.ndim == 0:
            value = float(array)
        elif of_tasks and array.ndim == 1:
            value = tuple(map(float, array))
    elif of_tasks and isinstance(value, (list, tuple)):
        value = tuple(_number(method, name, v, expected) for v in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    else:
        value = _number(method, name, value, expected)
    object.__setattr__(method, name, value)
    tensor = torch.as_tensor(value, dtype=torch.float64)
    if not tensor.numel():
        raise BadInput(f"{_label(method)}: `{name}` must be {expected}; found none.")
    good = ~tensor.isnan() if holds is None else ~tensor.isnan() & holds(tensor)
    if not good.all():
        found = tensor[~good].flatten()[0].item()
        raise BadInput(f"{_label(method)}: `{name}` must be {expected}; found {found}.")


def choose(method: Method, name: str, allowed: tuple[Any, ...]) -> None:
    """Check that an option is one of the `allowed` values.

    Raises:
        BadInput: It is not.
    """
    value = getattr(method, name)
    if not any(type(value) is type(a) and value == a for a in allowed):
        listed = ", ".join(repr(a) for a in allowed)
        raise BadInput(f"{_label(method)}: `{name}` must be one of {listed}; found {value!r}.")


def count(method: Method, name: str, *, least: int) -> None:
    """Check that an option is a whole number of at least `least`.

    Raises:
        BadInput: It is not.
    """
    value: Any = getattr(method, name)
    if isinstance(value, np.integer):
        value = int(value)  # pyright: ignore[reportUnknownArgumentType]
        object.__setattr__(method, name, value)
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
    elif isinstance(value, tuple):
        value = like.new_tensor(value) if recorded() else _constant(value, like.dtype, like.device)
    else:
        return like.new_full((1,), value)
    _check_count(name, value.shape[-1], like.shape[-1])
    return value


@functools.lru_cache(maxsize=256)
def _constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Move a tuple to the device once, not at every step."""
    return torch.tensor(values, dtype=dtype, device=device)


def check_tasks(method: Method, n_tasks: int, *, where: str = "") -> None:
    """Check that a method is defined for a number of tasks, and has options for as many.

    Args:
        method: The method.
        n_tasks: How many tasks there are.
        where: What a message begins with: "on zdt1: ".

    Raises:
        BadInput: It is not, or has not.
    """
    least, most = method.least_tasks, method.most_tasks
    if n_tasks < least or (most is not None and n_tasks > most):
        bound = f"at least {least}" if n_tasks < least else f"at most {most}"
        raise BadInput(
            f"{where}{_label(method)} with these options takes {bound} tasks; found {n_tasks}."
        )
    for f in dataclasses.fields(method):
        value = getattr(method, f.name)
        if f.metadata.get("task") and isinstance(value, tuple):
            _check_count(f.name, len(value), n_tasks, f"{where}{_label(method)}: ")  # pyright: ignore[reportUnknownArgumentType]


def check_lanes(method: Method, batch: tuple[int, ...], n_tasks: int) -> None:
    """Check that options fit the lanes and the tasks they meet.

    Raises:
        BadInput: An option has another number of entries than there are lanes or tasks.
    """
    for f in dataclasses.fields(method):
        value = getattr(method, f.name)
        of_tasks = bool(f.metadata.get("task"))
        if of_tasks and isinstance(value, tuple):
            _check_count(f.name, len(value), n_tasks)  # pyright: ignore[reportUnknownArgumentType]
        if not isinstance(value, Tensor):
            continue
        lanes = tuple(value.shape[:-1]) if of_tasks else tuple(value.shape)
        if lanes != batch:
            raise BadInput(
                f"{_label(method)}: `{f.name}` has numbers for lanes of shape {list(lanes)}, but the "
                f"lanes have shape {list(batch)}; give one number, or one a lane."
            )
        if of_tasks:
            _check_count(f.name, value.shape[-1], n_tasks)


def _check_count(name: str, found: int, n_tasks: int, where: str = "") -> None:
    if found not in (1, n_tasks):
        raise BadInput(f"{where}`{name}` has {found} numbers, but there are {n_tasks} tasks.")


def _field(method: Method, name: str) -> dataclasses.Field[Any]:
    return next(f for f in dataclasses.fields(method) if f.name == name)


def _array(method: Method, name: str, value: object, expected: str) -> Tensor:
    try:
        return as_tensor(name, value).to(torch.float64)
    except (BadInput, RuntimeError) as error:
        raise BadInput(
            f"{_label(method)}: `{name}` must be {expected}; found {value!r}."
        ) from error


def _number(method: Method, name: str, value: object, expected: str) -> float:
    refused = f"{_label(method)}: `{name}` must be {expected}; found"
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise BadInput(f"{refused} {value!r}.")
    try:
        number = float(value)  # pyright: ignore[reportUnknownArgumentType]
    except OverflowError as error:
        raise BadInput(f"{refused} a number beyond {sys.float_info.max:g}.") from error
    if math.isnan(number):
        raise BadInput(f"{refused} nan.")
    return number


def _label(method: Method) -> str:
    return method.name
