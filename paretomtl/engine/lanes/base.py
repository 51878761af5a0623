"""K copies of one problem, advancing together: what a step needs of them and nothing more.

Runs are independent, so one backward pass through the sum over lanes gives each lane's own gradient.
The numbers of the copies are not kept here: every function is given them.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from paretomtl.engine.state import Copies, Sample


class Lanes(ABC):
    """How losses and gradients follow from the stacked copies of one problem."""

    shared: list[bool]
    """For each parameter, whether several tasks share it (their gradients define the Gramian)."""
    n_tasks: int
    evaluated_together: int = sys.maxsize
    """So many lanes are evaluated at once, at the most."""

    def __init__(self, initial: Copies) -> None:
        self._initial: list[Copies] = [initial]

    def take_initial(self) -> Copies:
        """Hand over the copies as they begin, once: from then on the caller alone holds them."""
        return self._initial.pop()

    def draw(self) -> Sample:
        """Return the next minibatch of every lane; formulas have none."""
        return ()

    @abstractmethod
    def losses(self, copies: Copies, sample: Sample) -> Tensor:
        """Return the losses on a minibatch, [lanes, m], with their graph."""

    @abstractmethod
    def jacobian(self, copies: Copies, sample: Sample) -> tuple[Tensor, list[Tensor]]:
        """Return the losses [lanes, m] and, for each parameter, every task's gradient [lanes, m, p]."""

    @abstractmethod
    def evaluate(self, copies: Copies) -> dict[str, Tensor]:
        """Return the losses on each split, split name to [lanes, m]."""

    @abstractmethod
    def finish(self, copies: Copies) -> tuple[Tensor | None, list[dict[str, dict[str, float]]]]:
        """Return the final points [lanes, n] where they are kept, and the metrics of each lane."""

    def evaluation_cost(self, *, forward: int, backward: int) -> float:
        """Return what an evaluation costs, in steps of so many passes; formulas cost next to nothing."""
        return 0.0

    def select(self, rows: Tensor) -> None:  # noqa: B027 - formulas draw no minibatches
        """Draw minibatches for some of the lanes alone from now on."""

    def check_shared(self) -> None:  # noqa: B027 - a formula's tasks share the point
        """Check that it is known what the tasks share."""

    def project(self, copies: Copies) -> None:  # noqa: B027 - most parameters have no bounds
        """Put the parameters back into their bounds, where they have any."""

    def gradients(self, copies: Copies, losses: Tensor, weights: Tensor) -> list[Tensor]:
        """Return the gradient of the weighted losses for each parameter: one backward pass."""
        return list(torch.autograd.grad(losses, copies.trained, weights.to(losses.dtype)))
