"""How many bytes the lanes of a batch take: measured on two small batches, not guessed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from paretomtl.engine.batch import Batch
from paretomtl.engine.clock import SNAPSHOTS
from paretomtl.engine.lane import Lane
from paretomtl.problems.base import SPLITS, NeuralProblem, Problem
from paretomtl.sweep.settings import Budget, Settings

ALLOCATOR = 1.3
"""What the CPU's allocator takes for each byte that lives at the peak: freed pieces are not given back at
once. `benchmarks/side_by_side/lane_memory.py` measures it; a GPU's peak is that of its tensors."""

_FEW, _MORE = 4, 8
"""Lanes of the two batches that are measured; a set counts whole. Two give the fixed part and that of each
lane, and neither is one lane alone, for which torch takes other kernels."""


class Line(NamedTuple):
    """Bytes as a straight line: some, and some more for each lane."""

    fixed: float
    each: float

    def at(self, lanes: int) -> float:
        """Return the bytes for so many lanes."""
        return self.fixed + self.each * lanes


class Footprint(NamedTuple):
    """What a batch takes at its peak, by its number of lanes.

    Args:
        rest: Between two steps.
        step: At the peak of a step.
        evaluation: At the peak of an evaluation, as long as all lanes are evaluated together.
        kept: All snapshots of a run.
        together: So many lanes are evaluated together at the most.
        factor: What the allocator takes for each byte.
    """

    rest: Line
    step: Line
    evaluation: Line
    kept: Line
    together: int
    factor: float

    def of(self, lanes: int) -> int:
        """Return the bytes of a batch of so many lanes."""
        evaluated = min(lanes, self.together)
        more = max(0.0, self.evaluation.at(evaluated) - self.rest.at(evaluated))
        peak = max(self.step.at(lanes), self.rest.at(lanes) + more)
        return math.ceil(self.factor * (peak + self.kept.at(lanes)))

    def within(self, limit: float, most: int) -> int:
        """Return how many lanes, at most `most`, take no more than a limit; 0 where not even one does."""
        return next((n for n in range(most, 0, -1) if self.of(n) <= limit), 0)


def footprint(
    problem: Problem, lanes: Sequence[Lane], settings: Settings, *, device: torch.device
) -> Footprint:
    """Return what batches of such lanes take.

    The first lane makes two steps and an evaluation, in a small and a larger batch; straight lines are fitted to
    what was found. Counted is what torch's operations leave behind, data included, and on the
    CPU what its allocator adds.
    """
    if isinstance(problem, NeuralProblem):
        for split in SPLITS:
            # Data that a problem reads once and keeps would be counted in the first of two measurements
            # alone, and the line through both would fall.
            problem.data(split)
    few, more = (_measured(problem, lanes[0], settings, count, device) for count in (_FEW, _MORE))
    slopes = [(b - a) / (_MORE - _FEW) for a, b in zip(few[:4], more[:4], strict=True)]
    fitted = [Line(a - s * _FEW, s) for a, s in zip(few[:4], slopes, strict=True)]
    factor = ALLOCATOR if device.type == "cpu" else 1.0
    return Footprint(*fitted, together=more.together, factor=factor)


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


class _Measured(NamedTuple):
    rest: int
    step: int
    evaluation: int
    kept: int
    together: int


def _measured(
    problem: Problem, lane: Lane, settings: Settings, count: int, device: torch.device
) -> _Measured:
    with LiveBytes() as live:
        batch = _small_batch(problem, lane, settings, count, device)
        batch.step()
        batch.step()
        step, rest = live.peak, live.now
        live.peak = 0
        numbers = [*batch.evaluate().values(), *batch.diagnostics().values()]
        numbers += [value for report in batch.reports() for value in report.values.values()]
        batch.finish()
        snapshots = settings.snapshots or SNAPSHOTS
        kept = snapshots * sum(value.numel() for value in numbers) * torch.float64.itemsize
        return _Measured(rest, step, live.peak, kept, batch.lanes.evaluated_together)


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
        self.peak = max(self.peak, self.now)
        return result

    @property
    def now(self) -> int:
        """The bytes that live."""
        self._living = {k: v for k, v in self._living.items() if not v[0].expired()}
        return sum(size for _, size in self._living.values())
