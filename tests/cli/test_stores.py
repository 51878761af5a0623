"""Default places of stores, and which was written to last."""

import os
from pathlib import Path

import pytest

from paretomtl.cli.stores import latest_store, store_of
from paretomtl.errors import BadInput


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write a Parquet file of a given age into a store under runs/."""
    monkeypatch.chdir(tmp_path)

    def write(store, age, name="a.parquet"):
        path = Path("runs") / store / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        os.utime(path, (1e9 - age, 1e9 - age))

    return write


def test_the_store_that_was_written_to_last(written):
    written("old", 50)
    written("new", 60)
    written("new", 10, "b.parquet")
    written("notes", 0, "notes.txt")
    assert latest_store() == store_of("new") == Path("runs/new")


def test_without_a_store_the_command_that_makes_one_is_named(written):
    written("notes", 0, "notes.txt")
    with pytest.raises(BadInput, match="paretomtl run quickstart"):
        latest_store()
