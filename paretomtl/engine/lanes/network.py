"""One network: how it is made, what it shows of itself, and what it must be for copies to be stacked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from paretomtl.engine.seeding import generator, origin
from paretomtl.errors import Unfit
from paretomtl.problems.base import NeuralProblem

LOOKS = 32
"""Minibatches that are looked at, at the most, to see what each task depends on."""


class LossModule(nn.Module):
    """Presents the losses (or metrics) of one network as a forward pass, for `functional_call`."""

    def __init__(self, problem: NeuralProblem, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self._problem = problem
        for layer in module.modules():
            if isinstance(layer, nn.Embedding) and layer.padding_idx is not None:
                _keep_padding(layer)
        self._probe: Tensor | None = None
        self._representation: Tensor | None = None
        if problem.representation is not None:
            submodule(problem, module).register_forward_hook(self._look)

    def forward(
        self, batch: tuple[Tensor, ...], metrics: bool = False, probe: Tensor | None = None
    ) -> object:
        """Return the losses, or the metrics; with a probe also the representation, the probe added."""
        if metrics:
            return self._problem.metrics(self.module, batch)
        self._probe, self._representation = probe, None
        try:
            losses = self._problem.losses(self.module, batch)
            return losses if probe is None else (losses, self._representation)
        finally:
            self._probe = self._representation = None

    def _look(self, module: nn.Module, given: object, representation: Tensor) -> Tensor | None:
        if self._probe is None:
            return None
        self._representation = representation
        return representation + self._probe


def submodule(problem: NeuralProblem, module: nn.Module) -> nn.Module:
    """Return the submodule whose output is the representation.

    Raises:
        Unfit: The network has none of the name that the problem states.
    """
    try:
        return module.get_submodule(str(problem.representation))
    except AttributeError as error:
        raise Unfit(
            f"{problem.name!r} says that its heads read the submodule {problem.representation!r}, "
            f"which its network does not have: {error}."
        ) from error


def _keep_padding(layer: nn.Embedding) -> None:
    """Let an embedding train no padding row, by what it returns.

    torch takes the padding's row of the gradient to zero, and under `vmap` only the first lane's.
    """
    padding, layer.padding_idx = layer.padding_idx, None

    def hold(module: nn.Module, given: tuple[Tensor, ...], rows: Tensor) -> Tensor:
        return torch.where((given[0] == padding).unsqueeze(-1), rows.detach(), rows)

    layer.register_forward_hook(hold)


def seeded_module(problem: NeuralProblem, source: torch.Generator) -> nn.Module:
    """Return the network as its problem makes it under one seed."""
    # Layers initialise themselves from torch's global generator: lend it this seed for a moment.
    with torch.random.fork_rng(devices=[]):
        # `torch.manual_seed` costs a millisecond where there is no other device that it could seed
        if torch.cuda.is_available():
            torch.manual_seed(source.initial_seed())
        else:
            torch.default_generator.manual_seed(source.initial_seed())
        return problem.module()


def check_ready(problem: NeuralProblem, module: nn.Module) -> None:
    """Check that a network's parameters are there from the beginning.

    Raises:
        Unfit: A lazy layer waits for its first batch to learn its shape.
    """
    for name, p in [*module.named_parameters(), *module.named_buffers()]:
        if nn.parameter.is_lazy(p):
            raise Unfit(
                f"{problem.name!r}: its network's {name!r} has no shape before the first batch; name the "
                "sizes (Linear in place of LazyLinear), or evaluate a batch in `module()`."
            )


def shared_parameters(
    problem: NeuralProblem, data: tuple[Tensor, ...], batch_size: int
) -> tuple[frozenset[str], int | None]:
    """Return the names of the parameters that more than one task's loss depends on.

    The problem states it, or gradients show it: at one fixed random point, on the same samples for every
    run of one batch size, so that the answer is a fact about the problem. Minibatches are looked at, at
    most `LOOKS`, until every task has shown a gradient: some may have few labels.

    Returns:
        The names, and the number of a task that showed no gradient, None where all did.
    """
    named = problem.shared_parameters()
    if named is not None:
        return named, None
    module = seeded_module(problem, origin(0, 0, "weights")).to(data[0].device)
    parameters = {n: p for n, p in module.named_parameters() if p.requires_grad}
    noise = generator(0, "shared parameters")
    with torch.no_grad():
        # Away from the initialisation, where a layer set to zero would hide what lies before it.
        for p in parameters.values():
            p.add_(0.1 * torch.randn(p.shape, generator=noise).to(p.device))
    dtypes = {t.dtype for t in data if t.is_floating_point()}
    module.to(dtypes.pop() if len(dtypes) == 1 else torch.get_default_dtype())
    order = torch.randperm(len(data[0]), generator=noise).to(data[0].device)
    users: list[set[str]] = [set() for _ in range(problem.n_objectives)]
    for look in range(min(LOOKS, max(1, len(order) // batch_size))):
        rows = order[look * batch_size : (look + 1) * batch_size]
        losses = problem.losses(module, tuple(t[rows] for t in data))
        for task, own in enumerate(users):
            gradients = torch.autograd.grad(
                losses[task],
                list(parameters.values()),
                retain_graph=True,
                allow_unused=True,
                materialize_grads=True,
            )
            moved = zip(parameters, gradients, strict=True)
            own.update(name for name, gradient in moved if bool((gradient != 0).any()))
        if all(users):
            break
    silent = next((task for task, own in enumerate(users, start=1) if not own), None)
    shared = frozenset(name for name in parameters if sum(name in own for own in users) != 1)
    return shared, silent


def drawn_and_frozen(problem: NeuralProblem, module: nn.Module) -> list[str]:
    """Return the names of the parameters that are not trained and differ from seed to seed.

    Raises:
        Unfit: The network keeps another tensor that differs from seed to seed, which copies of it
            could not.
    """
    frozen = {n: p for n, p in module.named_parameters() if not p.requires_grad}
    kept = dict(_plain_tensors(module))
    if not frozen and not kept:
        return []
    other = seeded_module(problem, generator(0, "another network"))
    for name, tensor in _plain_tensors(other):
        if name in kept and not torch.equal(tensor.to(kept[name]), kept[name]):
            raise Unfit(
                f"{problem.name!r}: its network keeps the tensor {name!r}, drawn anew for each seed, "
                "which lanes cannot share; make it a torch.nn.Parameter(..., requires_grad=False)."
            )
    others = dict(other.named_parameters())
    return [n for n, p in frozen.items() if not torch.equal(p, others[n].to(p))]


def _plain_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of layers that are no parameters: their buffers, and their attributes."""
    yield from module.named_buffers()
    layers: dict[str, nn.Module] = dict(module.named_modules())  # pyright: ignore[reportUnknownArgumentType]
    for path, layer in layers.items():
        for name, value in vars(layer).items():
            if isinstance(value, Tensor):
                yield f"{path}.{name}".lstrip("."), value


