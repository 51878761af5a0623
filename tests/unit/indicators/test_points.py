"""What may enter every indicator: kinds of arrays, empty sets, hostile input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput

DISTANCES = ("igd", "igd_plus", "gd", "gd_plus", "epsilon")


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
