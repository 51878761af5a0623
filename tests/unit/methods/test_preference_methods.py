"""EPO, PMTL, XWC-MGDA, the hypervolume gradient and GradNorm do what they promise on problems with known answers."""

from __future__ import annotations

import math

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.methods.base import LaneShapes, Signals, method


def concave_pair(x):
    """Fonseca and Fleming's pair: 1 - exp(-|x -+ 1/sqrt(n)|^2), a concave front."""
    shift = 1 / math.sqrt(x.shape[-1])
    return torch.stack([1 - torch.exp(-(x - s).square().sum(-1)) for s in (shift, -shift)], dim=-1)


def quadratics(x):
    """Squared distances to the unit vectors: a convex front with any number of tasks."""
    centers = torch.eye(x.shape[-1], dtype=x.dtype)
    return (x.unsqueeze(-2) - centers).square().sum(-1)


def descend(name, objectives, x, preference, steps, lr, **options):
    chosen = method(name, **options)
    m = objectives(x).shape[-1]
    state = chosen.init(LaneShapes(x.shape[:-1], m))
    for step in range(steps):
        x = x.detach().requires_grad_()
        losses = objectives(x)
        rows = torch.stack(
            [torch.autograd.grad(losses[..., i].sum(), x, retain_graph=True)[0] for i in range(m)],
            -2,
        )
        signals = Signals(
            losses=losses.detach(),
            gramian=rows @ rows.mT,
            preference=preference,
            steps=torch.full(x.shape[:-1], step),
        )
        w, state = chosen.step(state, signals)
        x = x.detach() - lr * (w.unsqueeze(-1) * rows).sum(-2)
    return objectives(x).detach()


def test_epo_ends_where_preferred_losses_are_equal():
    """On the concave front the four rays of the paper end at stated points."""
    p = torch.tensor([[0.2, 0.8], [0.4, 0.6], [0.6, 0.4], [0.8, 0.2]], dtype=torch.float64)
    g = torch.Generator().manual_seed(0)
    x = torch.rand(4, 4, dtype=torch.float64, generator=g) - 0.5
    losses = descend("epo", concave_pair, x, p, 400, 0.1)
    share = p * losses / (p * losses).sum(-1, keepdim=True)
    assert (share - 0.5).abs().max() < 0.02
    # on the front: x along the diagonal, so sqrt(-log(1-f1)) + sqrt(-log(1-f2)) = 2
    onto = (-torch.log1p(-losses)).sqrt().sum(-1)
    assert (onto - 2).abs().max() < 5e-3


def test_epo_three_tasks():
    p = torch.tensor([[0.2, 0.3, 0.5], [1 / 3, 1 / 3, 1 / 3]], dtype=torch.float64)
    g = torch.Generator().manual_seed(1)
    x = torch.rand(2, 3, dtype=torch.float64, generator=g)
    losses = descend("epo", quadratics, x, p, 200, 0.04)
    share = p * losses / (p * losses).sum(-1, keepdim=True)
    assert (share - 1 / 3).abs().max() < 0.02


def test_pmtl_ends_in_its_own_sector():
    angles = torch.linspace(0.15, math.pi / 2 - 0.15, 5, dtype=torch.float64)
    p = torch.stack((angles.cos(), angles.sin()), -1)
    p = p / p.sum(-1, keepdim=True)
    g = torch.Generator().manual_seed(0)
    x = torch.rand(5, 4, dtype=torch.float64, generator=g) - 0.5
    losses = descend("pmtl", concave_pair, x, p, 300, 1.0, search_steps=150)
    reached = losses / losses.norm(dim=-1, keepdim=True)
    wanted = p / p.norm(dim=-1, keepdim=True)
    cosine = (reached * wanted).sum(-1)
    assert (cosine > math.cos(0.12)).all()
    assert ((-torch.log1p(-losses)).sqrt().sum(-1) - 2).abs().max() < 2e-2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("preference", [(0.3, 0.7), (0.1, 0.9), (0.5, 0.5)])
