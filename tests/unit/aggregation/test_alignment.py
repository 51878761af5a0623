"""`sigma G^(-1/2) u` against NumPy's eigenvectors, and the property that defines it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from paretomtl.aggregation.alignment import balanced_weights
from paretomtl.testing import matrices

EPS = torch.finfo(torch.float64).eps
BALANCES = ("min", "median", "rmse")


def naive(gramian, u, balance):
    values, vectors = np.linalg.eigh(gramian)
    kept = values > values[-1] * len(u) * EPS
    if not kept.any():
        return u
    values, vectors = values[kept], vectors[:, kept]
    middle = (len(values) - 1) // 2
    sigma = {"min": values[0], "median": values[middle], "rmse": values.mean()}[balance] ** 0.5
    return sigma * vectors @ ((vectors.T @ u) / np.sqrt(values))


@pytest.mark.parametrize("m", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("balance", BALANCES)
@pytest.mark.parametrize(
    "kind",
    ["random", "conflicting", "aligned", "half rank", "opposite rows", "zero row", "all zero"],
)
def test_equals_the_naive_formula(kind, balance, m):
    gramian = matrices.draw_gramian(kind, m, m + 2, batch=(6,), seed=m)
    u = torch.rand(6, m, generator=torch.Generator().manual_seed(m), dtype=torch.float64)
    found = balanced_weights(gramian, u, balance=balance, precision=EPS)
    for k in range(6):
        wanted = torch.from_numpy(naive(gramian[k].numpy(), u[k].numpy(), balance))
        kept = torch.linalg.eigvalsh(gramian[k])
        kept = kept[kept > kept[-1] * m * EPS]
        condition = float(kept[-1] / kept[0]) if len(kept) else 1.0
        limit = 32 * m * EPS * condition * (1 + float(wanted.abs().max()))
        assert torch.allclose(found[k], wanted, rtol=0, atol=limit)


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("balance", BALANCES)
def test_the_balanced_gradients_are_orthogonal_and_of_one_length(balance, m):
    """Column by column the weights are a matrix W with `W G W = sigma^2 I`."""
    gramian = matrices.draw_gramian("conflicting", m, m + 3, batch=(5,), seed=m)
    W = torch.stack(
        [
            balanced_weights(gramian, one, balance=balance, precision=EPS)
            for one in torch.eye(m).double()
        ],
        -1,
    )
    values = torch.linalg.eigvalsh(gramian)
    square = {"min": values[:, 0], "median": values[:, (m - 1) // 2], "rmse": values.mean(-1)}[
        balance
    ]
    wanted = square[:, None, None] * torch.eye(m)
    limit = 32 * m * EPS * float(torch.linalg.cond(gramian).max() * values.max())
    assert torch.allclose(W @ gramian @ W, wanted, rtol=0, atol=limit)


@pytest.mark.parametrize("m", [2, 4])
@pytest.mark.parametrize("balance", BALANCES)
def test_a_number_is_a_combination_of_equal_weights(balance, m):
    gramian = matrices.draw_gramian("random", m, m + 3, batch=(5,), seed=m)
    one = balanced_weights(gramian, 0.5, balance=balance, precision=EPS)
    other = balanced_weights(
        gramian, torch.full((m,), 0.5).double(), balance=balance, precision=EPS
    )
    limit = 16 * m * EPS * float(torch.linalg.cond(gramian).max())
    assert torch.allclose(one, other, rtol=0, atol=limit)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("balance", BALANCES)
def test_lanes(law_of_lanes, balance, m):
    law_of_lanes(
        lambda g, precision: balanced_weights(g, 1 / m, balance=balance, precision=precision), m
    )
