"""The method under test, and the ways in which its inputs are changed."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from paretomtl.methods.base import Method, Signals, State
from paretomtl.testing.samplers import Case, kinds_for, run


class Subject:
    """A method under test.

    Args:
        method: The method, constructed.
        seed: Determines what is drawn beside the case.

    Attributes:
        tasks: Numbers of tasks that it is tried with.
        kinds: Kinds of input that it must answer.
    """

    def __init__(self, method: Method, seed: int) -> None:
        self.method = method
        self.seed = seed
        self.tasks: tuple[int, ...] = ()
        self.kinds = kinds_for(method)

    def run(self, case: Case) -> tuple[list[Tensor], list[State]]:
        """Return the answers and states of a copy, so that no run depends on an earlier one."""
        return run(copy.copy(self.method), case)


def without_preference(case: Case, ideal: Tensor | None = None) -> Case:
    """Return the case without a preference, and with the ideal that is given."""
    return dataclasses.replace(
        case,
        signals=tuple(dataclasses.replace(s, preference=None, ideal=ideal) for s in case.signals),
    )


def changed(case: Case, field: str, change: Callable[[Tensor], Tensor]) -> Case:
    """Return the case with one field of its signals changed at every step."""
    return case.edit(lambda name, v: change(v) if name == field else v)


def with_uniform_preference(case: Case) -> Case:
    """Return the case with a preference of 1/m for every task."""
    return changed(case, "preference", lambda v: torch.full_like(v, 1 / v.shape[-1]))


def to_dtype(case: Case, dtype: torch.dtype) -> Case:
    """Return the case with floating-point tensors in that type."""
    return case.edit(lambda name, v: v.to(dtype) if v.is_floating_point() else v)


def dtype_name(dtype: torch.dtype) -> str:
    """Return the name of a type, as in "float32"."""
    return str(dtype).removeprefix("torch.")


def given(signals: Signals) -> Tensor:
    """Return the losses, which every case has."""
    assert signals.losses is not None
    return signals.losses
