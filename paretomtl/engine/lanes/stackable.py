"""What is found out about copies of a network before anything is spent on training them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from paretomtl.aggregation.linalg import length
from paretomtl.engine.device import is_out_of_memory
from paretomtl.engine.lanes.base import Copies
from paretomtl.engine.lanes.network import seeded_module
from paretomtl.engine.lanes.stack import Stack
from paretomtl.engine.seeding import origin
from paretomtl.errors import Unfit

APART = 1e-2
"""How far gradients of copies may be from those of the network alone, relative to their length: far above
rounding, also of products in TF32, and far below what a wrong rule does."""


def check_stackable(
    stack: Stack,
    copies: Copies,
    sample: tuple[Tensor, ...],
    batch: tuple[Tensor, ...],
) -> None:
    """Run the copies once, and compare their gradients with those of one network alone.

    Args:
        stack: How their losses follow.
        copies: The networks of all lanes.
        sample: A few samples, to be evaluated by all.
        batch: A minibatch, for two equal copies to learn from.

    Raises:
        Unfit: Copies in one program cannot do it, or would learn something else.
    """
    # one network for all runs, so that no run is refused because of its neighbours
    alone = seeded_module(stack.problem, origin(0, 0, "weights")).to(stack.device, stack.dtype)
    named = dict(alone.named_parameters())
    equal = stack.of([named, named])
    two = tuple(torch.stack((t, t)) for t in batch)
    found: tuple[Tensor, ...] = ()
    try:
        with torch.no_grad():
            stack.losses(copies, sample, None)
            stack.metrics(copies, sample)
        for mixed in sorted({stack.mixed, False}, reverse=True):  # compared without
            losses = stack.losses(equal, two, 0, mixed=mixed)
            found = torch.autograd.grad(
                losses.sum(), equal.trained, allow_unused=True, materialize_grads=True
            )
    except (RuntimeError, ValueError, NotImplementedError) as error:
        if is_out_of_memory(error):
            raise
        raise Unfit(f"{stack.problem.name!r}: {_reason(str(error), stack.module)}") from error
    _check_gradients(stack, alone, batch, found)


def _reason(message: str, module: nn.Module) -> str:
    """Return why copies cannot be stacked, from torch's message."""
    layers: dict[str, nn.Module] = dict(module.named_modules())  # pyright: ignore[reportUnknownArgumentType]
    quoted = f"torch says: {message.splitlines()[0]}"
    if "randomness" in message or "random operation" in message:
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
    if ".item()" in message or "data-dependent" in message:
        return (
            "its network, losses or metrics look at numbers while they compute (`.item()`, a branch), "
            f"which copies in one program cannot; use torch.where instead. {quoted}"
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
        f"{''.join(recurrent[:1])} {quoted}"
    )


def _check_gradients(
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
    for name, own, copies, long in zip(stack.trained, gradients, found, lengths, strict=True):
        apart = (copies - own.reshape(copies.shape[1:])).double().flatten(1)
        off = float(length(apart).amax())
        if not off <= APART * (long + 1e-3 * total):
            raise Unfit(
                f"{stack.problem.name!r}: copies of its network in one program would not train as one "
                f"alone does: they are {off:.2g} off in the gradient of {name!r}, which is {long:.2g} "
                "long. torch.func.vmap is wrong about an operation that reads it (known: F.embedding "
                "with `padding_idx`; use the layer nn.Embedding)."
            )
