"""The root of `C a = s / a`: its equations, 50 digits, and where there is none."""

from __future__ import annotations

import mpmath
import pytest
import torch

from paretomtl.aggregation.bargain import bargain
from paretomtl.aggregation.lanes import scale_diagonal
from paretomtl.testing import conditions, matrices

EPS = torch.finfo(torch.float64).eps


def draw(kind, m, batch=(10,), seed=0):
    scaled = scale_diagonal(matrices.draw_gramian(kind, m, m + 3, batch=batch, seed=seed))
    return scaled.cosines, scaled.present.double()


def residual(cosines, shares, a):
    """What is missing in `a_i (C a)_i = s_i`, in units of the rounding of its terms."""
    terms = a * conditions.apply(cosines.abs(), a)
    missing = (a * conditions.apply(cosines, a) - shares).abs()
    return (missing / (EPS * (shares + terms))).amax(-1)


@pytest.mark.parametrize("m", [2, 3, 5, 8, 16])
@pytest.mark.parametrize(
    "kind", ["random", "conflicting", "aligned", "duplicate rows", "row imbalance to 1e-6"]
)
def test_equations(kind, m):
    cosines, shares = draw(kind, m)
    a, found = bargain(cosines, shares, precision=EPS)
    assert found.all()
    assert (a > 0).all()
    # the last Newton step starts from a residual of 1e-9 and squares it; LU solves to m eps
    assert (residual(cosines, shares, a) <= 8 * m).all()


@pytest.mark.parametrize("m", [2, 3, 5, 8, 16])
@pytest.mark.parametrize("kind", ["random", "conflicting", "aligned"])
def test_unequal_shares(kind, m):
    """Lanes that are counted as found satisfy the equations to the residual that certifies them."""
    cosines, shares = draw(kind, m)
    shares = shares * torch.linspace(0.5, 1.5, m).double()
    a, found = bargain(cosines, shares, precision=EPS)
    missing = (a * conditions.apply(cosines, a) - shares).abs()
    assert (missing.amax(-1)[found.squeeze(-1)] <= 1e-9).all()


@pytest.mark.parametrize("m", [2, 3, 4])
def test_equals_fifty_digits(m):
    cosines, shares = draw("conflicting", m, batch=(3,), seed=m)
    a, found = bargain(cosines, shares, precision=EPS)
    assert found.all()
    with mpmath.workdps(50):
        for k in range(3):
            C = mpmath.matrix(cosines[k].tolist())
            x = mpmath.matrix(a[k].tolist())
            for _ in range(4):  # Newton, from next to the root
                image = C * x
                system = mpmath.diag(list(image)) + mpmath.diag(list(x)) * C
                misfit = mpmath.matrix([x[i] * image[i] - 1 for i in range(m)])
                x -= mpmath.lu_solve(system, misfit)
            limit = 16 * m * EPS * float(torch.linalg.cond(cosines[k]))
            assert all(abs(x[i] / float(a[k, i]) - 1) <= limit for i in range(m))


@pytest.mark.parametrize("m", [2, 3, 6])
@pytest.mark.parametrize("kind", ["stationary", "opposite rows"])
def test_none_is_found_where_the_gradients_are_stationary(kind, m):
    cosines, shares = draw(kind, m)
    _, found = bargain(cosines, shares, precision=EPS)
    assert not found.any()


@pytest.mark.parametrize("m", [2, 3, 7])
@pytest.mark.parametrize("cosine", [-0.1, 0.0, 0.5, 1.0])
def test_equal_cosines_have_a_closed_form(cosine, m):
    cosines = torch.full((m, m), cosine, dtype=torch.float64).fill_diagonal_(1)
    a, found = bargain(cosines, torch.ones(m, dtype=torch.float64), precision=EPS)
    assert found.all()
    wanted = torch.full_like(a, (1 + (m - 1) * cosine) ** -0.5)
    assert torch.allclose(a, wanted, rtol=8 * m * EPS, atol=0)


def test_a_row_without_share_changes_nothing():
    cosines, shares = draw("conflicting", 4)
    alone, _ = bargain(cosines, shares, precision=EPS)
    wider = torch.nn.functional.pad(cosines, (0, 1, 0, 1))
    a, found = bargain(wider, torch.nn.functional.pad(shares, (0, 1)), precision=EPS)
    assert found.all()
    # the same equations, solved with another padding
    assert torch.allclose(a[:, :4], alone, rtol=1e-12, atol=0)


@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_lanes(law_of_lanes, m):
    def answer(gramian, precision):
        scaled = scale_diagonal(gramian)
        a, found = bargain(scaled.cosines, scaled.present.double(), precision=precision)
        return torch.where(found & scaled.present, a, 0.0)

    law_of_lanes(answer, m)


@pytest.mark.parametrize(("spread", "found"), [(1e-5, True), (1e-6, False)])
def test_what_the_rounding_of_single_precision_hides_is_not_counted_as_found(spread, found):
    """Two gradients with `1 + cos` above or below `8 m^2 eps`: half of it is the least norm, squared."""
    cosines = torch.tensor([[1.0, spread - 1], [spread - 1, 1.0]], dtype=torch.float64)
    ones = torch.ones(2, dtype=torch.float64)
    single = torch.finfo(torch.float32).eps
    assert bool(bargain(cosines, ones, precision=single)[1]) == found
    a, sure = bargain(cosines, ones, precision=EPS)
    assert sure
    assert torch.allclose(a, torch.full_like(a, spread**-0.5), rtol=16 * EPS / spread, atol=0)
