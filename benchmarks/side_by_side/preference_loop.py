"""Our step of K preferences beside a loop that takes them one at a time, as the peers do.

    python benchmarks/side_by_side/preference_loop.py [--problem zdt2] [--lanes 1 10 50 100 200] [--repetitions 7] [--no-compile]

A row is one method at one number of preferences K: CPU milliseconds of one step of all K runs, ours
(eager, and at the ends of the range compiled) and the loop's, medians of interleaved repetitions on one
thread; their ratio; and our step's cost over its cost at K = 1. Compiling takes half a minute a program
the first time.

The loop does what LibMOON and libraries like it do in every iteration, without their overhead around it:
for each preference one Jacobian (a backward pass an objective), one aggregation (EPO: its two-stage
linear program, by SciPy's HiGHS), then one step of torch.optim.Adam over all runs and a clamp into the
box. Both sides start at the same points with float32, and the script stops unless both are at the same
points after three steps.

Required: at K = 200 at least 100 times faster than the loop for methods that read losses, 500 times for
EPO, eager or compiled, whichever is faster; and the cost of our eager step flat up to K = 200 (`FLAT`; the
compiled one has so little to pay at K = 1 that 200 runs show). Exit code 4 where that is not met.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linprog
from timing import conditions, medians
from torch import Tensor

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.problems import AnalyticProblem
from paretomtl.sweep.settings import Budget, Optimizer, Settings

RATE = 0.01
FLAT = 1.5
"""Our step counts as flat while it costs at most this many times the step of K = 1."""


class Loop:
    """K runs of one problem, one preference after the other.

    Args:
        problem: What is optimized.
        start: First points, [K, n].
        preferences: One a run, [K, m].
        weigh: Weights from a Jacobian [m, n], the losses [m] and a preference [m].
    """

    def __init__(
        self,
        problem: AnalyticProblem,
        start: Tensor,
        preferences: Tensor,
        weigh: Callable[[Tensor, Tensor, Tensor], Tensor],
    ) -> None:
        self.problem, self.preferences, self.weigh = problem, preferences, weigh
        self.x = start.clone().requires_grad_()
        self.lower, self.upper = (bound.to(start) for bound in problem.bounds)
        self.optimizer = torch.optim.Adam([self.x], RATE)

    def step(self) -> None:
        """Make one iteration of all runs."""
        gradients: list[Tensor] = []
        for x, preference in zip(self.x.detach(), self.preferences, strict=True):
            point = x.requires_grad_()
            losses = self.problem.objectives(point)
            rows = [
                torch.autograd.grad(loss, point, retain_graph=i + 1 < len(losses))[0]
                for i, loss in enumerate(losses)
            ]
            jacobian = torch.stack(rows)
            gradients.append(self.weigh(jacobian, losses.detach(), preference) @ jacobian)
        self.x.grad = torch.stack(gradients)
        self.optimizer.step()
        with torch.no_grad():
            self.x.clamp_(self.lower, self.upper)


def linear(jacobian: Tensor, losses: Tensor, preference: Tensor) -> Tensor:
    return preference


def tchebycheff(jacobian: Tensor, losses: Tensor, preference: Tensor) -> Tensor:
    worst = int((preference * losses).argmax())
    return torch.nn.functional.one_hot(torch.tensor(worst), len(losses)) * preference


def smooth_tchebycheff(jacobian: Tensor, losses: Tensor, preference: Tensor) -> Tensor:
    return torch.softmax(preference * losses / 0.01, -1) * preference


def epo(jacobian: Tensor, losses: Tensor, preference: Tensor) -> Tensor:
    """Return EPO's weights by one linear program, as in its authors' code."""
    G = (jacobian @ jacobian.T).double().numpy()
    p = preference.double().numpy()
    weighed = p * losses.double().numpy()
    m = len(p)
    share = weighed / weighed.sum()
    surprise = np.log(np.maximum(m * share, np.finfo(float).tiny))
    imbalance = float((share * surprise).sum())
    pull = p * (surprise - imbalance)
    gain = G @ pull
    if imbalance > 1e-4:
        least = np.minimum(gain, 0) if (gain > 0).any() else np.zeros(m)
        least[weighed == weighed.max()] = 0
        free = (gain > 0) & (weighed < weighed.max())
        weights = _program(gain, G[~free], least[~free])
    else:
        rows = np.vstack((G, -gain))
        weights = _program(G.sum(0), rows, np.append(np.zeros(m), -min(gain.max(), 0)))
    answer = np.full(m, 1 / m) if weights is None else weights
    return torch.as_tensor(answer, dtype=jacobian.dtype)


def _program(
    gain: NDArray[np.float64], rows: NDArray[np.float64], least: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the weights on the simplex of the largest `gain` among those with `rows w >= least`."""
    m = len(gain)
    found = linprog(
        -gain, A_ub=-rows, b_ub=-least, A_eq=np.ones((1, m)), b_eq=[1.0], method="highs"
    )
    return found.x if found.success else None


METHODS = {
    "linear": linear,
    "tchebycheff": tchebycheff,
    "smooth_tchebycheff": smooth_tchebycheff,
    "epo": epo,
}
REQUIRED = {"linear": 100, "tchebycheff": 100, "smooth_tchebycheff": 100, "epo": 500}


