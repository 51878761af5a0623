"""Learning-rate schedules: cosine decay, and caution where tasks conflict."""

from __future__ import annotations

import pytest
import torch

import paretomtl as pm
from paretomtl.engine.optimizers.rates import cautious
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import ConflictAware


def _gramian(cosine: float) -> torch.Tensor:
    g = torch.tensor([[4.0, 2 * cosine], [2 * cosine, 1.0]], dtype=torch.float64)
    return g.unsqueeze(0)


@pytest.mark.parametrize(
    ("cosine", "expected"), [(-0.5, 0.9), (-1.0, 0.9), (0.5, 1.0), (1.0, 1.0), (0.0, 1.0)]
)
def test_conflict_shrinks_the_rate_and_agreement_lets_it_grow_to_its_cap(
    cosine: float, expected: float
) -> None:
    factor = cautious(ConflictAware(), torch.ones(1, dtype=torch.float64), _gramian(cosine))
    assert factor.item() == pytest.approx(expected)


def test_the_factor_has_all_digits_in_float64() -> None:
    one = torch.ones(1, dtype=torch.float64)
    assert cautious(ConflictAware(shrink=0.9), one, _gramian(-0.5)).item() == 0.9


def test_the_factor_stays_within_its_limits() -> None:
    settings = ConflictAware(lowest=0.5, highest=2.0)
    factor = torch.ones(2, dtype=torch.float64)
    both = torch.cat([_gramian(-0.9), _gramian(0.9)])
    for _ in range(100):
        factor = cautious(settings, factor, both)
    assert factor.tolist() == [0.5, 2.0]


def test_a_task_without_gradient_is_no_conflict() -> None:
    gramian = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]], dtype=torch.float64)
    factor = cautious(ConflictAware(), torch.full((1,), 0.5, dtype=torch.float64), gramian)
    assert factor.item() == pytest.approx(0.525)


@pytest.mark.parametrize(("highest", "converges"), [(1.5, True), (1e9, False)])
def test_two_equal_tasks_need_the_cap(highest: float, converges: bool) -> None:
    """Equal quadratics never conflict, so the rate grows until the cap: 1.5 / L, or divergence."""
    optimizer = pm.Optimizer(name="sgd", lr=0.5, conflict=ConflictAware(grow=1.2, highest=highest))
    front = pm.trace(
        _Twins(), "mgda", budget=pm.Budget(steps=200), optimizer=optimizer, precision="float64"
    )
    reached = bool(front.ok.all()) and float(front.objectives.max()) < 1e-6
    assert reached is converges


class _Twins(type(pm.problem("planar_pair"))):
    """Two copies of |x|^2, so L = 2 for their common direction; unbounded."""

    n_objectives = 2
    n_variables = 2
    bounds = (
        torch.full((2,), -torch.inf, dtype=torch.float64),
        torch.full((2,), torch.inf, dtype=torch.float64),
    )

    def _objectives(self, x: torch.Tensor) -> torch.Tensor:
        value = (x**2).sum(-1)
        return torch.stack((value, value), -1)

    def start(self, generator: torch.Generator) -> torch.Tensor:
        return torch.ones(2, dtype=torch.float64)


def test_a_cosine_schedule_ends_the_hovering_around_a_kink() -> None:
    gaps = {}
    for schedule in ("constant", "cosine"):
        front = pm.trace(
            "vlmop2",
            "tchebycheff",
            preferences=[(0.5, 0.5)],
            budget=pm.Budget(steps=1000),
            optimizer=pm.Optimizer(lr=0.01, schedule=schedule),
        )
        gaps[schedule] = float((front.objectives - 0.6321205588285577).abs().max())
    assert gaps["cosine"] < 1e-4 < gaps["constant"]


def test_schedules_that_lack_what_they_need_are_refused() -> None:
    with pytest.raises(BadInput, match="steps or passes"):
        pm.trace(
            "vlmop2",
            "linear",
            budget=pm.Budget(seconds=1),
            optimizer=pm.Optimizer(schedule="cosine"),
        )
    with pytest.raises(BadInput, match="'linear' reads losses only"):
        pm.trace("vlmop2", "linear", optimizer=pm.Optimizer(conflict=ConflictAware()))
    with pytest.raises(BadInput, match="`threshold` must be in"):
        ConflictAware(threshold=3)
