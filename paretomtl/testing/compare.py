"""Answers and states of two runs, compared to the last bit or nearly."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor

from paretomtl.methods.base import State

Trial: TypeAlias = tuple[list[Tensor], list[State]]
"""Answers to each step, and the states before, between and after."""


def differ(one: Trial, other: Trial, mine: Any, theirs: Any, when: str = "") -> str:
    """Return in words where answers or states of some lanes of two runs differ in any bit."""
    for t, (a, b) in enumerate(zip(one[0], other[0], strict=True)):
        if not same(a[mine], b[theirs]):
            return f"{when}the answer differs at step {t} by {relative(a[mine], b[theirs]):.1e}"
    for t, (before, after) in enumerate(zip(one[1], other[1], strict=True)):
        for name, value in before.items():
            if not same(value[mine], after[name][theirs]):
                return f"{when}state {name!r} differs {f'after step {t - 1}' if t else 'from the start'}"
    return ""


def close(one: Trial, other: Trial, k: int) -> bool:
    """Return whether a run of one lane answers as lane `k` of another run, to 1e-9."""
    return all(relative(a[0], b[k]) < 1e-9 for a, b in zip(one[0], other[0], strict=True))


def same(a: Tensor, b: Tensor) -> bool:
    """Return whether two tensors are equal bit by bit, NaN equal to NaN."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return torch.equal(a, b) or bool(((a == b) | (a.isnan() & b.isnan())).all())


def relative(a: Tensor, b: Tensor) -> float:
    """Return the largest difference, of the largest entry of each lane of `b`."""
    if not a.numel():
        return 0.0
    size = b.abs().amax(-1, keepdim=True).clamp(min=1e-300)
    error = ((a - b).abs() / size).amax()
    return float("inf") if bool(error.isnan()) else float(error)
