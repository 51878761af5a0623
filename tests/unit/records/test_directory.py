"""Files of a store one by one: usable, set aside, gone; and paths that cannot be a store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paretomtl.errors import StoreError
from paretomtl.records.directory import ASIDE, MARKER, Directory
from paretomtl.records.record import Record
from paretomtl.records.store import open_store

Make = Callable[..., Record]


def test_what_is_hidden_or_no_parquet_is_not_listed(tmp_path: Path, make_record: Make) -> None:
    name = open_store(tmp_path).append([make_record()]).name
    for other in ("_x.parquet", ".x.parquet", "notes.txt"):
        (tmp_path / other).write_text("")
    assert Directory(tmp_path).names() == [name]
    assert Directory(tmp_path / "absent").names() == []


def test_a_file_that_cannot_be_used_is_read_as_none_and_listed_no_more(
    tmp_path: Path, make_record: Make
) -> None:
    good = open_store(tmp_path).append([make_record()]).name
    (tmp_path / "a.parquet").write_text("no parquet")
    directory = Directory(tmp_path)
    assert directory.read("a.parquet") is None
    assert directory.names() == [good]
    ((name, reason, moved_to),) = directory.set_aside
    assert (name, moved_to) == ("a.parquet", tmp_path / ASIDE / "a.parquet")
    assert reason
    assert (tmp_path / ASIDE / "a.parquet").read_text() == "no parquet"


def test_a_file_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    assert directory.read("gone.parquet") is None
    assert directory.set_aside == []


def test_columns_come_in_the_order_asked_for(tmp_path: Path, make_record: Make) -> None:
    name = open_store(tmp_path).append([make_record(3)]).name
    table = Directory(tmp_path).read(name, ["status", "key"])
    assert table.to_pylist() == [{"status": "ok", "key": make_record(3).key}]


def test_which_paths_can_be_a_store(tmp_path: Path, make_record: Make) -> None:
    Directory(tmp_path / "absent").check()
    Directory(tmp_path).check()
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(StoreError, match="is a file"):
        Directory(file).check()
    with pytest.raises(StoreError, match=r"holds other files \('file'"):
        Directory(tmp_path).check()
    (tmp_path / MARKER).write_text("")
    Directory(tmp_path).check()