def check_data(problem: NeuralProblem, split: str, data: Any) -> None:
    """Check one split of a problem's data.

    Raises:
        Unfit: It is not a tuple of tensors with the same number of samples, at least one.
    """
    where = (
        f"{problem.name!r}: its {split} data must be a tuple of tensors with the samples in front"
    )
    items: list[Any] = list(data) if isinstance(data, (tuple, list)) else []  # pyright: ignore[reportUnknownArgumentType]
    if not items:
        raise Unfit(f"{where}; found {data!r}.")
    for item in items:
        if not isinstance(item, Tensor):
            raise Unfit(f"{where}; found a {type(item).__name__} in it: use torch.as_tensor.")
    counts = [len(item) if item.ndim else 0 for item in items]
    if len(set(counts)) > 1 or not counts[0]:
        raise Unfit(f"{where}, equally many and at least one; found {counts}.")


def check_answers(problem: NeuralProblem, module: nn.Module, sample: tuple[Tensor, ...]) -> None:
    """Check what a problem states of one network, before anything is spent on training it.

    Raises:
        Unfit: The losses are not one tensor [m] that depends on what is trained, or change their
            batch; the metrics are not scalars; the network changes a buffer.
    """
    name, m = problem.name, problem.n_objectives
    sample = tuple(t.clone() for t in sample)
    versions = [t._version for t in sample]
    buffers = {n: (b, b._version) for n, b in module.named_buffers()}
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        losses: Any = problem.losses(module, sample)
        if not isinstance(losses, Tensor) or losses.shape != (m,):
            shape = getattr(losses, "shape", None)
            found = type(losses).__name__ if shape is None else str(list(shape))  # pyright: ignore[reportUnknownArgumentType]
            raise Unfit(
                f"{name!r}: its losses must be one number for each of the {m} tasks, a tensor [{m}]; "
                f"found {found} for one network."
            )
        if not losses.requires_grad:
            raise Unfit(f"{name!r}: its losses depend on no parameter that is trained.")
        metrics: Any = problem.metrics(module, sample)
    if not isinstance(metrics, Mapping):
        raise Unfit(f"{name!r}: its metrics must be a dict; found {type(metrics).__name__}.")
    for key, value in metrics.items():  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(value, Tensor) or value.ndim:
            shape = getattr(value, "shape", None)  # pyright: ignore[reportUnknownArgumentType]
            found = type(value).__name__ if shape is None else f"shape {list(shape)}"  # pyright: ignore[reportUnknownArgumentType]
            raise Unfit(
                f"{name!r}: its metric {key!r} must be a scalar tensor, the mean over samples; found "
                f"{found}."
            )
    for n, b in module.named_buffers():
        before, version = buffers[n]
        if before is not b or version != b._version:
            raise Unfit(
                f"{name!r}: its network changes the buffer {n!r}, which lanes cannot share; use layers "
                "without running statistics (GroupNorm or LayerNorm in place of BatchNorm)."
            )
    if versions != [t._version for t in sample]:
        raise Unfit(
            f"{name!r}: its losses or metrics change their batch in place, and with it the data that "
            "all lanes share; work on a copy (`x = x / 2` in place of `x.div_(2)`)."
        )


