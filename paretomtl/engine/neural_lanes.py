"""K copies of one network, advancing together: the author's module for one copy, under `vmap`."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.func import functional_call, vmap  # pyright: ignore[reportPrivateImportUsage]
from torch.nn.attention import SDPBackend, sdpa_kernel

from paretomtl.aggregation.linalg import length
from paretomtl.engine.exhausted import is_out_of_memory
from paretomtl.engine.lanes import Lanes, Sample, origin
from paretomtl.engine.minibatches import Minibatches
from paretomtl.engine.network import (
    LossModule,
    check_answers,
    check_data,
    check_ready,
    check_representation,
    drawn_and_frozen,
    seeded_module,
    shared_parameters,
)
from paretomtl.engine.phases import phase
from paretomtl.engine.program import compiled
from paretomtl.errors import Unfit
from paretomtl.problem import SPLITS, NeuralProblem, Split

EVALUATION_CHUNK = 2048
"""Samples evaluated at once."""

EVALUATION_LANES = 16
"""Lanes evaluated at once on the CPU, so that their activations stay in cache and take the same memory
however many lanes there are. A compiled evaluation takes all lanes of its batch, and fewer samples."""

TWINS = 1e-2
"""How far gradients of copies may be from those of the network alone, relative to their length: far above
rounding, also of products in TF32, and far below what a wrong rule does."""

COMPILED_CHUNK = 256
"""The same on the CPU where evaluation is compiled: what a call works on stays in cache."""


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
        self._names = [name for name, p in template.named_parameters() if p.requires_grad]
        if not self._names:
            raise Unfit(f"{problem.name!r}: its network has no parameter to train.")
        trained = {o: dict(module.named_parameters()) for o, module in modules.items()}
        self.parameters = [
            _with_axis(torch.stack([trained[o][name].detach() for o in origins]).to(device))
            for name in self._names
        ]
        self._frozen = drawn_and_frozen(problem, template)
        self.frozen = [
            torch.stack([trained[o][name].detach() for o in origins]).to(device)
            for name in self._frozen
        ]
        self._scalars = {name for name in self._names if not trained[origins[0]][name].ndim}
        unique = list(dict.fromkeys(seeds))
        index = torch.tensor([unique.index(seed) for seed in seeds])
        self._problem = problem
        self._mixed, self._dtype, self._device = mixed, dtype, device
        self._probe_shape: tuple[int, ...] | None = None
        self._chunk = EVALUATION_CHUNK
        if device.type == "cpu":
            self.evaluated_together = EVALUATION_LANES
        self._whole_chunk: Callable[..., Tensor] | None = None
        self._whole_layout: list[tuple[object, ...]] = []
        self._template = LossModule(problem, template.to(device))
        self._data = {split: _cast(tensors, dtype, device) for split, tensors in data.items()}
        self._batches = Minibatches(
            len(self._data["train"][0]),
            batch_size or problem.batch_size,
            seeds=unique,
            lanes=index,
            device=device,
        )
        self.n_lanes, self.n_tasks = len(seeds), problem.n_objectives
        # another number of samples than of tasks, so that losses of samples are not taken for theirs
        self._sample = tuple(t[: self.n_tasks + 1] for t in self._data["train"])
        check_answers(problem, template, self._sample)
        self._check_stackable()
        shared, self._silent = shared_parameters(
            problem, self._data["train"], batch_size or problem.batch_size
        )
        unknown = sorted(shared - trained[origins[0]].keys())
        if unknown:
            raise Unfit(
                f"{problem.name!r} says that its tasks share the parameter {unknown[0]!r}, which its "
                "network does not have."
            )
        self.shared = [name in shared for name in self._names]

    def _check_stackable(self) -> None:
        """Let copies do once what they will do, so that what cannot be stacked is refused before that."""
        name = self._problem.name
        batch = tuple(t[: self._batches.batch_size] for t in self._data["train"])
        two = tuple(torch.stack((t, t)) for t in batch)
        # one network for all runs, so that no run is refused because of its neighbours
        alone = seeded_module(self._problem, origin(0, 0, "weights")).to(self._device, self._dtype)
        named = dict(alone.named_parameters())
        twins = [_with_axis(torch.stack((p, p)).detach()) for p in map(named.get, self._names)]  # pyright: ignore[reportArgumentType]
        frozen = [torch.stack((named[n], named[n])).detach() for n in self._frozen]
        found: tuple[Tensor, ...] = ()
        try:
            with torch.no_grad():
                self._stacked_losses(self.parameters, self.frozen, self._sample, None)
                self._stacked_metrics(self.parameters, self.frozen, self._sample)
            for mixed in sorted({self._mixed, False}, reverse=True):  # compared without
                losses = self._stacked_losses(twins, frozen, two, 0, mixed=mixed)
                found = torch.autograd.grad(
                    losses.sum(), twins, allow_unused=True, materialize_grads=True
                )
        except (RuntimeError, ValueError, NotImplementedError) as error:
            if is_out_of_memory(error):
                raise
            text = str(error)
            layers: dict[str, torch.nn.Module] = dict(self._template.module.named_modules())  # pyright: ignore[reportUnknownArgumentType]
            if "randomness" in text or "random operation" in text:
                drawing = [
                    f"{path!r} ({type(layer).__name__})"
                    for path, layer in layers.items()
                    if "dropout" in type(layer).__name__.lower()
                ]
                where = f": {', '.join(drawing)}" if drawing else ""
                raise Unfit(
                    f"{name!r}: its network draws random numbers while it computes{where}, and a lane's "
                    "numbers must not depend on its neighbors; leave such layers out (weight decay "
                    "regularizes without them)."
                ) from error
            if ".item()" in text or "data-dependent" in text:
                raise Unfit(
                    f"{name!r}: its network, losses or metrics look at numbers while they compute "
                    "(`.item()`, a branch), which copies in one program cannot; use torch.where instead. "
                    f"torch says: {text.splitlines()[0]}"
                ) from error
            # one network alone has been evaluated before, so it is the stacking that fails
            recurrent = [
                f" {path!r} is a {type(layer).__name__}, which torch cannot stack: write the loop over "
                "time with a cell (GRUCell or RNNCell; LSTMCell cannot be stacked either)."
                for path, layer in layers.items()
                if isinstance(layer, torch.nn.RNNBase)
            ]
            raise Unfit(
                f"{name!r}: its network, losses or metrics do what copies in one program cannot."
                f"{''.join(recurrent[:1])} torch says: {text.splitlines()[0]}"
            ) from error
        self._check_twins(alone, batch, found)

    def _check_twins(
        self, alone: torch.nn.Module, batch: tuple[Tensor, ...], found: Sequence[Tensor]
    ) -> None:
        """Compare the gradients of two equal copies with those of the network alone.

        `vmap` has rules that are wrong, such as that of `F.embedding` with a padding index.
        """
        named = dict(alone.named_parameters())
        with self._arithmetic(mixed=False):
            losses = self._problem.losses(alone, batch)
        gradients = torch.autograd.grad(
            losses.sum(), [named[n] for n in self._names], allow_unused=True, materialize_grads=True
        )
        lengths = [float(length(g.double().flatten())) for g in gradients]
        total = math.hypot(*lengths)
        if not math.isfinite(total):
            return
        for name, own, twins, long in zip(self._names, gradients, found, lengths, strict=True):
            apart = (twins - own.reshape(twins.shape[1:])).double().flatten(1)
            off = float(length(apart).amax())
            if not off <= TWINS * (long + 1e-3 * total):
                raise Unfit(
                    f"{self._problem.name!r}: copies of its network in one program would not train as one "
                    f"alone does: they are {off:.2g} off in the gradient of {name!r}, which is {long:.2g} "
                    "long. torch.func.vmap is wrong about an operation that reads it (known: F.embedding "
                    "with `padding_idx`; use the layer nn.Embedding)."
                )

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
        shared = [n for n, is_shared in zip(self._names, self.shared, strict=True) if is_shared]
        check_representation(self._problem, self._template.module, self._sample, shared)

    def select(self, rows: Tensor) -> None:
        """Go on with some of the lanes."""
        super().select(rows)
        self.frozen = [p[rows] for p in self.frozen]
        self._batches.select(rows)

    def losses(self, sample: Sample) -> Tensor:
        """Return each network's losses on its minibatch."""
        return self._stacked_losses(self.parameters, self.frozen, sample, 0)

    def draw(self) -> Sample:
        """Gather the next minibatch of each lane's seed."""
        indices = self._batches.next()
        # whole samples are copied several times faster by this than by indexing
        flat = indices.flatten()
        return tuple(
            t.index_select(0, flat).view(*indices.shape, *t.shape[1:]) for t in self._data["train"]
        )

    def jacobian(self, sample: Sample) -> tuple[Tensor, list[Tensor]]:
        """Return the losses and every task's gradient for each parameter: m backward passes."""
        with phase("forward"):
            losses = self.losses(sample)
        blocks = [
            torch.empty(p.shape[0], self.n_tasks, p[0].numel(), dtype=p.dtype, device=p.device)
            for p in self.parameters
        ]
        for task in range(self.n_tasks):
            with phase("backward"):
                rows = torch.autograd.grad(
                    losses[:, task].sum(),
                    self.parameters,
                    retain_graph=task < self.n_tasks - 1,
                    allow_unused=True,
                    materialize_grads=True,
                )
            with phase("Gramian"):
                for block, row in zip(blocks, rows, strict=True):
                    block[:, task] = row.flatten(1)
        return losses.detach(), blocks

    def gradients(self, losses: Tensor, weights: Tensor) -> list[Tensor]:
        """Return the gradient of the weighted losses for each parameter, zero where unused."""
        return list(
            torch.autograd.grad(
                losses,
                self.parameters,
                weights.to(losses.dtype),
                allow_unused=True,
                materialize_grads=True,
            )
        )

    def split(self, sample: Sample) -> AtRepresentation:
        """Return the losses and every task's gradient at the representation.

        One backward pass a task goes through the heads alone; `shared_gradients` makes the one through
        the trunk.
        """
        name = self._problem.representation
        assert name is not None
        # A zero added to the representation: the gradient by it is the gradient there.
        probe = torch.zeros(
            self._representation_shape(sample), dtype=self._dtype, device=self._device
        )
        probe.requires_grad_()
        losses, representation = self._stacked_with_probe(probe, sample)
        heads = [p for p, shared in zip(self.parameters, self.shared, strict=True) if not shared]
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

    def shared_gradients(self, representation: Tensor, direction: Tensor) -> list[Tensor]:
        """Return the gradient for each shared parameter that a direction [lanes, p] there amounts to."""
        shared = [p for p, s in zip(self.parameters, self.shared, strict=True) if s]
        return list(
            torch.autograd.grad(
                representation,
                shared,
                direction.reshape(representation.shape).to(representation.dtype),
                allow_unused=True,
                materialize_grads=True,
            )
        )

    def _stacked_with_probe(self, probe: Tensor, sample: Sample) -> tuple[Tensor, Tensor]:
        def one(
            values: tuple[Tensor, ...], frozen: tuple[Tensor, ...], batch: Sample, zero: Tensor
        ) -> tuple[Tensor, Tensor]:
            named = self._named(values, frozen)
            return functional_call(self._template, named, (batch, False, zero))

        with self._arithmetic():
            losses, representation = vmap(one, randomness="error")(
                tuple(self.parameters), tuple(self.frozen), sample, probe
            )
        return losses.to(self._dtype), representation

    def _representation_shape(self, sample: Sample) -> tuple[int, ...]:
        if self._probe_shape is None:
            none = torch.zeros(self.n_lanes, dtype=self._dtype, device=self._device)
            with torch.no_grad():
                _, representation = self._stacked_with_probe(none, sample)
            self._probe_shape = tuple(representation.shape[1:])
        return (self.n_lanes, *self._probe_shape)

    def compile_evaluation(self, make: Hashable) -> None:
        """Evaluate by a compiled program from now on.

        What is left over of a split, and a split of another shape or type, is evaluated without.

        Args:
            make: What the losses are: batches of equal makes share the program.
        """

        def losses(*tensors: Tensor) -> Tensor:
            n, end = len(self._names), len(self._names) + len(self._frozen)
            return self._stacked_losses(tensors[:n], tensors[n:end], tensors[end:], None)

        size = COMPILED_CHUNK if self._device.type == "cpu" else EVALUATION_CHUNK
        data = next((d for d in self._data.values() if len(d[0]) >= size), None)
        if data is not None:
            self._chunk = size
            chunk = next(_chunks(data, size))
            self._whole_layout = _layout(chunk)
            inputs = [*self.parameters, *self.frozen, *chunk]
            self._whole_chunk = compiled(losses, inputs, make=make)

    @torch.no_grad()
    def evaluate(self) -> dict[str, Tensor]:
        """Return the mean losses over all samples of each split."""
        return {split: self._evaluate(split) for split in SPLITS}

    def evaluation_cost(self, *, forward: int, backward: int) -> float:
        """Return what an evaluation costs, in steps: samples to pass forward, where backward is twice that."""
        evaluated = sum(len(self._data[split][0]) for split in SPLITS)
        return evaluated / (self._batches.batch_size * (forward + 2 * backward))

    @torch.no_grad()
    def finish(self) -> tuple[Tensor | None, list[dict[str, dict[str, float]]]]:
        """Return each network's metrics on each split; the networks are not kept."""
        figures: list[dict[str, dict[str, float]]] = [{} for _ in range(self.n_lanes)]
        for split in SPLITS:
            for name, column in self._metrics(split).items():
                for lane, value in enumerate(column.cpu().numpy()):
                    figures[lane].setdefault(split, {})[name] = float(value)
        return None, figures

    def _stacked_losses(
        self,
        parameters: Sequence[Tensor],
        frozen: Sequence[Tensor],
        batch: tuple[Tensor, ...],
        batch_dim: int | None,
        *,
        mixed: bool | None = None,
    ) -> Tensor:
        def one(
            values: tuple[Tensor, ...], frozen: tuple[Tensor, ...], sample: tuple[Tensor, ...]
        ) -> Tensor:
            return functional_call(self._template, self._named(values, frozen), (sample,))

        with self._arithmetic(mixed=mixed):
            losses = vmap(one, in_dims=(0, 0, batch_dim), randomness="error")(
                tuple(parameters), tuple(frozen), batch
            )
        return losses.to(self._dtype)

    @contextmanager
    def _arithmetic(self, *, mixed: bool | None = None) -> Generator[None]:
        mixed = self._mixed if mixed is None else mixed
        # vmap has no rule for the CPU's fused attention and would loop over the lanes.
        attention: AbstractContextManager[object] = nullcontext()
        if self._device.type == "cpu":
            attention = cast("AbstractContextManager[object]", sdpa_kernel(SDPBackend.MATH))
        with attention, torch.autocast(self._device.type, torch.bfloat16, enabled=mixed):
            yield

    def _named(self, values: tuple[Tensor, ...], frozen: tuple[Tensor, ...]) -> dict[str, Tensor]:
        named = dict(zip([*self._names, *self._frozen], [*values, *frozen], strict=True))
        return {f"module.{n}": v.reshape(()) if n in self._scalars else v for n, v in named.items()}

    def _evaluate(self, split: Split) -> Tensor:
        data = self._data[split]
        n = len(data[0])
        total = 0
        for chunk in _chunks(data, self._chunk):
            if self._whole_chunk is not None and _layout(chunk) == self._whole_layout:
                losses = self._whole_chunk(*self.parameters, *self.frozen, *chunk)
            else:
                losses = torch.cat(
                    [self._stacked_losses(*some, chunk, None) for some in self._blocks()]
                )
            total = total + losses * (len(chunk[0]) / n)
        assert isinstance(total, Tensor)
        return total

    def _blocks(self) -> Iterator[tuple[list[Tensor], list[Tensor]]]:
        """Yield trained and frozen parameters of the lanes that are evaluated together.

        Their sizes differ by one at the most: a lane alone would take other kernels.
        """
        count = -(-self.n_lanes // self.evaluated_together)
        size, larger = divmod(self.n_lanes, count)
        stop = 0
        for block in range(count):
            start, stop = stop, stop + size + (block < larger)
            yield [p[start:stop] for p in self.parameters], [p[start:stop] for p in self.frozen]

    def _metrics(self, split: Split) -> dict[str, Tensor]:
        parts = [self._block_metrics(split, *some) for some in self._blocks()]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _block_metrics(
        self, split: Split, parameters: Sequence[Tensor], frozen: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        data = self._data[split]
        n = len(data[0])
        totals: dict[str, Tensor] = {}
        for chunk in _chunks(data, EVALUATION_CHUNK):
            for name, value in self._stacked_metrics(parameters, frozen, chunk).items():
                share = value * (len(chunk[0]) / n)
                totals[name] = totals[name] + share if name in totals else share
        return totals

    def _stacked_metrics(
        self, parameters: Sequence[Tensor], frozen: Sequence[Tensor], batch: tuple[Tensor, ...]
    ) -> dict[str, Tensor]:
        def one(
            values: tuple[Tensor, ...], frozen: tuple[Tensor, ...], sample: tuple[Tensor, ...]
        ) -> dict[str, Tensor]:
            with self._arithmetic():
                return functional_call(self._template, self._named(values, frozen), (sample, True))

        return vmap(one, in_dims=(0, 0, None))(tuple(parameters), tuple(frozen), batch)


def _with_axis(parameter: Tensor) -> Tensor:
    """Return stacked parameters to be trained, [lanes, ...]; a single number a lane as [lanes, 1]."""
    return (parameter if parameter.ndim > 1 else parameter.unsqueeze(-1)).requires_grad_()


def _chunks(data: tuple[Tensor, ...], size: int) -> Iterator[tuple[Tensor, ...]]:
    for start in range(0, len(data[0]), size):
        yield tuple(t[start : start + size] for t in data)


def _layout(tensors: tuple[Tensor, ...]) -> list[tuple[object, ...]]:
    return [(t.shape, t.stride(), t.dtype) for t in tensors]


def _cast(data: tuple[Tensor, ...], dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
    return tuple(t.to(device, dtype if t.is_floating_point() else None) for t in data)
