"""A cloud of points that tries to get past a stated front."""

from __future__ import annotations

import torch
from torch import Tensor

from paretomtl.problems.base import AnalyticProblem


def attack(
    problem: AnalyticProblem,
    *,
    lanes: int = 64,
    steps: int = 300,
    seed: int = 0,
    smoothing: float = 0.01,
    keep: int = 20,
    starts: Tensor | None = None,
    rates: Tensor | float = 0.03,
) -> Tensor:
    """Descend towards the front from many starts at once and return what was found, [k, m].

    Projected Adam on the smooth Tchebycheff scalarization
    `mu log sum exp(w_i (f_i - ideal_i) / (range_i mu))`, one random preference a lane, in variables
    scaled by the start box. The learning rate falls to 1/3000 of its first value and `mu` from
    `smoothing` to a hundredth of it, so that lanes come to rest on the front.

    Args:
        problem: What is attacked; it must be differentiable.
        lanes: Preferences, all advanced together.
        steps: Updates of every lane.
        seed: Determines preferences and starts.
        smoothing: First value of mu.
        keep: Snapshots of all lanes that are returned, the last among them.
        starts: Where lanes start, [lanes, n]; None for the problem's own starts. Beside the Pareto set,
            where it is known, they attack fronts that local optima hide.
        rates: First learning rate, of all lanes or of each, [lanes]. A lane that starts in a narrow
            valley leaves it at once unless its rate is small.
    """
    generator = torch.Generator().manual_seed(seed)
    low, high = problem.start_box
    width = (high - low).clamp_min(torch.finfo(torch.float64).tiny)
    lower, upper = problem.bounds
    bounds = (lower - low) / width, (upper - low) / width
    ideal, span = problem.ideal, spans(problem)
    preferences = -torch.rand(
        lanes, problem.n_objectives, dtype=torch.float64, generator=generator
    ).log()
    preferences = preferences / preferences.sum(-1, keepdim=True)
    if starts is None:
        starts = torch.stack([problem.start(generator) for _ in range(lanes)])
    z = ((starts - low) / width).requires_grad_()
    adam = _ProjectedAdam(z, rates, bounds)
    found: list[Tensor] = []
    every = max(1, steps // keep)
    for step in range(steps):
        left = 1 - step / steps
        mu = smoothing * (0.01 + 0.99 * left)
        f = problem.objectives(low + width * z)
        value = (mu * (preferences * (f - ideal) / (span * mu)).logsumexp(-1)).sum()
        (gradient,) = torch.autograd.grad(value, z)
        adam.step(gradient, left**2 + 3e-4)
        if (steps - 1 - step) % every == 0:
            found.append(problem.objectives(low + width * z).detach())
    return torch.cat(found)


class _ProjectedAdam:
    """Adam on lanes, in place, clamped to the box after every step."""

    def __init__(self, z: Tensor, rates: Tensor | float, bounds: tuple[Tensor, Tensor]) -> None:
        self.z = z
        self.rates = torch.as_tensor(rates, dtype=torch.float64).expand(len(z)).unsqueeze(-1)
        self.bounds = bounds
        self.mean, self.square = torch.zeros_like(z), torch.zeros_like(z)
        self.steps = 0

    @torch.no_grad()
    def step(self, gradient: Tensor, factor: float) -> None:
        """Take one step at `factor` times the first learning rates."""
        self.steps += 1
        self.mean.lerp_(gradient, 0.1)
        self.square.lerp_(gradient.square(), 0.001)
        unbiased = self.mean / (1 - 0.9**self.steps)
        scale = (self.square / (1 - 0.999**self.steps)).sqrt() + 1e-8
        self.z -= self.rates * factor * unbiased / scale
        self.z.clamp_(*self.bounds)


def spans(problem: AnalyticProblem) -> Tensor:
    """Return the front's range in each objective, [m]; where it is none, to the reference point."""
    span = problem.nadir - problem.ideal
    span = torch.where(span > 0, span, problem.reference_point - problem.ideal)
    return torch.where(span > 0, span, torch.ones_like(span))


def margins(cloud: Tensor, front: Tensor, span: Tensor) -> Tensor:
    """Return by which share of the range each point betters some front point throughout, [k].

    The largest over the front of the smallest gain over the objectives; positive where a point
    dominates a stated one strictly, -inf for points that are not finite. A point that lies between
    front points is noticed from about their distance on: for two objectives the search takes
    O(log n) a point, so a million front points can be afforded.
    """
    scaled, stated = cloud / span, front / span
    if cloud.shape[-1] == 2:
        best = _crossing(scaled, stated)
    else:
        parts = scaled.chunk(1 + len(cloud) * len(front) // 2_000_000)
        best = torch.cat([(stated - part[:, None]).amin(-1).amax(-1) for part in parts])
    return torch.where(cloud.isfinite().all(-1), best, -torch.inf)


def _crossing(points: Tensor, front: Tensor) -> Tensor:
    """Search where the gain in f1, which rises along the front, passes the gain in f2, which falls."""
    front = front[front[:, 0].argsort()]
    keys = (front[:, 0] - front[:, 1]).cummax(0).values
    after = torch.searchsorted(keys, points[:, 0] - points[:, 1]).clamp(0, len(front) - 1)
    gains = [(front[k] - points).amin(-1) for k in (after, (after - 1).clamp_min(0))]
    return torch.maximum(*gains)