def check_representation(
    problem: NeuralProblem, module: nn.Module, sample: tuple[Tensor, ...], shared: list[str]
) -> None:
    """Check that shared parameters reach the losses through the stated representation alone.

    Raises:
        Unfit: The submodule is called more than once or never, does not return one tensor, is not
            read by the losses, or a shared parameter reaches them on another way.
    """
    where = f"{problem.name!r}: its representation {problem.representation!r}"
    found: list[Tensor] = []

    def cut(layer: nn.Module, given: object, answer: Any) -> Tensor:
        if not isinstance(answer, Tensor):
            raise Unfit(f"{where} must return one tensor; found {type(answer).__name__}.")
        found.append(answer.detach().requires_grad_())
        return found[-1]

    handle = submodule(problem, module).register_forward_hook(cut)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            losses = problem.losses(module, sample)
    finally:
        handle.remove()
    if len(found) != 1:
        raise Unfit(
            f"{where} must be computed once for all heads; it is called {len(found)} times. Take the "
            'gradients by the parameters (level="parameters"), or name another submodule.'
        )
    parameters = dict(module.named_parameters())
    around = [parameters[name] for name in shared]
    gradients: list[Tensor | None] = list(
        torch.autograd.grad(losses.sum(), [*found, *around], allow_unused=True)
    )
    through, *others = gradients
    if through is None:
        raise Unfit(f"{where} is not what the losses are computed from.")
    for name, gradient in zip(shared, others, strict=True):
        if gradient is not None:
            raise Unfit(
                f"{where} is not the only way from the shared parameter {name!r} to the losses: "
                'gradients there would leave it out. Use level="parameters", or name another submodule.'
            )
