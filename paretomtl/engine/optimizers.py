"""First-order optimizers on stacked lanes: element by element, so K lanes are K independent runs.

Each parameter is a tensor with the lanes in front; each lane has its own learning rate. A lane whose
`alive` entry is False keeps its parameters exactly. The updates go through memory in blocks of lanes
that fit in the processor's cache: an update is a dozen elementwise operations on the same numbers, and
streaming a whole front's parameters through memory a dozen times costs more than the backward pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import settled
from paretomtl.aggregation.recording import recorded
from paretomtl.sweep.settings import Optimizer as Settings

BLOCK = 1 << 16
"""Numbers of one tensor in a block on the CPU."""


class Corrections(NamedTuple):
    """What follows from the number of a step: a factor of the learning rate, and Adam's eps."""

    rate: float | Tensor
    eps: float | Tensor


class StackedOptimizer(ABC):
    """Updates stacked parameters in place.

    Args:
        parameters: Tensors with the lanes in front, contiguous.
        settings: The optimizer's options; its `lr` is not read.
        lr: Learning rate of each lane, [lanes] float64.
    """

    n_moments: int
    """How many running tensors of the parameter's shape it keeps."""
    lr: Tensor
    """Learning rate of each lane, [lanes] float64."""

    def __init__(self, parameters: Sequence[Tensor], settings: Settings, lr: Tensor) -> None:
        self.parameters = list(parameters)
        self.settings = settings
        device = self.parameters[0].device
        self.lr = lr.to(device=device, dtype=torch.float64)
        self._flat = [p.flatten(1) for p in self.parameters]
        self.moments = [
            [torch.zeros_like(p, memory_format=torch.contiguous_format) for p in self._flat]
            for _ in range(self.n_moments)
        ]
        self._slices = [list(_blocks(p)) for p in self._flat]
        largest = max(
            (p[s].numel() for p, own in zip(self._flat, self._slices, strict=True) for s in own)
        )
        self._scratch = torch.empty(largest, dtype=self._flat[0].dtype, device=device)
        self._zero = torch.zeros((), dtype=self._scratch.dtype, device=device)
        self._eps: float | Tensor = 0.0

    def bind(
        self, parameters: Sequence[Tensor], moments: Sequence[Sequence[Tensor]], lr: Tensor
    ) -> None:
        """Go on with these tensors in place of the present ones."""
        self.lr = lr
        self.parameters = list(parameters)
        self._flat = [p.flatten(1) for p in self.parameters]
        self.moments = [list(kind) for kind in moments]
        self._slices = [list(_blocks(p)) for p in self._flat]

    def look_ahead(self) -> bool:
        """Move the parameters to where the next gradient is taken; return whether they moved."""
        return False

    def corrections(self) -> Corrections:
        """Begin a step: return what follows from its number alone."""
        return Corrections(1.0, 0.0)

    def step(
        self,
        gradients: Sequence[Tensor],
        alive: Tensor,
        factor: float | Tensor = 1.0,
        corrections: Corrections | None = None,
    ) -> None:
        """Apply one update along minus the gradients.

        Args:
            gradients: One a parameter, lanes in front.
            alive: Which lanes may move, [lanes].
            factor: What multiplies the learning rate at this step, a number or [lanes].
            corrections: Those of this step, where they were asked for before.
        """
        corrected, self._eps = self.corrections() if corrections is None else corrections
        dtype = self._scratch.dtype
        moving = alive.to(dtype).unsqueeze(-1)
        rate = (self.lr * (factor * corrected)).to(dtype).unsqueeze(-1) * moving
        decay = self.settings.weight_decay
        all_alive = settled(alive)
        for index, (x, gradient) in enumerate(zip(self._flat, gradients, strict=True)):
            for rows in [slice(None)] if recorded() else self._slices[index]:
                block = x[rows]
                keep = None if all_alive else alive[rows]
                g = self._taken(gradient[rows], keep, block)
                if decay:
                    self._decay(block, g, rate[rows])
                moments = [moment[index][rows] for moment in self.moments]
                self._update(block, g, moments, rate[rows], moving[rows])

    def _taken(self, gradient: Tensor, alive: Tensor | None, block: Tensor) -> Tensor:
        """Return the gradient as a tensor like the block that may be overwritten.

        A dead lane's gradient may be anything, and becomes zero; so is its rate, and 0 times a finite
        number leaves it exactly where it is.
        """
        # Read in its own shape: gradients of stacked layers come transposed, and flattening would copy.
        keep = None if alive is None else alive.view(-1, *[1] * (gradient.ndim - 1))
        if recorded():  # a compiler finds room by itself, and sharing it would tie updates together
            assert keep is not None
            return torch.where(keep, gradient, self._zero).reshape(block.shape)
        room = self._scratch[: block.numel()].view(gradient.shape)
        if keep is None:
            room.copy_(gradient)
        else:
            torch.where(keep, gradient, self._zero, out=room)
        return room.view(block.shape)

    def _decay(self, x: Tensor, g: Tensor, rate: Tensor) -> None:
        """Apply the weight decay: as an L2 penalty unless decoupled."""
        g.add_(x, alpha=self.settings.weight_decay)

    @abstractmethod
    def _update(
        self, x: Tensor, g: Tensor, moments: Sequence[Tensor], rate: Tensor, moving: Tensor
    ) -> None:
        """Update one block in place; `g` may be overwritten, `rate` and `moving` are [lanes, 1]."""


