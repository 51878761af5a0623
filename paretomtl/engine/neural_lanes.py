"""K copies of one network, advancing together: the author's module for one copy, under `vmap`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.func import functional_call, vmap  # pyright: ignore[reportPrivateImportUsage]
from torch.nn.attention import SDPBackend, sdpa_kernel

from paretomtl.engine.lanes import Lanes, Sample, origin
from paretomtl.engine.minibatches import Minibatches
from paretomtl.engine.phases import phase
from paretomtl.engine.program import compiled
from paretomtl.engine.seeding import generator
from paretomtl.errors import BadInput
from paretomtl.problem import SPLITS, NeuralProblem, Split

EVALUATION_CHUNK = 2048
"""Samples evaluated at once, so that activations of all lanes fit in cache or memory."""

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
        modules = {
            o: _seeded_module(problem, origin(*o, "weights")).to(dtype)
            for o in dict.fromkeys(origins)
        }
        template = modules[origins[0]]
        buffers = dict(template.named_buffers())
        if buffers:
            raise BadInput(
                f"{problem.name!r}: its network keeps the buffer {next(iter(buffers))!r}, which lanes "
                "cannot share; use layers without running statistics (GroupNorm or LayerNorm in place "
                "of BatchNorm)."
            )
        self._names = [name for name, p in template.named_parameters() if p.requires_grad]
        if not self._names:
            raise BadInput(f"{problem.name!r}: its network has no parameter to train.")
        trained = {o: dict(module.named_parameters()) for o, module in modules.items()}
        self.parameters = [
            torch.stack([trained[o][name].detach() for o in origins]).to(device).requires_grad_()
            for name in self._names
        ]
        unique = list(dict.fromkeys(seeds))
        index = torch.tensor([unique.index(seed) for seed in seeds])
        self._problem = problem
        self._mixed, self._dtype, self._device = mixed, dtype, device
        self._probe_shape: tuple[int, ...] | None = None
        self._chunk = EVALUATION_CHUNK
        self._whole_chunk: Callable[..., Tensor] | None = None
        self._template = _LossModule(problem, template.to(device))
        self._data = {s: _cast(problem.data(s), dtype, device) for s in SPLITS}
        self._batches = Minibatches(
            len(self._data["train"][0]),
            batch_size or problem.batch_size,
            seeds=unique,
            lanes=index,
            device=device,
        )
        self.n_lanes, self.n_tasks = len(seeds), problem.n_objectives
        self._check_stackable(tuple(t[:2] for t in self._data["train"]))
        shared = shared_parameters(problem, self._data["train"], batch_size or problem.batch_size)
        self.shared = [name in shared for name in self._names]

    @torch.no_grad()
    def _check_stackable(self, sample: Sample) -> None:
        """Evaluate two samples, so that what cannot be stacked is refused before anything runs."""
        name = self._problem.name
        try:
            losses = self._stacked_losses([p[:2] for p in self.parameters], sample, None)
        except (RuntimeError, ValueError) as error:
            text = str(error)
            if "randomness" in text or "random operation" in text:
                layers: dict[str, torch.nn.Module] = dict(self._template.module.named_modules())  # pyright: ignore[reportUnknownArgumentType]
                drawing = [
                    f"{path!r} ({type(layer).__name__})"
                    for path, layer in layers.items()
                    if "dropout" in type(layer).__name__.lower()
                ]
                where = f": {', '.join(drawing)}" if drawing else ""
                raise BadInput(
                    f"{name!r}: its network draws random numbers while it computes{where}, and a lane's "
                    "numbers must not depend on its neighbors; leave such layers out (weight decay "
                    "regularizes without them)."
                ) from error
            if ".item()" in text or "data-dependent" in text:
                raise BadInput(
                    f"{name!r}: its network or losses look at numbers while they compute (`.item()`, a "
                    "branch), which copies in one program cannot; use torch.where instead. "
                    f"torch says: {text.splitlines()[0]}"
                ) from error
            if "vmap" in text:
                raise BadInput(
                    f"{name!r}: its network or losses do what copies in one program cannot. "
                    f"torch says: {text.splitlines()[0]}"
                ) from error
            raise
        if losses.shape[1:] != (self.n_tasks,):
            raise BadInput(
                f"{name!r}: its losses must be one number for each of the {self.n_tasks} tasks, "
                f"[{self.n_tasks}]; found {list(losses.shape[1:])} for one network."
            )

    def select(self, rows: Tensor) -> None:
        """Go on with some of the lanes."""
        super().select(rows)
        self._batches.select(rows)

    def losses(self, sample: Sample) -> Tensor:
        """Return each network's losses on its minibatch."""
        return self._stacked_losses(self.parameters, sample, 0)

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
        def one(values: tuple[Tensor, ...], batch: Sample, zero: Tensor) -> tuple[Tensor, Tensor]:
            return functional_call(self._template, self._named(values), (batch, False, zero))

        with self._arithmetic():
            losses, representation = vmap(one, randomness="error")(
                tuple(self.parameters), sample, probe
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
        """Evaluate by a compiled program from now on; what is left over of a split is evaluated without.

        Args:
            make: What the losses are: batches of equal makes share the program.
        """

        def losses(*tensors: Tensor) -> Tensor:
            n = len(self._names)
            return self._stacked_losses(tensors[:n], tensors[n:], None)

        size = COMPILED_CHUNK if self._device.type == "cpu" else EVALUATION_CHUNK
        data = next((d for d in self._data.values() if len(d[0]) >= size), None)
        if data is not None:
            self._chunk = size
            chunk = next(_chunks(data, size))
            self._whole_chunk = compiled(losses, [*self.parameters, *chunk], make=make)

    @torch.no_grad()
    def evaluate(self) -> dict[str, Tensor]:
        """Return the mean losses over all samples of each split."""
        return {split: self._evaluate(split) for split in SPLITS}

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
        self, parameters: Sequence[Tensor], batch: tuple[Tensor, ...], batch_dim: int | None
    ) -> Tensor:
        def one(values: tuple[Tensor, ...], sample: tuple[Tensor, ...]) -> Tensor:
            return functional_call(self._template, self._named(values), (sample,))

        with self._arithmetic():
            losses = vmap(one, in_dims=(0, batch_dim), randomness="error")(tuple(parameters), batch)
        return losses.to(self._dtype)

    @contextmanager
    def _arithmetic(self) -> Generator[None]:
        # vmap has no rule for the CPU's fused attention and would loop over the lanes.
        attention: AbstractContextManager[object] = nullcontext()
        if self._device.type == "cpu":
            attention = cast("AbstractContextManager[object]", sdpa_kernel(SDPBackend.MATH))
        with attention, torch.autocast(self._device.type, torch.bfloat16, enabled=self._mixed):
            yield

    def _named(self, values: tuple[Tensor, ...]) -> dict[str, Tensor]:
        return {f"module.{n}": v for n, v in zip(self._names, values, strict=True)}

    def _evaluate(self, split: Split) -> Tensor:
        data = self._data[split]
        n = len(data[0])
        total = 0
        for chunk in _chunks(data, self._chunk):
            if self._whole_chunk is not None and len(chunk[0]) == self._chunk:
                losses = self._whole_chunk(*self.parameters, *chunk)
            else:
                losses = self._stacked_losses(self.parameters, chunk, None)
            total = total + losses * (len(chunk[0]) / n)
        assert isinstance(total, Tensor)
        return total

    def _metrics(self, split: Split) -> dict[str, Tensor]:
        data = self._data[split]
        n = len(data[0])

        def one(values: tuple[Tensor, ...], sample: tuple[Tensor, ...]) -> dict[str, Tensor]:
            with self._arithmetic():
                return functional_call(self._template, self._named(values), (sample, True))

        totals: dict[str, Tensor] = {}
        for chunk in _chunks(data, EVALUATION_CHUNK):
            values = vmap(one, in_dims=(0, None))(tuple(self.parameters), chunk)
            for name, value in values.items():
                share = value * (len(chunk[0]) / n)
                totals[name] = totals[name] + share if name in totals else share
        return totals


