"""The verdict on whether tasks compete, and the networks trained on one task alone."""

from __future__ import annotations

import pytest
from paretomtl_reports.exhibits.trade_off import ANCHORS

from paretomtl.sweep.spec import Choice

DIGITS = Choice.of("multi_digits", {"width": 6})


@pytest.fixture(scope="module")
def runs(record):
    """Networks of some seeds, the points around the middle scaled away from it."""

    def runs(seeds: int, spread: float, offset: float = 0.5):
        return [
            record(
                (offset + spread * k + 0.01 * (seed * 7 % 5), offset - spread * k),
                problem=DIGITS,
                preference=(0.5 - k / 2, 0.5 + k / 2),
                seed=seed,
                validation=(0.5, 0.5),
            )
            for seed in range(seeds)
            for k in (-1, 0, 1)
        ]

    return runs


@pytest.mark.parametrize(
    ("seeds", "spread", "words"),
    [
        (3, 0.4, "the trade-off is real"),
        (3, 0.0, "these runs show no trade-off"),
        (1, 0.4, "One seed cannot tell"),
    ],
)
def test_the_verdict(runs, section_of, seeds, spread, words):
    shown = ANCHORS.show(section_of(runs(seeds, spread)))
    assert words in shown.lead
    assert shown.visible
    assert len(shown.table.rows) == 2


def test_without_a_verdict_the_table_is_a_file_only(runs, section_of):
    shown = ANCHORS.show(section_of(runs(2, 0.1, offset=50.0)))
    assert shown.lead == ""
    assert not shown.visible
    assert set(shown.files) == {
        "tables/multi-digits-width-6-anchors.csv",
        "tables/multi-digits-width-6-anchors.md",
    }


def test_formulas_have_no_verdict(front, section_of):
    assert ANCHORS.show(section_of(front([(0.0, 1.0), (0.5, 0.6), (1.0, 0.0)]))) is None
