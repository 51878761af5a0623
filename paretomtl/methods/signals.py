"""What a method of any kind reads of a step's signals: losses, preference, random keys.

Gradients have accessors of their own, `gramian_of` and `jacobian_of`, in modules that only the kinds
of method that may read them import.
"""

from __future__ import annotations

from torch import Tensor

from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, Signals
from paretomtl.shapes import Losses


def required(method: Method, signal: Tensor | None, what: str, how: str) -> Tensor:
    """Return a signal, or raise that the method reads it, and how to pass it.

    Args:
        method: The method that reads it.
        signal: The signal.
        what: What it is called in the message.
        how: The argument of a direct call that passes it.

    Raises:
        BadInput: The signal is None.
    """
    if signal is None:
        raise BadInput(f"{method.name!r} reads the {what}: pass {how}.")
    return signal


def losses_of(method: Method, signals: Signals) -> Losses:
    """Return the losses, tasks next to each other in memory, or raise that the method reads them."""
    losses = required(method, signals.losses, "losses", "losses=")
    # A sum over a strided axis adds in another order than one over neighbors in memory, and may
    # round otherwise. Which layout arrives depends on how the engine stacked the lanes, and a
    # lane's numbers must not: so every method sees the same one.
    return losses.contiguous()


def keys_of(method: Method, signals: Signals) -> Tensor:
    """Return the random keys, or raise that the method draws random numbers."""
    return required(method, signals.keys, "random keys of the lanes", "generator=")


def coefficients(signals: Signals, like: Tensor) -> Tensor:
    """Return the preference as coefficients that sum to one, [*batch, m] or [m]; uniform if None."""
    if signals.preference is None:
        m = like.shape[-1]
        return like.new_full((m,), 1 / m)
    return signals.preference.to(like.dtype).contiguous()


def emphasize(terms: Tensor, signals: Signals) -> Tensor:
    """Multiply each task's term by m times its preference; uniform leaves the paper's method."""
    if signals.preference is None:
        return terms
    return terms * (signals.preference * signals.preference.shape[-1]).to(terms.dtype)