class SGD(StackedOptimizer):
    """`x <- x - lr g`."""

    n_moments = 0

    def _update(
        self, x: Tensor, g: Tensor, moments: Sequence[Tensor], rate: Tensor, moving: Tensor
    ) -> None:
        x.addcmul_(g, rate, value=-1)


class Momentum(StackedOptimizer):
    """Heavy ball: `v <- mu v - lr g`, `x <- x + v` (Polyak 1964)."""

    n_moments = 1

    def _update(
        self, x: Tensor, g: Tensor, moments: Sequence[Tensor], rate: Tensor, moving: Tensor
    ) -> None:
        (v,) = moments
        v.mul_(self.settings.momentum).addcmul_(g, rate, value=-1)
        x.addcmul_(v, moving)


class Nesterov(Momentum):
    """Nesterov's look-ahead: `v <- mu v - lr g(x + mu v)`, `x <- x + v`.

    The gradient is really taken at the look-ahead point, so every method sees it there. Weight decay
    is taken there too.
    """

    def look_ahead(self) -> bool:
        """Move to `x + mu v`, remembering x."""
        self._origin = [x.clone() for x in self._flat]
        for x, v in zip(self._flat, self.moments[0], strict=True):
            x.add_(v, alpha=self.settings.momentum)
        return True

    def step(
        self,
        gradients: Sequence[Tensor],
        alive: Tensor,
        factor: float | Tensor = 1.0,
        corrections: Corrections | None = None,
    ) -> None:
        """Apply one update from the point that was looked ahead from."""
        decay = self.settings.weight_decay
        if decay:
            gradients = [
                g.add(x, alpha=decay) for g, x in zip(gradients, self.parameters, strict=True)
            ]
        for x, origin in zip(self._flat, self._origin, strict=True):
            x.copy_(origin)
        super().step(gradients, alive, factor, corrections)

    def _decay(self, x: Tensor, g: Tensor, rate: Tensor) -> None:
        """Do nothing: the decay was taken at the look-ahead point."""


class Adam(StackedOptimizer):
    """Adam (Kingma & Ba 2015, Algorithm 1), weight decay added to the gradient.

    With the bias corrections moved to the rate: `lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps')`,
    where `eps' = eps sqrt(1 - b2^t)`; the same numbers in fewer operations (their section 2).
    """

    n_moments = 2
    _steps = 0

    def corrections(self) -> Corrections:
        """Begin a step: return its bias correction of the rate, and of eps."""
        self._steps += 1
        b1, b2 = self.settings.betas
        root = (1 - b2**self._steps) ** 0.5
        return Corrections(root / (1 - b1**self._steps), self.settings.eps * root)

    def _update(
        self, x: Tensor, g: Tensor, moments: Sequence[Tensor], rate: Tensor, moving: Tensor
    ) -> None:
        m, v = moments
        b1, b2 = self.settings.betas
        m.lerp_(g, 1 - b1)
        v.mul_(b2).addcmul_(g, g, value=1 - b2)
        torch.sqrt(v, out=g).add_(self._eps)
        x.addcmul_(torch.div(m, g, out=g), rate, value=-1)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    def step(
        self,
        gradients: Sequence[Tensor],
        alive: Tensor,
        factor: float | Tensor = 1.0,
        corrections: Corrections | None = None,
    ) -> None:
        """Apply one update, the decay by the plain learning rate first."""
        decay = self.settings.weight_decay
        if decay:
            kept = 1 - decay * (self.lr * factor)
            kept = torch.where(alive, kept, 1.0).to(self._scratch.dtype).unsqueeze(-1)
            for x in self._flat:
                x.mul_(kept)
        super().step(gradients, alive, factor, corrections)

    def _decay(self, x: Tensor, g: Tensor, rate: Tensor) -> None:
        """Do nothing: the decay is decoupled from the gradient."""


OPTIMIZERS: dict[str, Callable[[Sequence[Tensor], Settings, Tensor], StackedOptimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
    "adamw": AdamW,
}
"""Every optimizer by the name a spec uses."""


def _blocks(parameter: Tensor) -> Iterator[slice]:
    """Cut the lanes so that a block of a [lanes, p] tensor fits in cache; a GPU takes them whole."""
    n_lanes, size = parameter.shape
    step = n_lanes if parameter.is_cuda else max(1, BLOCK // max(size, 1))
    for start in range(0, n_lanes, step):
        yield slice(start, min(start + step, n_lanes))
