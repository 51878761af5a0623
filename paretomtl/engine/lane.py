"""One run's place in a batch, and what the runs of a batch have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from paretomtl.methods.base import Aggregator, Method, Scalarization, SetMethod
from paretomtl.sweep.spec import Budget, Level, Optimizer, Precision, Stop


class Reads(Enum):
    """What a method needs to see; the methods of one batch need the same."""

    LOSSES = "losses"
    GRAMIAN = "gramian"
    JACOBIAN = "jacobian"

    @classmethod
    def of(cls, method: Method) -> Reads:
        """Return the signal that the method's type declares."""
        if isinstance(method, Scalarization):
            return cls.LOSSES
        if isinstance(method, Aggregator) or (
            isinstance(method, SetMethod) and method.reads_jacobian
        ):
            return cls.JACOBIAN
        return cls.GRAMIAN


def passes_per_step(method: Method, n_tasks: int, level: Level = "parameters") -> int:
    """Return the backward passes of one lane in one step: one, or one a task and minibatch.

    At the level of the representation one pass goes through the whole network; those through the heads
    alone are not counted.
    """
    every_task = Reads.of(method) is not Reads.LOSSES and level == "parameters"
    return (n_tasks if every_task else 1) * method.minibatches


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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all lanes of a batch have in common; the fields mean what they mean in `RunSpec`."""

    optimizer: Optimizer
    budget: Budget
    batch_size: int | None = None
    precision: Precision | None = None
    weighted_heads: bool = False
    snapshots: int | None = None
    stop: Stop | None = None
    level: Level = "parameters"
