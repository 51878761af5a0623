"""Checks of options, and boxes: what every analytic problem needs."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor

from paretomtl.errors import BadInput

DERIVED = cast("int", None)
"""Default of an option that follows from the others unless given; resolved by `resolve`."""


def whole_number(owner: object, option: str, *, low: int, high: int | None = None) -> None:
    """Refuse an option that is not a whole number in the range of the problem's definition.

    Raises:
        BadInput: Names the problem, the option, the allowed range and what was found.
    """
    value = getattr(owner, option)
    allowed = f"at least {low}" if high is None else f"{low}" if high == low else f"{low} to {high}"
    fits = isinstance(value, int) and not isinstance(value, bool)
    if not fits or value < low or (high is not None and value > high):
        raise BadInput(
            f"{_name(owner)} needs `{option}` as a whole number, {allowed}; found {value!r}."
        )


def real_number(
    owner: object,
    option: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
) -> None:
    """Refuse an option that is not a finite number in [low, high], or (low, high] if `open_low`.

    Raises:
        BadInput: Names the problem, the option, the allowed range and what was found.
    """
    value = getattr(owner, option)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (
        not number
        or not math.isfinite(value)
        or not low <= value <= high
        or (open_low and value == low)
    ):
        raise BadInput(
            f"{_name(owner)} needs `{option}` as a number in "
            f"{'(' if open_low else '['}{low:g}, {high:g}]; found {value!r}."
        )


def resolve(owner: object, option: str, value: object) -> None:
    """Give an option that was left at `DERIVED` its value."""
    if getattr(owner, option) is None:
        object.__setattr__(owner, option, value)  # the dataclass is frozen, but not yet in use


def box(n: int, low: float, high: float) -> tuple[Tensor, Tensor]:
    """Return the box [low, high]^n."""
    return (
        torch.full((n,), low, dtype=torch.float64),
        torch.full((n,), high, dtype=torch.float64),
    )


def vector(*values: float) -> Tensor:
    """Return a float64 tensor of the values."""
    return torch.tensor(values, dtype=torch.float64)


def floats(values: Tensor) -> list[float]:
    """Return the numbers of a vector."""
    return [float(value) for value in values]


def _name(owner: object) -> str:
    return repr(getattr(type(owner), "name", type(owner).__name__))
