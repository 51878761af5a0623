"""Single-task networks, the trade-off, validation against test."""

from __future__ import annotations

import numpy as np
import pytest

from paretomtl.sweep.spec import Choice


def test_anchors_trade_off_and_splits_of_a_neural_problem(small, page_of):
    section = page_of(small).sections[0]
    assert section.facts.neural
    first, second = section.anchors
    assert first.losses[0].mean == pytest.approx(0.21)
    assert second.losses[1].mean == pytest.approx(0.31)
    assert first.seeds == (0, 1, 2)
    found = section.trade_off
    assert found.label == "linear"
    assert found.span == pytest.approx((2.4 - 0.21, 2.4 - 0.31))
    # The point (0.9, 0.8) against the single-task losses of its seed, worst task, averaged.
    assert found.shortfall == pytest.approx(
        np.mean([max(0.9 - a, 0.8 - a - 0.1) for a in (0.2, 0.21, 0.22)])
    )
    assert found.noise == pytest.approx((0.0, 0.0))
    assert found.real is True
    linear = next(s for s in section.splits if s.label == "linear")
    assert linear.gap[0].mean == pytest.approx(0.05)
    assert linear.validation_hypervolume.mean > linear.test_hypervolume.mean
    assert (linear.chosen, linear.lost) == (9, 0)


def test_equal_networks_show_no_trade_off(record, section_of):
    records = [
        record(
            (0.5 + 0.01 * ((seed * 7 + k * 3) % 5), 0.5 + 0.01 * ((seed * 3 + k * 7) % 5)),
            problem=Choice.of("multi_digits", {"width": 64}),
            preference=(k / 4, 1 - k / 4),
            seed=seed,
            validation=(0.5, 0.5),
        )
        for seed in range(3)
        for k in range(5)
    ]
    assert section_of(records).trade_off.real is False
    assert section_of([r for r in records if r.spec.seed == 0]).trade_off.real is None
