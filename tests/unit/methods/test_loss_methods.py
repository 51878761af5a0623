"""Each loss-level method against its law: closed forms, limits, independent implementations."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.methods.base import LaneShapes, Signals, method
from paretomtl.methods.scalarizations.hv_scalarization import sphere_constant

F64 = torch.float64


def vector(*values):
    return torch.tensor(values, dtype=F64)


def planar_pair(x):
    """|x - 1|^2 and |x + 1|^2 on the plane."""
    return torch.stack([(x - 1).square().sum(-1), (x + 1).square().sum(-1)], -1)


def scalar_pair(x):
    """(t - 2)^2 and (t + 1)^2."""
    return torch.cat([(x - 2).square(), (x + 1).square()], -1)


def descend(objectives, start, chosen, *, steps, lr, preference=None, scale=None):
    """Plain gradient descent with a scalarization on lanes of points; returns the end and the state."""
    x = start.clone().requires_grad_()
    m = objectives(x).shape[-1]
    state = chosen.init(LaneShapes(x.shape[:-1], m))
    for k in range(steps):
        losses = objectives(x) if scale is None else objectives(x) * scale
        seen = Signals(
            losses=losses.detach(),
            preference=preference,
            keys=torch.tensor(0),
            steps=torch.tensor(k),
        )
        weights, state = chosen.step(state, seen)
        (gradient,) = torch.autograd.grad((weights * losses).sum(), x)
        x = (x - lr * gradient).detach().requires_grad_()
        if chosen.reads_next_losses:
            again = objectives(x) if scale is None else objectives(x) * scale
            state = chosen.observe(state, dataclasses.replace(seen, losses=again.detach()))
    return x.detach(), state


# F01 linear


@pytest.mark.parametrize(
    ("preference", "point", "losses"),
    [((0.5, 0.5), (0.0, 0.0), (2.0, 2.0)), ((0.9, 0.1), (0.8, 0.8), (0.08, 6.48))],
)
def test_linear_on_the_planar_pair(preference, point, losses):
    end, _ = descend(
        planar_pair,
        vector(0.3, -0.7),
        method("linear"),
        steps=200,
        lr=0.1,
        preference=vector(*preference),
    )
    torch.testing.assert_close(end, vector(*point), atol=1e-8, rtol=0)
    torch.testing.assert_close(planar_pair(end), vector(*losses), atol=1e-7, rtol=0)


# F02 to F04, normalisations


@pytest.mark.parametrize("name", ["init_norm", "live_norm", "log_sum"])
def test_rescaling_a_loss_leaves_the_trajectory(name):
    start = vector(0.3, -0.7)
    plain, _ = descend(planar_pair, start, method(name), steps=50, lr=0.02)
    scaled, _ = descend(
        planar_pair, start, method(name), steps=50, lr=0.02, scale=vector(1e6, 1e-3)
    )
    torch.testing.assert_close(plain, scaled, rtol=1e-9, atol=1e-12)


def test_init_norm_starts_at_one_a_task():
    losses = vector(0.4, 25.0, 3.0)
    chosen = method("init_norm")
    seen = Signals(losses=losses)
    weights = chosen.weights(chosen.init(LaneShapes((), 3)), seen)
    torch.testing.assert_close(weights * losses, torch.ones(3, dtype=F64))


def test_init_norm_averages_the_first_batches_and_then_stops():
    chosen = method("init_norm", batches=3)
    rows = torch.rand(6, 2, generator=torch.Generator().manual_seed(0), dtype=F64) + 0.1
    state = chosen.init(LaneShapes((), 2))
    for k, row in enumerate(rows):
        weights, state = chosen.step(state, Signals(losses=row))
        torch.testing.assert_close(weights, 1 / rows[: min(k + 1, 3)].mean(0))


def test_init_norm_reports_a_first_loss_that_is_not_positive():
    chosen = method("init_norm")
    losses = torch.tensor([[0.0, 1.0], [-1.0, 1.0], [2.0, 1.0]], dtype=F64)
    weights, state = chosen.step(chosen.init(LaneShapes((3,), 2)), Signals(losses=losses))
    assert weights[:2, 0].isnan().all()
    assert weights[2].isfinite().all()
    later, _ = chosen.step(state, Signals(losses=torch.zeros(3, 2, dtype=F64)))
    assert later[2].tolist() == [0.5, 1.0]  # only L(0) is divided by


def test_theoretical_constants_do_not_follow_the_scale():
    known = method("init_norm", initial=(2.0, 4.0))
    assert known.weights({}, Signals(losses=vector(1.0, 1.0))).tolist() == [0.5, 0.25]
    prior = method("prior_norm", prior=(2.0, 4.0))
    assert prior.weights({}, Signals(losses=vector(-9.0, 0.0))).tolist() == [0.5, 0.25]


# F05 to F07


def test_live_norm_warns_of_a_vanishing_loss_and_refuses_a_zero_one():
    losses = torch.tensor([[1.0, 1.0], [1.0, 1e-12]], dtype=F64)
    with pytest.warns(UserWarning, match=r"vanishes: 1e-12 for task 2 in lane \[1\]") as caught:
        pm.weights("live_norm", losses=losses)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="vanishes"):
        pm.scalarize("live_norm", losses)
    # bounded, or no more than small: nothing to say, and warnings are errors here
    pm.weights("live_norm", losses=losses, eps=1e-3)
    pm.weights("live_norm", losses=torch.tensor([1.0, 1e-7], dtype=F64))
    with pytest.raises(BadInput, match="live_norm needs losses > 0; found 0 for task 2"):
        pm.weights("live_norm", losses=torch.tensor([1.0, 0.0]))


def test_live_norm_is_worth_m_and_moves_like_log_sum():
    losses = torch.rand(5, 4, generator=torch.Generator().manual_seed(1), dtype=F64) + 0.01
    assert torch.equal(
        pm.scalarize("live_norm", losses).round(decimals=12), torch.full((5,), 4.0, dtype=F64)
    )
    torch.testing.assert_close(
        pm.weights("live_norm", losses=losses), pm.weights("log_sum", losses=losses)
    )
    geometric = pm.weights("geometric_mean", losses=losses)
    direction = geometric / geometric.norm(dim=-1, keepdim=True)
    expected = 1 / losses
    torch.testing.assert_close(direction, expected / expected.norm(dim=-1, keepdim=True))


def test_reciprocal_of_minibatch_losses_is_biased_and_the_running_mean_less():
    """Two batches with (loss, gradient) = (1, 1) and (9, 1): 0.556 instead of 0.2."""
    batches = [vector(1.0), vector(9.0)]
    live = method("live_norm")
    mean = sum(live.weights({}, Signals(losses=b)).item() for b in batches) / 2
    assert mean == pytest.approx(5 / 9)
    smooth = method("live_norm", decay=0.99)
    state, seen = smooth.init(LaneShapes((), 1)), []
    for k in range(4000):
        weights, state = smooth.step(state, Signals(losses=batches[k % 2]))
        seen.append(weights.item())
    assert np.mean(seen[-200:]) == pytest.approx(1 / 5, rel=2e-2)


def test_live_norm_eps_bounds_a_vanishing_loss():
    assert pm.weights("live_norm", losses=vector(1e-30, 1.0), eps=0.01)[0].item() == pytest.approx(
        100
    )


def test_geometric_mean_abandons_a_task_on_the_scalar_pair():
    assert pm.scalarize("geometric_mean", vector(1.0, 100.0)).item() == pytest.approx(10)
    starts = torch.tensor([[0.6], [0.4]], dtype=F64)
    found, _ = descend(scalar_pair, starts, method("geometric_mean"), steps=1200, lr=2e-3)
    torch.testing.assert_close(found.flatten(), vector(2.0, -1.0), rtol=0, atol=5e-3)


def test_power_mean_balances_the_scalar_pair_from_one_half_on():
    """For losses u^2 the midpoint is a minimum iff gamma >= 1/2."""
    chosen = method("power_mean", gamma=vector(0.4, 0.6, 2.0))
    starts = torch.full((3, 1), 0.5 + 1e-3, dtype=F64)
    found, _ = descend(scalar_pair, starts, chosen, steps=1500, lr=4e-2)
    assert (found.flatten() - 0.5).abs().lt(1e-2).tolist() == [False, True, True]


@pytest.mark.parametrize("gamma", [-3.0, -0.5, 0.0, 1.0, 2.5, 8.0])
def test_power_mean_shares_are_a_softmax(gamma):
    losses = vector(0.5, 2.0, 1.1)
    weights = pm.weights("power_mean", losses=losses, gamma=gamma)
    torch.testing.assert_close(
        weights / weights.sum(), torch.softmax((gamma - 1) * losses.log(), -1)
    )


# F11 to F13, learned uncertainties


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize(("kind", "share"), [("regression", 1.0), ("classification", 2.0)])
def test_uncertainty_settles_at_its_optimum(optimizer, kind, share):
    losses, d = vector(0.3, 5.0, 40.0), (1.0, 2.0, 3.0)
    chosen = method("uncertainty", kind=kind, dimension=d, optimizer=optimizer, lr=0.05)
    state = chosen.init(LaneShapes((), 3))
    for _ in range(3000):
        weights, state = chosen.step(state, Signals(losses=losses))
    variance = share * losses / vector(*d)
    torch.testing.assert_close(state["parameter"].exp(), variance, rtol=1e-6, atol=0)
    torch.testing.assert_close(weights, vector(*d) / (2 * losses), rtol=1e-6, atol=0)
    profiled = chosen.value(state, Signals(losses=losses)).item()
    constant = sum(0.5 * di * (1 + math.log(share / di)) for di in d)
    expected = float((0.5 * vector(*d) * losses.log()).sum()) + constant
    assert profiled == pytest.approx(expected, rel=1e-9)


def test_uncertainty_is_convex_in_the_log_variance():
    chosen = method("uncertainty")
    s = torch.linspace(-8, 8, 401, dtype=F64)
    losses = torch.full((401, 1), 0.37, dtype=F64)
    values = chosen.value({"parameter": s.unsqueeze(-1)}, Signals(losses=losses))
    assert (values.diff(n=2) > 0).all()


def test_bounds_stop_the_drive_to_infinity():
    for name, sign in (("uncertainty", -1), ("imtl_l", 1)):
        chosen = method(name, lr=1.0, bounds=(-3.0, 3.0))
        state = chosen.init(LaneShapes((), 2))
        for _ in range(50):
            weights, state = chosen.step(state, Signals(losses=vector(0.0, 0.0)))
        assert state["parameter"].tolist() == [3.0 * sign, 3.0 * sign]
        assert weights.isfinite().all()


def test_kinds_may_differ_between_tasks():
    chosen = method("uncertainty", kind=("regression", "classification"))
    assert chosen.weights(
        chosen.init(LaneShapes((), 2)), Signals(losses=vector(1.0, 1.0))
    ).tolist() == [
        0.5,
        1.0,
    ]


def test_adam_is_that_of_torch():
    losses = [vector(0.3, 5.0), vector(0.1, 7.0), vector(0.9, 1.0)] * 5
    chosen = method("uncertainty", lr=0.1)
    state = chosen.init(LaneShapes((), 2))
    s = torch.zeros(2, dtype=F64, requires_grad=True)
    adam = torch.optim.Adam([s], lr=0.1)
    for row in losses:
        _, state = chosen.step(state, Signals(losses=row))
        adam.zero_grad()
        (0.5 * (row * torch.exp(-s) + s)).sum().backward()
        adam.step()
        torch.testing.assert_close(state["parameter"], s.detach(), rtol=1e-12, atol=1e-14)


def test_imtl_l_is_twice_uncertainty_and_settles_at_minus_log():
    losses = vector(0.3, 5.0)
    u = method("uncertainty", initial_log_variance=0.4)
    balance = method("imtl_l", initial_log_scale=-0.4)
    seen = Signals(losses=losses)
    torch.testing.assert_close(
        balance.value(balance.init(LaneShapes((), 2)), seen),
        2 * u.value(u.init(LaneShapes((), 2)), seen),
    )
    balance = method("imtl_l", optimizer="sgd", lr=0.2)
    state = balance.init(LaneShapes((), 2))
    for _ in range(2000):
        _, state = balance.step(state, seen)
    torch.testing.assert_close(state["parameter"], -losses.log())


# F14 ceilings


@pytest.mark.parametrize("damping", [0.0, 1.0])
@pytest.mark.parametrize(
    ("ceiling", "theta", "multiplier"), [(4.0, 0.4142136, 0.2728), (7.0, 0.8, 0.0)]
)
def test_ceilings_on_the_planar_pair(ceiling, theta, multiplier, damping):
    chosen = method(
        "epsilon_constraint", ceilings=(math.inf, ceiling), dual_lr=0.1, damping=damping
    )
    end, state = descend(
        planar_pair, vector(0.0, 0.3), chosen, steps=1500, lr=0.05, preference=vector(0.9, 0.1)
    )
    torch.testing.assert_close(end, vector(theta, theta), atol=1e-6, rtol=0)
    report = chosen.report(state, Signals(losses=planar_pair(end)))
    assert report["multipliers"][1].item() == pytest.approx(multiplier, abs=5e-5)
    assert report["slack"][1].item() == pytest.approx(ceiling - planar_pair(end)[1].item())
    assert not report["infeasible"].any()


def test_an_infeasible_ceiling_grows_its_multiplier_and_is_reported():
    chosen = method("epsilon_constraint", ceilings=(0.1, 0.1), dual_lr=0.1, patience=200)
    end, state = descend(planar_pair, vector(0.0, 0.1), chosen, steps=400, lr=0.005)
    half, _ = descend(planar_pair, vector(0.0, 0.1), chosen, steps=200, lr=0.005)
    report = chosen.report(state, Signals(losses=planar_pair(end)))
    assert report["infeasible"].all()
    assert (report["multipliers"] > 50).all()
    assert (report["slack"] < 0).all()
    assert half.isfinite().all()


# the Tchebycheff family


def test_smooth_tchebycheff_tends_to_tchebycheff():
    losses, p = (
        torch.rand(20, 3, generator=torch.Generator().manual_seed(3), dtype=F64),
        vector(0.2, 0.5, 0.3),
    )
    hard = pm.scalarize("tchebycheff", losses, p)
    for mu in (0.3, 0.03, 0.003, 1e-6):
        soft = pm.scalarize("smooth_tchebycheff", losses, p, mu=mu)
        assert (soft >= hard - 1e-15).all()
        assert (soft <= hard + mu * math.log(3) + 1e-15).all()
    torch.testing.assert_close(
        pm.weights("smooth_tchebycheff", losses=losses, preference=p, mu=1e-6),
        pm.weights("tchebycheff", losses=losses, preference=p),
    )


def test_smooth_tchebycheff_does_not_overflow():
    losses = torch.tensor([1e30, 1.0], dtype=torch.float32)
    assert pm.scalarize("smooth_tchebycheff", losses, mu=1e-8) == pytest.approx(5e29)
    assert pm.weights("smooth_tchebycheff", losses=losses, mu=1e-8).tolist() == [0.5, 0]


def test_tchebycheff_ties_share_equally():
    assert pm.weights("tchebycheff", losses=vector(2.0, 2.0, 1.0)).tolist() == pytest.approx(
        [1 / 6, 1 / 6, 0]
    )
    one = pm.weights("tchebycheff", losses=vector(4.0, 1.0), preference=vector(0.2, 0.8))
    assert one.tolist() == pytest.approx([0.1, 0.4])


def test_modified_tchebycheff_is_best_on_the_ray():
    """Along the front sqrt L1 + sqrt L2 = 1 the optimum has L1 / L2 = p1 / p2."""
    p = vector(0.2, 0.8)

    def on_front(a):
        return pm.scalarize("modified_tchebycheff", vector(a**2, (1 - a) ** 2), p).item()

    a = minimize_scalar(on_front, bounds=(0, 1), method="bounded", options={"xatol": 1e-12}).x
    assert a**2 / (1 - a) ** 2 == pytest.approx(0.25, rel=1e-4)


def test_modified_tchebycheff_survives_a_zero_preference():
    found = pm.weights("modified_tchebycheff", losses=vector(1.0, 2.0), preference=vector(1.0, 0.0))
    assert found.isfinite().all()


def test_augmented_tchebycheff():
    losses, p = vector(1.0, 4.0, 2.0), vector(0.5, 0.2, 0.3)
    assert pm.scalarize("augmented_tchebycheff", losses, p, rho=0.0) == pm.scalarize(
        "tchebycheff", losses, p
    )
    found = pm.scalarize("augmented_tchebycheff", losses, p, rho=0.1).item()
    assert found == pytest.approx(0.8 + 0.1 * 1.9)


def test_log_ratio_form_warms_up_on_logs_and_measures_its_nadir():
    chosen = method("smooth_tchebycheff", form="log_ratio", mu=0.5, warmup=4, window=2)
    rows = torch.rand(7, 2, generator=torch.Generator().manual_seed(5), dtype=F64) + 0.2
    state = chosen.init(LaneShapes((), 2))
    for k, row in enumerate(rows):
        weights, state = chosen.step(state, Signals(losses=row))
        if k < 4:
            expected = 1 / row
        else:
            nadir = rows[2:4].mean(0)
            shares = torch.softmax((row / nadir).log() / 0.5, -1)
            expected = 2 * shares / row
        torch.testing.assert_close(weights, expected)


# norms and rays


def test_p_norm_limits_and_formula():
    losses, p = (
        torch.rand(9, 3, generator=torch.Generator().manual_seed(7), dtype=F64),
        vector(0.2, 0.5, 0.3),
    )
    torch.testing.assert_close(
        pm.scalarize("p_norm", losses, p, p=1.0), pm.scalarize("linear", losses, p)
    )
    torch.testing.assert_close(
        pm.scalarize("p_norm", losses, p, p=math.inf), pm.scalarize("tchebycheff", losses, p)
    )
    for q in (1.5, 2.0, 7.0):
        inside = ((p * losses) ** q).sum(-1) ** (1 / q)
        outside = (p * losses**q).sum(-1) ** (1 / q)
        torch.testing.assert_close(pm.scalarize("p_norm", losses, p, p=q), inside)
        torch.testing.assert_close(
            pm.scalarize("p_norm", losses, p, p=q, weight="outside"), outside
        )


def test_pbi_geometry():
    """On the ray (1, 1) from the origin, a point at distance 3 along and 2 away."""
    u, v = vector(1.0, 1.0) / math.sqrt(2), vector(1.0, -1.0) / math.sqrt(2)
    point = 3 * u + 2 * v
    assert pm.scalarize("pbi", point, theta=5.0).item() == pytest.approx(3 + 10)
    assert pm.scalarize("pbi", point, theta=0.0).item() == pytest.approx(3)
    torch.testing.assert_close(pm.weights("pbi", losses=point, theta=5.0), u + 5 * v)
    assert pm.scalarize("pbi", point + 1, ideal=vector(1.0, 1.0)).item() == pytest.approx(13)
    inverted = pm.scalarize("inverted_pbi", vector(7.0, 7.0) - point, nadir=7.0, theta=0.1)
    assert inverted.item() == pytest.approx(-(3 - 0.2))


def test_pbi_on_the_ray_is_finite_and_points_along_it():
    weights = pm.weights("pbi", losses=vector(2.0, 2.0))
    torch.testing.assert_close(weights, vector(1.0, 1.0) / math.sqrt(2))
    assert pm.weights("pbi", losses=vector(0.0, 0.0)).isfinite().all()
    assert pm.weights("cosmos", losses=vector(0.0, 0.0)).tolist() == [0.5, 0.5]


def test_cosmos_formula():
    losses, p = vector(1.0, 4.0, 2.0), vector(0.5, 0.2, 0.3)
    cosine = float(losses @ p / losses.norm() / p.norm())
    found = pm.scalarize("cosmos", losses, p, lambda_=3.0).item()
    assert found == pytest.approx(float(p @ losses) - 3 * cosine)


# hypervolume scalarization: its mean over directions is the hypervolume


def volume(points, reference, m, n=400_000):
    """Estimate the hypervolume from random directions, with its standard error."""
    g = torch.Generator().manual_seed(11)
    directions = torch.randn(n, m, generator=g, dtype=F64).abs()
    preferences = directions / directions.sum(-1, keepdim=True)
    best = torch.zeros(n, dtype=F64)
    for point in points:
        losses = vector(*point).expand(n, m)
        value = -pm.scalarize("hv_scalarization", losses, preferences, reference=reference)
        best = torch.maximum(best, value)
    scale = sphere_constant(m)
    return scale * best.mean().item(), scale * best.std().item() / math.sqrt(n)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_mean_over_directions_is_the_volume_of_one_point(m):
    point = [0.1 * (i + 1) for i in range(m)]
    exact = math.prod(1.0 - x for x in point)
    found, error = volume([point], 1.0, m)
    assert abs(found - exact) < 5 * error
    assert error < 0.01 * exact


def test_mean_of_the_maximum_is_the_volume_of_a_set():
    points = [(0.2, 0.7), (0.5, 0.4), (0.9, 0.1), (1.3, 0.05)]
    exact = pm.hypervolume(np.array(points), np.array([1.0, 1.0]))
    found, error = volume(points, 1.0, 2)
    assert abs(found - exact) < 5 * error


def test_beyond_the_reference_point():
    losses = vector(1.5, 0.5)
    assert pm.scalarize("hv_scalarization", losses, reference=1.0, outside="flat") == 0
    assert pm.weights(
        "hv_scalarization", losses=losses, reference=1.0, outside="flat"
    ).tolist() == [0, 0]
    assert pm.scalarize("hv_scalarization", losses, reference=1.0) > 0
    weights = pm.weights("hv_scalarization", losses=losses, reference=1.0)
    assert weights[0] > 0
    assert weights[1] == 0


def test_term_is_smooth_tchebycheff_up_to_a_constant():
    losses = torch.rand(6, 3, generator=torch.Generator().manual_seed(2), dtype=F64)
    for t in (0.5, 3.0, 40.0):
        smooth = 3 * pm.scalarize("smooth_tchebycheff", losses, mu=1 / (3 * t))
        torch.testing.assert_close(pm.scalarize("term", losses, t=t), smooth - math.log(3) / t)
    torch.testing.assert_close(pm.scalarize("term", losses, t=0.0), losses.mean(-1))
    torch.testing.assert_close(
        pm.scalarize("term", losses, t=1e5), losses.amax(-1), rtol=0, atol=1e-4
    )


# weights from history


def naive_sliding_dwa(rows, window, temperature):
    """The variant of nash-mtl, written with a plain list."""
    m = len(rows[0])
    history, weights, answers = [np.ones(m)] * (2 * window), np.ones(m), []
    for k, row in enumerate(rows):
        history = [*history[1:], row]
        if k > window:
            ratio = np.mean(history[window:], 0) / np.mean(history[:window], 0)
            raw = np.exp(ratio / temperature)
            weights = m * raw / raw.sum()
        answers.append(weights / m)
    return answers


def test_dwa_sliding_variant():
    rows = np.random.default_rng(0).uniform(0.2, 2, (20, 3))
    chosen = method("dwa", form="sliding", window=3, temperature=1.5)
    state = chosen.init(LaneShapes((), 3))
    for row, expected in zip(rows, naive_sliding_dwa(rows, 3, 1.5), strict=True):
        weights, state = chosen.step(state, Signals(losses=torch.from_numpy(row)))
        np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-12)


def test_dwa_epochs_and_a_vanished_window():
    rows = np.random.default_rng(1).uniform(0.2, 2, (12, 2))
    chosen = method("dwa", window=3, temperature=2.0)
    state = chosen.init(LaneShapes((), 2))
    for k, row in enumerate(rows):
        weights, state = chosen.step(state, Signals(losses=torch.from_numpy(row)))
        epoch = k // 3
        if epoch < 2:
            expected = np.ones(2)
        else:
            ratio = rows[3 * epoch - 3 : 3 * epoch].mean(0) / rows[
                3 * epoch - 6 : 3 * epoch - 3
            ].mean(0)
            expected = 2 * np.exp(ratio / 2) / np.exp(ratio / 2).sum()
        np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-12)
    state = chosen.init(LaneShapes((), 2))
    for _ in range(9):
        weights, state = chosen.step(state, Signals(losses=vector(0.0, 1.0)))
    assert weights.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("decay", [None, 0.8])
def test_cov_weighting(decay):
    rows = np.random.default_rng(2).uniform(0.2, 2, (15, 3))
    chosen = method("cov_weighting", decay=decay)
    state = chosen.init(LaneShapes((), 3))
    mean_loss, ratios = None, []
    for k, row in enumerate(rows):
        weights, state = chosen.step(state, Signals(losses=torch.from_numpy(row)))
        if decay is None and k > 1:  # mean and deviation of all ratios so far
            c = np.sqrt(np.var(ratios, 0) + 1e-8) / np.mean(ratios, 0)
            np.testing.assert_allclose(weights.numpy(), c / c.sum(), rtol=1e-10)
        elif k <= 1:
            np.testing.assert_allclose(weights.numpy(), 1 / 3, rtol=1e-12)
        ratios.append(row / (row if mean_loss is None else mean_loss))
        kept = k / (k + 1) if decay is None else (0 if k == 0 else decay)
        mean_loss = row if mean_loss is None else kept * mean_loss + (1 - kept) * row
        np.testing.assert_allclose(state["mean_loss"].numpy(), mean_loss, rtol=1e-12)
    assert weights.sum().item() == pytest.approx(1)


def test_uw_so_formula_and_ends():
    losses = vector(0.2, 1.0, 3.0)
    expected = torch.softmax(1 / losses / 2.5, -1)
    torch.testing.assert_close(pm.weights("uw_so", losses=losses, temperature=2.5), expected)
    even = pm.weights("uw_so", losses=losses, temperature=1e9)
    torch.testing.assert_close(even, torch.full((3,), 1 / 3, dtype=F64))
    zero = method("uw_so").weights({}, Signals(losses=vector(0.0, 1.0)))
    assert zero.tolist() == [1.0, 0.0]


def test_go4align_indicators_and_groups():
    rows = np.random.default_rng(3).uniform(0.2, 2, (6, 4))
    for groups in (1, 2, 4):
        chosen = method("go4align", groups=groups, step_size=0.3)
        state, q = chosen.init(LaneShapes((), 4)), np.full(4, 0.25)
        for row in rows:
            weights, state = chosen.step(state, Signals(losses=torch.from_numpy(row)))
            q = q * np.exp(-0.3 * row)
            q /= q.sum()
            indicator = q * row.sum() / row
            if groups == 1:
                expected = np.full(4, indicator.mean())
            elif groups == 4:
                expected = indicator
            else:
                expected = best_split(indicator)
            np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-10)


def best_split(values):
    """Means of the best two clusters, over all ways to divide the numbers."""
    best, answer = math.inf, None
    for labels in itertools.product((False, True), repeat=len(values)):
        labels = np.array(labels)
        if labels.all() or not labels.any():
            continue
        means = np.where(labels, values[labels].mean(), values[~labels].mean())
        if ((values - means) ** 2).sum() < best:
            best, answer = ((values - means) ** 2).sum(), means
    return answer


def test_famo_against_torch_autograd_and_adam():
    rng = np.random.default_rng(4)
    pairs = [(rng.uniform(0.2, 2, 3), rng.uniform(0.2, 2, 3)) for _ in range(12)]
    chosen = method("famo")
    state = chosen.init(LaneShapes((), 3))
    w = torch.zeros(3, dtype=F64, requires_grad=True)
    adam = torch.optim.Adam([w], lr=0.025, weight_decay=1e-3)
    for before, after in pairs:
        before, after = torch.from_numpy(before), torch.from_numpy(after)
        weights, state = chosen.step(state, Signals(losses=before))
        z = torch.softmax(w.detach(), -1)
        expected = z / before / (z / before).sum()
        torch.testing.assert_close(weights, expected, rtol=1e-7, atol=0)
        assert weights.sum().item() == pytest.approx(1)
        delta = (before + 1e-8).log() - (after + 1e-8).log()
        adam.zero_grad()
        w.grad = torch.autograd.grad(torch.softmax(w, -1), w, delta)[0]
        adam.step()
        state = chosen.observe(state, Signals(losses=after))
        torch.testing.assert_close(state["parameter"], w.detach(), rtol=1e-10, atol=1e-12)


def test_famo_evens_out_the_rates_of_decrease():
    """The logits rise for the task that improved least."""
    chosen = method("famo")
    state = chosen.init(LaneShapes((), 2))
    _, state = chosen.step(state, Signals(losses=vector(1.0, 1.0)))
    state = chosen.observe(state, Signals(losses=vector(0.5, 0.99)))
    assert state["parameter"][1] > state["parameter"][0]


def test_famo_with_negative_losses_through_its_shift():
    weights = pm.weights("famo", losses=vector(-20.0, 3.0), shift=21.0)
    torch.testing.assert_close(weights, vector(24 / 25, 1 / 25), rtol=1e-6, atol=0)


def test_rlw_draws():
    keys = torch.arange(40_000)
    chosen = method("rlw")
    seen = Signals(losses=torch.ones(40_000, 3, dtype=F64), keys=keys, steps=torch.zeros_like(keys))
    weights = chosen.weights({}, seen)
    torch.testing.assert_close(weights.sum(-1), torch.ones(40_000, dtype=F64))
    torch.testing.assert_close(
        weights.mean(0), torch.full((3,), 1 / 3, dtype=F64), rtol=0, atol=5e-3
    )
    later = chosen.weights({}, dataclasses.replace(seen, steps=torch.ones_like(keys)))
    assert not torch.equal(later, weights)
