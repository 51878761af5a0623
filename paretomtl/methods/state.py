"""What a method remembers between steps, and the shapes that its first state is made for."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from paretomtl.errors import BadInput

State: TypeAlias = dict[str, Tensor]
"""What a method remembers between steps: tensors, lanes in front. Stateless methods have `{}`."""


@dataclass(frozen=True, slots=True)
class LaneShapes:
    """The lanes that a method is about to serve: how many, of how many tasks, in which numbers.

    Args:
        batch: Shape of the lanes; `()` is one lane without an axis of its own.
        n_tasks: m.
        n_parameters: n, the shared parameters counted in scalars; None where nobody knows them.
        dtype: Floating-point type of the losses and gradients.
        device: Where they are; None is the CPU.

    >>> LaneShapes((4,), 2).per_task(0.5).shape
    torch.Size([4, 2])
    """

    batch: tuple[int, ...]
    n_tasks: int
    _: KW_ONLY
    n_parameters: int | None = None
    dtype: torch.dtype = torch.float64
    device: torch.device | str | None = None

    def full(self, value: float, *axes: int, dtype: torch.dtype | None = None) -> Tensor:
        """Return [*batch, *axes] filled with `value`; of the lanes' own dtype unless one is given."""
        return torch.full(
            (*self.batch, *axes), value, dtype=dtype or self.dtype, device=self.device
        )

    def per_task(self, value: float = 0.0, *, dtype: torch.dtype | None = None) -> Tensor:
        """Return `value` for every task of every lane, [*batch, m]."""
        return self.full(value, self.n_tasks, dtype=dtype)

    def per_parameter(self, method: str) -> Tensor:
        """Return zeros of the Jacobian's shape, [*batch, m, n].

        Args:
            method: The name of the method that asks, for the message.

        Raises:
            BadInput: `n_parameters` is not known.
        """
        if self.n_parameters is None:
            raise BadInput(
                f"{method} remembers tensors of the Jacobian's shape: `n_parameters` is needed."
            )
        return self.full(0.0, self.n_tasks, self.n_parameters)

    def counts(self) -> Tensor:
        """Return a counter of zero for every lane, [*batch] int64."""
        return self.full(0, dtype=torch.int64)
