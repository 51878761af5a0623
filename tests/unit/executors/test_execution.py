"""Only what is missing runs, each batch is kept when it is over, and a fault costs its own runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from paretomtl.engine import Compute
from paretomtl.errors import BadInput, MissingExtra, StoreError, Unfit, UnknownName
from paretomtl.executors import ExecutionProgress, Local, execute, executors
from paretomtl.records.store import Store
from paretomtl.sweep.settings import Budget
from paretomtl.sweep.spec import Choice, RunSpec

Sweep = Callable[..., list[RunSpec]]
OnBatch = Callable[[Callable[[Any], None]], None]


def test_the_second_time_nothing_runs(store: Store, sweep: Sweep, on_batch: OnBatch) -> None:
    specs = sweep(5, 6)
    first = execute([*specs, specs[0]], store)
    assert (first.total, first.reused, first.ok, first.remaining) == (8, 0, 8, 0)
    assert not first.interrupted
    assert first.steps == 4 * 5 + 4 * 6
    assert store.keys() == {spec.key for spec in specs}

    def never(_: Any) -> None:
        raise AssertionError("nothing was to run")

    on_batch(never)
    files = sorted(store.path.iterdir())
    second = execute(specs, store)
    assert (second.total, second.reused, second.executed) == (8, 8, 0)
    assert sorted(store.path.iterdir()) == files


def test_records_hold_what_was_run(store: Store, sweep: Sweep) -> None:
    execute(sweep(7), store)
    (file,) = store.path.glob("*.parquet")
    assert file.stat().st_size > 0
    for record in store.records():
        assert record.outcome.status == "ok"
        assert record.outcome.steps[-1] == 7
        assert record.outcome.losses["test"].shape == (len(record.outcome.steps), 2)
        assert record.provenance.lanes == 4
        assert record.provenance.device == "cpu"
        assert record.provenance.seconds > 0
        assert record.provenance.peak_memory > 1e7


def test_progress_ends_at_one_and_never_falls(store: Store, sweep: Sweep) -> None:
    calls: list[ExecutionProgress] = []
    execute(sweep(5), store)
    execute(sweep(5, 50, 60), store, progress=calls.append)
    assert calls[0].fraction == 0
    assert (calls[0].done, calls[0].total, calls[0].reused) == (0, 8, 4)
    fractions = [p.fraction for p in calls]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 4  # not only at the ends of batches
    assert [p.steps for p in calls] == sorted(p.steps for p in calls)
    last = calls[-1]
    assert (last.fraction, last.done, last.steps) == (1.0, 8, 4 * 110)
    assert last.seconds_left == 0
    assert last.steps_per_second > 0


def test_progress_of_a_budget_in_seconds(store: Store, sweep: Sweep) -> None:
    calls: list[ExecutionProgress] = []
    timed = [replace(spec, budget=Budget(seconds=0.3)) for spec in sweep(1)]
    execute(timed, store, progress=calls.append)
    assert calls[-1].fraction == 1
    assert any(0 < p.fraction < 1 for p in calls)


def test_what_a_callback_raises_is_no_fault_of_the_runs(
    store: Store, sweep: Sweep, on_batch: OnBatch
) -> None:
    batches: list[int] = []
    on_batch(lambda batch: batches.append(len(batch)))

    def broken(progress: ExecutionProgress) -> None:
        if progress.fraction > 0:
            raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="the terminal is gone"):
        execute(sweep(5), store, progress=broken)
    assert batches == [4]
    assert store.keys() == set()


def test_each_batch_is_stored_as_soon_as_it_is_over(
    store: Store, sweep: Sweep, on_batch: OnBatch
) -> None:
    stored: list[int] = []
    on_batch(lambda _: stored.append(len(store.keys())))
    execute(sweep(3, 4, 5), store)
    assert stored == [0, 4, 8]


def test_an_interrupted_sweep_goes_on_with_the_batches_it_began_with(
    store: Store, sweep: Sweep, on_batch: OnBatch
) -> None:
    specs = sweep(3, 4, 5, methods=("linear",))
    planned: list[set[str]] = []
    on_batch(lambda batch: planned.append({spec.key for spec in batch}))
    execute(specs, Store(store.path.with_name("uninterrupted")))
    begun: list[set[str]] = []

    def interrupt(batch: Any) -> None:
        begun.append({spec.key for spec in batch})
        if len(begun) == 2:
            raise KeyboardInterrupt

    on_batch(interrupt)
    summary = execute(specs, store)
    assert summary.interrupted
    assert (summary.executed, summary.remaining) == (2, 4)
    assert len(store.keys()) == 2
    summary = execute(specs, store)
    assert (summary.reused, summary.executed, summary.interrupted) == (2, 4, False)
    assert begun[2:] == planned[1:]


def test_the_cut_into_batches_does_not_depend_on_what_is_stored(
    store: Store, sweep: Sweep, on_batch: OnBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the batches [a b c] [d e f], b is stored: [a c] [d e f] is run, not [a c d] [e f]."""
    monkeypatch.setattr("paretomtl.engine.planning.chunks.ANALYTIC_LANES", 3)
    specs = sweep(5, methods=("linear", "tchebycheff", "rlw"))
    execute(specs[1:2], store)
    run: list[list[RunSpec]] = []
    on_batch(lambda batch: run.append([*batch]))
    execute(specs, store)
    assert run == [[specs[0], specs[2]], specs[3:]]


