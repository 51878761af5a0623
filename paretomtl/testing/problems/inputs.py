"""What problems are tried on: points of the start box, fresh networks, samples."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from paretomtl.problems.base import AnalyticProblem, NeuralProblem

POINTS = 32
"""Points that evaluation is tried on."""

SAMPLES = 32
"""Samples that losses are tried on."""

Samples = tuple[Tensor, ...]


class Inputs:
    """Draws of one check of an analytic problem; all come from one generator, in order.

    Args:
        problem: The problem, constructed.
        seed: Determines every draw.
    """

    def __init__(self, problem: AnalyticProblem, seed: int) -> None:
        self.problem = problem
        self.seed = seed
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self, n: int) -> Tensor:
        """Return uniform points of the start box, [n, variables]."""
        low, high = self.problem.start_box
        u = torch.rand(n, self.problem.n_variables, dtype=torch.float64, generator=self.generator)
        return low + (high - low) * u


def fresh_network(problem: NeuralProblem, seed: int) -> nn.Module:
    """Return a network under its own random state, as the engine builds it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return problem.module()


def first_samples(problem: NeuralProblem, n: int = SAMPLES) -> Samples:
    """Return the first samples of the train split."""
    return tuple(part[:n] for part in problem.data("train"))


def in_double(samples: Samples) -> Samples:
    """Return the samples with floating-point tensors in float64."""
    return tuple(part.double() if part.is_floating_point() else part for part in samples)
