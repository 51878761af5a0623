"""The shortest vector of the convex hull against exact arithmetic and its KKT conditions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["random", "conflicting", "row imbalance to 1e-6"])
def test_equals_the_exact_minimum(exact, kind, m):
    gramian = matrices.draw_gramian(kind, m, m + 2, batch=(8,), seed=m)
    found = min_norm_weights(gramian, precision=EPS)
    for k in range(8):
        whole, w = exact.rational(gramian[k]), exact.rational(found[k])
        wanted = exact.min_norm(gramian[k])
        least = exact.dot(wanted, exact.times(whole, wanted))
        # flat at its minimum, so exact to what the weights' sum is: m roundings, squared
        assert float(exact.dot(w, exact.times(whole, w)) / least - 1) <= 4 * m * EPS
        # forward error of a solve in unit lengths; in weights, relative to the longest row's
        d = conditions.lengths(gramian[k])
        condition = torch.linalg.cond(gramian[k] / d / d.unsqueeze(-1))
        error = (found[k] - exact.rounded(wanted)).abs() * d / d.min()
        assert float(error.max()) <= 8 * m * EPS * float(condition)


def test_dependent_rows_attain_the_exact_minimum(exact):
    gramian = matrices.draw_gramian("integers", 4, 3, batch=(12,), seed=2)
    found = min_norm_weights(gramian, precision=EPS)
    for k in range(12):
        whole, w, wanted = (
            exact.rational(gramian[k]),
            exact.rational(found[k]),
            exact.min_norm(gramian[k]),
        )
        least = exact.dot(wanted, exact.times(whole, wanted))
        value = exact.dot(w, exact.times(whole, w))
        # stationary points among them, where the minimum is zero: relative to the Gramian then
        assert float(value - least) <= 16 * EPS * float(gramian[k].trace())


@pytest.mark.parametrize("m", [2, 3, 5, 8, 16, 32])
@pytest.mark.parametrize("kind", matrices.KINDS)
def test_kkt_conditions(kind, m):
    gramian = matrices.draw_gramian(kind, m, m + 3, batch=(10,), seed=m)
    found = min_norm_weights(gramian, precision=EPS)
    assert (conditions.min_norm(gramian, found, precision=EPS) <= 1).all()


@settings(max_examples=60)
@given(st.floats(-1, 1), st.floats(-6, 6))
def test_two_gradients_have_a_closed_form(cosine, decades):
    b = 10**decades
    gramian = torch.tensor([[1.0, cosine * b], [cosine * b, b * b]], dtype=torch.float64)
    first = min(max((b * b - cosine * b) / (1 + b * b - 2 * cosine * b or 1.0), 0.0), 1.0)
    found = min_norm_weights(gramian, precision=EPS)
    spread = 1 + b * b - 2 * cosine * b
    if spread > 1e-6 * b:  # two equal gradients: any weights are right
        assert float(found[0]) == pytest.approx(first, abs=16 * EPS * max(1, b * b) / spread)
    assert float(conditions.on_simplex(found)) <= 1


def test_zero_rows_share_all_the_weight():
    gramian = torch.diag(torch.tensor([1.0, 0.0, 2.0, 0.0], dtype=torch.float64))
    assert min_norm_weights(gramian, precision=EPS).tolist() == [0, 0.5, 0, 0.5]
    assert min_norm_weights(0 * gramian, precision=EPS).tolist() == [0.25] * 4


@pytest.mark.parametrize("m", [3, 6])
def test_rows_that_take_no_part(m):
    gramian = matrices.draw_gramian("conflicting", m, m + 2, batch=(20,), seed=m)
    among = torch.arange(m) != 1
    found = min_norm_weights(gramian, precision=EPS, among=among)
    assert (found[:, 1] == 0).all()
    part = gramian[:, among][:, :, among]
    assert (conditions.min_norm(part, found[:, among], precision=EPS) <= 1).all()
    nobody = min_norm_weights(gramian, precision=EPS, among=torch.zeros(m, dtype=torch.bool))
    assert (nobody == 0).all()


@pytest.mark.parametrize("power", [-26, 26])
def test_scale_changes_no_bit(power):
    """Powers of two, so that the inputs themselves are exact."""
    gramian = matrices.draw_gramian("conflicting", 5, 7, batch=(9,), seed=0)
    plain = min_norm_weights(gramian, precision=EPS)
    assert torch.equal(min_norm_weights(gramian * 4.0**power, precision=EPS), plain)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
def test_lanes(law_of_lanes, m):
    law_of_lanes(lambda gramian, precision: min_norm_weights(gramian, precision=precision), m)


@pytest.mark.parametrize("kind", ["random", "conflicting", "row imbalance to 1e-6", "integers"])
def test_single_precision(kind):
    """Gramians of float32: the conditions hold to the rounding of those, not worse."""
    rows = matrices.draw_jacobian(kind, 6, 9, batch=(30,), seed=1).float()
    gramian = matrices.products(rows, rows).double()
    precision = torch.finfo(torch.float32).eps
    found = min_norm_weights(gramian, precision=precision)
    assert (conditions.min_norm(gramian, found, precision=precision) <= 1).all()
