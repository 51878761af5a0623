"""Run what is not yet stored: plan, run, store, report progress."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import closing

from paretomtl.engine import Compute, check_data, plan_batches
from paretomtl.executors.base import Executor
from paretomtl.executors.base import executor as executor_of
from paretomtl.executors.progress import ExecutionSummary, ProgressCallback, Tally
from paretomtl.records.store import Store
from paretomtl.sweep.spec import RunSpec

log = logging.getLogger(__name__)


def execute(
    specs: Iterable[RunSpec],
    store: Store,
    *,
    executor: str | Executor = "local",
    compute: Compute | None = None,
    retry_failed: bool = False,
    progress: ProgressCallback | None = None,
) -> ExecutionSummary:
    """Run those of the specs that have no record, and store each batch as soon as it is finished.

    The whole list is cut into batches first, and stored runs are left out of them afterwards: an
    interrupted sweep goes on with the batches it began with. A problem or method that raises costs its
    own runs only; they are stored as "failed". Ctrl-C ends the execution, not the caller.

    Args:
        specs: All the runs of the sweep, done or not.
        store: Where records are looked up and kept.
        executor: Where batches run: "local", "processes", "ray", or an instance with options.
        compute: Where and how: device, compilation, determinism, memory limit.
        retry_failed: Whether runs stored as failed are tried again.
        progress: Called as work proceeds, from the calling thread.

    Raises:
        BadInput: A name or option does not exist, a device or extra is missing: nothing has run, or
            what had finished before is stored.
        StoreError: A batch cannot be stored; those before it are.
    """
    distinct = list({spec.key: spec for spec in specs}.values())
    chosen = executor_of(executor)
    compute = compute or Compute()
    chosen.check(compute)
    plan = plan_batches(distinct, compute=compute)
    left_to_do = store.missing(distinct, retry_failed=retry_failed)
    check_data(left_to_do)
    pending = {spec.key for spec in left_to_do}
    batches = [left for batch in plan if (left := [s for s in batch if s.key in pending])]
    if batches:
        store.create()
    tally = Tally(batches, reused=len(distinct) - len(pending), callback=progress)
    interrupted = False
    running = chosen.run(batches, compute=compute, progress=tally.advance)
    try:
        with closing(running):
            for place, records in running:
                store.append(records)
                tally.finish(place, records)
    except KeyboardInterrupt:
        log.info("interrupted; %d runs are stored.", tally.done)
        interrupted = True
    return tally.summary(total=len(distinct), interrupted=interrupted)
