"""The multi-task toys against the figures of their sources and against solvers."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import paretomtl as pm
from paretomtl.errors import BadInput

F64 = torch.float64


def vec(*values):
    return torch.tensor(values, dtype=F64)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# --- cagrad_toy


def published_toy(x, s):
    """The toy as its paper's formula has it, written out for one point in plain Python."""
    x1, x2 = x
    c1, c2 = max(math.tanh(x2 / 2), 0), max(math.tanh(-x2 / 2), 0)
    l1 = math.log(max(abs(0.5 * (-x1 - 7) + math.tanh(x2)), 5e-6)) + 6
    l2 = math.log(max(abs(0.5 * (-x1 + 3) - math.tanh(x2) + 2), 5e-6)) + 6
    q1 = ((x1 - 7) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20
    q2 = ((x1 + 7) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20
    return s * (c1 * l1 + c2 * q1), c1 * l2 + c2 * q2


@pytest.mark.parametrize(
    ("setting", "s", "starts"), [("cagrad", 1, 3), ("nash_mtl", 0.1, 5), ("famo", 0.1, 5)]
)
def test_cagrad_toy_is_the_published_one(setting, s, starts):
    toy = pm.problem("cagrad_toy", setting=setting)
    x = np.random.default_rng(0).uniform(-10, 10, (100, 2))
    expected = np.array([published_toy(point, s) for point in x])
    np.testing.assert_allclose(toy.objectives(x), expected, rtol=1e-12)
    assert toy.starts.shape == (starts, 2)
    assert toy.starts[0].tolist() == [-8.5, 7.5]
    torch.testing.assert_close(toy.ideal, vec(-19.9894 * s, -19.9894), rtol=0, atol=5e-5)
    torch.testing.assert_close(toy.nadir, vec(-0.39794 * s, -0.39794), rtol=0, atol=5e-6)


@pytest.mark.parametrize("weight", [0.0, 0.1, 0.5, 0.8])
def test_the_pareto_set_of_cagrad_toy_minimizes_weighted_sums(weight):
    toy = pm.problem("cagrad_toy", setting="cagrad")

    def loss(x):
        f = toy.objectives(np.asarray(x)[None])[0]
        return weight * f[0] + (1 - weight) * f[1]

    found = minimize(
        loss, (7 * (2 * weight - 1), -8), method="Nelder-Mead", options={"xatol": 1e-9}
    )
    on_curve = toy.curve.point(vec(1 - weight))[0]
    assert weight * on_curve[0] + (1 - weight) * on_curve[1] <= found.fun + 1e-12
    depth = -8.4345 if weight == 0 else -8.3551 if weight == 0.5 else found.x[1]
    assert found.x[1] == pytest.approx(depth, abs=1e-4)


def test_the_start_on_both_clamps_moves():
    """torch gives the clamp slope one at its bound, and so the published start (0, 0) moves."""
    toy = pm.problem("cagrad_toy", start_index=1)
    x = toy.start(seeded(0)).requires_grad_()
    assert x.tolist() == [0.0, 0.0]
    (gradient,) = torch.autograd.grad(toy.objectives(x).sum(), x)
    assert gradient[1].abs() > 1


# --- published starts


@pytest.mark.parametrize("name", ["cagrad_toy", "ewq", "cqf", "hqf"])
def test_fixed_starts_are_drawn_or_chosen(name):
    problem = pm.problem(name)
    drawn = {tuple(problem.start(seeded(seed)).tolist()) for seed in range(60)}
    assert drawn == {tuple(row.tolist()) for row in problem.starts}
    for k, row in enumerate(problem.starts):
        chosen = pm.problem(name, start_index=k)
        assert torch.equal(chosen.start(seeded(7)), row)
    with pytest.raises(BadInput, match="start_index"):
        pm.problem(name, start_index=len(problem.starts))


def test_other_starts_are_uniform_in_the_start_box():
    problem = pm.problem("vlmop2", n_variables=3)
    generator = seeded(0)
    starts = torch.stack([problem.start(generator) for _ in range(4000)])
    assert float(starts.abs().max()) <= 0.5
    assert float(starts.mean().abs()) < 0.02
    assert float(starts.var()) == pytest.approx(1 / 12, rel=0.05)


# --- pairs


def test_planar_pair():
    pair = pm.problem("planar_pair")
    front = pair.front(11)
    torch.testing.assert_close(front[[0, -1]], torch.tensor([[0.0, 8.0], [8.0, 0.0]], dtype=F64))
    torch.testing.assert_close(front.sqrt().sum(-1), torch.full((11,), 2 * math.sqrt(2), dtype=F64))
    assert pair.objectives(vec(1.0, 1.0)).tolist() == [0.0, 8.0]


@pytest.mark.parametrize("name", ["concave_pair", "vlmop2"])
def test_the_concave_pair_has_the_known_figures(name):
    problem = pm.problem(name)
    x = torch.full((problem.n_variables,), 0.0, dtype=F64)
    torch.testing.assert_close(problem.objectives(x), vec(1 - 1 / math.e, 1 - 1 / math.e))
    for r, volume in ((1.0, 0.342116), (1.1, 0.552116), (2.0, 3.342116), (4.0, 15.342116)):
        assert problem.best_hypervolume(reference_point=[r, r]) == pytest.approx(volume, abs=1e-6)
    t = torch.linspace(-1, 1, 200001, dtype=F64)
    f = -torch.stack((-(t - 1).square(), -(t + 1).square()), -1).expm1()
    for w in torch.linspace(0.001, 0.999, 60, dtype=F64):
        reached = t[(f @ torch.stack((w, 1 - w))).argmin()]
        assert abs(float(reached)) >= 0.957504 - 1e-4  # what linear scalarization can reach


def test_scalar_pair():
    pair = pm.problem("scalar_pair")
    assert pair.objectives(vec(0.5)).tolist() == [2.25, 2.25]
    assert pm.problem("scalar_pair", halved=True).objectives(vec(2.0)).tolist() == [0.0, 4.5]


def test_ill_scaled_pair():
    pair = pm.problem("ill_scaled_pair")
    x = vec(0.5, 0.0).requires_grad_()
    f = pair.objectives(x)
    assert f.tolist() == [0.25, 0.0025]
    slopes = [torch.autograd.grad(value, x, retain_graph=True)[0].norm() for value in f]
    assert float(slopes[0] / slopes[1]) == pytest.approx(100)


def test_gradient_triple():
    triple = pm.problem("gradient_triple")
    rows = torch.autograd.functional.jacobian(triple.objectives, vec(0.3, -0.2))
    assert rows.tolist() == [[1, 1], [1, -1], [-1, 1]]
    assert rows.sum(0).tolist() == [1, 1]
    draws = triple.objectives(torch.rand(200_000, 2, dtype=F64, generator=seeded(0)) * 2 - 1)
    r = triple.reference_point
    y = triple.ideal + (r - triple.ideal) * torch.rand(4000, 3, dtype=F64, generator=seeded(1))
    # Monte Carlo: y is dominated when some d in [-f3, f2] has |d| - 2 <= f1
    d_low, d_high = (-y[:, 2]).clamp(-2, 2), y[:, 1].clamp(-2, 2)
    nearest = torch.maximum(torch.minimum(torch.zeros(()), d_high), d_low)
    share = (
        ((d_low <= d_high) & (nearest.abs() - 2 <= y[:, 0]) & (-y[:, 2] <= y[:, 1])).double().mean()
    )
    exact = triple.best_hypervolume() / float((r - triple.ideal).prod())
    assert float(share) == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4000))
    assert float((draws.sum(-1) - draws[:, 0]).abs().max()) < 1e-12


