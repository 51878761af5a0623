"""Which points are drawn, and how fronts with gaps are."""

from __future__ import annotations

from paretomtl_reports import build
from paretomtl_reports.figures import view

import paretomtl as pm


def test_a_large_front_is_thinned_and_says_so(record, monkeypatch, tmp_path, page_of, read_page):
    monkeypatch.setattr(view, "CAP", 10)
    records = [record((k / 30, 1.0 + k / 100), preference=(k / 30, 1 - k / 30)) for k in range(30)]
    out = build(records, tmp_path).parent
    assert "20 points are not drawn" in read_page(out)
    assert len((out / "tables" / "zdt1-points.csv").read_text().splitlines()) == 31
    (section,) = page_of(records).sections
    found = view.View.of(section)
    assert found is not None
    _, _, _, kept = view.drawn(section.results[0], found)
    assert len(kept) == 10
    assert kept.sum() == 1


def test_a_front_with_gaps_is_drawn_in_pieces():
    assert len(view.pieces(pm.problem("zdt1").front(400).numpy())) == 1
    assert len(view.pieces(pm.problem("zdt3").front(400).numpy())) == 5