def test_a_reference_of_pmtl_that_is_the_preference_has_no_border(dtype, preference):
    rows = torch.tensor([[1.0, 0.2, 0.0], [-0.3, 1.0, 0.5]], dtype=torch.float64)
    losses, p = torch.tensor([1.0, 3.0]).double(), torch.tensor(preference).double()
    gramian = rows @ rows.mT
    exact = pm.weights("pmtl", gramian=gramian, losses=losses, preference=p)
    # rounded to float32, as the engine passes preferences to networks
    signals = {"gramian": gramian, "losses": losses, "preference": p}
    found = pm.weights("pmtl", **{k: v.float().to(dtype) for k, v in signals.items()})
    torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-6)
    assert exact.abs().max() > 1e-3


def test_pmtl_counts_its_references_before_it_makes_them():
    with pytest.raises(BadInput, match="`divisions` must be less than 64"):
        method("pmtl", divisions=10**30)
    for m, divisions in ((4, 63), (3, 50)):
        with pytest.raises(BadInput, match=r"more than 64 references.*fewer divisions"):
            pm.weights("pmtl", gramian=torch.eye(m), losses=torch.ones(m), divisions=divisions)
    assert method("pmtl").most_tasks == 64
    assert method("pmtl", divisions=10).most_tasks == 2
    with pytest.raises(BadInput, match="at most 2 tasks"):
        pm.trace("dtlz2", method("pmtl", divisions=10), budget=pm.Budget(steps=1))


def test_epo_needs_losses_above_the_ideal_point():
    """It measures from there: what matters is the sign of `L - z`, not of L."""
    gramian = torch.tensor([[1.0, 0.2], [0.2, 2.0]], dtype=torch.float64)
    losses = torch.tensor([1.0, 0.5], dtype=torch.float64)
    expected = pm.weights("epo", gramian=gramian, losses=losses)
    ideal = torch.tensor([-2.0, -2.0], dtype=torch.float64)
    found = pm.weights("epo", gramian=gramian, losses=losses + ideal, ideal=ideal)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    with pytest.raises(BadInput, match=r"above the ideal point; found -1 for task 1"):
        pm.weights("epo", gramian=gramian, losses=losses, ideal=torch.tensor([2.0, 0.0]).double())
    front = pm.trace("kursawe", "epo", preferences=3, budget=pm.Budget(steps=20))
    assert front.ok.all()
    with pytest.raises(BadInput, match="needs positive losses"):
        pm.trace("kursawe", "log_sum", budget=pm.Budget(steps=20))


def test_cr_mogm_keeps_its_average_over_a_bad_loss():
    chosen = method("cr_mogm", weighting="gradnorm")
    state = chosen.init(LaneShapes((), 2))
    gramian = torch.diag(torch.tensor([1.0, 9.0])).double()
    averages = []
    for losses in ([1.0, 2.0], [1.0, 1.0], [math.nan, 1.0], [1.0, 1.0]):
        _, state = chosen.step(
            state, Signals(losses=torch.tensor(losses).double(), gramian=gramian)
        )
        averages.append(state["average"])
    assert torch.equal(averages[1], averages[2])
    assert (averages[3] - averages[2]).abs().max() < 0.02


def test_pmtl_takes_any_number_of_tasks():
    p = torch.tensor([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2]], dtype=torch.float64)
    x = torch.zeros(2, 3, dtype=torch.float64) + 0.1
    losses = descend("pmtl", quadratics, x, p, 400, 0.05)
    assert losses[0].argmax() == 0
    assert losses[1].argmax() == 1


