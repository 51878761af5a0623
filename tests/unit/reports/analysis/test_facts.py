"""What is known of a problem, and what is left when it is absent or has changed."""

from __future__ import annotations

import math


def test_an_absent_problem_degrades_with_a_note(front, section_of):
    section = section_of(front([(0.0, 1.0), (1.0, 0.0)], problem="from_another_package"))
    assert section.facts.judge is None
    assert "from_another_package" in section.facts.missing
    assert math.isnan(section.results[0].hypervolume.mean)
    assert section.results[0].fronts[0].nondominated.tolist() == [True, True]
    assert "could not be constructed" in section.alerts[0]


def test_a_problem_that_changed_its_objectives_degrades_with_a_note(record, section_of):
    section = section_of([record((0.1, 0.2, 0.3), problem="zdt1")])
    assert "now has 2 objectives, the records have 3" in section.facts.missing


def test_a_foreign_problem_that_fails_in_its_own_way_degrades_with_a_note(
    front, monkeypatch, section_of
):
    from paretomtl_reports.analysis import facts

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(facts, "problem", broken)
    section = section_of(front([(0.0, 1.0), (1.0, 0.0)]))
    assert section.facts.missing == "ZeroDivisionError: oops"
