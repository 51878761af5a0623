"""Older files are made current, newer ones refused with advice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paretomtl.errors import StoreError
from paretomtl.records import migrate
from paretomtl.records.layout import VERSION_KEY
from paretomtl.records.record import RECORD_VERSION, Record
from paretomtl.records.store import Store, open_store


@pytest.fixture
def store_of(tmp_path: Path, make_record: Callable[..., Record]) -> Callable[[int], Store]:
    """A store with one file, which pretends to be of a format."""

    def build(version: int) -> Store:
        store = open_store(tmp_path / "store")
        path = store.append([make_record(0)])
        table = pq.read_table(path)
        if version < RECORD_VERSION:
            table = table.rename_columns(
                ["learning_rate" if c == "lr" else c for c in table.column_names]
            )
        metadata = {VERSION_KEY: str(version).encode()}
        pq.write_table(table.replace_schema_metadata(metadata), path)
        return open_store(tmp_path / "store")

    return build


def test_a_newer_file_is_refused_with_advice(store_of: Callable[[int], Store]) -> None:
    store = store_of(RECORD_VERSION + 1)
    for read in (store.keys, store.runs, lambda: list(store.records())):
        with pytest.raises(StoreError, match=r"newer.*pip install --upgrade paretomtl"):
            read()
    assert store.set_aside == []
    assert len(list(store.path.glob("*.parquet"))) == 1


def test_an_older_file_is_migrated(
    store_of: Callable[[int], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(table: pa.Table) -> pa.Table:
        return table.rename_columns(
            ["lr" if c == "learning_rate" else c for c in table.column_names]
        )

    monkeypatch.setitem(migrate.MIGRATIONS, RECORD_VERSION - 1, rename)
    store = store_of(RECORD_VERSION - 1)
    assert len(store.keys()) == 1
    (record,) = store.records()
    assert record.spec.optimizer.lr == 0.01
    assert store.runs()["lr"].tolist() == [0.01]


def test_a_file_of_an_unknown_older_format_is_refused(store_of: Callable[[int], Store]) -> None:
    with pytest.raises(StoreError, match=f"format {RECORD_VERSION - 1}"):
        store_of(RECORD_VERSION - 1).keys()


def test_every_format_since_the_first_can_be_migrated() -> None:
    assert set(migrate.MIGRATIONS) == set(range(1, RECORD_VERSION))


def test_steps_are_applied_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: dict[int, Any] = {v: (lambda t, v=v: [*t, v]) for v in (-1, 0)}
    monkeypatch.setattr(migrate, "MIGRATIONS", steps)
    monkeypatch.setattr(migrate, "RECORD_VERSION", 1)
    assert migrate.migrate([], -1) == [-1, 0]
    assert migrate.migrate([], 1) == []
