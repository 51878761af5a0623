"""What an executor is: something that runs batches somewhere and returns their records.

The store, not the executor, knows what is done; an executor has no state between calls.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from typing import Any, ClassVar, NamedTuple, TypeAlias

from paretomtl.engine import Compute, Progress
from paretomtl.records.record import Record
from paretomtl.registry import Registry
from paretomtl.sweep.spec import RunSpec

Batch: TypeAlias = Sequence[RunSpec]

BatchProgress: TypeAlias = Callable[[int, Progress], None]
"""Called with a batch's place among the batches and how far the engine is in it."""


class Finished(NamedTuple):
    """A finished batch: its place among the batches, and one record for each of its runs."""

    place: int
    records: list[Record]


class Executor(ABC):
    """Where batches run. Subclasses are frozen keyword-only dataclasses whose fields are the options."""

    name: ClassVar[str]

    def check(self, compute: Compute) -> None:
        """Refuse what no batch could be computed with.

        Raises:
            BadInput: There is no such device.
        """
        _ = compute.resolved

    @abstractmethod
    def run(
        self, batches: Sequence[Batch], *, compute: Compute, progress: BatchProgress
    ) -> Generator[Finished]:
        """Run the batches and yield each as soon as it is finished, in any order.

        A run that cannot be executed gives a record with status "failed". Closing the generator
        stops the others.

        Raises:
            BadInput: The caller must change something (a device, an extra to install): nothing is
                recorded of the batch that raised it.
        """


executors: Registry[Executor] = Registry(
    "executor", Executor, group="paretomtl.executors", builtin="paretomtl.executors"
)
"""Every executor by name; other packages enter by the entry-point group `paretomtl.executors`."""


def executor(name: str | Executor, /, **options: Any) -> Executor:
    """Return the executor of that name, constructed from `options`; an instance comes back as it is.

    Raises:
        UnknownName: No such executor or option.
        BadInput: An option's value is refused.
    """
    return name if isinstance(name, Executor) else executors.create(name, **options)
