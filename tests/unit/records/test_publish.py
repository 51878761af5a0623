"""A file appears whole or not at all; what a killed process left behind goes after a day."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from paretomtl.records.publish import publish, remove_stale


def test_the_content_is_there_and_nothing_else(tmp_path: Path) -> None:
    publish(tmp_path / "a", b"one")
    publish(tmp_path / "a", b"two")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"two")]


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_an_error_while_writing_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    (tmp_path / "a").write_bytes(b"before")

    def refuse(_: int) -> None:
        assert len(list(tmp_path.iterdir())) == 2  # the hidden file is on its way
        raise error

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(type(error)):
        publish(tmp_path / "a", b"after")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"before")]


def test_only_hidden_files_older_than_a_day_are_removed(tmp_path: Path) -> None:
    names = [".old-1.tmp", ".new-2.tmp", "old.tmp", ".old.parquet"]
    for name in names:
        (tmp_path / name).write_text("")
        if "old" in name:
            os.utime(tmp_path / name, (time.time() - 25 * 3600,) * 2)
    remove_stale(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names[1:])
