"""First-order optimizers on stacked lanes: element by element, so K lanes are K independent runs.

Each parameter is a tensor with the lanes in front; each lane has its own learning rate. A lane whose
`alive` entry is False keeps its parameters exactly. The updates go through memory in blocks of lanes
that fit in the processor's cache: an update is a dozen elementwise operations on the same numbers, and
streaming a whole front's parameters through memory a dozen times costs more than the backward pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from paretomtl.aggregation.lanes import settled
from paretomtl.aggregation.recording import recorded
from paretomtl.sweep.settings import Optimizer as Settings
from paretomtl.sweep.settings import OptimizerName

BLOCK = 1 << 16
"""Numbers of one tensor in a block on the CPU."""


class Corrections(NamedTuple):
    """What follows from the number of a step: a factor of the learning rate, and the optimizer's eps."""

    rate: float | Tensor
    eps: float | Tensor


class StackedOptimizer(ABC):
    """Updates stacked parameters in place. Its moments belong to the caller: it keeps no state.

    Args:
        settings: The optimizer's options; its `lr` is not read, since each lane has its own.
    """

    name: ClassVar[OptimizerName]
    """What a spec calls it."""
    n_moments: int
    """How many running tensors of the parameter's shape it keeps."""
    looks_ahead: ClassVar[bool] = False
    """Whether gradients are taken elsewhere than where the parameters are."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._scratch: Tensor | None = None

    def moments(self, parameters: Sequence[Tensor]) -> list[list[Tensor]]:
        """Return the running tensors before the first step: by kind, one a parameter, [lanes, p]."""
        return [
            [
                torch.zeros_like(p.detach().flatten(1), memory_format=torch.contiguous_format)
                for p in parameters
            ]
            for _ in range(self.n_moments)
        ]

    def look_ahead(
        self, parameters: Sequence[Tensor], moments: Sequence[Sequence[Tensor]]
    ) -> list[Tensor]:
        """Move the parameters to where the next gradient is taken; return where they were, for `step`."""
        raise TypeError(f"{type(self).__name__} takes its gradients where the parameters are.")

    def corrections(self, step: int) -> Corrections:
        """Return what follows from a step's number alone; the first is 0."""
        return Corrections(1.0, 0.0)

    def step(
        self,
        parameters: Sequence[Tensor],
        moments: Sequence[Sequence[Tensor]],
        gradients: Sequence[Tensor],
        *,
        lr: Tensor,
        alive: Tensor,
        factor: float | Tensor = 1.0,
        corrections: Corrections,
        origin: Sequence[Tensor] | None = None,
    ) -> None:
        """Apply one update along minus the gradients.

        Args:
            parameters: Tensors with the lanes in front, contiguous but for gaps behind the lanes.
            moments: Those of `moments`, as the step before left them.
            gradients: One a parameter, lanes in front.
            lr: Learning rate of each lane, [lanes] float64.
            alive: Which lanes may move, [lanes].
            factor: What multiplies the learning rates at this step, a number or [lanes].
            corrections: Those of this step.
            origin: What `look_ahead` returned.
        """
        flat = [p.flatten(1) for p in parameters]
        dtype = flat[0].dtype
        moving = alive.to(dtype).unsqueeze(-1)
        rate = (lr * (factor * corrections.rate)).to(dtype).unsqueeze(-1) * moving
        decay = self.settings.weight_decay
        all_alive = settled(alive)
        for index, (x, gradient) in enumerate(zip(flat, gradients, strict=True)):
            for rows in [slice(None)] if recorded() else _blocks(x):
                block = x[rows]
                keep = None if all_alive else alive[rows]
                g = self._masked(gradient[rows], keep, block)
                if decay:
                    self._decay(block, g, rate[rows])
                own = [moment[index][rows] for moment in moments]
                self._update(block, g, own, rate[rows], moving[rows], corrections.eps)

    def _masked(self, gradient: Tensor, alive: Tensor | None, block: Tensor) -> Tensor:
        """Return the gradient as a tensor like the block that may be overwritten.

        A dead lane's gradient may be anything, is set to zero, and so is its rate: 0 times a finite
        number leaves it exactly where it is.
        """
        # Read in its own shape: gradients of stacked layers come transposed, and flattening would copy.
        keep = None if alive is None else alive.view(-1, *[1] * (gradient.ndim - 1))
        if recorded():  # a compiler finds room by itself, and sharing it would tie updates together
            assert keep is not None
            return torch.where(keep, gradient, block.new_zeros(())).reshape(block.shape)
        room = self._scratch_for(block)
        if keep is None:
            room.view(gradient.shape).copy_(gradient)
        else:
            torch.where(keep, gradient, block.new_zeros(()), out=room.view(gradient.shape))
        return room.view(block.shape)

    def _scratch_for(self, block: Tensor) -> Tensor:
        """Return as many numbers as a block has, to be overwritten by each block in turn."""
        if self._scratch is None or self._scratch.numel() < block.numel():
            self._scratch = torch.empty(block.numel(), dtype=block.dtype, device=block.device)
        return self._scratch[: block.numel()]

    def _decay(self, x: Tensor, g: Tensor, rate: Tensor) -> None:
        """Apply the weight decay: as an L2 penalty unless decoupled."""
        g.add_(x, alpha=self.settings.weight_decay)

    @abstractmethod
    def _update(
        self,
        x: Tensor,
        g: Tensor,
        moments: Sequence[Tensor],
        rate: Tensor,
        moving: Tensor,
        eps: float | Tensor,
    ) -> None:
        """Update one block in place; `g` may be overwritten, `rate` and `moving` are [lanes, 1]."""


def _blocks(parameter: Tensor) -> Iterator[slice]:
    """Cut the lanes so that a block of a [lanes, p] tensor fits in cache; a GPU takes them whole."""
    n_lanes, size = parameter.shape
    step = n_lanes if parameter.is_cuda else max(1, BLOCK // max(size, 1))
    for start in range(0, n_lanes, step):
        yield slice(start, min(start + step, n_lanes))
