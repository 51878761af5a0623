"""Records sorted into sections, entries and fronts."""

from __future__ import annotations

from paretomtl_reports.analysis.grouping import anchored_task, group_records


def test_anchors_are_all_weight_on_one_task(record):
    assert anchored_task(record((1, 1, 1), preference=(0.0, 1.0, 0.0)).spec) == 1
    assert anchored_task(record((1, 1, 1), preference=(0.5, 0.5, 0.0)).spec) is None
    assert anchored_task(record((1, 1), preference=(1.0, 0.0), method="mgda").spec) is None


def test_order_of_records_changes_nothing(small):
    assert repr(group_records(small)) == repr(group_records(small[::-1]))


def test_budgets_that_print_alike_stay_apart(front, page_of):
    points = [(0.0, 1.0), (1.0, 0.0)]
    found = page_of([*front(points, steps=12345678), *front(points, steps=12345679)]).sections
    assert [s.setting for s in found] == ["adam, 12345678 steps", "adam, 12345679 steps"]
