"""A problem's kind is the kind of its lanes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

import paretomtl as pm
from paretomtl.engine.lane import Lane
from paretomtl.engine.lanes.analytic import AnalyticLanes
from paretomtl.engine.lanes.base import Lanes
from paretomtl.engine.lanes.kinds import stacked
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.errors import BadInput
from paretomtl.sweep.settings import Settings

CPU = torch.device("cpu")
LANE = Lane(method=pm.method("linear"), preference=(0.5, 0.5), seed=4, key=0, lr=0.1)


def lanes_of(problem: Any, *, settings: Settings | None = None) -> Lanes:
    members = [LANE, replace(LANE, seed=5), replace(LANE, member=1)]
    given = settings or Settings()
    return stacked(problem, members, given, dtype=torch.float64, device=CPU)


def test_formulas_are_points_and_networks_are_networks(valley: Any, tiny_network: Any) -> None:
    assert type(lanes_of(valley())) is AnalyticLanes
    assert type(lanes_of(tiny_network)) is NeuralLanes


def test_seeds_and_members_have_starts_of_their_own(valley: Any, tiny_network: Any) -> None:
    for problem in (valley(), tiny_network):
        parameter = lanes_of(problem).take_initial().trained[0]
        assert len(parameter.flatten(1).unique(dim=0)) == 3


def test_the_size_of_minibatches_is_the_settings_or_the_problems(tiny_network: Any) -> None:
    assert lanes_of(tiny_network).draw()[0].shape == (3, 8, 4)
    assert lanes_of(tiny_network, settings=Settings(batch_size=5)).draw()[0].shape == (3, 5, 4)


def test_what_has_no_gradient_or_no_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="'zdt5' is not differentiable"):
        lanes_of(pm.problem("zdt5"))
    with pytest.raises(BadInput, match="object must derive from AnalyticProblem or NeuralProblem"):
        lanes_of(object())
