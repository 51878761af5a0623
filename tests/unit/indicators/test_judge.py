"""A point set judged by a problem's own facts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

import paretomtl as pm
from paretomtl.errors import BadInput, NoKnownFront
from paretomtl.indicators import AboveSupremum, Judge, score
from paretomtl.problems.base import AnalyticProblem, ProblemCard


@dataclass(frozen=True, kw_only=True, eq=False)
class Line(AnalyticProblem):
    """The segment f1 + f2 = 1; its facts can be left unknown."""

    known: bool = True
    m: int = 2
    name = "line"
    card = ProblemCard(summary="a segment", source="here", family="test")
    n_objectives = property(lambda self: self.m)
    n_variables = 1
    bounds = (torch.zeros(1), torch.ones(1))
    ideal = property(lambda self: torch.zeros(self.m, dtype=torch.float64))
    nadir = property(lambda self: torch.ones(self.m, dtype=torch.float64))

    def _objectives(self, x: Tensor) -> Tensor:
        return torch.cat([x, 1 - x], dim=-1)

    def front(self, n: int) -> Tensor:
        if not self.known:
            raise NoKnownFront("unknown")
        x = torch.linspace(0, 1, n, dtype=torch.float64)
        return torch.stack([x, 1 - x], dim=-1)

    def best_hypervolume(self, n_points=None, *, reference_point=None) -> float:
        if not self.known:
            raise NoKnownFront("unknown")
        r = self.reference_point if reference_point is None else reference_point
        whole = float(r.prod()) - 0.5
        return whole if n_points is None else whole - 0.5 / (n_points + 1)


def test_scores_on_a_known_front():
    problem = Line()
    F = torch.tensor([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [1.0, 0.0], [0.75, 0.75], [2.0, 2.0]])
    scores = score(problem, F)
    volume = pm.hypervolume(F, [1.1, 1.1])
    assert volume == pytest.approx(1.21 - 0.75)
    assert scores["hypervolume"] == volume
    assert scores["hypervolume_is_exact"] == 1
    assert scores["normalized_hypervolume"] == pytest.approx(volume / 0.71)
    assert scores["share_of_best"] == pytest.approx(volume / (0.71 - 0.5 / 7))
    assert scores["sensitivity_hypervolume"] == pytest.approx(2.2**2 - 0.75)
    assert scores["normalized_sensitivity_hypervolume"] == pytest.approx((2.2**2 - 0.75) / 4.34)
    assert (scores["points"], scores["nonfinite"], scores["cut_off"]) == (6, 0, 1)
    assert scores["nondominated"] == 3
    front = problem.front(1000)
    for name in ("igd", "igd_plus", "gd", "gd_plus", "epsilon"):
        assert scores[name] == getattr(pm, name)(F, front), name


def test_unknown_fronts_give_nan_not_numbers():
    scores = score(Line(known=False), [[0.5, 0.5]])
    assert scores["hypervolume"] == pytest.approx(0.36)
    for name in (
        "normalized_hypervolume",
        "share_of_best",
        "igd",
        "igd_plus",
        "gd",
        "gd_plus",
        "epsilon",
    ):
        assert math.isnan(scores[name]), name


def test_runs_that_ended_nowhere_are_counted_and_left_out():
    F = np.array([[0.5, 0.5], [math.nan, 0.0], [0.0, -math.inf]])
    scores = score(Line(), F)
    assert (scores["points"], scores["nonfinite"]) == (3, 2)
    assert scores["hypervolume"] == pytest.approx(0.36)
    nothing = score(Line(), F[1:])
    assert (nothing["hypervolume"], nothing["share_of_best"], nothing["nondominated"]) == (0, 0, 0)
    assert nothing["igd_plus"] == nothing["gd"] == math.inf


def test_more_than_the_best_possible_is_an_error():
    with pytest.raises(AboveSupremum, match="not a result"):
        score(Line(), [[0.0, 0.0]])
    with pytest.raises(AboveSupremum):  # the front is unknown, but no loss may be negative
        score(Line(known=False), [[-0.1, -0.1]])
    float32 = Line().front(2000).float()
    assert score(Line(), float32)["normalized_hypervolume"] <= 1 + 1e-6


def test_many_objectives_are_scored_approximately_and_say_so():
    F = np.random.default_rng(0).random((120, 8)) + 0.05
    F /= np.linalg.norm(F, axis=1, keepdims=True)
    scores = score(Line(known=False, m=8), F)
    assert scores["hypervolume_is_exact"] == 0
    assert 0 < scores["hypervolume"] < 1.1**8
    assert score(Line(known=False, m=8), F[:50])["hypervolume_is_exact"] == 1


def test_wrong_width_is_refused():
    with pytest.raises(BadInput, match="2 objectives"):
        score(Line(), [[0.0, 0.0, 0.0]])


def test_a_judge_reads_the_facts_once():
    judge = Judge.of(Line(), front_points=11)
    assert judge.front is not None
    assert judge.front.shape == (11, 2)
    assert judge.reference_point.tolist() == pytest.approx([1.1, 1.1])