def spread_preferences(m: int, k: int) -> Tensor:
    """Return K preferences: equally spaced for two objectives, drawn otherwise."""
    if m > 2:
        return pm.preferences(m, k, "dirichlet")
    first = torch.linspace(0.02, 0.98, k, dtype=torch.float64)
    return torch.stack((first, 1 - first), -1)


def ours(
    problem: AnalyticProblem, name: str, preferences: Tensor, *, compiled: bool = False
) -> Batch:
    """Return our batch of the same runs; padded to two lanes, as the engine does with a single run."""
    rows = preferences.tolist()
    lanes = [
        Lane(method=pm.method(name), preference=tuple(p), seed=i, key=i, lr=RATE)
        for i, p in enumerate(rows if len(rows) > 1 else rows * 2)
    ]
    settings = Settings(
        optimizer=Optimizer(lr=RATE),
        budget=Budget(steps=10**6),
        precision="float32",
    )
    return Batch(problem, lanes, settings, torch.device("cpu"), compiled=compiled)


def agree(name: str, problem: AnalyticProblem) -> float:
    """Return how far apart three steps of the loop and of ours end, in units of the step length."""
    p = spread_preferences(problem.n_objectives, 20)
    batch = ours(problem, name, p)
    loop = Loop(problem, batch.state.parameters[0].detach(), p.float(), METHODS[name])
    for _ in range(3):
        batch.step()
        loop.step()
    return float((batch.state.parameters[0] - loop.x).detach().abs().max()) / RATE


def times(
    problem: AnalyticProblem, name: str, counts: list[int], repetitions: int, *, compiled: bool
) -> dict[str, float]:
    """Return the CPU seconds of a step by side and number of preferences, such as "ours 50".

    All numbers of preferences take turns, so that flatness is measured fairly.
    """
    steps: dict[str, Callable[[], None]] = {}
    for k in counts:
        p = spread_preferences(problem.n_objectives, k)
        batch = ours(problem, name, p)
        start = batch.state.parameters[0].detach()[:k]
        steps[f"ours {k}"] = batch.step
        if compiled and k in (counts[0], counts[-1]):
            steps[f"compiled {k}"] = ours(problem, name, p, compiled=True).step
        steps[f"loop {k}"] = Loop(problem, start, p.float(), METHODS[name]).step
    clocks = medians(steps, repetitions, least=0.02)
    return {side: clock.cpu for side, clock in clocks.items()}


def show(name: str, t: dict[str, float], counts: list[int]) -> int:
    """Print a method's rows and its requirements; return how many of these are not met."""
    least, most = counts[0], counts[-1]
    for k in counts:
        line = f"{name:<20}{k:>5}{1e3 * t[f'loop {k}']:>10.2f}"
        for kind, width in (("ours", 9), ("compiled", 10)):
            if f"{kind} {k}" in t:
                own = t[f"{kind} {k}"]
                line += f"{1e3 * own:>{width}.3f}{t[f'loop {k}'] / own:>8.1f}"
                line += f"{own / t[f'{kind} {least}']:>8.2f}"
        print(line, flush=True)
    faster = min(t[f"{kind} {most}"] for kind in ("ours", "compiled") if f"{kind} {most}" in t)
    ratio, growth = t[f"loop {most}"] / faster, t[f"ours {most}"] / t[f"ours {least}"]
    wanted = REQUIRED[name]
    checks = (
        (f"{ratio:.0f} times the loop at K = {most}: >= {wanted}", ratio >= wanted),
        (f"K = {most} costs {growth:.2f} of K = {least}: <= {FLAT}", growth <= FLAT),
    )
    for text, met in checks:
        print(f"  {'met    ' if met else 'NOT MET'} {name}: {text}")
    return sum(not met for _, met in checks)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", default="zdt2", help="an analytic problem's name")
    parser.add_argument("--lanes", type=int, nargs="+", default=[1, 10, 50, 100, 200])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument(
        "--no-compile", dest="compile", action="store_false", help="leave the compiled step out"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    problem = pm.problem(options.problem)
    if not isinstance(problem, AnalyticProblem):
        parser.error(f"{options.problem!r} is not an analytic problem.")
    print(f"{conditions()}, float32; CPU ms of a step")
    print(f"{options.problem}, n = {problem.n_variables}, m = {problem.n_objectives}")
    for name in options.methods:
        apart = agree(name, problem)
        print(f"{name}: after three steps ours and the loop are {apart:.1e} step lengths apart")
        if not apart < 0.01:
            raise SystemExit(f"{name}: the loop does something else; its time means nothing.")
    print(
        f"{'method':<20}{'K':>5}{'loop':>10}{'ours':>9}{'times':>8}{'of K=1':>8}"
        f"{'compiled':>10}{'times':>8}{'of K=1':>8}"
    )
    counts, turns, unmet = options.lanes, options.repetitions, 0
    for name in options.methods:
        unmet += show(name, times(problem, name, counts, turns, compiled=options.compile), counts)
    return 4 if unmet else 0


if __name__ == "__main__":
    sys.exit(main())
