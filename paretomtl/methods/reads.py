"""What a method needs to see: the one signal that decides how a step is computed."""

from __future__ import annotations

from enum import Enum

from paretomtl.methods.base import Aggregator, Method, Scalarization, SetMethod


class Reads(Enum):
    """The signal that a method's type declares; the methods of one batch need the same."""

    LOSSES = "losses"
    GRAMIAN = "gramian"
    JACOBIAN = "jacobian"

    @classmethod
    def of(cls, method: Method) -> Reads:
        """Return the signal that a method reads."""
        if isinstance(method, Scalarization):
            return cls.LOSSES
        if isinstance(method, Aggregator) or (
            isinstance(method, SetMethod) and method.reads_jacobian
        ):
            return cls.JACOBIAN
        return cls.GRAMIAN
