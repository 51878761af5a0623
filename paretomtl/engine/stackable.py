"""What is found out about copies of a network before anything is spent on training them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from paretomtl.aggregation.linalg import length
from paretomtl.engine.exhausted import is_out_of_memory
from paretomtl.engine.lanes import origin
from paretomtl.engine.network import seeded_module
from paretomtl.engine.stack import Stack
from paretomtl.errors import Unfit

TWINS = 1e-2
"""How far gradients of copies may be from those of the network alone, relative to their length: far above
rounding, also of products in TF32, and far below what a wrong rule does."""


def check_stackable(
    stack: Stack,
    parameters: Sequence[Tensor],
    frozen: Sequence[Tensor],
    sample: tuple[Tensor, ...],
    batch: tuple[Tensor, ...],
) -> None:
    """Let copies do once what they will do, and compare their gradients with those of one network alone.

    Args:
        stack: The copies.
        parameters: Those of all lanes.
        frozen: Those of all lanes.
        sample: A few samples, to be evaluated by all.
        batch: A minibatch, for two equal copies to learn from.

    Raises:
        Unfit: Copies in one program cannot do it, or would learn something else.
    """
    # one network for all runs, so that no run is refused because of its neighbours
    alone = seeded_module(stack.problem, origin(0, 0, "weights")).to(stack.device, stack.dtype)
    named = dict(alone.named_parameters())
    twins, fixed = stack.of([named, named])
    two = tuple(torch.stack((t, t)) for t in batch)
    found: tuple[Tensor, ...] = ()
    try:
        with torch.no_grad():
            stack.losses(parameters, frozen, sample, None)
            stack.metrics(parameters, frozen, sample)
        for mixed in sorted({stack.mixed, False}, reverse=True):  # compared without
            losses = stack.losses(twins, fixed, two, 0, mixed=mixed)
            found = torch.autograd.grad(
                losses.sum(), twins, allow_unused=True, materialize_grads=True
            )
    except (RuntimeError, ValueError, NotImplementedError) as error:
        if is_out_of_memory(error):
            raise
        raise Unfit(f"{stack.problem.name!r}: {_reason(str(error), stack.module)}") from error
    _check_twins(stack, alone, batch, found)


def _reason(said: str, module: nn.Module) -> str:
    """Return why copies cannot be stacked, from what torch said."""
    layers: dict[str, nn.Module] = dict(module.named_modules())  # pyright: ignore[reportUnknownArgumentType]
    told = f"torch says: {said.splitlines()[0]}"
    if "randomness" in said or "random operation" in said:
        drawing = [
            f"{path!r} ({type(layer).__name__})"
            for path, layer in layers.items()
            if "dropout" in type(layer).__name__.lower()
        ]
        where = f": {', '.join(drawing)}" if drawing else ""
        return (
            f"its network draws random numbers while it computes{where}, and a lane's numbers must not "
            "depend on its neighbors; leave such layers out (weight decay regularizes without them)."
        )
    if ".item()" in said or "data-dependent" in said:
        return (
            "its network, losses or metrics look at numbers while they compute (`.item()`, a branch), "
            f"which copies in one program cannot; use torch.where instead. {told}"
        )
    # one network alone has been evaluated before, so it is the stacking that fails
    recurrent = [
        f" {path!r} is a {type(layer).__name__}, which torch cannot stack: write the loop over time with a "
        "cell (GRUCell or RNNCell; LSTMCell cannot be stacked either)."
        for path, layer in layers.items()
        if isinstance(layer, nn.RNNBase)
    ]
    return (
        "its network, losses or metrics do what copies in one program cannot."
        f"{''.join(recurrent[:1])} {told}"
    )


def _check_twins(
    stack: Stack, alone: nn.Module, batch: tuple[Tensor, ...], found: Sequence[Tensor]
) -> None:
    """Compare the gradients of two equal copies with those of the network alone.

    `vmap` has rules that are wrong, such as that of `F.embedding` with a padding index.
    """
    named = dict(alone.named_parameters())
    with stack.arithmetic(mixed=False):
        losses = stack.problem.losses(alone, batch)
    gradients = torch.autograd.grad(
        losses.sum(), [named[n] for n in stack.trained], allow_unused=True, materialize_grads=True
    )
    lengths = [float(length(g.double().flatten())) for g in gradients]
    total = math.hypot(*lengths)
    if not math.isfinite(total):
        return
    for name, own, twins, long in zip(stack.trained, gradients, found, lengths, strict=True):
        apart = (twins - own.reshape(twins.shape[1:])).double().flatten(1)
        off = float(length(apart).amax())
        if not off <= TWINS * (long + 1e-3 * total):
            raise Unfit(
                f"{stack.problem.name!r}: copies of its network in one program would not train as one "
                f"alone does: they are {off:.2g} off in the gradient of {name!r}, which is {long:.2g} "
                "long. torch.func.vmap is wrong about an operation that reads it (known: F.embedding "
                "with `padding_idx`; use the layer nn.Embedding)."
            )
