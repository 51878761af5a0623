"""Batches in worker processes of this machine, each isolated from the others."""

from __future__ import annotations

import os
import queue
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from paretomtl.engine import Compute, Progress
from paretomtl.errors import BadInput
from paretomtl.executors.base import Batch, BatchProgress, Executor, Finished, executors
from paretomtl.executors.batch import lost
from paretomtl.executors.child import Child, Message

ATTEMPTS = 2
"""How often a batch is tried when its worker dies under it."""


class _Task(NamedTuple):
    place: int
    batch: Batch
    attempt: int


@executors.register("processes")
@dataclass(frozen=True, kw_only=True)
class Processes(Executor):
    """Runs batches side by side in worker processes; a worker that dies loses its own batch only.

    A worker is a fresh Python that receives specs as JSON, so problems and methods must come from
    entry points or from `imports`. A batch whose worker dies is tried once more in a new one, then
    recorded as failed.

    Args:
        workers: How many; None for one a core. The threads of torch are divided among them.
        imports: Modules that a worker imports first, because they register problems or methods.
    """

    workers: int | None = None
    imports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise BadInput(f"`workers` must be at least 1; found {self.workers}.")

    def run(
        self, batches: Sequence[Batch], *, compute: Compute, progress: BatchProgress
    ) -> Generator[Finished]:
        """Run the batches on `workers` processes, or on as many as there are cores."""
        todo = deque(_Task(place, batch, 1) for place, batch in enumerate(batches))
        count = min(self.workers or _cores(), len(todo))
        threads = max(1, torch.get_num_threads() // max(1, count))
        inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        busy: dict[Child, _Task] = {}
        idle: list[Child] = []
        try:
            while todo or busy:
                while todo and len(busy) < count:
                    child = idle.pop() if idle else Child(inbox, threads, self.imports)
                    task = busy[child] = todo.popleft()
                    child.ask(task.batch, compute)
                try:  # a timeout, since some systems defer Ctrl-C while a call blocks
                    child, answer = inbox.get(timeout=1)
                except queue.Empty:
                    continue
                if isinstance(answer, BadInput):
                    raise answer
                if isinstance(answer, Progress):
                    progress(busy[child].place, answer)
                elif answer is not None:
                    task = busy.pop(child)
                    idle.append(child)
                    yield Finished(task.place, answer)
                elif child in idle:
                    idle.remove(child)
                    child.end()
                else:
                    task = busy.pop(child)
                    how = child.end(patience=10)
                    if task.attempt < ATTEMPTS:
                        todo.appendleft(task._replace(attempt=task.attempt + 1))
                    else:
                        reason = f"the worker process {how}, in each of {ATTEMPTS} attempts"
                        yield Finished(task.place, lost(task.batch, reason, device=compute.device))
        finally:
            for child in [*busy, *idle]:
                child.end()


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
