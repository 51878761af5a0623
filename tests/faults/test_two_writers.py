"""Several processes append to one store at once; every record is there, and only whole files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from paretomtl.records.record import Record
from paretomtl.records.store import open_store

WRITER = """
import sys
from paretomtl.records.store import open_store
source, target, first = open_store(sys.argv[1]), open_store(sys.argv[2]), int(sys.argv[3])
records = [r for r in source.records() if first <= r.spec.seed < first + 30]
print("ready", flush=True)
for record in records:
    target.append([record])
"""


@pytest.mark.slow
def test_two_writers_and_a_reader(
    tmp_path: Path,
    make_records: Callable[..., list[Record]],
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    source = open_store(tmp_path / "source")
    source.append(make_records(*range(40)))
    target = tmp_path / "target"
    # Ten runs are written by both.
    writers = [start(WRITER, source.path, target, first) for first in (0, 10)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    reader = open_store(target)
    before: set[str] = set()
    while any(writer.poll() is None for writer in writers):
        now = reader.keys()
        assert before <= now
        before = now
    assert [writer.wait() for writer in writers] == [0, 0]
    assert sorted(record.spec.seed for record in reader.records()) == list(range(40))
    assert reader.set_aside == []
    assert len(pd.read_parquet(target)) == 60
    assert len(list(target.glob("*.parquet"))) == 60
    assert not [p for p in target.iterdir() if p.suffix == ".tmp"]


def test_the_same_batch_appended_twice_is_two_files_and_one_set_of_runs(
    tmp_path: Path, make_records: Callable[..., list[Record]]
) -> None:
    store = open_store(tmp_path / "store")
    paths = {store.append(make_records(0, 1)) for _ in range(2)}
    assert len(paths) == 2
    assert len(store.runs()) == 2
