"""Batches on a Ray cluster, or on Ray's own workers of this machine."""

# ray is an extra: where it is absent its types are, too.
# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import importlib
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from paretomtl.engine import Compute
from paretomtl.errors import BadInput, missing_extra
from paretomtl.executors.base import Batch, BatchProgress, Executor, Finished, executors
from paretomtl.executors.batch import lost, run_to_records
from paretomtl.records.codec import spec_from_json, spec_to_json
from paretomtl.records.record import Record


@executors.register("ray")
@dataclass(frozen=True, kw_only=True)
class RayCluster(Executor):
    """Runs each batch as one Ray task; needs the extra `ray` here and paretomtl on every node.

    Specs travel as JSON. Ray retries nothing: a task whose worker dies is recorded as failed, and
    running again with `retry_failed` takes it up.

    Args:
        address: Of a running cluster, such as "auto" or "ray://head:10001"; None starts Ray here.
        cpus: Cores that one batch takes; torch uses as many threads.
        gpus: GPUs that one batch takes, fractions allowed; 0 hides them.
        imports: Modules that a worker imports first, because they register problems or methods.
    """

    address: str | None = None
    cpus: int = 1
    gpus: float = 0.0
    imports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.cpus < 1 or self.gpus < 0:
            raise BadInput(
                f"`cpus` must be at least 1 and `gpus` at least 0; found {self.cpus}, {self.gpus}."
            )

    def check(self, compute: Compute) -> None:
        """Refuse when ray is not installed; the devices are those of the cluster's machines."""
        _ray()

    def run(
        self, batches: Sequence[Batch], *, compute: Compute, progress: BatchProgress
    ) -> Generator[Finished]:
        """Submit every batch and yield each as it comes back."""
        ray = _ray()
        if not ray.is_initialized():
            ray.init(address=self.address, log_to_driver=False, include_dashboard=False)
        remote = ray.remote(_run).options(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=0)
        waiting: dict[Any, int] = {}
        for place, batch in enumerate(batches):
            texts = [spec_to_json(spec) for spec in batch]
            waiting[remote.remote(texts, asdict(compute), self.cpus, self.imports)] = place
        try:
            while waiting:
                (task,), _ = ray.wait([*waiting], num_returns=1)
                place = waiting.pop(task)
                try:
                    answer = ray.get(task)
                except ray.exceptions.RayError as error:
                    reason = f"{type(error).__name__} of ray: the worker ended under the batch"
                    answer = lost(batches[place], reason, device=compute.device)
                if isinstance(answer, BadInput):
                    raise answer
                yield Finished(place, answer)
        finally:
            for task in waiting:
                ray.cancel(task, force=True)


def _run(
    texts: list[str], compute: dict[str, Any], threads: int, imports: tuple[str, ...]
) -> list[Record] | BadInput:
    """Run one batch on a node."""
    import torch

    torch.set_num_threads(threads)
    try:
        for module in imports:
            importlib.import_module(module)
        return run_to_records([spec_from_json(text) for text in texts], compute=Compute(**compute))
    except BadInput as error:
        return error


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise missing_extra("the executor 'ray'", package="ray", extra="ray") from None
