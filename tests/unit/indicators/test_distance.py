"""Distances to a front: their definitions, pieces, compliance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import paretomtl as pm
from paretomtl.errors import BadInput

DISTANCES = ("igd", "igd_plus", "gd", "gd_plus", "epsilon")


SETS = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, 1.25]),
)


@given(SETS, st.integers(0, 2**32 - 1))
def test_distances_equal_their_definitions(F, seed):
    front = np.random.default_rng(seed).random((5, F.shape[1]))
    difference = F[:, None, :] - front[None, :, :]
    far = np.sqrt((difference**2).sum(-1))
    short = np.sqrt((np.maximum(difference, 0) ** 2).sum(-1))
    expected = {
        "igd": far.min(0).mean(),
        "igd_plus": short.min(0).mean(),
        "gd": far.min(1).mean(),
        "gd_plus": short.min(1).mean(),
        "epsilon": difference.max(-1).min(0).max(),
    }
    for name, value in expected.items():
        assert getattr(pm, name)(F, front) == pytest.approx(value, rel=1e-12, abs=1e-14), name


def test_gd_in_pieces_equals_gd_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    F, front = rng.random((101, 3)), rng.random((17, 3))
    at_once = pm.gd(F, front), pm.gd_plus(F, front)
    monkeypatch.setattr("paretomtl.indicators.distance._PAIRS", 170)
    assert (pm.gd(F, front), pm.gd_plus(F, front)) == pytest.approx(at_once, rel=1e-13)


@pytest.mark.parametrize("front", [[], np.zeros((0, 2)), [[math.nan, 0]], [[0.0, 0.0, 0.0]], [1.0]])
def test_bad_fronts_are_refused(front):
    for name in DISTANCES:
        with pytest.raises(BadInput, match="front"):
            getattr(pm, name)([[0.0, 0.0]], front)


@pytest.mark.parametrize("name", ["igd_plus", "epsilon"])
@given(SETS, st.integers(0, 2**32 - 1))
def test_weakly_compliant_indicators_never_punish_a_better_set(name, F, seed):
    rng = np.random.default_rng(seed)
    front, better = rng.random((7, F.shape[1])), F - rng.random(F.shape)
    function = getattr(pm, name)
    assert function(better, front) <= function(F, front) + 1e-14


def test_igd_is_not_compliant():
    front = [[0.0, 10.0], [10.0, 0.0]]
    worse, better = [[0.0, 15.0], [10.0, 2.0]], [[-20.0, 10.0], [-20.0, 0.0]]
    assert pm.nondominated(np.concatenate([worse, better])).tolist() == [False] * 3 + [True]
    assert pm.igd(better, front) > pm.igd(worse, front)
    assert pm.igd_plus(better, front) < pm.igd_plus(worse, front)