# --- trajectories


def test_ewq():
    ewq = pm.problem("ewq")
    assert ewq.objectives(vec(3.0, -2.0)).tolist() == [9.0, 4.0]
    assert ewq.front(5).tolist() == [[0.0, 0.0]]
    assert ewq.best_hypervolume(reference_point=[2.0, 3.0]) == 6.0


@pytest.mark.parametrize(
    ("name", "matrices", "minimizers"),
    [
        ("cqf", ([[1, 0.2], [0.2, 0.05]], [[3, -0.6], [-0.6, 0.2]]), ([1, 0], [-1, 0])),
        ("hqf", ([[2, -1], [-1, 2]], [[20, -10], [-10, 20]]), ([1, 0], [-10, 0])),
    ],
)
def test_quadratic_forms(name, matrices, minimizers):
    problem = pm.problem(name)
    x = np.random.default_rng(0).normal(size=(20, 2)) * 3
    pairs = list(zip(np.array(matrices, float), np.array(minimizers, float), strict=True))
    expected = np.stack([np.einsum("ki,ij,kj->k", x - u, a, x - u) for a, u in pairs], -1)
    np.testing.assert_allclose(problem.objectives(x), expected, rtol=1e-12)
    front = problem.front(200).numpy()
    for t in (0.1, 0.5, 0.9):  # convex: every front point minimizes a weighted sum

        def loss(x, t=t):
            f = problem.objectives(np.asarray(x)[None])[0]
            return t * f[0] + (1 - t) * f[1]

        found = minimize(loss, (0, 0), method="BFGS", options={"gtol": 1e-10})
        least = (front @ [t, 1 - t]).min()
        assert found.fun <= least + 1e-9
        assert least == pytest.approx(found.fun, rel=0.02)  # 200 points miss it by a step