class _LossModule(torch.nn.Module):
    """Presents the losses (or metrics) of one network as a forward pass, for `functional_call`."""

    def __init__(self, problem: NeuralProblem, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module
        self._problem = problem
        self._probe: Tensor | None = None
        self._representation: Tensor | None = None
        if problem.representation is not None:
            _submodule(problem, module).register_forward_hook(self._look)

    def forward(
        self, batch: tuple[Tensor, ...], metrics: bool = False, probe: Tensor | None = None
    ) -> object:
        if metrics:
            return self._problem.metrics(self.module, batch)
        self._probe, self._representation = probe, None
        try:
            losses = self._problem.losses(self.module, batch)
            return losses if probe is None else (losses, self._representation)
        finally:
            self._probe = self._representation = None

    def _look(
        self, module: torch.nn.Module, given: object, representation: Tensor
    ) -> Tensor | None:
        if self._probe is None:
            return None
        self._representation = representation
        return representation + self._probe


def _submodule(problem: NeuralProblem, module: torch.nn.Module) -> torch.nn.Module:
    try:
        return module.get_submodule(str(problem.representation))
    except AttributeError as error:
        raise BadInput(
            f"{problem.name!r} says that its heads read the submodule {problem.representation!r}, "
            f"which its network does not have: {error}."
        ) from error


def _seeded_module(problem: NeuralProblem, source: torch.Generator) -> torch.nn.Module:
    # Layers initialise themselves from torch's global generator: lend it this seed for a moment.
    with torch.random.fork_rng(devices=[]):
        # `torch.manual_seed` costs a millisecond where there is no other device that it could seed
        if torch.cuda.is_available():
            torch.manual_seed(source.initial_seed())
        else:
            torch.default_generator.manual_seed(source.initial_seed())
        return problem.module()


def shared_parameters(
    problem: NeuralProblem, data: tuple[Tensor, ...], batch_size: int
) -> frozenset[str]:
    """Return the names of the parameters that more than one task's loss depends on.

    The problem says so, or gradients show it: at one fixed random point, so that the answer is a fact
    about the problem and not about any run.
    """
    named = problem.shared_parameters()
    if named is not None:
        return named
    module = _seeded_module(problem, origin(0, 0, "weights")).to(data[0].device)
    parameters = {n: p for n, p in module.named_parameters() if p.requires_grad}
    noise = generator(0, "shared parameters")
    with torch.no_grad():
        # Away from the initialisation, where a layer set to zero would hide what lies before it.
        for p in parameters.values():
            p.add_(0.1 * torch.randn(p.shape, generator=noise).to(p.device))
    dtypes = {t.dtype for t in data if t.is_floating_point()}
    module.to(dtypes.pop() if len(dtypes) == 1 else torch.get_default_dtype())
    losses = problem.losses(module, tuple(t[:batch_size] for t in data))
    users = dict.fromkeys(parameters, 0)
    for task in range(problem.n_objectives):
        rows = torch.autograd.grad(
            losses[task],
            list(parameters.values()),
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        for name, row in zip(parameters, rows, strict=True):
            users[name] += int((row != 0).any())
    return frozenset(name for name, count in users.items() if count != 1)


def _chunks(data: tuple[Tensor, ...], size: int) -> Iterator[tuple[Tensor, ...]]:
    for start in range(0, len(data[0]), size):
        yield tuple(t[start : start + size] for t in data)


def _cast(data: tuple[Tensor, ...], dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
    return tuple(t.to(device, dtype if t.is_floating_point() else None) for t in data)
