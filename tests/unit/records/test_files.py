"""One file: its format and columns, and what makes it unusable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paretomtl.errors import StoreError
from paretomtl.records.files import Unusable, format_of, read_table, record_files, visible_names
from paretomtl.records.layout import SCHEMA, VERSION_KEY
from paretomtl.records.record import RECORD_VERSION, Record
from paretomtl.records.store import open_store

Make = Callable[..., Record]


@pytest.fixture
def path(tmp_path: Path, make_record: Make) -> Path:
    return open_store(tmp_path).append([make_record()])


def versioned(path: Path, version: int) -> None:
    table = pq.read_table(path)
    metadata = {**table.schema.metadata, VERSION_KEY: str(version).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def test_all_columns_or_those_asked_for(path: Path) -> None:
    assert read_table(path).schema.names == SCHEMA.names
    assert read_table(path, ["seed", "key"]).schema.names == ["seed", "key"]


def test_the_format_of_a_file(path: Path, tmp_path: Path) -> None:
    assert format_of(path) == RECORD_VERSION
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    assert format_of(other) is None
    other.write_text("text")
    assert format_of(other) is None
    assert format_of(tmp_path / "absent.parquet") is None


def test_a_newer_format_is_refused_and_not_called_damaged(path: Path) -> None:
    versioned(path, RECORD_VERSION + 1)
    with pytest.raises(StoreError, match="newer"):
        read_table(path)


def test_a_file_without_our_mark_or_columns_is_unusable(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["seed", "status"]), path)
    with pytest.raises(Unusable, match="it lacks the columns seed, status") as caught:
        read_table(path)
    assert caught.value.permanent
    pq.write_table(table.replace_schema_metadata({}), path)
    with pytest.raises(Unusable, match="no record file"):
        read_table(path)


def test_what_the_file_system_refuses_may_pass(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(Unusable) as caught:
        read_table(path)
    assert not caught.value.permanent


def test_what_readers_see(path: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".hidden.parquet").write_text("")
    assert record_files(tmp_path) == [path]
    assert visible_names(tmp_path) == sorted([path.name, "notes.txt"])