# --- rank one


def linear_reaches(problem, n):
    """What linear scalarization reaches: the top eigenvector of the weighted targets."""
    weights = -torch.rand(n, problem.n_objectives, dtype=F64, generator=seeded(0)).log()
    weights = torch.cat((weights, torch.eye(problem.n_objectives, dtype=F64) + 1e-9))
    y = problem.targets
    matrices = torch.einsum("ki,id,ie->kde", weights, y, y)
    return problem.objectives(torch.linalg.eigh(matrices).eigenvectors[..., -1])


@pytest.mark.parametrize(
    ("correlation", "uncovered", "linear_max", "true_max"),
    [(-0.2, 0.39, 0.800, 0.642), (-0.4, 0.52, 0.771, 0.700), (0.3, 0.0, None, None)],
)
def test_rank_one_shows_where_linear_scalarization_fails(
    correlation, uncovered, linear_max, true_max
):
    """The share of non-dominated features farther than 0.05 from all that linear scalarization reaches.

    Weights are random, so ties between eigenvectors (equal weights), which reach more, do not occur.
    Random features are dominated or not by 60 000 others and by the stated front.
    """
    problem = pm.problem("rank_one", correlation=correlation, n_variables=3)
    reached, front = linear_reaches(problem, 20000), problem.front(3000)
    features = problem.objectives(torch.randn(40000, 3, dtype=F64, generator=seeded(1)))
    others = torch.cat((features, front))
    points = torch.stack(
        [f for f in features[:1500] if not bool((others <= f - 1e-4).all(-1).any())]
    )
    nearest = torch.stack([(reached - f).square().sum(-1).min() for f in points]).sqrt()
    assert float((nearest > 0.05).double().mean()) == pytest.approx(uncovered, abs=0.06)
    if linear_max is not None:
        assert float(reached.amax(-1).min()) == pytest.approx(linear_max, abs=0.025)
        assert float(front.amax(-1).min()) == pytest.approx(true_max, abs=0.006)


def test_orthogonal_rank_one_is_flat_and_linear_sees_the_corners():
    problem = pm.problem("rank_one", correlation=0.0)
    torch.testing.assert_close(problem.front(300).sum(-1), torch.full((300,), 2.0, dtype=F64))
    reached = linear_reaches(problem, 500)
    corners = ((reached - 1).abs() < 1e-6).sum(-1)
    assert bool((corners == 2).all())


def test_rank_one_targets_and_scale():
    problem = pm.problem("rank_one", n_objectives=4, correlation=-0.25, n_variables=6)
    gramian = problem.targets @ problem.targets.T
    expected = torch.full((4, 4), -0.25, dtype=F64).fill_diagonal_(1.0)
    torch.testing.assert_close(gramian, expected)
    x = torch.randn(5, 6, dtype=F64, generator=seeded(0))
    torch.testing.assert_close(problem.objectives(x), problem.objectives(7.5 * x))
    torch.testing.assert_close(
        problem.objectives(torch.zeros(6, dtype=F64)), torch.ones(4, dtype=F64)
    )
    with pytest.raises(BadInput, match="correlation"):
        pm.problem("rank_one", correlation=-0.5)
