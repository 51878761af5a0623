"""Gramian methods: a lane's answer does not depend on its batch, whatever its neighbors are, to the bit."""

from __future__ import annotations

import pytest
import torch

from paretomtl.methods.base import LaneShapes, Signals, method
from paretomtl.testing import matrices

NAMES = [
    ("aligned_mtl", {}),
    ("cagrad", {}),
    ("config", {}),
    ("cr_mogm", {}),
    ("dual_proj", {}),
    ("epo", {}),
    ("fairgrad", {}),
    ("fairgrad", {"alpha": 2.0}),
    ("grad_normalization", {}),
    ("gradnorm", {}),
    ("gradvac", {}),
    ("imtl", {}),
    ("imtl_g", {}),
    ("inverse_grad_norm", {}),
    ("krum", {}),
    ("mean", {}),
    ("mgda", {}),
    ("mgda", {"normalization": "loss+"}),
    ("modo", {}),
    ("nash_mtl", {}),
    ("nash_mtl", {"update_every": 2}),
    ("pcd", {}),
    ("pcgrad", {}),
    ("pmtl", {}),
    ("random", {}),
    ("sdmgrad", {}),
    ("sum", {}),
    ("upgrad", {}),
    ("xwc_mgda", {}),
]
IDS = [f"{n}-{'-'.join(f'{k}={v}' for k, v in o.items())}".rstrip("-") for n, o in NAMES]
LANES = len(matrices.KINDS) + 7


def lanes(m, dtype, seed):
    """A lane of every kind, and a few more at random."""
    g = torch.Generator().manual_seed(seed)
    more = matrices.normal(7, m, 6, generator=g)
    J = torch.cat((more[:3], matrices.draw_every_kind(m, 6, seed=seed), more[3:])).to(dtype)
    losses = torch.rand(LANES, m, dtype=dtype, generator=g) + 0.1
    preference = torch.rand(LANES, m, dtype=dtype, generator=g) + 0.1
    keys = torch.randint(0, 2**62, (LANES,), generator=g)
    return J, losses, preference / preference.sum(-1, keepdim=True), keys


def run(chosen, pick, J, losses, preference, keys, steps=2):
    """Two steps of the picked lanes alone: [steps, picked, m]."""
    J, losses, preference, keys = (t[pick] for t in (J, losses, preference, keys))
    state = chosen.init(LaneShapes((len(J),), J.shape[1]))
    found = []
    for step in range(steps):
        rows = J * (1 + 0.1 * step)
        # not a matrix product, whose rounding depends on the size of the batch
        gramian = (rows.unsqueeze(-2) * rows.unsqueeze(-3)).sum(-1)
        cross = (rows.unsqueeze(-2) * rows.flip(-1).unsqueeze(-3)).sum(-1)
        signals = Signals(
            losses=losses,
            gramian=gramian,
            cross_gramian=cross,
            preference=preference,
            keys=keys,
            steps=torch.full((len(J),), step),
        )
        w, state = chosen.step(state, signals)
        found.append(w)
    return torch.stack(found)


@pytest.mark.parametrize("m", [2, 3, 5, 6, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("name", "options"), NAMES, ids=IDS)
def test_a_lane_is_the_same_in_any_batch(name, options, dtype, m):
    chosen = method(name, **options)
    if m < chosen.least_tasks:
        pytest.skip(f"{name} is defined for {chosen.least_tasks} tasks at least")
    given = lanes(m, dtype, seed=m)
    together = run(chosen, slice(None), *given)
    assert together.dtype == dtype
    assert together.isfinite().all()
    for lane in (0, 5, 6, 7, 8, 10, 13, LANES - 1):
        alone = run(chosen, slice(lane, lane + 1), *given)
        assert torch.equal(alone, together[:, lane : lane + 1]), lane
    shuffled = torch.randperm(LANES, generator=torch.Generator().manual_seed(0))[:11]
    assert torch.equal(run(chosen, shuffled, *given), together[:, shuffled])


@pytest.mark.parametrize(("name", "options"), NAMES, ids=IDS)
def test_bad_neighbors_change_nothing(name, options):
    chosen = method(name, **options)
    J, losses, preference, keys = lanes(4, torch.float64, seed=1)
    clean = run(chosen, slice(None), J, losses, preference, keys)
    J = J.clone()
    J[0::3, 1, 2] = torch.nan
    J[1::3, 0, 0] = torch.inf
    found = run(chosen, slice(None), J, losses, preference, keys)
    assert torch.equal(found[:, 2::3], clean[:, 2::3])
    assert found[:, 0::3].isnan().all()
    assert found[:, 1::3].isnan().all()


@pytest.mark.parametrize(("name", "options"), NAMES, ids=IDS)
def test_bad_losses_make_a_bad_lane_only_where_losses_are_read(name, options):
    chosen = method(name, **options)
    J, losses, preference, keys = lanes(4, torch.float64, seed=2)
    clean = run(chosen, slice(None), J, losses, preference, keys)
    losses = losses.clone()
    losses[3, 1] = torch.nan
    found = run(chosen, slice(None), J, losses, preference, keys)
    others = torch.arange(LANES) != 3
    assert torch.equal(found[:, others], clean[:, others])
    reads = chosen.reads_losses or options.get("normalization", "none").startswith("loss")
    assert found[:, 3].isnan().all() == reads


@pytest.mark.parametrize(("name", "options"), NAMES, ids=IDS)
def test_a_bad_step_leaves_the_state_usable(name, options):
    """After one step with NaN the lane goes on as if that step had not been (its step count aside)."""
    chosen = method(name, **options)
    J, losses, preference, keys = lanes(3, torch.float64, seed=3)
    state = chosen.init(LaneShapes((LANES,), 3))
    gramian = J @ J.mT
    signals = Signals(
        losses=losses,
        gramian=gramian * torch.nan,
        cross_gramian=gramian * torch.nan,
        preference=preference,
        keys=keys,
    )
    bad, state = chosen.step(state, signals)
    assert bad.isnan().all()
    signals = Signals(
        losses=losses, gramian=gramian, cross_gramian=gramian, preference=preference, keys=keys
    )
    again, _ = chosen.step(state, signals)
    fresh, _ = chosen.step(chosen.init(LaneShapes((LANES,), 3)), signals)
    assert torch.equal(again, fresh)


@pytest.mark.parametrize(("name", "options"), NAMES, ids=IDS)
def test_more_batch_axes_and_none(name, options):
    chosen = method(name, **options)
    J, losses, preference, keys = lanes(3, torch.float64, seed=4)
    flat = run(chosen, slice(0, 6), J, losses, preference, keys, steps=1)[0]
    gramian = (J.unsqueeze(-2) * J.unsqueeze(-3)).sum(-1)
    cross = (J.unsqueeze(-2) * J.flip(-1).unsqueeze(-3)).sum(-1)
    for shape in ((2, 3), (6, 1), ()):
        n = 6 if shape else 1

        def cut(t, n=n, shape=shape):
            return t[:n].reshape((*shape, *t.shape[1:]))

        signals = Signals(
            losses=cut(losses),
            gramian=cut(gramian),
            cross_gramian=cut(cross),
            preference=cut(preference),
            keys=cut(keys),
            steps=torch.zeros(shape, dtype=torch.int64),
        )
        w, _ = chosen.step(chosen.init(LaneShapes(shape, 3)), signals)
        assert w.shape == (*shape, 3)
        assert torch.equal(w.reshape(n, 3), flat[:n])
