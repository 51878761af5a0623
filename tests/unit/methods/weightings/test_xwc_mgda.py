"""`xwc_mgda` against closed forms, limits and independent implementations."""

from __future__ import annotations

import torch

from paretomtl.methods.base import Signals, method


def test_xwc_mgda_balances_the_preferred_losses(concave_pair, descend):
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
