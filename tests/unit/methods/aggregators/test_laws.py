"""The methods that read the Jacobian: against independent code, hostile input, isolation."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import paretomtl as pm
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


def lane(signals, k):
    parts = {
        f.name: getattr(signals, f.name)[k : k + 1]
        for f in dataclasses.fields(signals)
        if getattr(signals, f.name) is not None
    }
    return Signals(**parts)


@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_shapes_and_types(aggregator, batch, dtype, draw):
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
def test_lanes_are_isolated_bitwise(aggregator, bad, draw):
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


def test_a_lane_alone_equals_the_lane_in_a_batch_bitwise(aggregator, draw):
    sequence = [draw(s, (7,)) for s in range(4)]
    state = aggregator.init(LaneShapes((7,), M, n_parameters=N))
    alone = [aggregator.init(LaneShapes((1,), M, n_parameters=N)) for _ in range(7)]
    for signals in sequence:
        together, state = aggregator.step(state, signals)
        for k in range(7):
            own, alone[k] = aggregator.step(alone[k], lane(signals, k))
            assert torch.equal(own[0], together[k])


def test_resumed_equals_uninterrupted(aggregator, tmp_path, draw):
    state = aggregator.init(LaneShapes((5,), M, n_parameters=N))
    for seed in range(3):
        _, state = aggregator.step(state, draw(seed))
    torch.save(state, tmp_path / "state.pt")
    loaded = torch.load(tmp_path / "state.pt")
    for seed in range(3, 6):
        kept, state = aggregator.step(state, draw(seed))
        resumed, loaded = aggregator.step(loaded, draw(seed))
        assert torch.equal(kept, resumed)


def test_uniform_preference_is_the_default(aggregator, draw):
    signals = draw(1, preference=False)
    uniform = dataclasses.replace(signals, preference=torch.full((5, M), 1 / M, dtype=F64))
    state = aggregator.init(LaneShapes((5,), M, n_parameters=N))
    torch.testing.assert_close(
        aggregator.step(state, uniform)[0],
        aggregator.step(state, signals)[0],
        rtol=1e-13,
        atol=1e-15,
    )


def test_preference_matters(aggregator, draw):
    signals = draw(1, preference=False)
    tilted = torch.tensor([0.8, 0.1, 0.1], dtype=F64).expand(5, M)
    state = aggregator.init(LaneShapes((5,), M, n_parameters=N))
    plain, _ = aggregator.step(state, signals)
    moved, _ = aggregator.step(state, dataclasses.replace(signals, preference=tilted))
    assert not torch.allclose(plain, moved)


def test_zero_jacobian_gives_a_zero_direction(aggregator, draw):
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
def test_rotation_and_padding(name, draw):
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


def test_stateful_methods_say_that_they_need_the_number_of_parameters():
    for name in ("excess_mtl", "moco", "db_mtl"):
        with pytest.raises(BadInput, match="n_parameters"):
            method(name).init(LaneShapes((2,), 2))
