"""K copies of one network, advancing together on minibatches of their data."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from paretomtl.engine.lanes.base import Copies, Lanes, Sample
from paretomtl.engine.lanes.evaluation import Evaluation
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
from paretomtl.problems.base import SPLITS, NeuralProblem, Split


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
        self._data: dict[Split, tuple[Tensor, ...]] = {
            split: _cast(tensors, dtype, device) for split, tensors in data.items()
        }
        self._evaluation = Evaluation(self._stack, self._data)
        self.evaluated_together = self._evaluation.together
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
        _check_names(problem, shared, named[origins[0]])
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
        """Check that gradients by the representation determine those by the trunk.

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
            # kept after the last task, too: the pass through the trunk takes the same graph
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
        """Evaluate by a compiled program from now on; see `Evaluation.compile`."""
        self._evaluation.compile(copies, what=what)

    def evaluate(self, copies: Copies) -> dict[str, Tensor]:
        """Return the mean losses over all samples of each split."""
        return self._evaluation.losses(copies)

    def evaluation_cost(self, *, forward: int, backward: int) -> float:
        """Return what an evaluation costs, in steps: samples to pass forward, where backward is twice that."""
        evaluated = sum(len(self._data[split][0]) for split in SPLITS)
        return evaluated / (self._batches.batch_size * (forward + 2 * backward))

    def finish(self, copies: Copies) -> tuple[Tensor | None, list[dict[str, dict[str, float]]]]:
        """Return each network's metrics on each split; the networks are not kept."""
        return None, self._evaluation.metrics(copies)


def _check_names(
    problem: NeuralProblem, shared: Iterable[str], parameters: Mapping[str, Tensor]
) -> None:
    unknown = sorted(set(shared) - parameters.keys())
    if unknown:
        raise Unfit(
            f"{problem.name!r} says that its tasks share the parameter {unknown[0]!r}, which its "
            "network does not have."
        )


def _cast(data: tuple[Tensor, ...], dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
    return tuple(t.to(device, dtype if t.is_floating_point() else None) for t in data)
