"""`tchebycheff` against closed forms, limits and independent implementations."""

from __future__ import annotations

import pytest
from scipy.optimize import minimize_scalar

import paretomtl as pm


def test_tchebycheff_ties_share_equally(vector):
    assert pm.weights("tchebycheff", losses=vector(2.0, 2.0, 1.0)).tolist() == pytest.approx(
        [1 / 6, 1 / 6, 0]
    )
    one = pm.weights("tchebycheff", losses=vector(4.0, 1.0), preference=vector(0.2, 0.8))
    assert one.tolist() == pytest.approx([0.1, 0.4])


def test_modified_tchebycheff_is_best_on_the_ray(vector):
    """Along the front sqrt L1 + sqrt L2 = 1 the optimum has L1 / L2 = p1 / p2."""
    p = vector(0.2, 0.8)

    def on_front(a):
        return pm.scalarize("modified_tchebycheff", vector(a**2, (1 - a) ** 2), p).item()

    a = minimize_scalar(on_front, bounds=(0, 1), method="bounded", options={"xatol": 1e-12}).x
    assert a**2 / (1 - a) ** 2 == pytest.approx(0.25, rel=1e-4)


def test_modified_tchebycheff_survives_a_zero_preference(vector):
    found = pm.weights("modified_tchebycheff", losses=vector(1.0, 2.0), preference=vector(1.0, 0.0))
    assert found.isfinite().all()


def test_augmented_tchebycheff(vector):
    losses, p = vector(1.0, 4.0, 2.0), vector(0.5, 0.2, 0.3)
    assert pm.scalarize("augmented_tchebycheff", losses, p, rho=0.0) == pm.scalarize(
        "tchebycheff", losses, p
    )
    found = pm.scalarize("augmented_tchebycheff", losses, p, rho=0.1).item()
    assert found == pytest.approx(0.8 + 0.1 * 1.9)
