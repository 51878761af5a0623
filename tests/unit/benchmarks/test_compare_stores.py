"""Two stores compared to the bit: what counts as a difference, and what the exit code says."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from paretomtl import suites
from paretomtl.executors import execute
from paretomtl.records.store import open_store

SUITE = """
name = "two-runs"
preferences = [[0.3, 0.7]]
budget = { steps = 3 }
methods = ["linear", "mgda"]

[[problems]]
name = "vlmop2"

[[problems]]
name = "multi_digits"
options = { width = 2 }
"""

Compare = Callable[..., int]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of four runs, two of them of networks."""
    folder = tmp_path_factory.mktemp("stores")
    (folder / "two-runs.toml").write_text(SUITE)
    store = open_store(folder / "before")
    execute(suites.load(str(folder / "two-runs.toml")).runs(), store)
    assert len(store.keys()) == 4
    return store.path


@pytest.fixture
def script(load: Callable[[str], ModuleType]) -> ModuleType:
    return load("same_numbers/compare_stores.py")


@pytest.fixture
def compare(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Compare:
    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["compare_stores.py", *map(str, arguments)])
        return script.main()

    return run


def changed(store: Path, target: Path, column: str, change: Callable[[Any], Any]) -> Path:
    """Copy a store, with one cell of a column changed: the first that has something to change."""
    shutil.copytree(store, target)
    for file in sorted(target.glob("*.parquet")):
        table = pq.read_table(file)
        cells = table.column(column).to_pylist()
        for row, cell in enumerate(cells):
            if (new := change(cell)) != cell:
                cells[row] = new
                place = table.column_names.index(column)
                array = pa.array(cells, type=table.schema.field(column).type)
                pq.write_table(table.set_column(place, table.schema.field(column), array), file)
                return target
    raise AssertionError(f"nothing to change in {column}")


def one_ulp(value: Any) -> Any:
    """Return a cell with its last number moved by the least possible amount."""
    if isinstance(value, float):
        return math.nextafter(value, math.inf)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, dict):  # an array of any rank: its shape stays
        return {**value, "values": one_ulp(value["values"])}
    if isinstance(value, tuple):  # an entry of a map
        return (value[0], one_ulp(value[1]))
    return [*value[:-1], one_ulp(value[-1])] if value else value


def test_a_store_equals_its_copy_and_the_table_says_what_was_compared(
    compare: Compare, script: ModuleType, filled: Path, tmp_path: Path, capsys: Any
) -> None:
    shutil.copytree(filled, tmp_path / "after")
    assert compare(filled, tmp_path / "after") == 0
    shown = capsys.readouterr().out
    assert "runs compared     4" in shown
    assert "cells different   0" in shown
    for column in script.EXCLUDED:
        assert column in shown.partition("excluded")[2]


@pytest.mark.parametrize(
    "column",
    [
        "losses_train",
        "losses_test",
        "x",
        "steps",
        "trajectory_train",
        "trajectory_validation",
        "backward_passes",
        "diagnostics",
        "metrics",
        "preference",
        "lr",
    ],
)
def test_one_unit_in_the_last_place_is_found(
    compare: Compare, filled: Path, tmp_path: Path, column: str, capsys: Any
) -> None:
    after = changed(filled, tmp_path / "after", column, one_ulp)
    assert compare(filled, after) == 1
    assert compare(after, filled) == 1
    shown = capsys.readouterr().out
    assert "cells different   1" in shown
    last = shown.strip().splitlines()[-1].split("  ")
    assert last[0] in open_store(filled).statuses()
    assert any(cell.startswith(column) for cell in last)


@pytest.mark.parametrize("column", ["seconds", "batch_seconds", "peak_memory", "threads", "lanes"])
def test_time_memory_and_provenance_may_differ(
    compare: Compare, filled: Path, tmp_path: Path, column: str
) -> None:
    assert compare(filled, changed(filled, tmp_path / "after", column, one_ulp)) == 0


def test_the_status_counts(compare: Compare, filled: Path, tmp_path: Path) -> None:
    assert compare(filled, changed(filled, tmp_path / "after", "status", lambda _: "diverged")) == 1


def test_every_column_of_a_store_is_either_compared_or_named_as_excluded(
    script: ModuleType, filled: Path
) -> None:
    runs = script.runs_of(filled)
    compared = script.compared_columns(runs, runs)
    assert {*compared, *script.EXCLUDED} == set(runs.columns)
    assert {"losses_test", "trajectory_test", "diagnostics", "x", "metrics"} <= set(compared)


def test_nan_equals_nan_and_zero_has_a_sign(script: ModuleType) -> None:
    def unequal(a: Any, b: Any) -> list[Any]:
        return list(script.unequal(a, b))

    assert unequal(math.nan, math.nan) == []
    assert unequal(np.array([1.0, math.nan]), np.array([1.0, math.nan])) == []
    assert unequal(np.array([1.0, 0.0]), np.array([1.0, -0.0])) == [("[1]", 0.0, -0.0)]
    assert unequal(0.0, -0.0) == [("", 0.0, -0.0)]
    assert unequal(None, None) == []
    assert len(unequal(None, 1.0)) == len(unequal(None, np.ones(2))) == 1
    assert len(unequal(np.ones((2, 1)), np.ones((1, 2)))) == 1
    assert len(unequal({"a": 1.0}, {"a": 1.0, "b": 1.0})) == 1


def test_a_run_in_one_store_only_is_a_difference_whichever_side_it_is_on(
    compare: Compare, filled: Path, tmp_path: Path, capsys: Any
) -> None:
    shutil.copytree(filled, tmp_path / "after")
    next((tmp_path / "after").glob("*.parquet")).unlink()
    for pair in ((filled, tmp_path / "after"), (tmp_path / "after", filled)):
        assert compare(*pair) == 1
        assert "'missing'" in capsys.readouterr().out


def test_what_cannot_be_read_exits_with_2(
    compare: Compare, filled: Path, tmp_path: Path, capsys: Any
) -> None:
    assert compare(filled, tmp_path / "nothing") == 2
    assert "there is no store" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert compare(tmp_path / "empty", filled) == 2
    assert "holds no runs" in capsys.readouterr().err
    shutil.copytree(filled, tmp_path / "broken")
    broken = next((tmp_path / "broken").glob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[:100])
    assert compare(filled, tmp_path / "broken") == 2
    assert broken.name in capsys.readouterr().err
