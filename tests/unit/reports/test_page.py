"""The files: self-contained, offline, the same bytes every time, safe, and present."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from paretomtl_reports import build
from paretomtl_reports.figures import view
from paretomtl_reports.summary import page

from paretomtl.errors import BadInput, MissingExtra
from paretomtl.records.store import open_store
from paretomtl.sweep.spec import Choice


def text(out: Path) -> str:
    return (out / "index.html").read_text(encoding="utf-8")


def without_library(html: str) -> str:
    """The page without the packed plotly script, which is base64."""
    return re.sub(r'(<script type="text/plain" id="plotly">)[A-Za-z0-9+/=]*', r"\1", html)


def files(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_the_entry_point_leads_here():
    (found,) = entry_points(group="paretomtl.reports", name="html")
    assert found.load().build is build


def test_the_page_asks_the_network_for_nothing(built):
    html = without_library(text(built))
    assert not re.search(r'(src|href|action|poster|data)\s*=\s*["\']?\s*(https?:)?//', html)
    for word in (
        "http://",
        "https://",
        "fetch(",
        "XMLHttpRequest",
        "@import",
        "<link",
        "<img",
        "<iframe",
        "cdn.",
    ):
        assert word not in html, word
    assert not re.search(r"url\((?!#)", html)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "connect-src" not in policy[1]


def test_the_share_button_is_off(built):
    html = text(built)
    assert 'plotlyServerURL: ""' in html
    assert '"sendChartToCloud"' in html
    assert "displaylogo: false" in html


def test_every_link_leads_to_a_file_or_a_section(built):
    html = without_library(text(built))
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    links = re.findall(r'<a href="([^"]+)"', html)
    assert links
    for link in links:
        assert link[1:] in ids if link.startswith("#") else (built / link).is_file(), link
    for used in re.findall(r'(?:xlink:href|[^a-z]href)="#([^"]+)"', html):
        assert used in ids, used


def test_no_id_is_given_twice(built):
    ids = re.findall(r'\bid="([^"]+)"', without_library(text(built)))
    assert len(ids) == len(set(ids))


def test_figures_are_drawn_still_and_described_for_the_library(built):
    html = text(built)
    described = json.loads(re.search(r'id="figures">(.*?)</script>', html)[1])
    assert {"zdt1-fronts", "zdt1-convergence-steps", "multi-digits-width-6-fronts"} <= set(
        described
    )
    names = [trace["name"] for trace in described["zdt1-fronts"]["data"]]
    assert names[0] == "exact front"
    assert "tchebycheff" in names
    for slug in described:
        assert f'data-figure="{slug}"' in html
        still = (built / "figures" / f"{slug}.svg").read_text(encoding="utf-8")
        assert ET.fromstring(still).tag.endswith("svg")
    assert "<noscript>" in html


def test_siblings_of_every_table_and_figure(built):
    names = set(files(built))
    tables = {n.removesuffix(".md") for n in names if n.endswith(".md")}
    assert {
        "tables/summary",
        "tables/zdt1-hypervolume",
        "tables/zdt1-cost",
        "tables/zdt1-unfinished",
        "tables/multi-digits-width-6-anchors",
        "tables/multi-digits-width-6-splits",
    } <= tables
    assert {f"{t}.csv" for t in tables} <= names
    assert {"figures/zdt1-fronts.svg", "figures/zdt1-intervals.svg"} <= names


def test_what_a_reader_must_see_is_on_the_page(built):
    html = text(built)
    for words in (
        "2 runs did not end well",
        "Missing runs.",
        "Nothing is imputed",
        "95 % confidence interval",
        "Do the tasks compete?",
        "upper left alone",
        "Validation and test",
        "abc1234",
        "2026-01-02T03:04:05+00:00",
        "step 7",
    ):
        assert words in html, words


def test_the_same_records_give_the_same_bytes(small, built, tmp_path):
    shuffled = small.copy()
    random.Random(0).shuffle(shuffled)
    again = build(shuffled, tmp_path / "again", title="Small").parent
    assert files(again) == files(built)


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(small, tmp_path):
    store = open_store(tmp_path / "store")
    store.append(small[:5])
    code = "import sys, paretomtl_reports as r; r.build(sys.argv[1], sys.argv[2])"
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", code, str(store.path), str(tmp_path / seed)],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"},
        )
    assert files(tmp_path / "1") == files(tmp_path / "2")


def test_a_store_is_read_and_what_it_could_not_read_is_said(record, tmp_path):
    store = open_store(tmp_path / "store")
    store.append([record((0.5, 0.5))])
    (store.path / "20200101T000000000000-00000000-00000000.parquet").write_bytes(b"PAR1 no")
    html = text(build(store.path, tmp_path / "out").parent)
    assert "could not be used" in html
    assert "1 run of 1 method on 1 problem." in html


def test_a_store_without_runs(tmp_path):
    html = text(build([], tmp_path).parent)
    assert "The store holds no runs" in html
    assert 'id="plotly"' not in html


def test_a_store_of_failed_runs_only(record, tmp_path):
    runs = [record((9, 9), seed=s, status="failed", reason="no <device>") for s in range(2)]
    out = build(runs, tmp_path).parent
    html = text(out)
    assert "2 runs did not end well" in html
    assert "no &lt;device&gt;" in html
    assert "zdt1-hypervolume" in html


def test_failed_runs_may_have_recorded_nothing(record, tmp_path):
    import dataclasses

    import numpy as np

    run = record((9, 9), status="failed", reason="crash")
    empty = dataclasses.replace(
        run.outcome,
        losses={},
        steps=np.zeros(0, int),
        backward_passes=np.zeros(0, int),
        seconds=np.zeros(0),
    )
    assert "crash" in text(build([dataclasses.replace(run, outcome=empty)], tmp_path).parent)


HOSTILE = "</script><img src=x onerror=alert(1)>$\\frac{1}$|\x00\n<b>"


def test_hostile_labels_are_shown_not_run(front, tmp_path):
    points = [(0.0, 1.0), (0.5, 0.6), (1.0, 0.0)]
    records = [
        *front(points, method=Choice(HOSTILE)),
        *front(points, method=Choice("m", (("o", HOSTILE),)), problem=Choice(HOSTILE)),
        *front(points, status="diverged", reason=HOSTILE, method="mgda"),
    ]
    out = build(records, tmp_path, title=HOSTILE).parent
    html = without_library(text(out))
    assert "<img" not in html
    assert "onerror=alert(1)&gt;" in html
    assert "\x00" not in html
    assert html.count("</script>") == 3
    for svg in (out / "figures").glob("*.svg"):
        ET.fromstring(svg.read_text(encoding="utf-8"))
    described = json.loads(re.search(r'id="figures">(.*?)</script>', html, re.DOTALL)[1])
    names = [t.get("name", "") for f in described.values() for t in f["data"]]
    assert any("&lt;/script&gt;" in name for name in names)
    assert not any("<" in name for name in names)


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


def test_an_earlier_report_leaves_nothing_stale_and_other_files_stay(front, record, tmp_path):
    build(front([(0.0, 1.0), (1.0, 0.0)], problem="zdt2"), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "tables" / "mine.txt").write_text("mine")
    build(front([(0.0, 1.0), (1.0, 0.0)]), tmp_path)
    names = set(files(tmp_path))
    assert not any("zdt2" in name for name in names)
    assert {"notes.txt", "tables/mine.txt"} <= names


def test_a_directory_that_holds_no_report_is_not_cleaned(front, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "thesis.csv").write_text("mine")
    build(front([(0.0, 1.0), (1.0, 0.0)]), tmp_path)
    assert (tmp_path / "tables" / "thesis.csv").read_text() == "mine"


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
def test_any_number_of_objectives(record, m, tmp_path):
    problem = Choice.of("dtlz2", {"n_objectives": m}) if m > 1 else Choice("elsewhere")
    rows = [[0.2 + 0.8 * (i == k) for i in range(m)] for k in range(m)]
    preferences = [[float(i == k) for i in range(m)] for k in range(m)]
    records = [
        record(row, problem=problem, preference=preference, seed=seed)
        for row, preference in zip(rows, preferences, strict=True)
        for seed in (0, 1)
    ]
    html = text(build(records, tmp_path).parent)
    assert ("-fronts" in html) == (m > 1)


def test_a_large_front_is_thinned_and_says_so(record, monkeypatch, tmp_path):
    monkeypatch.setattr(view, "CAP", 10)
    records = [record((k / 30, 1.0 + k / 100), preference=(k / 30, 1 - k / 30)) for k in range(30)]
    out = build(records, tmp_path).parent
    assert "20 points are not drawn" in text(out)
    assert len((out / "tables" / "zdt1-points.csv").read_text().splitlines()) == 31
    (section,) = page(records, title="").sections
    found = view.View.of(section)
    assert found is not None
    _, _, _, kept = view.drawn(section.results[0], found)
    assert len(kept) == 10
    assert kept.sum() == 1


def test_a_front_with_gaps_is_drawn_in_pieces():
    import paretomtl as pm

    assert len(view.pieces(pm.problem("zdt1").front(400).numpy())) == 1
    assert len(view.pieces(pm.problem("zdt3").front(400).numpy())) == 5
