"""Hypervolume in the course of the runs."""

from __future__ import annotations

import numpy as np
import pytest

import paretomtl as pm


def test_the_curve_ends_at_the_front_and_starts_at_the_start(small, page_of):
    for section in page_of(small).sections:
        for result in section.results:
            if not result.ok:
                assert result.curve is None
                continue
            final = [front.scores["hypervolume"] for front in result.fronts]
            assert result.curve.hypervolume[:, -1] == pytest.approx(final)
            assert result.curve.steps.tolist() == [0, 10, 100]
            assert (result.curve.hypervolume[:, 0] == 0).all()


def test_curves_of_different_lengths_hold_their_last_value(record, section_of):
    short = record((0.5, 0.5), preference=(1.0, 0.0), steps=50)
    long = record((0.2, 0.8), preference=(0.0, 1.0), steps=50)
    object.__setattr__(long.outcome, "steps", np.array([0, 20, 80]))
    (result,) = section_of([short, long]).results
    assert result.curve.steps.tolist() == [0, 5, 20, 50, 80]
    last = pm.hypervolume([(0.5, 0.5), (0.2, 0.8)], [1.1, 1.1])
    assert result.curve.hypervolume[0, -1] == pytest.approx(last)
