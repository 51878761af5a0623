"""The methods that read the Jacobian: against independent code, hostile input, isolation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy import stats

import paretomtl as pm
from paretomtl.aggregation import random
from paretomtl.aggregation.lanes import clean
from paretomtl.aggregation.min_norm import min_norm_weights
from paretomtl.errors import BadInput
from paretomtl.methods.base import LaneShapes, Signals, method

F64 = torch.float64
CASES = [
    ("graddrop", {}),
    ("graddrop", {"leak": (0.0, 0.5, 1.0)}),
    ("trimmed_mean", {}),
    ("trimmed_mean", {"trim": 1}),
    ("excess_mtl", {}),
    ("excess_mtl", {"step_size": 1.0, "warmup": 0, "total": "tasks"}),
    ("moco", {}),
    ("moco", {"normalize": True, "weights_by": "softmax"}),
    ("db_mtl", {}),
    ("db_mtl", {"beta_decay": 0.5}),
]
M, N = 3, 6


@pytest.fixture(params=CASES, ids=lambda c: f"{c[0]}-{c[1]}")
def aggregator(request):
    name, options = request.param
    return method(name, **options)


def draw(seed, batch=(5,), dtype=F64, preference=True):
    g = torch.Generator().manual_seed(seed)
    p = torch.rand(*batch, M, generator=g, dtype=F64) + 0.1
    keys = torch.arange(int(np.prod(batch)) if batch else 1).reshape(batch)
    return Signals(
        losses=(torch.rand(*batch, M, generator=g, dtype=F64) + 0.05).to(dtype),
        jacobian=torch.randn(*batch, M, N, generator=g, dtype=F64).to(dtype),
        preference=(p / p.sum(-1, keepdim=True)).to(dtype) if preference else None,
        keys=keys,
        steps=torch.zeros_like(keys) + seed,
    )


def lane(signals, k):
    parts = {
        f.name: getattr(signals, f.name)[k : k + 1]
        for f in dataclasses.fields(signals)
        if getattr(signals, f.name) is not None
    }
    return Signals(**parts)


@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_shapes_and_types(aggregator, batch, dtype):
    state = aggregator.init(LaneShapes(batch, M, n_parameters=N, dtype=dtype))
    for seed in range(3):
        direction, after = aggregator.step(state, draw(seed, batch, dtype))
        assert direction.shape == (*batch, N)
        assert direction.dtype == dtype
        assert {k: (v.shape, v.dtype) for k, v in after.items()} == {
            k: (v.shape, v.dtype) for k, v in state.items()
        }
        state = after


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0])
def test_lanes_are_isolated_bitwise(aggregator, bad):
    sequence = [draw(s, (6,)) for s in range(4)]
    for position in (0, 2, 5):
        others = [k for k in range(6) if k != position]
        clean_state = state = aggregator.init(LaneShapes((6,), M, n_parameters=N))
        for signals in sequence:
            expected, clean_state = aggregator.step(clean_state, signals)
            rows, losses = signals.jacobian.clone(), signals.losses.clone()
            rows[position], losses[position] = bad, bad
            found, state = aggregator.step(
                state, dataclasses.replace(signals, jacobian=rows, losses=losses)
            )
            assert torch.equal(found[others], expected[others])
            if bad != 0:
                assert not found[position].isfinite().all()


def test_a_lane_alone_equals_the_lane_in_a_batch_bitwise(aggregator):
    sequence = [draw(s, (7,)) for s in range(4)]
    state = aggregator.init(LaneShapes((7,), M, n_parameters=N))
    alone = [aggregator.init(LaneShapes((1,), M, n_parameters=N)) for _ in range(7)]
    for signals in sequence:
        together, state = aggregator.step(state, signals)
        for k in range(7):
            own, alone[k] = aggregator.step(alone[k], lane(signals, k))
            assert torch.equal(own[0], together[k])


def test_resumed_equals_uninterrupted(aggregator, tmp_path):
    state = aggregator.init(LaneShapes((5,), M, n_parameters=N))
    for seed in range(3):
        _, state = aggregator.step(state, draw(seed))
    torch.save(state, tmp_path / "state.pt")
    loaded = torch.load(tmp_path / "state.pt")
    for seed in range(3, 6):
        kept, state = aggregator.step(state, draw(seed))
        resumed, loaded = aggregator.step(loaded, draw(seed))
        assert torch.equal(kept, resumed)


def test_uniform_preference_is_the_default(aggregator):
    signals = draw(1, preference=False)
    uniform = dataclasses.replace(signals, preference=torch.full((5, M), 1 / M, dtype=F64))
    state = aggregator.init(LaneShapes((5,), M, n_parameters=N))
    torch.testing.assert_close(
        aggregator.step(state, uniform)[0],
        aggregator.step(state, signals)[0],
        rtol=1e-13,
        atol=1e-15,
    )


def test_preference_matters(aggregator):
    signals = draw(1, preference=False)
    tilted = torch.tensor([0.8, 0.1, 0.1], dtype=F64).expand(5, M)
    state = aggregator.init(LaneShapes((5,), M, n_parameters=N))
    plain, _ = aggregator.step(state, signals)
    moved, _ = aggregator.step(state, dataclasses.replace(signals, preference=tilted))
    assert not torch.allclose(plain, moved)


def test_zero_jacobian_gives_a_zero_direction(aggregator):
    state = aggregator.init(LaneShapes((2,), M, n_parameters=N))
    signals = draw(0, (2,))
    zero = dataclasses.replace(signals, jacobian=torch.zeros_like(signals.jacobian))
    direction, _ = aggregator.step(state, zero)
    assert torch.equal(direction, torch.zeros_like(direction))


def test_one_task():
    rows = torch.tensor([[1.0, -2.0, 0.5]], dtype=F64)
    for name in ("graddrop", "trimmed_mean", "excess_mtl"):
        torch.testing.assert_close(pm.aggregate(name, rows), rows[0])
    for name in ("moco", "db_mtl"):
        found = pm.aggregate(name, rows, losses=torch.tensor([1.0], dtype=F64))
        torch.testing.assert_close(found / found.norm(), rows[0] / rows.norm())


@pytest.mark.parametrize("name", ["graddrop", "excess_mtl", "moco", "db_mtl"])
def test_rotation_and_padding(name):
    """A column of zeros adds a zero; a rotation turns along where coordinates are not special."""
    signals = draw(2, ())
    padded = torch.cat([signals.jacobian, torch.zeros(M, 1, dtype=F64)], -1)
    plain = pm.aggregate(name, signals.jacobian, losses=signals.losses)
    found = pm.aggregate(name, padded, losses=signals.losses)
    torch.testing.assert_close(found[:N], plain)
    assert found[N] == 0
    if name in ("moco", "db_mtl"):
        g = torch.Generator().manual_seed(0)
        q, _ = torch.linalg.qr(torch.randn(N, N, generator=g, dtype=F64))
        torch.testing.assert_close(
            pm.aggregate(name, signals.jacobian @ q, losses=signals.losses), plain @ q
        )


# graddrop


def test_graddrop_keeps_one_sign_with_the_right_probability():
    n = 20_000
    rows = torch.tensor([[2.0, 1.0, -1.0, 0.0], [-1.0, 3.0, -2.0, 0.0]], dtype=F64)
    keys = torch.arange(n)
    signals = Signals(jacobian=rows.expand(n, 2, 4), keys=keys, steps=torch.zeros_like(keys))
    found, _ = method("graddrop").step({}, signals)
    assert set(found[:, 0].tolist()) == {2.0, -1.0}
    assert found[:, 1:].unique(dim=0).tolist() == [[4.0, -3.0, 0.0]]
    assert (found[:, 0] > 0).double().mean().item() == pytest.approx(2 / 3, abs=0.02)


def test_graddrop_draws_differ_between_coordinates():
    rows = torch.tensor([[1.0], [-1.0]], dtype=F64).expand(2, 2000)
    found = pm.aggregate("graddrop", rows, generator=torch.Generator().manual_seed(0))
    assert 800 < (found > 0).sum() < 1200


def graddrop_by_the_paper(jacobian, z, uniform, leak):
    """Chen et al. 2020, Algorithm 1, for one lane, number by number."""
    m, (samples, features) = len(jacobian), z.shape
    g = jacobian.reshape(m, samples, features)
    direction = torch.zeros(samples, features, dtype=F64)
    for f in range(features):
        G = [sum(float(z[s, f].sign() * g[i, s, f]) for s in range(samples)) for i in range(m)]
        total = sum(abs(x) for x in G)
        purity = 0.5 * (1 + (sum(G) / total if total else 0.0))
        for i in range(m):
            mask = float(G[i] > 0 if purity > uniform[f] else G[i] < 0)
            direction[:, f] += (leak[i] + (1 - leak[i]) * mask) * g[i, :, f]
    return direction.flatten()


@pytest.mark.parametrize("leak", [(0.0, 0.0, 0.0), (0.0, 0.5, 1.0)])
def test_graddrop_on_the_representation_is_the_papers_algorithm(leak):
    lanes, samples, features = 20, 4, 5
    g = torch.Generator().manual_seed(1)
    jacobian = torch.randn(lanes, M, samples * features, generator=g, dtype=F64)
    z = torch.randn(lanes, samples, features, generator=g, dtype=F64).relu()
    z[..., 3] = 0  # a feature that is off for all samples
    keys = torch.arange(lanes)
    steps = torch.full_like(keys, 7)
    signals = Signals(jacobian=jacobian, representation=z, keys=keys, steps=steps)
    found, _ = method("graddrop", leak=leak).step({}, signals)
    uniform = random.uniform(keys, steps, features)
    for k in range(lanes):
        expected = graddrop_by_the_paper(jacobian[k], z[k], uniform[k], leak)
        torch.testing.assert_close(found[k], expected)
    at_parameters, _ = method("graddrop", leak=leak).step(
        {}, Signals(jacobian=jacobian, keys=keys, steps=steps)
    )
    assert not torch.allclose(found, at_parameters)
    called = pm.aggregate("graddrop", jacobian[0].numpy(), representation=z[0].numpy(), leak=leak)
    own = random.uniform(torch.tensor(0), torch.tensor(0), features)
    expected = graddrop_by_the_paper(jacobian[0], z[0], own, leak)
    np.testing.assert_allclose(called, expected.numpy(), rtol=1e-12)


def test_graddrop_says_what_a_representation_must_be():
    rows = torch.ones(2, 6, dtype=F64)
    with pytest.raises(BadInput, match=r"4 x 2 = 8 numbers a task; found 6"):
        pm.aggregate("graddrop", rows, representation=torch.ones(4, 2, dtype=F64))
    with pytest.raises(BadInput, match=r"`representation` must have shape \[\*batch, samples, fea"):
        pm.aggregate("graddrop", rows, representation=torch.ones(6, dtype=F64))


# trimmed mean


@pytest.mark.parametrize(("m", "trim"), [(3, 1), (5, 1), (5, 2), (8, 3), (4, 0)])
def test_trimmed_mean_against_scipy(m, trim):
    rows = torch.randn(m, 9, generator=torch.Generator().manual_seed(m), dtype=F64)
    found = pm.aggregate("trimmed_mean", rows, trim=trim)
    expected = stats.trim_mean(rows.numpy(), trim / m + 1e-12, axis=0)
    np.testing.assert_allclose(found.numpy(), expected)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 7])
def test_trimmed_mean_is_the_median_by_default(m):
    rows = torch.randn(m, 9, generator=torch.Generator().manual_seed(m), dtype=F64)
    np.testing.assert_allclose(
        pm.aggregate("trimmed_mean", rows).numpy(), np.median(rows.numpy(), 0)
    )


# excess risks


@pytest.mark.parametrize("warmup", [0, 1, 3])
def test_excess_mtl_against_a_plain_loop(warmup):
    rows = torch.randn(7, M, N, generator=torch.Generator().manual_seed(9), dtype=F64).numpy()
    chosen = method("excess_mtl", step_size=0.5, warmup=warmup)
    state = chosen.init(LaneShapes((), M, n_parameters=N))
    squares, w, initial = 0.0, np.full(M, 1 / M), np.ones(M)
    for k, j in enumerate(rows):
        squares = squares + j**2
        excess = (j**2 / np.sqrt(squares + 1e-7)).sum(-1)
        if k >= warmup:
            w = w * np.exp(0.5 * excess / initial)
            w /= w.sum()
        if k == max(warmup - 1, 0):
            initial = excess
        direction, state = chosen.step(state, Signals(jacobian=torch.from_numpy(j)))
        np.testing.assert_allclose(direction.numpy(), w @ j, rtol=1e-10, atol=1e-14)


def test_excess_mtl_with_a_first_gradient_of_zero_stays_finite():
    chosen = method("excess_mtl", step_size=1.0)
    state = chosen.init(LaneShapes((), 2, n_parameters=2))
    for rows in (torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.ones(2, 2)):
        direction, state = chosen.step(state, Signals(jacobian=rows.double()))
        assert direction.isfinite().all()


# MoCo


def test_moco_on_a_fixed_jacobian_tends_to_the_min_norm_point():
    rows = torch.randn(M, N, generator=torch.Generator().manual_seed(3), dtype=F64)
    chosen = method("moco", beta=0.5, beta_decay=0.0, weight_step=0.05, weight_step_decay=0.0)
    state = chosen.init(LaneShapes((), M, n_parameters=N))
    for _ in range(3000):
        direction, state = chosen.step(state, Signals(jacobian=rows))
    exact = min_norm_weights(clean(rows @ rows.T).matrix, precision=1e-16) @ rows
    torch.testing.assert_close(direction, exact, rtol=0, atol=1e-8)


# DB-MTL


def test_db_mtl_brings_all_log_gradients_to_one_length():
    signals = draw(4, ())
    found = pm.aggregate("db_mtl", signals.jacobian, losses=signals.losses, beta=0.0)
    logs = signals.jacobian / signals.losses.unsqueeze(-1)
    length = logs.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(found, (logs / length).sum(0) * length.max(), rtol=1e-6, atol=0)


def test_db_mtl_is_indifferent_to_the_unit_of_a_loss_up_to_the_longest():
    signals = draw(4, ())
    scale = torch.tensor([1e6, 1e-3, 1.0], dtype=F64)
    plain = pm.aggregate("db_mtl", signals.jacobian, losses=signals.losses)
    scaled = pm.aggregate(
        "db_mtl", signals.jacobian * scale.unsqueeze(-1), losses=signals.losses * scale
    )
    torch.testing.assert_close(scaled, plain, rtol=1e-4, atol=1e-6)


def test_stateful_methods_say_that_they_need_the_number_of_parameters():
    for name in ("excess_mtl", "moco", "db_mtl"):
        with pytest.raises(BadInput, match="n_parameters"):
            method(name).init(LaneShapes((2,), 2))


# MOO-SVGD


def population(seed=0, sets=(), members=5):
    g = torch.Generator().manual_seed(seed)
    losses = torch.rand(*sets, members, M, generator=g, dtype=F64)
    rows = torch.randn(*sets, members, M, N, generator=g, dtype=F64)
    return losses, rows


def test_moo_svgd_against_autograd():
    """Linear objectives F_i = J_i x_i, so the kernel's gradient by x can be taken by autograd."""
    losses, rows = population()
    x = torch.zeros(5, N, dtype=F64, requires_grad=True)
    f = losses + torch.einsum("kmn,kn->km", rows, x)
    h = 0.7
    kernel = torch.exp(-(f.unsqueeze(1) - f.detach().unsqueeze(0)).square().sum(-1) / h)
    (push,) = torch.autograd.grad(kernel.sum(), x)
    drive = torch.stack(
        [min_norm_weights(clean(j @ j.T).matrix, precision=1e-16) @ j for j in rows]
    )
    expected = (kernel.detach() @ drive + 2.0 * push) / 5
    found = pm.aggregate("moo_svgd", rows, losses=losses, bandwidth=h, repulsion=2.0)
    torch.testing.assert_close(found, expected)


