"""What an analytic problem states of itself: bounds, starts, ideal, nadir, front."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from paretomtl.errors import NoKnownFront
from paretomtl.problems.base import AnalyticProblem, Problem
from paretomtl.testing.findings import Finding
from paretomtl.testing.problems.front_attack import attack, margins, spans
from paretomtl.testing.problems.inputs import Inputs


class FactChecks:
    """Checks the stated facts against one another and against evaluations.

    Args:
        problem: The problem, constructed.
        inputs: Where points are drawn.
    """

    def __init__(self, problem: AnalyticProblem, inputs: Inputs) -> None:
        self.problem = problem
        self.inputs = inputs

    def box(self) -> Iterator[Finding]:
        """Bounds are ordered; points outside them are evaluated, and `inside` says so."""
        low, high = self.problem.bounds
        n = self.problem.n_variables
        shaped = low.shape == high.shape == (n,) and low.dtype == high.dtype == torch.float64
        yield Finding("bounds are ordered float64 vectors", shaped and bool((low < high).all()))
        middle = self.inputs.draw(1)[0]
        beyond = middle.clone()
        edge = int(high.isfinite().double().argmax())
        beyond[edge] = high[edge] + 1 + high[edge].abs()
        self.problem.objectives(beyond)  # evaluated, whatever the formula gives there
        flags = [bool(self.problem.inside(point)) for point in (middle, beyond, middle * torch.nan)]
        expected = [True, not bool(high.isfinite().any()), False]
        yield Finding(
            "points outside the box are evaluated and flagged", flags == expected, f"flags {flags}"
        )

    def starts(self) -> Iterator[Finding]:
        """Starts are repeatable and lie within the bounds."""
        first, second = (
            self.problem.start(torch.Generator().manual_seed(self.inputs.seed)) for _ in range(2)
        )
        yield Finding("a start depends on its generator alone", torch.equal(first, second))
        low, high = self.problem.start_box
        finite = bool((low.isfinite() & high.isfinite()).all())
        held = bool(((first >= low) & (first <= high)).all()) and bool(self.problem.inside(first))
        yield Finding("starts lie in a finite box and within the bounds", finite and held)

    def points(self) -> Iterator[Finding]:
        """Ideal, nadir, reference point and `lower_bound` are in order."""
        yield vectors(self.problem)
        ideal, nadir = self.problem.ideal, self.problem.nadir
        reference = self.problem.reference_point
        ordered = bool(((ideal <= nadir) & (nadir <= reference) & (ideal < reference)).all())
        yield Finding("ideal <= nadir <= reference point", ordered)
        inside = self.problem.objectives(self.inputs.draw(256))
        inside = inside[inside.isfinite().all(-1)]
        bounded = bool((inside >= self.problem.lower_bound).all())
        yield Finding("no objective falls below `lower_bound`", bounded)

    def front(self) -> Iterator[Finding]:
        """The front has the right shape, lies between ideal and nadir, and is nondominated."""
        front = self._front(500)
        if front is None:
            return
        m = self.problem.n_objectives
        shaped = front.ndim == 2 and front.shape[1] == m and front.dtype == torch.float64
        yield Finding(
            "front(n) gives at most n float64 points",
            shaped and 1 <= len(front) <= 500 and bool(front.isfinite().all()),
            f"shape {list(front.shape)}",
        )
        span, slack = spans(self.problem), max(1e-9, self.problem.card.front_accuracy)
        over = ((front - self.problem.nadir) / span).amax()
        under = ((self.problem.ideal - front) / span).amax()
        yield Finding(
            "the front lies between ideal and nadir",
            float(torch.maximum(over, under)) <= slack,
            f"{float(over):.1e} beyond the nadir, {float(under):.1e} beyond the ideal",
        )
        ends = ((front.amin(0) - self.problem.ideal) / span).abs().amax()
        tops = ((self.problem.nadir - front.amax(0)) / span).abs().amax()
        yield Finding(
            "the front comes near ideal and nadir in every objective",
            float(torch.maximum(ends, tops)) < (1e-6 if m == 2 else 0.15),
            f"misses them by {float(ends):.1e} and {float(tops):.1e} of the range",
        )
        inner = float(margins(front, front, span).amax())
        yield Finding("front points do not dominate one another", inner <= slack, f"{inner:.1e}")

    def attack(self, lanes: int, steps: int) -> Iterator[Finding]:
        """Neither random nor optimized points dominate a point of the stated front."""
        front = self._front(100_000 if self.problem.n_objectives == 2 else 3000)
        if front is None:
            return
        span, slack = spans(self.problem), max(1e-6, self.problem.card.front_accuracy)
        clouds = {"random": self.problem.objectives(self.inputs.draw(3000))}
        if self.problem.card.differentiable:
            clouds["optimized"] = attack(
                self.problem, lanes=lanes, steps=steps, seed=self.inputs.seed
            )
        for kind, cloud in clouds.items():
            worst = float(margins(cloud, front, span).amax())
            yield Finding(
                f"no {kind} cloud dominates the stated front",
                worst <= slack,
                f"by {worst:.1e} of its range",
            )

    def _front(self, n: int) -> Tensor | None:
        try:
            return self.problem.front(n)
        except NoKnownFront:
            return None


def vectors(problem: Problem) -> Finding:
    """Check that the three points are finite float64 vectors, one number an objective."""
    shaped = all(
        p.shape == (problem.n_objectives,) and p.dtype == torch.float64 and bool(p.isfinite().all())
        for p in (problem.ideal, problem.nadir, problem.reference_point)
    )
    return Finding("ideal, nadir and reference point are finite float64 vectors", shaped)
