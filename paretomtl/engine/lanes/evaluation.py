"""Networks on all samples of their splits: in chunks of samples, and in blocks of lanes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator, Mapping

import torch
from torch import Tensor

from paretomtl.engine.compiled.graph import compiled
from paretomtl.engine.lanes.base import Copies
from paretomtl.engine.lanes.stack import Stack
from paretomtl.problems.base import SPLITS, Split

EVALUATION_CHUNK = 2048
"""Samples evaluated at once."""

COMPILED_CHUNK = 256
"""The same on the CPU where evaluation is compiled: what a call works on stays in cache."""

EVALUATION_LANES = 16
"""Lanes evaluated at once on the CPU, so that their activations stay in cache and take the same memory
however many lanes there are. A compiled evaluation takes all lanes of its batch, and fewer samples."""


class Evaluation:
    """Mean losses and metrics of stacked networks on each split.

    Args:
        stack: How losses and metrics follow from the copies.
        data: Split name to tensors, on the device and in the type of the copies.
    """

    def __init__(self, stack: Stack, data: Mapping[Split, tuple[Tensor, ...]]) -> None:
        self._stack, self._data = stack, data
        self._chunk = EVALUATION_CHUNK
        self.together = EVALUATION_LANES if stack.device.type == "cpu" else sys.maxsize
        """So many lanes are evaluated at once, at the most."""
        self._whole_chunk: Callable[..., Tensor] | None = None
        self._whole_layout: list[tuple[object, ...]] = []

    def compile(self, copies: Copies, *, what: Hashable) -> None:
        """Evaluate by a compiled program from now on.

        What is left over of a split, and a split of another shape or type, is evaluated without.

        Args:
            copies: Those that will be evaluated, or others of their shapes.
            what: What the losses are: batches for which it is equal share the program.
        """

        def of_tensors(*tensors: Tensor) -> Tensor:
            n, end = len(copies.trained), len(copies.trained) + len(copies.frozen)
            given = Copies(list(tensors[:n]), list(tensors[n:end]))
            return self._stack.losses(given, tensors[end:], None)

        size = COMPILED_CHUNK if self._stack.device.type == "cpu" else EVALUATION_CHUNK
        data = next((d for d in self._data.values() if len(d[0]) >= size), None)
        if data is not None:
            self._chunk = size
            chunk = next(_chunks(data, size))
            self._whole_layout = _layout(chunk)
            inputs = [*copies.trained, *copies.frozen, *chunk]
            self._whole_chunk = compiled(of_tensors, inputs, what=what)

    @torch.no_grad()
    def losses(self, copies: Copies) -> dict[str, Tensor]:
        """Return the mean losses over all samples of each split."""
        return {split: self._split_losses(copies, split) for split in SPLITS}

    @torch.no_grad()
    def metrics(self, copies: Copies) -> list[dict[str, dict[str, float]]]:
        """Return the metrics of each lane, by split and name."""
        figures: list[dict[str, dict[str, float]]] = [{} for _ in range(copies.n_lanes)]
        for split in SPLITS:
            for name, column in self._split_metrics(copies, split).items():
                for lane, value in enumerate(column.cpu().numpy()):
                    figures[lane].setdefault(split, {})[name] = float(value)
        return figures

    def _split_losses(self, copies: Copies, split: Split) -> Tensor:
        data = self._data[split]
        n = len(data[0])
        total = 0
        for chunk in _chunks(data, self._chunk):
            if self._whole_chunk is not None and _layout(chunk) == self._whole_layout:
                losses = self._whole_chunk(*copies.trained, *copies.frozen, *chunk)
            else:
                losses = torch.cat(
                    [self._stack.losses(some, chunk, None) for some in self._blocks(copies)]
                )
            total = total + losses * (len(chunk[0]) / n)
        assert isinstance(total, Tensor)
        return total

    def _blocks(self, copies: Copies) -> Iterator[Copies]:
        """Yield the copies that are evaluated together.

        Their sizes differ by one at the most: a lane alone would take other kernels.
        """
        count = -(-copies.n_lanes // self.together)
        size, larger = divmod(copies.n_lanes, count)
        stop = 0
        for block in range(count):
            start, stop = stop, stop + size + (block < larger)
            yield Copies(
                [p[start:stop] for p in copies.trained], [p[start:stop] for p in copies.frozen]
            )

    def _split_metrics(self, copies: Copies, split: Split) -> dict[str, Tensor]:
        parts = [self._block_metrics(split, some) for some in self._blocks(copies)]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _block_metrics(self, split: Split, copies: Copies) -> dict[str, Tensor]:
        data = self._data[split]
        n = len(data[0])
        totals: dict[str, Tensor] = {}
        for chunk in _chunks(data, EVALUATION_CHUNK):
            for name, value in self._stack.metrics(copies, chunk).items():
                share = value * (len(chunk[0]) / n)
                totals[name] = totals[name] + share if name in totals else share
        return totals


def _chunks(data: tuple[Tensor, ...], size: int) -> Iterator[tuple[Tensor, ...]]:
    for start in range(0, len(data[0]), size):
        yield tuple(t[start : start + size] for t in data)


def _layout(tensors: tuple[Tensor, ...]) -> list[tuple[object, ...]]:
    return [(t.shape, t.stride(), t.dtype) for t in tensors]
