"""What the methods that read the whole Jacobian share."""

from __future__ import annotations

from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, Signals
from paretomtl.methods.signals import required
from paretomtl.shapes import Jacobian


def jacobian_of(method: Method, signals: Signals) -> Jacobian:
    """Return the Jacobian, or say that the method reads it."""
    return required(method, signals.jacobian, "Jacobian", "jacobian=")


def combine(weights: Tensor, rows: Tensor) -> Tensor:
    """Return `w^T J`, by a product and a sum, so that a lane rounds the same in any batch."""
    return (weights.unsqueeze(-1) * rows).sum(-2)


def has_no_weights(method: Method) -> None:
    """Refuse `scale="unit_sum"` for a method whose direction is not a combination of the rows.

    Raises:
        BadInput: It was asked for.
    """
    if method.scale != "paper":
        raise BadInput(f"{method.name} has no weights to sum, so `scale` must be 'paper'.")
