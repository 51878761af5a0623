"""A point set beside its facts, and an indicator that needs one of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paretomtl.indicators import Indicator, PointSet
from paretomtl.indicators.volume import EXACT_LIMIT


def never(_: PointSet) -> float:
    raise AssertionError("asked although a fact is missing")


def wanting(*needs, measure=never) -> Indicator:
    return Indicator(
        name="x",
        title="X",
        summary="",
        better="lower",
        pareto_compliance="none",
        needs=needs,
        unit="",
        measure=measure,
    )


def test_without_the_front_that_it_needs_an_indicator_is_nan() -> None:
    points = PointSet(points=np.zeros((1, 2)), reference_point=np.ones(2))
    assert math.isnan(wanting("front").of(points))
    assert wanting("reference_point", measure=lambda s: float(len(s.points))).of(points) == 1.0


def test_the_hypervolume_is_exact_until_that_takes_too_long() -> None:
    exact = PointSet(points=np.full((3, 2), 0.5), reference_point=np.ones(2))
    assert (exact.hypervolume, exact.hypervolume_is_exact) == (0.25, True)
    rng = np.random.default_rng(0)
    directions = rng.random((EXACT_LIMIT[8] + 1, 8)) + 0.05
    sphere = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    many = PointSet(points=sphere, reference_point=np.full(8, 1.1))
    assert not many.hypervolume_is_exact
    assert 0 < many.hypervolume < 1.1**8
    # so many that do not count leave few enough to be exact
    beyond = np.concatenate([sphere[:10], np.full((200, 8), 2.0)])
    few = PointSet(points=beyond, reference_point=np.full(8, 1.1))
    assert few.hypervolume_is_exact
    alone = PointSet(points=sphere[:10], reference_point=np.full(8, 1.1))
    assert few.hypervolume == pytest.approx(alone.hypervolume, rel=1e-12)


def test_what_is_not_known_is_nan() -> None:
    points = PointSet(points=np.zeros((1, 2)), reference_point=np.ones(2))
    assert math.isnan(points.best_hypervolume)
    assert math.isnan(points.best_of(5))
