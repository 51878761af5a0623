"""Batches one after the other, in this process."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial

from paretomtl.engine import Compute
from paretomtl.executors.base import Batch, BatchProgress, Executor, Finished, executors
from paretomtl.executors.batch import run_to_records


@executors.register("local")
@dataclass(frozen=True, kw_only=True)
class Local(Executor):
    """Runs every batch in this process: the default, since a batch already fills the machine."""

    def run(
        self, batches: Sequence[Batch], *, compute: Compute, progress: BatchProgress
    ) -> Generator[Finished]:
        """Run the batches in order."""
        for place, batch in enumerate(batches):
            report = partial(progress, place)
            yield Finished(place, run_to_records(batch, compute=compute, progress=report))