def test_stored_runs_are_left_out_of_a_batch_and_the_rest_come_out_the_same(
    store: Store, sweep: Sweep
) -> None:
    specs = sweep(30)
    whole = Store(store.path.with_name("whole"))
    execute(specs, whole)
    execute(specs[1:2], store)
    execute(specs, store)
    ours = {r.key: r.outcome for r in store.records()}
    for record in whole.records():
        again = ours[record.key]
        np.testing.assert_allclose(again.losses["test"], record.outcome.losses["test"], rtol=1e-12)


def test_a_method_that_raises_fails_alone(store: Store, sweep: Sweep, on_batch: OnBatch) -> None:
    """Two methods share a batch; one of them has a bug."""

    def bug(batch: Any) -> None:
        if any(spec.method.name == "tchebycheff" for spec in batch):
            raise ZeroDivisionError("division by\nzero")

    on_batch(bug)
    summary = execute(sweep(5, 6), store)
    assert (summary.ok, summary.failed, summary.remaining) == (4, 4, 0)
    assert {f.label for f in summary.failures} == {"tchebycheff on vlmop2, seed 3"}
    frame = store.runs().set_index("method")
    assert set(frame.loc["linear", "status"]) == {"ok"}
    assert set(frame.loc["tchebycheff", "status"]) == {"failed"}
    assert set(frame.loc["tchebycheff", "reason"]) == {"ZeroDivisionError: division by zero"}
    for record in store.records():
        if record.outcome.status == "failed":
            assert record.outcome.losses == {}
            assert len(record.outcome.steps) == 0


def test_failed_runs_are_done_unless_asked_for_again(
    store: Store, sweep: Sweep, on_batch: OnBatch
) -> None:
    def bug(_: Any) -> None:
        raise RuntimeError("out of memory")

    specs = sweep(5, methods=("linear",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paretomtl.executors.batch.run_batch", lambda *_, **__: bug(None))
        assert execute(specs, store).failed == 2
    assert execute(specs, store).executed == 0
    summary = execute(specs, store, retry_failed=True)
    assert (summary.reused, summary.ok) == (0, 2)
    assert set(store.statuses().values()) == {"ok"}


def test_what_the_caller_must_change_is_raised_and_not_recorded(
    store: Store, sweep: Sweep, on_batch: OnBatch
) -> None:
    def missing(batch: Any) -> None:
        if batch[0].budget.amount == 6:
            raise MissingExtra("digits need scikit-learn: pip install 'paretomtl[data]'")

    on_batch(missing)
    with pytest.raises(MissingExtra, match="scikit-learn"):
        execute(sweep(5, 6, 7), store)
    assert len(store.keys()) == 4
    assert set(store.statuses().values()) == {"ok"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problem": Choice("vlmop")}, "vlmop2"),
        ({"method": Choice("liner")}, "linear"),
        ({"method": Choice.of("linear", {"gama": 1})}, "gama"),
        ({"preference": (0.5, 0.2, 0.3)}, "2 objectives need 2"),
        ({"preference": (0.5, 0.6)}, "sums to 1.1, not to 1"),
        ({"preference": (-0.5, 1.5)}, ">= 0"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
    ],
)
def test_a_bad_spec_is_refused_before_anything_runs(
    store: Store, sweep: Sweep, change: dict[str, Any], message: str
) -> None:
    good = sweep(5)
    bad = replace(good[0], **change)
    with pytest.raises(BadInput, match=message):
        execute([*good, bad], store)
    assert not store.path.exists()


def test_unknown_executor_and_device(store: Store, sweep: Sweep) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'processes'"):
        execute(sweep(5), store, executor="process")
    with pytest.raises(BadInput, match="tpu"):
        execute(sweep(5), store, compute=Compute(device="tpu"))
    with pytest.raises(BadInput, match="cuda:99"):
        execute(sweep(5), store, compute=Compute(device="cuda:99"))
    assert not store.path.exists()
    assert {"local", "processes", "ray"} <= set(executors)


def test_a_store_that_cannot_be_written_is_found_before_anything_runs(
    store: Store, sweep: Sweep, on_batch: OnBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: Any) -> None:
        raise AssertionError("nothing was to run")

    on_batch(never)
    store.create()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(StoreError, match="read-only"):
        execute(sweep(5), store)


def test_an_executor_instance_is_taken_as_it_is(store: Store, sweep: Sweep) -> None:
    assert execute(sweep(5), store, executor=Local()).ok == 4


def test_nothing_to_do_makes_no_store(store: Store) -> None:
    assert execute([], store).total == 0
    assert not store.path.exists()


@pytest.mark.parametrize("fault", [Unfit("its network has a Dropout"), SystemExit(7), OSError("x")])
def test_a_network_that_is_unfit_or_exits_costs_its_own_runs_only(
    store: Store, sweep: Sweep, on_batch: OnBatch, fault: BaseException
) -> None:
    def raise_first(specs: Any) -> None:
        if specs[0].budget.amount == 5:
            raise fault

    on_batch(raise_first)
    summary = execute(sweep(5, 6, methods=["linear"]), store)
    assert (summary.ok, summary.failed) == (2, 2)
    reasons = {r.outcome.reason for r in store.records() if r.outcome.status == "failed"}
    assert len(reasons) == 1
    assert str(fault) in reasons.pop()
