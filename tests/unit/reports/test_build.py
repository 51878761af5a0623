"""A report from records or from a store: the same bytes every time, nothing trained, nothing read."""

from __future__ import annotations

import dataclasses
import os
import random
import subprocess
import sys
from importlib.metadata import entry_points

import numpy as np
import pytest
from paretomtl_reports import build

from paretomtl.errors import BadInput, MissingExtra
from paretomtl.records.store import open_store
from paretomtl.sweep.spec import Choice


def test_the_entry_point_leads_here():
    (found,) = entry_points(group="paretomtl.reports", name="html")
    assert found.load().build is build


def test_the_same_records_give_the_same_bytes(small, built, tmp_path, files_in):
    shuffled = small.copy()
    random.Random(0).shuffle(shuffled)
    again = build(shuffled, tmp_path / "again", title="Small").parent
    assert files_in(again) == files_in(built)


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(small, tmp_path, files_in):
    store = open_store(tmp_path / "store")
    store.append(small[:5])
    code = "import sys, paretomtl_reports as r; r.build(sys.argv[1], sys.argv[2])"
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", code, str(store.path), str(tmp_path / seed)],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"},
        )
    assert files_in(tmp_path / "1") == files_in(tmp_path / "2")


def test_a_store_is_read_and_what_it_could_not_read_is_said(record, tmp_path, read_page):
    store = open_store(tmp_path / "store")
    store.append([record((0.5, 0.5))])
    (store.path / "20200101T000000000000-00000000-00000000.parquet").write_bytes(b"PAR1 no")
    html = read_page(build(store.path, tmp_path / "out").parent)
    assert "could not be used" in html
    assert "1 run of 1 method on 1 problem." in html


def test_a_store_without_runs(tmp_path, read_page):
    html = read_page(build([], tmp_path).parent)
    assert "The store holds no runs" in html
    assert 'id="plotly"' not in html


def test_a_store_of_failed_runs_only(record, tmp_path, read_page):
    runs = [record((9, 9), seed=s, status="failed", reason="no <device>") for s in range(2)]
    out = build(runs, tmp_path).parent
    html = read_page(out)
    assert "2 runs did not end well" in html
    assert "no &lt;device&gt;" in html
    assert "zdt1-hypervolume" in html


def test_failed_runs_may_have_recorded_nothing(record, tmp_path, read_page):
    run = record((9, 9), status="failed", reason="crash")
    empty = dataclasses.replace(
        run.outcome,
        losses={},
        steps=np.zeros(0, int),
        backward_passes=np.zeros(0, int),
        seconds=np.zeros(0),
    )
    assert "crash" in read_page(build([dataclasses.replace(run, outcome=empty)], tmp_path).parent)


@pytest.mark.parametrize("package", ["plotly", "matplotlib", "jinja2"])
def test_a_missing_extra_says_what_to_install(package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"{package}.*paretomtl\[report\]"):
        build([], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_out_must_not_be_a_file(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadInput, match="is a file"):
        build([], tmp_path / "file")


def test_nothing_is_trained_and_no_data_is_read(small, monkeypatch, tmp_path):
    from paretomtl_problems.neural.multi_digits import MultiDigits

    def refuse(*_: object) -> None:
        raise AssertionError("a report must not need this")

    for name in ("data", "module", "losses"):
        monkeypatch.setattr(MultiDigits, name, refuse)
    neural = [r for r in small if r.spec.problem.name == "multi_digits"]
    build(neural[:6], tmp_path)
    assert "multi_digits" in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize("m", [1, 3, 5])
def test_any_number_of_objectives(record, m, tmp_path, read_page):
    problem = Choice.of("dtlz2", {"n_objectives": m}) if m > 1 else Choice("elsewhere")
    rows = [[0.2 + 0.8 * (i == k) for i in range(m)] for k in range(m)]
    preferences = [[float(i == k) for i in range(m)] for k in range(m)]
    records = [
        record(row, problem=problem, preference=preference, seed=seed)
        for row, preference in zip(rows, preferences, strict=True)
        for seed in (0, 1)
    ]
    html = read_page(build(records, tmp_path).parent)
    assert ("-fronts" in html) == (m > 1)