def test_xwc_mgda_balances_the_preferred_losses():
    p = torch.tensor([[0.3, 0.7], [0.5, 0.5], [0.7, 0.3]], dtype=torch.float64)
    g = torch.Generator().manual_seed(0)
    x = torch.rand(3, 4, dtype=torch.float64, generator=g) - 0.5
    losses = descend("xwc_mgda", concave_pair, x, p, 500, 0.1, adaptive=False, u=0.05)
    share = p * losses / (p * losses).sum(-1, keepdim=True)
    assert (share - 0.5).abs().max() < 0.03


def test_xwc_mgda_certificate_and_limits():
    """The value of a^T l - u |J^T a| has no duality gap; u -> 0 picks the worst task, u large is MGDA."""
    from paretomtl.methods.weightings.xwc_mgda import tchebycheff_mgda

    g = torch.Generator().manual_seed(0)
    for m, n in ((2, 5), (3, 2), (5, 9)):
        J = torch.randn(50, m, n, dtype=torch.float64, generator=g)
        losses = torch.rand(50, m, dtype=torch.float64, generator=g)
        G = J @ J.mT
        far = torch.full((1,), torch.inf, dtype=torch.float64)

        def solve(u, bound=far, G=G, losses=losses):
            u = torch.full((1,), u, dtype=torch.float64)
            return tchebycheff_mgda(G, losses, u, bound, precision=2.2e-16)

        for u in (0.05, 0.5):
            a = solve(u)
            assert torch.allclose(a.sum(-1), torch.ones(50, dtype=a.dtype))
            d = (a.unsqueeze(-2) @ J).squeeze(-2)
            length = d.norm(dim=-1, keepdim=True)
            value = (a * losses).sum(-1) - u * length.squeeze(-1)
            # at the optimum every task's reduced loss is at most the value
            moving = length.squeeze(-1) > 1e-6
            reduced = losses - u * (J @ (d / length).unsqueeze(-1)).squeeze(-1)
            assert (reduced.amax(-1) <= value + 1e-8)[moving].all()
        worst = torch.nn.functional.one_hot(losses.argmax(-1), m).double()
        assert torch.allclose(solve(1e-9), worst, atol=1e-6)
        norm = (solve(1e6).unsqueeze(-2) @ J).norm(dim=(-2, -1))
        w, _ = method("mgda").step({}, Signals(gramian=G))
        assert torch.allclose(norm, (w.unsqueeze(-2) @ J).norm(dim=(-2, -1)), atol=1e-5)
        # the smallest u whose value meets a bound
        a = solve(0.05)
        value = (a * losses).sum(-1) - 0.05 * (a.unsqueeze(-2) @ J).norm(dim=(-2, -1))
        lower = solve(0.05, (value - 0.01).unsqueeze(-1))
        assert not torch.allclose(lower, a)


def test_hv_gradient_covers_the_front():
    """Ten members on the concave front, whose best hypervolume is 0.552116."""
    from paretomtl.aggregation.hypervolume_gradient import dominated_volume

    g = torch.Generator().manual_seed(0)
    x = 0.6 * torch.rand(10, 4, dtype=torch.float64, generator=g) - 0.3
    losses = descend("hv_gradient", concave_pair, x, None, 600, 0.03, reference=1.1)
    volume = dominated_volume(1.1 - losses, torch.ones(10, dtype=torch.bool))
    assert 0.5 < float(volume) <= 0.552116


def test_hv_gradient_members_that_are_bad_dominated_or_beyond():
    chosen = method("hv_gradient", reference=1.0)
    losses = torch.tensor(
        [[0.2, 0.6], [0.6, 0.2], [0.7, 0.7], [0.5, 1.5], [torch.nan, 0.1]], dtype=torch.float64
    )
    w, _ = chosen.step(
        chosen.init(LaneShapes((5,), 2)), Signals(losses=losses, gramian=torch.zeros(5, 2, 2))
    )
    assert torch.allclose(w[0], torch.tensor([0.4, 0.4], dtype=w.dtype) / math.hypot(0.4, 0.4))
    assert (w[2] > 0).all()
    assert w[3].tolist() == [0.0, 1.0]
    assert w[4].isnan().all()
    sets, _ = chosen.step(
        chosen.init(LaneShapes((2, 5), 2)), Signals(losses=losses.expand(2, 5, 2), gramian=None)
    )
    assert torch.equal(sets[0].nan_to_num(9.0), w.nan_to_num(9.0))


