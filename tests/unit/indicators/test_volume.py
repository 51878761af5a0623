"""The hypervolume: exact, refused or approximate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.indicators import approximate_hypervolume
from paretomtl.indicators.volume import EXACT_LIMIT, exact_limit

SETS = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, 1.25]),
)


@given(SETS)
def test_hypervolume_equals_inclusion_and_exclusion(exact, F):
    reference = np.full(F.shape[1], 1.0)
    assert pm.hypervolume(F, reference) == pytest.approx(exact(F, reference), abs=1e-14)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 6])
def test_points_not_inside_the_reference_add_nothing(m):
    inside, on, beyond = np.full((1, m), 0.5), np.ones((1, m)), np.full((1, m), 3.0)
    partly = np.concatenate([np.zeros((1, m - 1)), [[1.5]]], axis=1)
    F = np.concatenate([inside, on, beyond, partly])
    assert pm.hypervolume(F, np.ones(m)) == 0.5**m
    assert pm.hypervolume(np.concatenate([on, beyond]), np.ones(m)) == 0.0


@pytest.mark.parametrize("reference", [[math.nan, 1], [math.inf, 1], [], 1.0, [[1.0, 1.0]], "ab"])
def test_bad_reference_points_are_refused(reference):
    with pytest.raises(BadInput, match="reference_point"):
        pm.hypervolume([[0.0, 0.0]], reference)


def sphere(n: int, m: int) -> np.ndarray:
    F = np.random.default_rng(m).random((n, m)) + 0.05
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def test_many_points_in_many_objectives_are_refused_and_approximated():
    F = sphere(EXACT_LIMIT[8] + 1, 8)
    with pytest.raises(BadInput, match=r"101 non-dominated points in 8 objectives.*approximate"):
        pm.hypervolume(F, np.full(8, 1.1))
    exact = pm.hypervolume(F[:60], np.full(8, 1.1))
    assert approximate_hypervolume(F[:60], np.full(8, 1.1)) == pytest.approx(exact, rel=5e-3)
    assert 0 < approximate_hypervolume(F, np.full(8, 1.1)) < 1.1**8
    # Dominated points do not count towards the limit.
    crowd = np.concatenate([F[:10], np.full((200, 8), 1.05)])
    assert pm.hypervolume(crowd, np.full(8, 1.1)) == pytest.approx(
        pm.hypervolume(F[:10], np.full(8, 1.1)), abs=1e-6
    )


def test_more_objectives_than_the_library_takes_are_refused():
    assert exact_limit(4) is None
    assert exact_limit(32) == 0
    with pytest.raises(BadInput, match="40 objectives"):
        pm.hypervolume(np.zeros((1, 40)), np.ones(40))


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_approximation_agrees_in_few_objectives(m):
    F = sphere(30, m)
    exact = pm.hypervolume(F, np.full(m, 1.1))
    assert approximate_hypervolume(F, np.full(m, 1.1)) == pytest.approx(exact, rel=1e-3)
    assert approximate_hypervolume(np.zeros((0, m)), np.full(m, 1.1)) == 0.0


@given(SETS, st.randoms(use_true_random=False))
def test_order_duplicates_and_dominated_points_change_no_hypervolume(F, random):
    reference = np.full(F.shape[1], 1.1)
    volume = pm.hypervolume(F, reference)
    rows = list(range(len(F))) * 2
    random.shuffle(rows)
    assert pm.hypervolume(F[rows], reference) == pytest.approx(volume, rel=1e-12)
    assert pm.hypervolume(F[pm.nondominated(F)], reference) == pytest.approx(volume, rel=1e-12)
    assert pm.hypervolume(np.concatenate([F, F + 0.01]), reference) == pytest.approx(volume)
