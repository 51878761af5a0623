"""Stored runs are repeated; what differs is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from paretomtl.errors import BadInput
from paretomtl.executors import execute, verify
from paretomtl.executors.batch import failed
from paretomtl.executors.verification import relative_difference
from paretomtl.records.record import Record
from paretomtl.records.store import Store
from paretomtl.sweep.settings import Budget
from paretomtl.sweep.spec import RunSpec

Sweep = Callable[..., list[RunSpec]]


def test_what_this_code_made_comes_out_again(store: Store, sweep: Sweep) -> None:
    execute(sweep(5, 20, methods=("linear", "mgda")), store)
    table = verify(store, sample=6, seed=1)
    assert len(table) == 6
    assert table["equal"].all()
    assert (table["difference"] == 0).all()
    assert table["key"].is_unique
    assert table["key"].tolist() == verify(store, sample=6, seed=1)["key"].tolist()
    assert len(verify(store, sample=100)) == 8


@pytest.mark.parametrize("part", ["losses", "x", "status", "steps", "missing"])
def test_a_record_that_does_not_come_out_again_is_found(
    store: Store, sweep: Sweep, part: str
) -> None:
    spec = sweep(5)[0]
    other = Store(store.path.with_name("other"))
    execute([spec], other)
    (record,) = other.records()
    outcome = record.outcome
    changed = {
        "losses": replace(outcome, losses={"test": outcome.losses["test"] * 1.001}),
        "x": replace(outcome, x=None if outcome.x is None else np.nextafter(outcome.x, 1)),
        "status": replace(outcome, status="diverged"),
        "steps": replace(outcome, steps=outcome.steps[:-1]),
        "missing": replace(outcome, x=None),
    }[part]
    store.append([Record(spec=spec, outcome=changed, provenance=record.provenance)])
    (row,) = verify(store).to_dict("records")
    assert not row["equal"]
    assert row["worst"].startswith("x" if part == "missing" else part)
    if part == "losses":
        assert row["difference"] == pytest.approx(0.001 / 1.001)
    elif part == "x":
        assert 0 < row["difference"] < 1e-14
    else:
        assert row["difference"] == np.inf


def test_what_cannot_be_repeated_is_not_drawn(store: Store, sweep: Sweep) -> None:
    execute(sweep(5)[:1], store)
    (record,) = store.records()
    timed = replace(sweep(5)[1], budget=Budget(seconds=0.01))
    broken = sweep(5)[2]
    store.append([Record(spec=timed, outcome=record.outcome, provenance=record.provenance)])
    store.append([Record(spec=broken, outcome=failed("x"), provenance=record.provenance)])
    assert verify(store)["key"].tolist() == [record.key]


def test_nothing_to_verify(store: Store) -> None:
    store.create()
    with pytest.raises(BadInput, match="no run that can be repeated"):
        verify(store)
    with pytest.raises(BadInput, match="at least 1"):
        verify(store, sample=0)


@pytest.mark.parametrize(
    ("a", "b", "difference"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0),
        ([1.0, np.nan], [1.0, np.nan], 0),
        ([np.inf], [np.inf], 0),
        ([1.0], [np.nan], np.inf),
        ([np.inf], [-np.inf], np.inf),
        ([1.0], [1.0, 1.0], np.inf),
        ([1.0], None, np.inf),
        ([0.0], [1e-300], 1),
        ([1.0, 100.0], [1.0, 99.0], 0.01),
        ([], [], 0),
    ],
)
def test_relative_difference(a: object, b: object, difference: float) -> None:
    assert relative_difference(a, b) == pytest.approx(difference)
    assert relative_difference(b, a) == pytest.approx(difference)
