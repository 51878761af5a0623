"""`moo_svgd` against closed forms, limits and independent implementations."""

from __future__ import annotations

import torch

import paretomtl as pm
from paretomtl.aggregation.lanes import clean
from paretomtl.aggregation.min_norm import min_norm_weights

F64 = torch.float64


M, N = 3, 6


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