def test_gradnorm_equalizes_weighted_lengths():
    """alpha = 0 and fixed gradients: w_i |g_i| become equal, and the weights keep their sum."""
    chosen = method("gradnorm", alpha=0.0, lr=0.02)
    lengths = torch.tensor([[1.0, 2.0, 8.0]], dtype=torch.float64)
    signals = Signals(losses=torch.ones(1, 3), gramian=torch.diag_embed(lengths.square()))
    state = chosen.init(LaneShapes((1,), 3))
    for _ in range(1500):
        w, state = chosen.step(state, signals)
    assert float(w.sum()) == pytest.approx(3.0)
    weighted = w * lengths
    assert float(weighted.max() / weighted.min()) < 1.15


def test_gradnorm_favors_slow_tasks():
    chosen = method("gradnorm", alpha=1.0, lr=0.02)
    gramian = torch.eye(2, dtype=torch.float64)[None]
    state = chosen.init(LaneShapes((1,), 2))
    first = Signals(losses=torch.ones(1, 2), gramian=gramian)
    later = Signals(losses=torch.tensor([[1.0, 0.2]]), gramian=gramian)
    w, state = chosen.step(state, first)
    assert torch.equal(w, torch.ones_like(w))
    for _ in range(100):
        w, state = chosen.step(state, later)
    assert w[0, 0] > w[0, 1]


def test_imtl_scales_settle_at_inverse_losses():
    chosen = method("imtl", optimizer="sgd", lr=0.1)
    losses = torch.tensor([[0.5, 4.0]], dtype=torch.float64)
    state = chosen.init(LaneShapes((1,), 2))
    for _ in range(500):
        _, state = chosen.step(state, Signals(losses=losses, gramian=torch.eye(2)[None]))
    assert torch.allclose(state["parameter"].exp(), 1 / losses, rtol=1e-6)


def test_nash_reuses_its_weights():
    g = torch.Generator().manual_seed(0)
    chosen = method("nash_mtl", update_every=3, max_norm=0.0)
    state = chosen.init(LaneShapes((2,), 3))
    seen = []
    for _ in range(4):
        J = torch.randn(2, 3, 7, dtype=torch.float64, generator=g)
        w, state = chosen.step(state, Signals(gramian=J @ J.mT))
        seen.append(w)
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])
    assert not torch.allclose(seen[0], seen[3])


def test_state_survives_a_save():
    """A run resumed from a copy of its state goes on as the uninterrupted one."""
    g = torch.Generator().manual_seed(0)
    Js = torch.randn(6, 4, 3, 5, dtype=torch.float64, generator=g)
    losses = torch.rand(6, 4, 3, dtype=torch.float64, generator=g) + 0.1
    for name in ("gradvac", "cr_mogm", "modo", "sdmgrad", "pcd", "gradnorm", "imtl", "pmtl"):
        chosen = method(name)

        def walk(state, steps, chosen=chosen):
            for k in steps:
                J = Js[k]
                w, state = chosen.step(
                    state,
                    Signals(
                        gramian=J @ J.mT,
                        cross_gramian=J @ J.mT,
                        losses=losses[k],
                        keys=torch.arange(4),
                        steps=torch.full((4,), k),
                    ),
                )
            return w, state

        whole, _ = walk(chosen.init(LaneShapes((4,), 3)), range(6))
        _, state = walk(chosen.init(LaneShapes((4,), 3)), range(3))
        kept = {key: value.clone() for key, value in state.items()}
        walk(state, range(3, 6))
        resumed, _ = walk(kept, range(3, 6))
        assert torch.equal(whole, resumed), name
