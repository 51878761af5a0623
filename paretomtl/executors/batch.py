"""One batch: from specs to records, whatever happens inside."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from paretomtl.aggregation.allocator import keep_freed_memory
from paretomtl.engine import Compute, Outcome, Progress, run_batch
from paretomtl.errors import BadInput, Unfit
from paretomtl.executors.base import Batch
from paretomtl.executors.memory import PeakMemory
from paretomtl.records.provenance import gather, source_commit
from paretomtl.records.record import Record
from paretomtl.sweep.spec import RunSpec

log = logging.getLogger(__name__)


def run_to_records(
    specs: Batch,
    *,
    compute: Compute | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Record]:
    """Carry out the runs as lanes of one batch and return one record each, in order.

    When something in the batch raises, it is run again method by method, so that a faulty method does
    not take down the others; the runs that still raise, or exit, are recorded as "failed" with the
    reason. So are those of a network that is `Unfit`.

    Raises:
        BadInput: The caller must change something, such as install an extra; nothing is recorded.
        Exception: Whatever `progress` raises, which is no fault of the runs.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    source_commit()  # remembered from here on: the tree may change while the batch runs
    compute = compute or Compute()
    where = compute.resolved
    memory = PeakMemory(where)
    keep_freed_memory()
    try:
        outcomes = run_batch(specs, compute=compute, progress=progress and _Callback(progress))
    except _CallbackError as error:
        raise error.cause from None
    except (Exception, SystemExit) as error:
        if isinstance(error, BadInput) and not isinstance(error, Unfit):
            raise
        groups = _by_method(specs)
        if len(groups) > 1:
            log.warning("a batch of %d methods raised; running them one by one.", len(groups))
            parts = [run_to_records(g, compute=compute, progress=progress) for g in groups]
            records = {record.key: record for part in parts for record in part}
            return [records[spec.key] for spec in specs]
        log.warning(
            "%s on %s failed.",
            specs[0].method.label,
            specs[0].problem.label,
            exc_info=not isinstance(error, Unfit),
        )
        outcomes = [failed(describe_error(error))] * len(specs)
    provenance = gather(
        device=compute.description,
        lanes=len(specs),
        started=started,
        seconds=time.perf_counter() - clock,
        peak_memory=memory.peak(),
    )
    return [
        Record(spec=spec, outcome=outcome, provenance=provenance)
        for spec, outcome in zip(specs, outcomes, strict=True)
    ]


def lost(specs: Batch, reason: str, *, device: str) -> list[Record]:
    """Return records of runs whose process ended before it could say anything."""
    provenance = gather(
        device=device, lanes=len(specs), started=datetime.now(UTC), seconds=0.0, peak_memory=0
    )
    return [Record(spec=s, outcome=failed(reason), provenance=provenance) for s in specs]


def failed(reason: str) -> Outcome:
    """Return the outcome of a run that could not be carried out: no step, no losses."""
    none = np.zeros(0)
    counts = np.zeros(0, dtype=np.int64)
    return Outcome(
        status="failed",
        reason=reason,
        steps=counts,
        losses={},
        x=None,
        backward_passes=counts,
        seconds=none,
    )


def describe_error(error: BaseException) -> str:
    """Return an exception's type and message on one line."""
    text = " ".join(f"{type(error).__qualname__}: {error}".split())
    return text if len(text) <= 500 else f"{text[:497]}..."


class _CallbackError(BaseException):
    """Carries what a callback raised past whoever takes it for a fault of the batch."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class _Callback:
    call: Callable[[Progress], None]

    def __call__(self, progress: Progress) -> None:
        try:
            self.call(progress)
        except Exception as error:
            raise _CallbackError(error) from error


def _by_method(specs: Batch) -> list[list[RunSpec]]:
    groups: dict[str, list[RunSpec]] = {}
    for spec in specs:
        groups.setdefault(repr(spec.method), []).append(spec)
    return list(groups.values())
