"""A bad file costs its own runs only: it is named, set aside, and the rest is used."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paretomtl.errors import StoreError
from paretomtl.records.record import Record
from paretomtl.records.store import Store, open_store

MakeRecords = Callable[..., list[Record]]
Damage = Callable[[Path], None]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff" * 4000)


def text(path: Path) -> None:
    path.write_text("key,problem\n1,2\n")


def foreign(path: Path) -> None:
    pq.write_table(pa.table({"key": ["a"], "status": ["ok"]}), path)


def claiming(path: Path) -> None:
    """It says that it is ours, and lacks most columns."""
    table = pa.table({"key": ["a"], "status": ["ok"]})
    pq.write_table(table.replace_schema_metadata({"paretomtl.record_version": "1"}), path)


def other_types(path: Path) -> None:
    table = pq.read_table(path)
    column = pa.array(["many"] * table.num_rows)
    place = table.column_names.index("seed")
    metadata = table.schema.metadata
    pq.write_table(table.set_column(place, "seed", column).replace_schema_metadata(metadata), path)


def flipped(path: Path) -> None:
    """One bit of the data changes, as on a failing disk; the footer stays sound."""
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 0x10
    path.write_bytes(bytes(content))


EVERY_DAMAGE = [truncated, empty, garbage, text, foreign, claiming, other_types, flipped]


@pytest.fixture
def store(tmp_path: Path, make_records: MakeRecords) -> Store:
    """Three files of two runs each."""
    store = open_store(tmp_path / "store")
    for first in (0, 2, 4):
        store.append(make_records(first, first + 1, steps=100))
    return store


@pytest.mark.parametrize("damage", EVERY_DAMAGE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("keys_first", [False, True])
def test_a_damaged_file_is_named_and_set_aside(
    store: Store, damage: Damage, keys_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bad = sorted(store.path.glob("*.parquet"))[1]
    damage(bad)
    again = open_store(store.path)
    with caplog.at_level(logging.WARNING):
        if keys_first:
            again.keys()
        seeds = [record.spec.seed for record in again.records()]
    assert seeds == [0, 1, 4, 5]
    assert len(again.keys()) == 4
    assert len(again.runs()) == 4
    assert [(a.name, a.moved_to) for a in again.set_aside] == [
        (bad.name, store.path / "_set_aside" / bad.name)
    ]
    assert caplog.text.count(bad.name) >= 1
    assert caplog.text.count("is not usable") == 1
    assert not bad.exists()
    assert (store.path / "_set_aside" / bad.name).exists()
    assert len(pd.read_parquet(store.path)) == 4


def test_nothing_that_was_set_aside_is_overwritten(store: Store) -> None:
    for content in ("one", "two"):
        (store.path / "notes.parquet").write_text(content)
        assert len(open_store(store.path).keys()) == 6
    aside = store.path / "_set_aside"
    assert sorted(p.read_text() for p in aside.iterdir()) == ["one", "two"]


def test_runs_of_a_damaged_file_are_missing_and_can_be_stored_again(
    store: Store, make_records: MakeRecords
) -> None:
    truncated(min(store.path.glob("*.parquet")))
    again = open_store(store.path)
    records = make_records(*range(6), steps=100)
    missing = again.missing([r.spec for r in records])
    assert [spec.seed for spec in missing] == [0, 1]
    again.append(records[:2])
    assert sorted(r.spec.seed for r in again.records()) == list(range(6))


def test_another_copy_of_a_damaged_run_takes_its_place(
    store: Store, make_records: MakeRecords
) -> None:
    """Damage that shows only after the keys have been read (they lie in an undamaged page)."""
    copy = store.append(make_records(0, 1, 2, 3, steps=100))
    again = open_store(store.path)
    again.keys()
    first = min(store.path.glob("*.parquet"))
    assert first != copy
    truncated(first)
    assert sorted(r.spec.seed for r in again.records()) == list(range(6))
    assert sorted(again.runs()["seed"]) == list(range(6))


def test_where_nothing_can_be_moved_the_file_is_left_and_ignored(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad = sorted(store.path.glob("*.parquet"))[1]
    truncated(bad)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    again = open_store(store.path)
    with caplog.at_level(logging.WARNING):
        assert len(again.keys()) == 4
        assert len(again.keys()) == 4
    assert bad.exists()
    assert [(a.name, a.moved_to) for a in again.set_aside] == [(bad.name, None)]
    assert caplog.text.count("left in place and ignored") == 1


def test_a_file_that_the_system_cannot_deliver_is_not_moved(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable = sorted(store.path.glob("*.parquet"))[1]
    opened = Path.open

    def refuse(self: Path, *args: str, **kwargs: object) -> object:
        if self == unreadable:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **kwargs)  # pyright: ignore[reportCallIssue, reportArgumentType]

    monkeypatch.setattr(Path, "open", refuse)
    again = open_store(store.path)
    assert len(again.keys()) == 4
    assert unreadable.exists()
    assert "Permission denied" in again.set_aside[0].reason


def test_a_file_that_vanishes_is_no_fault(store: Store) -> None:
    store.keys()
    sorted(store.path.glob("*.parquet"))[1].unlink()
    assert [record.spec.seed for record in store.records()] == [0, 1, 4, 5]
    assert store.set_aside == []


def test_a_store_path_that_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("a,b\n")
    with pytest.raises(StoreError, match=r"^a store is a directory; .*results\.csv' is a file"):
        open_store(path)
    assert path.read_text() == "a,b\n"


def test_a_store_path_below_a_file(tmp_path: Path, make_records: MakeRecords) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be"):
        open_store(tmp_path / "file" / "store").append(make_records(0))


def test_a_directory_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    foreign(tmp_path / "data.parquet")
    with pytest.raises(
        StoreError, match=r"holds other files \('data.parquet', ...\) and no records"
    ):
        open_store(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.parquet", "thesis.tex"]


def test_a_store_that_lost_its_marker_is_still_a_store(store: Store) -> None:
    (store.path / "_store.json").unlink()
    assert len(open_store(store.path).keys()) == 6
