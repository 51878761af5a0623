"""Diagnostics from the Gramian against the gradients themselves."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from paretomtl.aggregation.diagnostics import diagnose
from paretomtl.testing import matrices


def rows(*vectors):
    return torch.tensor(vectors, dtype=torch.float64)


def gram(j):
    return matrices.products(j, j)


def random_rows(seed, batch=(), m=3, n=5):
    return matrices.draw_jacobian("random", m, n, batch=batch, seed=seed)


@pytest.mark.parametrize("angle", [0.0, 30.0, 89.0, 91.0, 150.0, 180.0])
def test_known_angles(angle):
    found = diagnose(gram(matrices.at_angle(angle, (2.0, 0.5))))
    assert found["cosines"][0, 1].item() == pytest.approx(math.cos(math.radians(angle)), abs=1e-12)
    assert found["conflict_rate"].item() == float(angle > 90)
    assert found["gradient_norms"].tolist() == pytest.approx([2.0, 0.5])


def test_conflict_rate_counts_each_pair_once():
    j = rows([1.0, 0.0], [-1.0, 0.1], [-1.0, -0.1])
    assert diagnose(gram(j))["conflict_rate"].item() == pytest.approx(2 / 3)


def test_a_zero_gradient_has_no_cosine_and_no_conflict():
    found = diagnose(gram(rows([1.0, 0.0], [0.0, 0.0], [-1.0, 1.0])))
    assert found["cosines"][1].isnan().all()
    assert found["cosines"][:, 1].isnan().all()
    assert found["cosines"][0, 2].item() == pytest.approx(-math.sqrt(0.5))
    assert found["conflict_rate"].item() == 1
    lonely = diagnose(torch.zeros(2, 2, dtype=torch.float64))
    assert lonely["conflict_rate"].isnan()
    assert lonely["condition"].isnan()
    assert lonely["stationarity"] == 0
    assert diagnose(torch.eye(1))["conflict_rate"].isnan()


def test_minus_one_at_a_two_task_stationary_point():
    """(t - 2)^2 and (t + 1)^2 between their optima."""
    found = diagnose(gram(rows([2 * (0.3 - 2)], [2 * (0.3 + 1)])))
    assert found["cosines"][0, 1].item() == -1
    assert found["stationarity"].item() == pytest.approx(0, abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(st.floats(0.05, 20), st.floats(-0.99, -0.01))
def test_plain_sum_harms_the_first_task_iff_the_norm_ratio_exceeds_one_over_cosine(ratio, s):
    """F28: with |g2| / |g1| = ratio and cosine s < 0."""
    if abs(ratio * abs(s) - 1) < 1e-6:
        return
    j = rows([1.0, 0.0], [ratio * s, ratio * math.sqrt(1 - s * s)])
    found = diagnose(gram(j), torch.ones(2, dtype=torch.float64))
    assert bool(found["harmed"][0]) == (ratio > 1 / abs(s))
    assert bool(found["harmed"][1]) == (1 / ratio > 1 / abs(s))


def test_everything_against_the_jacobian():
    j = random_rows(3, batch=(6,), m=4, n=9)
    g = torch.Generator().manual_seed(4)
    w = torch.randn(6, 4, generator=g, dtype=torch.float64)
    losses = torch.rand(6, 4, generator=g, dtype=torch.float64)
    found = diagnose(gram(j), w, losses)
    u = (w.unsqueeze(-1) * j).sum(-2)
    torch.testing.assert_close(found["inner_products"], (j * u.unsqueeze(-2)).sum(-1))
    torch.testing.assert_close(found["direction_norm"], u.norm(dim=-1))
    torch.testing.assert_close(found["gradient_norms"], j.norm(dim=-1))
    pull = (w.unsqueeze(-1) * j).norm(dim=-1)
    torch.testing.assert_close(found["gradient_shares"], pull / pull.sum(-1, keepdim=True))
    torch.testing.assert_close(found["loss_shares"].sum(-1), torch.ones(6, dtype=torch.float64))
    singular = torch.linalg.svdvals(j)
    torch.testing.assert_close(
        found["condition"], (singular[:, 0] / singular[:, -1]) ** 2, rtol=1e-8, atol=0
    )
    assert torch.equal(found["harmed"], found["inner_products"] < 0)


def test_stationarity_against_a_general_solver():
    for seed in range(5):
        g = gram(random_rows(seed, m=4, n=6)).numpy()
        best = minimize(
            lambda a, g=g: a @ g @ a,
            [0.25] * 4,
            jac=lambda a, g=g: 2 * g @ a,
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda a: a.sum() - 1},
            options={"ftol": 1e-16, "maxiter": 500},
        )
        found = diagnose(torch.from_numpy(g))["stationarity"].item()
        assert found == pytest.approx(math.sqrt(max(best.fun, 0)), abs=1e-6)


def test_dependent_gradients_have_infinite_condition():
    j = random_rows(1, m=3, n=2)
    assert diagnose(gram(j))["condition"].isinf()


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_scale_changes_no_angle(scale):
    j = random_rows(2) * torch.tensor([[1.0], [scale], [1.0]], dtype=torch.float64)
    plain = diagnose(gram(random_rows(2)))
    torch.testing.assert_close(diagnose(gram(j))["cosines"], plain["cosines"])


def test_rounding_is_no_harm():
    """A direction orthogonal to a gradient but for rounding does not harm it."""
    j = rows([1.0, 0.0], [0.3, math.sqrt(1 - 0.09)])
    g = gram(j)
    orthogonal = torch.tensor([-0.3, 1.0], dtype=torch.float64) * (1 + 1e-16)
    found = diagnose(g, orthogonal)
    assert abs(found["inner_products"][0]) < 1e-15
    assert not found["harmed"].any()


def test_a_bad_lane_is_nan_and_alone():
    j = random_rows(5, batch=(5,))
    g, w = (
        gram(j),
        torch.rand(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64),
    )
    expected = diagnose(g, w, w)
    spoiled = g.clone()
    spoiled[3, 1, 2] = float("nan")
    found = diagnose(spoiled, w, w)
    kept = [0, 1, 2, 4]
    for name, value in expected.items():
        assert torch.equal(found[name][kept], value[kept]), name
    for name in ("condition", "stationarity", "direction_norm"):
        assert found[name][3].isnan()


def test_a_lane_alone_equals_the_lane_in_a_batch():
    j = random_rows(6, batch=(7,), m=5, n=4)
    g, w = (
        gram(j),
        torch.rand(7, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64),
    )
    together = diagnose(g, w)
    for k in range(7):
        for name, value in diagnose(g[k : k + 1], w[k : k + 1]).items():
            assert torch.equal(value[0].nan_to_num(9e9), together[name][k].nan_to_num(9e9)), name


def test_single_precision():
    g = gram(random_rows(8)).float()
    found = diagnose(g, torch.ones(3))
    assert all(v.dtype in (torch.float32, torch.bool) for v in found.values())
