"""`hv_gradient` against closed forms, limits and independent implementations."""

from __future__ import annotations

import math

import torch

from paretomtl.methods.base import LaneShapes, Signals, method


def concave_pair(x):
    """Fonseca and Fleming's pair: 1 - exp(-|x -+ 1/sqrt(n)|^2), a concave front."""
    shift = 1 / math.sqrt(x.shape[-1])
    return torch.stack([1 - torch.exp(-(x - s).square().sum(-1)) for s in (shift, -shift)], dim=-1)


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
