"""Many hypervolumes at once: equal to one at a time, lane by lane, and differentiable."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.indicators import batched_hypervolume


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, dtype=torch.float64, generator=generator) * 1.4 - 0.1


def one_at_a_time(sets: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    flat = sets.reshape(-1, *sets.shape[-2:])
    return torch.tensor(
        [pm.hypervolume(s, reference, nonfinite="drop") for s in flat], dtype=torch.float64
    ).reshape(sets.shape[:-2])


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
@pytest.mark.parametrize("n", [1, 2, 17])
def test_equals_pymoo(batch, n, m):
    sets, reference = drawn(*batch, n, m), torch.linspace(1.0, 1.2, m, dtype=torch.float64)
    actual = batched_hypervolume(sets, reference)
    assert actual.shape == batch
    torch.testing.assert_close(actual, one_at_a_time(sets, reference), rtol=1e-12, atol=1e-14)


@given(st.integers(1, 3), st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), max_size=7))
def test_equals_the_exact_rational_answer_with_ties_and_duplicates(exact, m, rows):
    points = np.array(rows, dtype=float).reshape(len(rows), 3)[:, :m] / 4
    actual = batched_hypervolume(torch.tensor(points), torch.ones(m, dtype=torch.float64))
    assert float(actual) == pytest.approx(exact(points, [1.0] * m), abs=1e-14)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_run_that_diverged_is_absent_and_its_neighbors_do_not_change(m, bad):
    sets, reference = drawn(3, 9, m), torch.ones(m, dtype=torch.float64)
    clean = batched_hypervolume(sets, reference)
    hurt = sets.clone()
    hurt[1, 4, m - 1] = bad
    actual = batched_hypervolume(hurt, reference)
    kept = torch.cat([sets[1, :4], sets[1, 5:]])
    torch.testing.assert_close(actual[1], batched_hypervolume(kept, reference), rtol=1e-14, atol=0)
    assert torch.equal(actual[[0, 2]], clean[[0, 2]])


@pytest.mark.parametrize("m", [1, 2, 3])
def test_gradient_equals_finite_differences(m):
    points = drawn(2, 6, m, seed=3).requires_grad_()
    reference = torch.full((m,), 1.1, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda p: batched_hypervolume(p, reference), points)


def test_chunks_change_nothing(monkeypatch):
    sets, reference = drawn(7, 20, 3), torch.ones(3, dtype=torch.float64)
    whole = batched_hypervolume(sets, reference)
    monkeypatch.setattr("paretomtl.indicators.batched._ELEMENTS", 800)
    assert torch.equal(batched_hypervolume(sets, reference), whole)


def test_empty_sets_and_empty_batches():
    reference = torch.ones(2)
    assert batched_hypervolume(torch.zeros(3, 0, 2), reference).tolist() == [0.0] * 3
    assert batched_hypervolume(torch.zeros(0, 4, 2), reference).shape == (0,)


def test_keeps_the_dtype():
    assert batched_hypervolume(torch.zeros(4, 3), torch.ones(3)).dtype == torch.float32


@pytest.mark.parametrize(
    ("points", "reference"),
    [
        (torch.zeros(3), torch.ones(3)),
        (torch.zeros(2, 3, dtype=torch.int64), torch.ones(3)),
        (torch.zeros(2, 3), torch.ones(2)),
        (torch.zeros(2, 3), torch.tensor([1.0, math.nan, 1.0])),
        (torch.zeros(2, 3), torch.ones(1, 3)),
    ],
)
def test_bad_input(points, reference):
    with pytest.raises(BadInput):
        batched_hypervolume(points, reference)


@pytest.mark.gpu
@pytest.mark.parametrize("m", [2, 3])
def test_same_on_the_device(device, m):
    sets, reference = drawn(11, 40, m), torch.ones(m, dtype=torch.float64)
    there = batched_hypervolume(sets.to(device), reference)
    assert there.device.type == device.type
    torch.testing.assert_close(there.cpu(), batched_hypervolume(sets, reference))
