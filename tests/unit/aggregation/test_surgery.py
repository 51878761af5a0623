"""Gradient surgery against naive loops over the gradients themselves."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from paretomtl.aggregation import surgery
from paretomtl.testing import matrices

EPS = torch.finfo(torch.float64).eps
KINDS = (
    "random",
    "conflicting",
    "stationary",
    "zero row",
    "opposite rows",
    "row imbalance to 1e-6",
)


def off(vector, other):
    """Project a vector off another that it conflicts with."""
    inner, square = float(vector @ other), float(other @ other)
    return vector - inner / square * other if inner < 0 < square else vector


def projected_in_order(rows, order):
    altered = []
    for own, visits in zip(rows, order, strict=True):
        for j in visits:
            own = off(own, rows[j])
        altered.append(own)
    return torch.stack(altered)


def projected_in_place(rows):
    altered = list(rows)
    for i, j in itertools.permutations(range(len(rows)), 2):
        altered[i] = off(altered[i], altered[j])
    return torch.stack(altered)


def draw(kind, m, batch=(6,)):
    rows = matrices.draw_jacobian(kind, m, m + 3, batch=batch, seed=m)
    return rows, matrices.products(rows, rows)


def assert_close(coefficients, rows, wanted):
    """Apart by the rounding of inner products, m projections long, relative to the longest row."""
    size = rows.norm(dim=-1).max()
    limit = 64 * rows.shape[-2] * EPS * float(size)
    assert torch.allclose(coefficients @ rows, wanted, rtol=0, atol=limit)


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_in_order(kind, m):
    rows, gramian = draw(kind, m)
    order = surgery.random_orders(torch.arange(6), None, m)
    found = surgery.project_in_order(gramian, order)
    wanted = torch.stack(
        [projected_in_order(r, o) for r, o in zip(rows, order.tolist(), strict=True)]
    )
    assert_close(found, rows, wanted)


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("kind", ["random", "conflicting", "zero row"])
def test_in_place(kind, m):
    rows, gramian = draw(kind, m)
    found = surgery.project_in_place(gramian)
    assert_close(found, rows, torch.stack([projected_in_place(r) for r in rows]))


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_all_at_once(kind, m):
    rows, gramian = draw(kind, m)
    wanted = rows.clone()
    for lane, i in itertools.product(range(6), range(m)):
        for j in range(m):
            if j != i:
                wanted[lane, i] += off(rows[lane, i], rows[lane, j]) - rows[lane, i]
    assert_close(surgery.project_all_at_once(gramian), rows, wanted)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_mean_of_orders(m):
    rows, gramian = draw("conflicting", m)
    others = [[j for j in range(m) if j != i] for i in range(m)]
    wanted = torch.zeros_like(rows)
    for lane, i in itertools.product(range(6), range(m)):
        orders = list(itertools.permutations(others[i]))
        for order in orders:
            own = rows[lane, i]
            for j in order:
                own = off(own, rows[lane, j])
            wanted[lane, i] += own / len(orders)
    assert_close(surgery.project_mean_of_orders(gramian), rows, wanted)


def test_two_tasks_end_orthogonal_to_each_other():
    rows = matrices.at_angle(120.0, (1.0, 3.0))
    order = surgery.ascending_order(2, device=rows.device)
    altered = surgery.project_in_order(matrices.products(rows, rows), order) @ rows
    assert torch.allclose(
        matrices.products(altered, rows).diagonal(dim1=0, dim2=1), altered.square().sum(-1)
    )
    for i in range(2):
        assert abs(float(altered[i] @ rows[1 - i])) <= 8 * EPS


@pytest.mark.parametrize("m", [1, 2, 3, 6])
def test_orders_visit_every_other_task_once(m):
    order = surgery.random_orders(torch.arange(50), torch.arange(50) * 3, m)
    assert order.shape == (50, m, m - 1)
    for i in range(m):
        others = torch.tensor([j for j in range(m) if j != i], dtype=torch.int64)
        assert torch.equal(order[:, i].sort(-1).values, others.expand(50, -1))
        assert torch.equal(surgery.ascending_order(m, device=order.device)[i], others)


def vaccinated(rows, targets, order, decay, epsilon):
    """GradVac as published, on vectors: rotate to the target cosine, then move the target."""
    altered, targets = [], targets.clone()
    for i, visits in enumerate(order):
        own = rows[i]
        for j in visits:
            a, b = float(own.norm()), float(rows[j].norm())
            cosine, target = float(own @ rows[j]) / (a * b + epsilon), float(targets[i, j])
            if cosine < target:
                sine, aim = math.sqrt(max(1 - cosine**2, 0)), math.sqrt(1 - target**2)
                own = own + a * (target * sine - cosine * aim) / (b * aim + epsilon) * rows[j]
            targets[i, j] = (1 - decay) * target + decay * cosine
        altered.append(own)
    return torch.stack(altered), targets


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("epsilon", [0.0, 1e-8])
@pytest.mark.parametrize("kind", ["random", "conflicting", "aligned"])
def test_vaccination(kind, epsilon, m):
    rows, gramian = draw(kind, m)
    generator = torch.Generator().manual_seed(m)
    targets = torch.rand(6, m, m, generator=generator, dtype=torch.float64) * 1.6 - 0.8
    order = surgery.random_orders(torch.arange(6), None, m)
    found, after = surgery.vaccinate(
        gramian, targets, order, decay=torch.tensor([0.3]).double(), epsilon=epsilon
    )
    for k in range(6):
        wanted, moved = vaccinated(
            rows[k], targets[k], order[k].tolist(), float(torch.tensor(0.3)), epsilon
        )
        # the sine magnifies the cosine's rounding near one: half of the digits
        scale = float(wanted.abs().max())
        assert torch.allclose(found[k] @ rows[k], wanted, rtol=0, atol=1e-8 * scale)
        assert torch.allclose(after[k], moved, rtol=0, atol=1e-8)


def test_a_reached_target_is_the_cosine_of_the_answer():
    rows = matrices.at_angle(100.0, (2.0, 5.0))
    targets = torch.full((2, 2), 0.5, dtype=torch.float64)
    order = surgery.ascending_order(2, device=rows.device)
    found, _ = surgery.vaccinate(
        matrices.products(rows, rows), targets, order, decay=torch.zeros(1).double(), epsilon=0.0
    )
    altered = found @ rows
    for i in range(2):
        cosine = torch.cosine_similarity(altered[i], rows[1 - i], dim=0)
        assert float(cosine) == pytest.approx(0.5, abs=16 * EPS)


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize(
    "answer",
    [surgery.project_all_at_once, surgery.project_in_place, surgery.project_mean_of_orders],
    ids=lambda answer: answer.__name__,
)
def test_lanes(law_of_lanes, answer, m):
    law_of_lanes(lambda gramian, precision: answer(gramian), m)
