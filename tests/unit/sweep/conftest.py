"""Problems and methods made up for planning; nothing here is ever run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
import torch

from paretomtl.errors import BadInput
from paretomtl.methods.base import Card, Scalarization, SetMethod, methods
from paretomtl.problems.base import AnalyticProblem, ProblemCard, problems


@dataclass(frozen=True, kw_only=True, eq=False)
class Bowl(AnalyticProblem):
    card = ProblemCard(summary="A bowl.", source="made up", family="test")
    n: int = 3
    m: int = 2
    floor: float = 0.0
    kind: Literal["round", "long"] = "round"

    def __post_init__(self):
        if self.n < 1:
            raise BadInput(f"`n` must be at least 1; found {self.n}.")

    n_objectives = property(lambda self: self.m)
    n_variables = property(lambda self: self.n)
    lower_bound = property(lambda self: self.floor)
    ideal = property(lambda self: torch.zeros(self.m))
    nadir = property(lambda self: torch.ones(self.m))
    bounds = property(lambda self: (torch.zeros(self.n), torch.ones(self.n)))

    def _objectives(self, x):
        raise AssertionError("planning evaluates nothing")


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps(Bowl):
    card = ProblemCard(summary="Steps.", source="made up", family="test", differentiable=False)


class _Plain(Scalarization):
    card = Card(title="", formula="", source="")

    def value(self, state, signals):
        raise AssertionError("planning runs nothing")

    weights = value


@dataclass(frozen=True, kw_only=True, eq=False)
class Straight(_Plain):
    pass


@dataclass(frozen=True, kw_only=True, eq=False)
class Curved(_Plain):
    needs_positive_losses = True
    gamma: float = 1.0
    shift: float = 0.0
    order: tuple[int, ...] | None = None

    @property
    def loss_shift(self):
        return self.shift


@dataclass(frozen=True, kw_only=True, eq=False)
class Logarithm(_Plain):
    needs_positive_losses = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Swarm(SetMethod):
    card = Card(title="", formula="", source="")

    def step(self, state, signals):
        raise AssertionError("planning runs nothing")


@pytest.fixture(autouse=True)
def made_up() -> Iterator[None]:
    entries = [
        (problems, "test_bowl", Bowl),
        (problems, "test_steps", Steps),
        (methods, "test_straight", Straight),
        (methods, "test_curved", Curved),
        (methods, "test_logarithm", Logarithm),
        (methods, "test_swarm", Swarm),
    ]
    for registry, name, cls in entries:
        registry.register(name)(cls)
    yield
    for registry, name, _ in entries:
        del registry._entries[name]
