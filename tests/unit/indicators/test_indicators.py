"""The public indicators: definitions, hostile input, invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.indicators import approximate_hypervolume
from paretomtl.indicators.volume import EXACT_LIMIT, exact_limit

DISTANCES = ("igd", "igd_plus", "gd", "gd_plus", "epsilon")
SETS = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, 1.25]),
)


@given(SETS)
def test_hypervolume_equals_inclusion_and_exclusion(exact, F):
    reference = np.full(F.shape[1], 1.0)
    assert pm.hypervolume(F, reference) == pytest.approx(exact(F, reference), abs=1e-14)


@given(SETS)
def test_nondominated_equals_the_definition(F):
    def dominates(a, b):
        return bool((a <= b).all() and (a < b).any())

    expected = [not any(dominates(a, b) for a in F) for b in F]
    assert pm.nondominated(F).tolist() == expected
    first = pm.nondominated(F, duplicates="first")
    assert sorted(map(tuple, F[first])) == sorted(set(map(tuple, F[expected])))


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


@pytest.mark.parametrize("make", [np.array, torch.tensor, list])
def test_every_kind_of_array_gives_floats(make):
    F, front = make([[0.0, 1.0], [1.0, 0.0]]), make([[0.0, 0.5]])
    assert pm.hypervolume(F, make([2.0, 2.0])) == 3.0
    assert type(pm.hypervolume(F, make([2.0, 2.0]))) is float
    for name in DISTANCES:
        assert type(getattr(pm, name)(F, front)) is float
    assert pm.nondominated(F).dtype == np.bool_


def test_tensors_that_require_gradients_or_are_strided_or_integer():
    F = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    assert pm.hypervolume(F.T, [2, 2]) == 3.0
    assert pm.hypervolume(torch.tensor([[0, 1], [1, 0]]), [2, 2]) == 3.0
    assert pm.hypervolume(np.ones((4, 6))[::2, ::3], [2, 2]) == 1.0


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nonfinite_rows_are_refused_or_left_out(m, bad):
    F = np.full((3, m), 0.5)
    F[1, m // 2] = bad
    reference, front = np.ones(m), np.full((1, m), 0.25)
    for name in ("hypervolume", *DISTANCES):
        against = reference if name == "hypervolume" else front
        with pytest.raises(BadInput, match=r"row 1 .*1 of 3 rows"):
            getattr(pm, name)(F, against)
    with pytest.raises(BadInput, match="row 1"):
        pm.nondominated(F)
    assert pm.hypervolume(F, reference, nonfinite="drop") == 0.5**m
    for name in DISTANCES:
        function = getattr(pm, name)
        assert function(F, front, nonfinite="drop") == function(F[[0, 2]], front)
    assert pm.nondominated(F, nonfinite="drop").tolist() == [True, False, True]
    assert pm.nondominated(F, nonfinite="drop", duplicates="first").tolist() == [True, False, False]


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_a_set_of_nothing_is_worst(m):
    nothing, everything_failed = np.zeros((0, m)), np.full((4, m), math.nan)
    front = np.zeros((1, m))
    assert pm.hypervolume(nothing, np.ones(m)) == 0.0
    assert pm.hypervolume([], np.ones(m)) == 0.0
    assert pm.hypervolume(everything_failed, np.ones(m), nonfinite="drop") == 0.0
    for name in DISTANCES:
        assert getattr(pm, name)(nothing, front) == math.inf
        assert getattr(pm, name)(everything_failed, front, nonfinite="drop") == math.inf
    assert pm.nondominated(nothing).shape == (0,)
    assert pm.nondominated([]).shape == (0,)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 6])
def test_points_not_inside_the_reference_add_nothing(m):
    inside, on, beyond = np.full((1, m), 0.5), np.ones((1, m)), np.full((1, m), 3.0)
    partly = np.concatenate([np.zeros((1, m - 1)), [[1.5]]], axis=1)
    F = np.concatenate([inside, on, beyond, partly])
    assert pm.hypervolume(F, np.ones(m)) == 0.5**m
    assert pm.hypervolume(np.concatenate([on, beyond]), np.ones(m)) == 0.0


@pytest.mark.parametrize(
    ("F", "message"),
    [
        ([1.0, 2.0], "set of points"),
        (np.zeros((2, 2, 2)), "set of points"),
        ([[1.0, 2.0, 3.0]], "2 objectives"),
        (np.zeros((0, 3)), "2 objectives"),
        (np.zeros((3, 0)), "at least one objective"),
        (3.0, "set of points"),
        ("points", "real numbers"),
        ([["a", "b"]], "real numbers"),
        ([[1.0, 2.0], [3.0]], "rectangular"),
        ([[True, False]], "real numbers"),
        ([[1j, 2.0]], "real numbers"),
        ([[None, 1.0]], "real numbers"),
        (None, "real numbers"),
        (torch.zeros(2, 2, dtype=torch.complex64), "real numbers"),
    ],
)
def test_wrong_shapes_and_types_are_refused(F, message):
    with pytest.raises(BadInput, match=message):
        pm.hypervolume(F, [1.0, 1.0])
    for name in DISTANCES:
        with pytest.raises(BadInput):
            getattr(pm, name)(F, [[1.0, 1.0]])


@pytest.mark.parametrize("reference", [[math.nan, 1], [math.inf, 1], [], 1.0, [[1.0, 1.0]], "ab"])
def test_bad_reference_points_are_refused(reference):
    with pytest.raises(BadInput, match="reference_point"):
        pm.hypervolume([[0.0, 0.0]], reference)


@pytest.mark.parametrize("front", [[], np.zeros((0, 2)), [[math.nan, 0]], [[0.0, 0.0, 0.0]], [1.0]])
def test_bad_fronts_are_refused(front):
    for name in DISTANCES:
        with pytest.raises(BadInput, match="front"):
            getattr(pm, name)([[0.0, 0.0]], front)


def test_overflow_is_refused_not_returned():
    with pytest.raises(BadInput, match="floating-point range"):
        pm.hypervolume([[-1e308, -1e308]], [1.0, 1.0])
    for name in DISTANCES:
        with pytest.raises(BadInput, match="floating-point range"):
            getattr(pm, name)([[1e308, 1e308]], [[-1e308, -1e308]])


@pytest.mark.parametrize("nonfinite", ["ignore", None, True])
def test_unknown_choices_are_refused(nonfinite):
    for name in (*DISTANCES, "hypervolume"):
        with pytest.raises(BadInput, match="nonfinite"):
            getattr(pm, name)(
                [[0.0, 0.0]], [[1.0, 1.0]] if name != "hypervolume" else [1, 1], nonfinite=nonfinite
            )
    with pytest.raises(BadInput, match="nonfinite"):
        pm.nondominated([[0.0, 0.0]], nonfinite=nonfinite)
    with pytest.raises(BadInput, match="duplicates"):
        pm.nondominated([[0.0, 0.0]], duplicates="none")


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
