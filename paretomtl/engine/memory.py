"""How many bytes the lanes of a batch take: measured on two small batches, not guessed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from paretomtl.engine.lane import Lane, Settings
from paretomtl.engine.loop import Batch
from paretomtl.problem import Problem
from paretomtl.sweep.spec import Budget

ALLOCATOR = 1.3
"""What the CPU's allocator takes for each byte that lives at the peak: freed pieces are not given back at
once. `benchmarks/lane_memory.py` measures it; a GPU's peak is that of its tensors."""

_FEW, _MORE = 4, 8
"""Lanes of the two batches that are measured; a set counts whole."""


def bytes_of(
    problem: Problem, lanes: Sequence[Lane], settings: Settings, *, device: torch.device
) -> tuple[int, int]:
    """Return the peak of a batch as two numbers of bytes: fixed, and for each lane.

    The first lanes make two steps and one evaluation, in a small and a larger batch; a straight line
    goes through the two peaks. Counted is what torch's operations leave behind, data included, and on
    the CPU what its allocator adds.
    """
    few, more = (_peak(problem, lanes, settings, count, device) for count in (_FEW, _MORE))
    each = (more - few) / (_MORE - _FEW)
    factor = ALLOCATOR if device.type == "cpu" else 1.0
    return max(0, math.ceil(factor * (few - each * _FEW))), max(1, math.ceil(factor * each))


def working_set(problem: Problem, lane: Lane, settings: Settings) -> int:
    """Return the bytes that one more lane adds to what a step on the CPU works on."""
    peaks: list[int] = []
    for count in (_FEW, _MORE):
        with LiveBytes() as live:
            batch = _small_batch(problem, lane, settings, count, torch.device("cpu"))
            live.peak = 0
            batch.step()
        peaks.append(live.peak)
    few, more = peaks
    return max(1, (more - few) // (_MORE - _FEW))


def _peak(
    problem: Problem, lanes: Sequence[Lane], settings: Settings, count: int, device: torch.device
) -> int:
    with LiveBytes() as live:
        _small_batch(problem, lanes[0], settings, count, device).run(None)
    return live.peak


def _small_batch(
    problem: Problem, lane: Lane, settings: Settings, count: int, device: torch.device
) -> Batch:
    # Members of a set are replaced by lanes of their own: a set costs what its lanes cost.
    own = [replace(lane, member_of="measured" if lane.member_of else "")] * count
    return Batch(problem, own, replace(settings, budget=Budget(steps=2)), device)


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors made while it is active, and the most that lived at once."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._living: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Carry out an operation and count what it leaves."""
        result = func(*args, **(kwargs or {}))
        for leaf in pytree.tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                storage = leaf.untyped_storage()
                reference = StorageWeakRef(storage)
                self._living[reference.cdata] = (reference, storage.nbytes())
        self._living = {k: v for k, v in self._living.items() if not v[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self._living.values()))
        return result
