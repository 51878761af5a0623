"""One batch becomes records, whatever is raised in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from paretomtl.engine import Progress
from paretomtl.errors import BadInput, Unfit
from paretomtl.executors.batch import describe_error, failed, lost, run_to_records
from paretomtl.sweep.spec import RunSpec

Sweep = Callable[..., list[RunSpec]]
OnBatch = Callable[[Callable[[Any], None]], None]


def test_one_record_a_spec_in_order(sweep: Sweep) -> None:
    specs = sweep(5)
    records = run_to_records(specs)
    assert [record.spec for record in records] == specs
    assert {record.outcome.status for record in records} == {"ok"}
    assert {record.provenance.lanes for record in records} == {4}


def test_a_method_that_raises_costs_its_own_runs(sweep: Sweep, on_batch: OnBatch) -> None:
    specs = sweep(5)
    batches: list[list[str]] = []

    def hook(batch: Sequence[RunSpec]) -> None:
        batches.append([spec.method.name for spec in batch])
        if "linear" in batches[-1]:
            raise ZeroDivisionError("no\nway")

    on_batch(hook)
    records = run_to_records(specs[::-1])
    assert [record.spec for record in records] == specs[::-1]
    found = {record.spec.method.name: record.outcome for record in records}
    assert found["tchebycheff"].status == "ok"
    assert found["linear"].status == "failed"
    assert found["linear"].reason == "ZeroDivisionError: no way"
    assert sorted(map(len, batches)) == [2, 2, 4]


@pytest.mark.parametrize("error", [Unfit("it does not fit"), SystemExit(3)])
def test_an_unfit_network_and_an_exit_are_failures(
    sweep: Sweep, on_batch: OnBatch, error: BaseException
) -> None:
    def hook(_: object) -> None:
        raise error

    on_batch(hook)
    assert {record.outcome.status for record in run_to_records(sweep(5))} == {"failed"}


@pytest.mark.parametrize("error", [BadInput("install it"), KeyboardInterrupt()])
def test_what_is_for_the_caller_is_raised(
    sweep: Sweep, on_batch: OnBatch, error: BaseException
) -> None:
    def hook(_: object) -> None:
        raise error

    on_batch(hook)
    with pytest.raises(type(error)):
        run_to_records(sweep(5))


def test_an_error_of_the_callback_is_its_own(sweep: Sweep) -> None:
    def call(_: Progress) -> None:
        raise LookupError("not here")

    with pytest.raises(LookupError, match="not here"):
        run_to_records(sweep(5), progress=call)


def test_records_of_a_lost_process(sweep: Sweep) -> None:
    specs = sweep(5)
    records = lost(specs, "killed", device="cpu")
    assert [record.spec for record in records] == specs
    assert {(r.outcome.status, r.outcome.reason) for r in records} == {("failed", "killed")}
    assert records[0].provenance.device == "cpu"
    assert failed("why").losses == {}


def test_an_error_is_one_line_of_at_most_500_characters() -> None:
    assert describe_error(ValueError("a\n  b")) == "ValueError: a b"
    assert len(describe_error(ValueError("x" * 900))) == 500