def test_moo_svgd_with_one_member_is_mgda():
    losses, rows = population(members=1)
    found = pm.aggregate("moo_svgd", rows, losses=losses)
    torch.testing.assert_close(found, pm.aggregate("mgda", rows))


def test_moo_svgd_pushes_members_apart():
    losses = torch.tensor([[0.5, 0.5], [0.6, 0.4]], dtype=F64)
    rows = torch.eye(2, dtype=F64).expand(2, 2, 2)
    push = pm.aggregate("moo_svgd", rows, losses=losses, repulsion=1e3, bandwidth=0.05)
    after = losses - 1e-5 * push  # identity Jacobian: the step in x is the step in F
    assert (after[0] - after[1]).norm() > (losses[0] - losses[1]).norm()


def test_moo_svgd_sets_do_not_touch_and_bad_members_stand_aside():
    losses, rows = population(sets=(3,))
    expected = pm.aggregate("moo_svgd", rows, losses=losses)
    for k in range(3):
        alone = pm.aggregate("moo_svgd", rows[k], losses=losses[k])
        assert torch.equal(alone, expected[k])
    spoiled = rows.clone()
    spoiled[1, 2] = float("nan")
    found = pm.aggregate("moo_svgd", spoiled, losses=losses)
    assert torch.equal(found[[0, 2]], expected[[0, 2]])
    assert found[1, 2].isnan().all()
    kept = [0, 1, 3, 4]
    smaller = pm.aggregate("moo_svgd", rows[1, kept], losses=losses[1, kept], bandwidth=0.5)
    masked = pm.aggregate("moo_svgd", spoiled[1], losses=losses[1], bandwidth=0.5)
    torch.testing.assert_close(masked[kept], smaller)


def test_moo_svgd_identical_members():
    losses, rows = population(members=1)
    found = pm.aggregate("moo_svgd", rows.expand(4, M, N), losses=losses.expand(4, M))
    torch.testing.assert_close(found, pm.aggregate("mgda", rows).expand(4, N))
