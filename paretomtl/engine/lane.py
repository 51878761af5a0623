"""One run's place in a batch."""

from __future__ import annotations

from dataclasses import dataclass

from paretomtl.methods.base import Method


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One run's place in a batch.

    Args:
        method: Rule that combines the tasks.
        preference: On the simplex, m numbers.
        seed: Determines start or initial weights, and minibatches.
        key: 63 bits that determine the method's random draws.
        lr: Learning rate.
        member_of: Lanes of a set method with equal values form one set.
        member: Place in that set. Every member has a start of its own, drawn from the seed; runs that
            are no members all have the seed's first start.
    """

    method: Method
    preference: tuple[float, ...]
    seed: int
    key: int
    lr: float
    member_of: str = ""
    member: int = 0

    @property
    def group(self) -> tuple[object, ...]:
        """Lanes of a batch with the same value are answered for by one call of their method."""
        return (self.method.batch_key(), self.member_of)
