"""Which record counts for a key, against a rule written anew; every file is read once for its keys."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from paretomtl.records.directory import Directory
from paretomtl.records.index import Index
from paretomtl.records.record import Record
from paretomtl.records.store import open_store

Make = Callable[..., Record]


@pytest.mark.parametrize("statuses", [*itertools.product(["ok", "diverged", "failed"], repeat=3)])
def test_the_first_that_did_not_fail_counts_else_the_first(
    tmp_path: Path, make_record: Make, statuses: tuple[str, ...]
) -> None:
    store = open_store(tmp_path)
    names = [store.append([make_record(7), make_record(0, status=s)]).name for s in statuses]
    ranked = sorted(range(3), key=lambda i: (statuses[i] == "failed", i))
    key = make_record(0).key
    location = Index(Directory(tmp_path)).locations()[key]
    assert location == (names[ranked[0]], 1, statuses[ranked[0]])


def test_tables_hold_each_key_once_and_only_what_is_asked_for(
    tmp_path: Path, make_record: Make
) -> None:
    store = open_store(tmp_path)
    store.append([make_record(0), make_record(1)])
    store.append([make_record(1), make_record(2)])
    index = Index(Directory(tmp_path))
    every = [key for table in index.tables() for key in table.column("key").to_pylist()]
    assert every == [make_record(seed).key for seed in (0, 1, 2)]
    some = {make_record(2).key, "unknown"}
    assert [t.column("key").to_pylist() for t in index.tables(some)] == [[make_record(2).key]]
    assert list(index.tables([])) == []
