"""What a store keeps, and how it is read with and without this package."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from paretomtl.errors import BadInput, StoreError
from paretomtl.records import directory
from paretomtl.records.record import RECORD_VERSION, Record
from paretomtl.records.store import Store, open_store

Make = Callable[..., Record]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "runs" / "store")


def test_nothing_is_written_before_the_first_record(store: Store, make_record: Make) -> None:
    assert store.keys() == set()
    assert store.missing([make_record().spec]) == [make_record().spec]
    assert not store.path.exists()


def test_reading_where_there_is_no_store_says_so(store: Store) -> None:
    for read in (store.runs, lambda: list(store.records())):
        with pytest.raises(StoreError, match=r"there is no store at .*; `paretomtl run"):
            read()


def test_an_empty_store_has_the_columns_of_a_full_one(store: Store, make_record: Make) -> None:
    store.create()
    empty = store.runs()
    assert len(empty) == 0
    store.append([make_record()])
    assert list(store.runs().columns) == list(empty.columns)


def test_records_come_back_in_the_order_of_writing(
    store: Store, make_record: Make, assert_same: Callable[[Record, Record], None]
) -> None:
    records = [make_record(seed) for seed in range(5)]
    store.append(records[:2])
    store.append(records[2:])
    back = list(open_store(store.path).records())
    assert len(back) == 5
    for record, again in zip(records, back, strict=True):
        assert_same(record, again)
    wanted = [records[3].key, records[0].key]
    assert [r.spec.seed for r in store.records(iter(wanted))] == [0, 3]
    assert list(store.records([])) == []
    assert list(store.records(["unknown"])) == []


def test_pandas_alone_reads_it_whatever_lies_hidden_beside(store: Store, make_record: Make) -> None:
    store.append([make_record(seed) for seed in range(3)])
    store.append([make_record(7, x=None, status="failed", reason="because", losses={})])
    (store.path / "_set_aside").mkdir()
    (store.path / "_set_aside" / "bad.parquet").write_text("no parquet")
    (store.path / ".half.parquet").write_text("no parquet")
    (store.path / "_lock.parquet").write_text("no parquet")
    frame = pd.read_parquet(store.path)
    assert len(frame) == 4
    row = frame.iloc[0]
    first = make_record(0)
    assert row["key"] == first.key
    assert (row["problem"], row["problem_label"]) == ("vlmop2", "vlmop2(n_variables=3)")
    assert (row["method"], row["gamma"], row["seed"]) == ("power_mean", 2.0, 0)
    assert json.loads(row["spec"]) == first.spec.canonical()
    assert row["status"] == "ok"
    np.testing.assert_array_equal(row["losses_test"], first.outcome.losses["test"][-1])
    np.testing.assert_array_equal(np.stack(row["trajectory_test"]), first.outcome.losses["test"])
    np.testing.assert_array_equal(row["steps"], first.outcome.steps)
    assert frame.iloc[3]["reason"] == "because"
    assert frame.iloc[3]["losses_test"] is None


def test_runs_is_one_row_a_run_with_arrays(store: Store, make_record: Make) -> None:
    store.append([make_record(0), make_record(1)])
    frame = store.runs()
    outcome = make_record(1).outcome
    row = frame[frame["seed"] == 1].iloc[0]
    np.testing.assert_array_equal(row["trajectory_test"], outcome.losses["test"])
    np.testing.assert_array_equal(row["diagnostics"]["cosine"], outcome.diagnostics["cosine"])
    assert row["metrics"] == {"test": {"accuracy": 0.5}}
    assert frame["lr"].dtype == np.float64
    assert frame["seed"].dtype == np.int64


def test_the_first_written_of_two_records_stands(store: Store, make_record: Make) -> None:
    store.append([make_record(0, x=np.array([1.0])), make_record(1)])
    store.append([make_record(2), make_record(0, x=np.array([2.0]))])
    assert [r.outcome.x[0] for r in store.records([make_record(0).key])] == [1.0]  # pyright: ignore[reportOptionalSubscript]
    assert len(store.runs()) == 3
    assert len(list(open_store(store.path).records())) == 3


@pytest.mark.parametrize("status", ["ok", "diverged"])
def test_a_failed_record_gives_way_to_one_that_was_carried_out(
    store: Store, make_record: Make, status: str
) -> None:
    spec = make_record(0).spec
    store.append([make_record(0, status="failed")])
    assert store.missing([spec]) == []
    assert store.missing([spec, spec], retry_failed=True) == [spec]
    store.append([make_record(0, status=status)])
    store.append([make_record(0, status="failed")])
    assert store.statuses() == {spec.key: status}
    assert [r.outcome.status for r in store.records()] == [status]
    assert store.runs()["status"].tolist() == [status]
    assert store.missing([spec], retry_failed=True) == []


def test_keys_of_new_files_are_seen_and_old_files_are_not_read_again(
    store: Store, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append([make_record(0)])
    assert len(store.keys()) == 1
    other = open_store(store.path)
    other.append([make_record(1)])
    read: list[str] = []

    def counting(path: Path, columns: Any = None) -> Any:
        read.append(path.name)
        return original(path, columns)

    original = directory.read_table
    monkeypatch.setattr(directory, "read_table", counting)
    assert len(store.keys()) == 2
    assert len(read) == 1


def test_missing_keeps_order_and_drops_repetitions(store: Store, make_record: Make) -> None:
    specs = [make_record(seed).spec for seed in (3, 1, 2, 3, 1)]
    store.append([make_record(2)])
    assert [spec.seed for spec in store.missing(specs)] == [3, 1]


def test_an_empty_batch_is_refused(store: Store) -> None:
    with pytest.raises(BadInput, match="at least one record"):
        store.append([])
    assert not store.path.exists()


def test_a_run_of_another_spec_version_is_shown_but_is_not_this_work(
    store: Store, make_record: Make, caplog: pytest.LogCaptureFixture
) -> None:
    path = store.append([make_record(0), make_record(1)])
    table = pq.read_table(path)
    old = json.loads(table.column("spec")[0].as_py())
    old["version"] = 0
    rows = table.to_pylist()
    rows[0].update(key="f" * 32, spec=json.dumps(old), spec_version=0)
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), path)
    again = open_store(store.path)
    with caplog.at_level(logging.WARNING):
        assert [r.spec.seed for r in again.records()] == [1]
    assert "another version" in caplog.text
    assert len(again.runs()) == 2
    assert again.missing([make_record(0).spec]) == [make_record(0).spec]


def test_a_run_whose_key_was_computed_otherwise_is_not_this_work(
    store: Store, make_record: Make, caplog: pytest.LogCaptureFixture
) -> None:
    path = store.append([make_record(0), make_record(1)])
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[0]["key"] = "f" * 32
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), path)
    again = open_store(store.path)
    with caplog.at_level(logging.WARNING):
        assert [r.spec.seed for r in again.records()] == [1]
    assert "its key is computed otherwise" in caplog.text
    assert again.missing([make_record(0).spec]) == [make_record(0).spec]


def test_every_file_says_its_format(store: Store, make_record: Make) -> None:
    path = store.append([make_record()])
    metadata = pq.read_schema(path).metadata
    assert metadata[b"paretomtl.record_version"] == str(RECORD_VERSION).encode()
    assert json.loads((store.path / "_store.json").read_text())["record_version"] == RECORD_VERSION
