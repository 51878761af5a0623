"""K copies of one network, advancing together on minibatches of their data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from paretomtl.engine.compiled.graph import compiled
from paretomtl.engine.lanes.base import Copies, Lanes, Sample
from paretomtl.engine.lanes.minibatches import Minibatches
from paretomtl.engine.lanes.network import (
    check_answers,
    check_data,
    check_ready,
    check_representation,
    seeded_module,
    shared_parameters,
)
from paretomtl.engine.lanes.stack import Stack
from paretomtl.engine.lanes.stackable import check_stackable
from paretomtl.engine.phases import phase
from paretomtl.engine.seeding import origin
from paretomtl.errors import Unfit
from paretomtl.problem import SPLITS, NeuralProblem, Split

EVALUATION_CHUNK = 2048
"""Samples evaluated at once."""

COMPILED_CHUNK = 256
"""The same on the CPU where evaluation is compiled: what a call works on stays in cache."""

EVALUATION_LANES = 16
"""Lanes evaluated at once on the CPU, so that their activations stay in cache and take the same memory
however many lanes there are. A compiled evaluation takes all lanes of its batch, and fewer samples."""


class AtRepresentation(NamedTuple):
    """What a network shows at the representation that its heads share.

    Args:
        losses: [lanes, m].
        rows: Each task's gradient by the representation, [lanes, m, samples * features].
        heads: For each task-specific parameter every task's gradient, [lanes, m, p].
        representation: The representation itself, with its graph.
    """

    losses: Tensor
    rows: Tensor
    heads: list[Tensor]
    representation: Tensor


class NeuralLanes(Lanes):
    """Stacked copies of one network: the author's module for one copy, run under `vmap`."""

    def __init__(
        self,
        problem: NeuralProblem,
        seeds: Sequence[int],
        *,
        members: Sequence[int] | None = None,
        batch_size: int | None,
        dtype: torch.dtype,
        device: torch.device,
        mixed: bool = False,
    ) -> None:
        origins = list(zip(seeds, members or [0] * len(seeds), strict=True))
        modules = {o: seeded_module(problem, origin(*o, "weights")) for o in dict.fromkeys(origins)}
        template = modules[origins[0]]
        check_ready(problem, template)
        for module in modules.values():
            module.to(dtype)
        data: dict[Split, tuple[Tensor, ...]] = {split: problem.data(split) for split in SPLITS}
        for split, tensors in data.items():
            check_data(problem, split, tensors)
        named = {o: dict(module.named_parameters()) for o, module in modules.items()}
        self._stack = Stack(problem, template.to(device), mixed=mixed, dtype=dtype)
        initial = self._stack.of([named[o] for o in origins])
        super().__init__(initial)
        unique = list(dict.fromkeys(seeds))
        index = torch.tensor([unique.index(seed) for seed in seeds])
        self._problem = problem
        self._dtype, self._device = dtype, device
        self._probe_shape: tuple[int, ...] | None = None
        self._chunk = EVALUATION_CHUNK
        if device.type == "cpu":
            self.evaluated_together = EVALUATION_LANES
        self._whole_chunk: Callable[..., Tensor] | None = None
        self._whole_layout: list[tuple[object, ...]] = []
        self._data = {split: _cast(tensors, dtype, device) for split, tensors in data.items()}
        self._batches = Minibatches(
            len(self._data["train"][0]),
            batch_size or problem.batch_size,
            seeds=unique,
            lanes=index,
            device=device,
        )
        self.n_tasks = problem.n_objectives
        # another number of samples than of tasks, so that losses of samples are not taken for theirs
        self._sample = tuple(t[: self.n_tasks + 1] for t in self._data["train"])
        check_answers(problem, template, self._sample)
        first = tuple(t[: self._batches.batch_size] for t in self._data["train"])
        check_stackable(self._stack, initial, self._sample, first)
        shared, self._silent = shared_parameters(
            problem, self._data["train"], batch_size or problem.batch_size
        )
        unknown = sorted(shared - named[origins[0]].keys())
        if unknown:
            raise Unfit(
                f"{problem.name!r} says that its tasks share the parameter {unknown[0]!r}, which its "
                "network does not have."
            )
        self.shared = [name in shared for name in self._stack.trained]

    def check_shared(self) -> None:
        """Check that it is known what the tasks share.

        Raises:
            Unfit: A task showed no gradient.
        """
        if self._silent:
            raise Unfit(
                f"{self._problem.name!r}: the loss of task {self._silent} has no gradient in the "
                "minibatches that were looked at, so what tasks share cannot be seen; let "
                "`shared_parameters` name it."
            )

    def check_representation(self) -> None:
        """Check that gradients by the representation say all that gradients by the trunk would.

        Raises:
            Unfit: They do not, for a reason that is named.
        """
        names = zip(self._stack.trained, self.shared, strict=True)
        shared = [name for name, is_shared in names if is_shared]
        check_representation(self._problem, self._stack.module, self._sample, shared)

    def select(self, rows: Tensor) -> None:
        """Draw minibatches for some of the lanes alone from now on."""
        self._batches.select(rows)

    def losses(self, copies: Copies, sample: Sample) -> Tensor:
        """Return each network's losses on its minibatch."""
        return self._stack.losses(copies, sample, 0)

    def draw(self) -> Sample:
        """Gather the next minibatch of each lane's seed."""
        indices = self._batches.next()
        # whole samples are copied several times faster by this than by indexing
        flat = indices.flatten()
        return tuple(
            t.index_select(0, flat).view(*indices.shape, *t.shape[1:]) for t in self._data["train"]
        )

    def jacobian(self, copies: Copies, sample: Sample) -> tuple[Tensor, list[Tensor]]:
        """Return the losses and every task's gradient for each parameter: m backward passes."""
        with phase("forward"):
            losses = self.losses(copies, sample)
        blocks = [
            torch.empty(p.shape[0], self.n_tasks, p[0].numel(), dtype=p.dtype, device=p.device)
            for p in copies.trained
        ]
        for task in range(self.n_tasks):
            with phase("backward"):
                rows = torch.autograd.grad(
                    losses[:, task].sum(),
                    copies.trained,
                    retain_graph=task < self.n_tasks - 1,
                    allow_unused=True,
                    materialize_grads=True,
                )
            with phase("Gramian"):
                for block, row in zip(blocks, rows, strict=True):
                    block[:, task] = row.flatten(1)
        return losses.detach(), blocks

    def gradients(self, copies: Copies, losses: Tensor, weights: Tensor) -> list[Tensor]:
        """Return the gradient of the weighted losses for each parameter, zero where unused."""
        return list(
            torch.autograd.grad(
                losses,
                copies.trained,
                weights.to(losses.dtype),
                allow_unused=True,
                materialize_grads=True,
            )
        )

    def split(self, copies: Copies, sample: Sample) -> AtRepresentation:
        """Return the losses and every task's gradient at the representation.

        One backward pass a task goes through the heads alone; `shared_gradients` makes the one through
        the trunk.
        """
        name = self._problem.representation
        assert name is not None
        # A zero added to the representation: the gradient by it is the gradient there.
        probe = torch.zeros(
            self._representation_shape(copies, sample), dtype=self._dtype, device=self._device
        )
        probe.requires_grad_()
        losses, representation = self._stack.losses_with_probe(copies, sample, probe)
        heads = [p for p, shared in zip(copies.trained, self.shared, strict=True) if not shared]
        rows: list[Tensor] = []
        own: list[list[Tensor]] = []
        for task in range(self.n_tasks):
            row, *head_rows = torch.autograd.grad(
                losses[:, task].sum(),
                [probe, *heads],
                retain_graph=True,
                allow_unused=True,
                materialize_grads=True,
            )
            rows.append(row.flatten(1))
            own.append(head_rows)
        blocks = [torch.stack([g.flatten(1) for g in tasks], 1) for tasks in zip(*own, strict=True)]
        return AtRepresentation(losses.detach(), torch.stack(rows, 1), blocks, representation)

    def shared_gradients(
        self, copies: Copies, representation: Tensor, direction: Tensor
    ) -> list[Tensor]:
        """Return the gradient for each shared parameter that a direction [lanes, p] there amounts to."""
        shared = [p for p, s in zip(copies.trained, self.shared, strict=True) if s]
        return list(
            torch.autograd.grad(
                representation,
                shared,
                direction.reshape(representation.shape).to(representation.dtype),
                allow_unused=True,
                materialize_grads=True,
            )
        )

    def _representation_shape(self, copies: Copies, sample: Sample) -> tuple[int, ...]:
        if self._probe_shape is None:
            none = torch.zeros(copies.n_lanes, dtype=self._dtype, device=self._device)
            with torch.no_grad():
                _, representation = self._stack.losses_with_probe(copies, sample, none)
            self._probe_shape = tuple(representation.shape[1:])
        return (copies.n_lanes, *self._probe_shape)

    def compile_evaluation(self, copies: Copies, *, what: Hashable) -> None:
        """Evaluate by a compiled program from now on.

        What is left over of a split, and a split of another shape or type, is evaluated without.

        Args:
            copies: Those that will be evaluated, or others of their shapes.
            what: What the losses are: batches for which it is equal share the program.
        """

        def losses(*tensors: Tensor) -> Tensor:
            n, end = len(copies.trained), len(copies.trained) + len(copies.frozen)
            given = Copies(list(tensors[:n]), list(tensors[n:end]))
            return self._stack.losses(given, tensors[end:], None)

        size = COMPILED_CHUNK if self._device.type == "cpu" else EVALUATION_CHUNK
        data = next((d for d in self._data.values() if len(d[0]) >= size), None)
        if data is not None:
            self._chunk = size
            chunk = next(_chunks(data, size))
            self._whole_layout = _layout(chunk)
            inputs = [*copies.trained, *copies.frozen, *chunk]
            self._whole_chunk = compiled(losses, inputs, what=what)

    @torch.no_grad()
    def evaluate(self, copies: Copies) -> dict[str, Tensor]:
        """Return the mean losses over all samples of each split."""
        return {split: self._evaluate(copies, split) for split in SPLITS}

    def evaluation_cost(self, *, forward: int, backward: int) -> float:
        """Return what an evaluation costs, in steps: samples to pass forward, where backward is twice that."""
        evaluated = sum(len(self._data[split][0]) for split in SPLITS)
        return evaluated / (self._batches.batch_size * (forward + 2 * backward))

    @torch.no_grad()
    def finish(self, copies: Copies) -> tuple[Tensor | None, list[dict[str, dict[str, float]]]]:
        """Return each network's metrics on each split; the networks are not kept."""
        figures: list[dict[str, dict[str, float]]] = [{} for _ in range(copies.n_lanes)]
        for split in SPLITS:
            for name, column in self._metrics(copies, split).items():
                for lane, value in enumerate(column.cpu().numpy()):
                    figures[lane].setdefault(split, {})[name] = float(value)
        return None, figures

    def _evaluate(self, copies: Copies, split: Split) -> Tensor:
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
        count = -(-copies.n_lanes // self.evaluated_together)
        size, larger = divmod(copies.n_lanes, count)
        stop = 0
        for block in range(count):
            start, stop = stop, stop + size + (block < larger)
            yield Copies(
                [p[start:stop] for p in copies.trained], [p[start:stop] for p in copies.frozen]
            )

    def _metrics(self, copies: Copies, split: Split) -> dict[str, Tensor]:
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


def _cast(data: tuple[Tensor, ...], dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
    return tuple(t.to(device, dtype if t.is_floating_point() else None) for t in data)
