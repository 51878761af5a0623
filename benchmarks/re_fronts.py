"""Compute the reference fronts of the RE problems and write them to the package's data folder.

    python benchmarks/re_fronts.py [NAME ...] [--out DIR]

RE36 is enumerated: its 49^4 integer points are all evaluated. For the others, in normalised
objectives and all seeded:

1. Sample the box evenly (2^18 points and its corners) and keep an archive of non-dominated points.
2. Improve it: every round breeds children of the archive (differential steps, Gaussian steps at
   scales from 0.3 to 1e-7 of the box, coordinates put on a bound) and keeps the non-dominated ones,
   thinned to one point a cell of a grid, the ends of each objective always included.
3. Thin the archive to at most 200 points, farthest first.
4. Polish each of them by itself: projected Adam and a local random search lower
   `max_i (f_i - p_i) / range_i` without trade; drop what has become dominated.

The files hold the variables of the points; `front()` evaluates them, so every point is attained.
Their headers state, as shares of the range from ideal to nadir: how far a second polish with
another seed got beyond the stored points, how far an independent search with another seed lies
beyond them, and how much the two searches' hypervolumes differ; then ideal, nadir, and the
hypervolume of everything found together, for m > 4 by approximation (about 1e-3).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import moocore
import numpy as np
import torch
from paretomtl_problems.analytic.surface import even_points
from torch import Tensor

import paretomtl as pm
from paretomtl.problem import AnalyticProblem

NAMES = tuple(f"re{n}" for n in (21, 22, 23, 24, 25, 31, 32, 33, 34, 35, 36, 37, 41, 42, 61, 91))
POINTS = 200
ROUNDS = 150
CHILDREN = 4000
DATA = Path(__file__).parents[1] / "problems" / "paretomtl_problems" / "analytic" / "data"


@dataclass(eq=False)
class Archive:
    """Non-dominated points with their images."""

    x: Tensor
    f: Tensor

    def merged(self, x: Tensor, f: Tensor, size: int) -> Archive:
        """Add points, keep the non-dominated ones, thin them to `size`."""
        keep = f.isfinite().all(-1)
        x, f = torch.cat((self.x, x[keep])), torch.cat((self.f, f[keep]))
        first = torch.from_numpy(moocore.is_nondominated(f.numpy()))
        x, f = x[first], f[first]
        if len(f) > 2 * size:
            chosen = one_per_cell(normalised(f), size)
            x, f = x[chosen], f[chosen]
        return Archive(x, f)


def normalised(f: Tensor) -> Tensor:
    """Scale a non-dominated set to [0, 1] in every objective."""
    low, high = f.amin(0), f.amax(0)
    return (f - low) / (high - low).clamp(min=1e-300)


def ends(f: Tensor) -> Tensor:
    """Return indices of the least and the largest value of each objective."""
    return torch.stack((f.argmin(0), f.argmax(0)), -1).flatten()


def one_per_cell(f: Tensor, n: int) -> Tensor:
    """Return indices of the ends and of one point in each cell of the finest grid of about `n`."""
    hashing = torch.linspace(1.0, 2.0, f.shape[-1], dtype=torch.float64).exp() * 1e4
    low, high, chosen = 1e-4, 1.0, torch.arange(len(f))
    for _ in range(14):
        side = (low * high) ** 0.5
        _, cell = ((f / side).floor() @ hashing).unique(return_inverse=True)
        first = torch.full((int(cell.max()) + 1,), len(f)).scatter_reduce(
            0, cell, torch.arange(len(f)), "amin"
        )
        if len(first) <= n:
            high, chosen = side, first
        else:
            low = side
    return torch.cat((ends(f), chosen)).unique()


def farthest_first(f: Tensor, n: int) -> Tensor:
    """Return indices of `n` points: the ends of each objective, then always the farthest point."""
    chosen = list(dict.fromkeys(ends(f).tolist()))[:n]
    distance = torch.cdist(f, f[chosen]).amin(-1)
    while len(chosen) < min(n, len(f)):
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, (f - f[chosen[-1]]).norm(dim=-1))
    return torch.tensor(chosen)


def search(problem: AnalyticProblem, seed: int, rounds: int) -> Archive:
    """Return an archive of non-dominated points."""
    generator = torch.Generator().manual_seed(seed)
    lower, upper = problem.bounds
    width, n = upper - lower, problem.n_variables
    size = 2000 if problem.n_objectives <= 3 else 3000
    shift = torch.rand(n, dtype=torch.float64, generator=generator)
    corners = torch.tensor(list(product((0.0, 1.0), repeat=n)), dtype=torch.float64)
    archive = Archive(lower.new_empty(0, n), lower.new_empty(0, problem.n_objectives))
    everywhere = torch.cat((corners, (even_points(2**18, n) + shift) % 1))
    for part in everywhere.split(2**14):
        x = lower + part * width
        archive = archive.merged(x, problem.objectives(x), size)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, dtype=torch.float64, generator=generator)

    for _ in range(rounds):
        pick = (draw(3, CHILDREN) * len(archive.x)).long()
        parents = archive.x[pick[0]]
        steps = torch.randn(CHILDREN, n, dtype=torch.float64, generator=generator)
        scales = 10.0 ** (-7.0 + 6.5 * draw(CHILDREN, 1))
        gaussian = parents + steps * scales * width
        change = archive.x[pick[1]] - archive.x[pick[2]]
        differential = parents + (0.9 * draw(CHILDREN, 1)) * change
        x = torch.where(draw(CHILDREN, 1) < 0.5, gaussian, differential)
        mask = draw(CHILDREN, n) < torch.maximum(draw(CHILDREN, 1), torch.tensor(1.0 / n))
        x = torch.where(mask, x, parents)
        bound = torch.where(draw(CHILDREN, n) < 0.5, lower, upper)
        x = torch.where(draw(CHILDREN, n) < 0.05 / n, bound, x)
        x = torch.minimum(torch.maximum(x, lower), upper)
        archive = archive.merged(x, problem.objectives(x), size)
    return archive


def polish(
    problem: AnalyticProblem, points: Archive, span: Tensor, seed: int, turns: int
) -> Archive:
    """Move every point by itself to where `max_i (f_i - p_i) / span_i` is locally least.

    Projected Adam on the smooth maximum and a random search take turns; a move is kept only if no
    objective is worse than the point's own at the start.
    """
    generator = torch.Generator().manual_seed(seed)
    best = Polished(points.x.clone(), points.f.clone(), torch.zeros(len(points.x)).double())
    for turn in range(turns):
        finer = 0.2 ** (turn % 4)
        descend(problem, best, points.f, span, rate=0.03 * finer)
        search_nearby(problem, best, points.f, span, generator, reach=0.01 * finer)
    return Archive(best.x, best.f)


@dataclass(eq=False)
class Polished:
    """The best place found for each point so far, and its score."""

    x: Tensor
    f: Tensor
    score: Tensor

    def offer(self, x: Tensor, f: Tensor, target: Tensor, span: Tensor) -> Tensor:
        """Take the candidates [k, ...] that are better; return which points took one."""
        gain = (f - target) / span
        score = gain.amax(-1) + 1e-6 * gain.mean(-1)  # the sum decides where one objective is stuck
        score = torch.where(gain.amax(-1) <= 0, score, torch.inf)  # nothing is traded
        better = score < self.score
        self.x = torch.where(better[:, None], x, self.x)
        self.f = torch.where(better[:, None], f, self.f)
        self.score = torch.where(better, score, self.score)
        return better


def descend(
    problem: AnalyticProblem, best: Polished, target: Tensor, span: Tensor, rate: float
) -> None:
    """Run projected Adam on `mu log sum exp((f - p) / (span mu))` from the best places."""
    lower, upper = problem.bounds
    width, steps = upper - lower, 500
    z = ((best.x - lower) / width).requires_grad_()
    adam = torch.optim.Adam([z], lr=rate)
    for step in range(steps):
        left = 1.0 - step / steps
        adam.param_groups[0]["lr"] = rate * 1e-4 ** (1.0 - left)
        mu = 1e-2 * rate * 1e-3 ** (1.0 - left)
        x = lower + width * z
        f = problem.objectives(x)
        best.offer(x.detach(), f.detach(), target, span)
        (gradient,) = torch.autograd.grad(
            (mu * ((f - target) / (span * mu)).logsumexp(-1)).sum(), z
        )
        z.grad = gradient.nan_to_num(0.0, 0.0, 0.0)
        adam.step()
        with torch.no_grad():
            z.clamp_(0.0, 1.0)


def search_nearby(
    problem: AnalyticProblem,
    best: Polished,
    target: Tensor,
    span: Tensor,
    generator: torch.Generator,
    reach: float,
) -> None:
    """Try random steps, longer after a success and shorter after a failure."""
    lower, upper = problem.bounds
    width, (k, n), tries = upper - lower, best.x.shape, 32
    size = torch.full((k, 1, 1), reach, dtype=torch.float64)
    row = torch.arange(k)
    for _ in range(250):
        steps = torch.randn(k, tries, n, dtype=torch.float64, generator=generator)
        mask = torch.rand(k, tries, n, dtype=torch.float64, generator=generator) < 0.6
        tried = best.x[:, None] + steps * mask * size * width
        tried = torch.minimum(torch.maximum(tried, lower), upper)
        image = problem.objectives(tried)
        lead = ((image - target[:, None]) / span).amax(-1).nan_to_num(torch.inf).argmin(-1)
        better = best.offer(tried[row, lead], image[row, lead], target, span)
        size = (size * torch.where(better, 1.5, 0.85)[:, None, None]).clamp(1e-9, 0.1)


def gain_beyond(front: Tensor, others: Tensor, span: Tensor) -> float:
    """Return the largest c such that one of `others` beats a point of `front` by c in all objectives."""
    return max(
        float((((part[:, None] - others) / span).amin(-1)).max()) for part in front.split(64)
    )


def enumerated(problem: AnalyticProblem) -> Archive:
    """Return all Pareto-optimal integer points; for RE36."""
    lower, upper = problem.bounds
    axes = [
        torch.arange(float(a), float(b) + 1).double() for a, b in zip(lower, upper, strict=True)
    ]
    archive = Archive(lower.new_empty(0, len(lower)), lower.new_empty(0, problem.n_objectives))
    rest = torch.cartesian_prod(*axes[1:])
    for first in axes[0]:
        x = torch.cat((first.expand(len(rest), 1), rest), -1)
        archive = archive.merged(x, problem.objectives(x), 10**9)
    return archive


def compute(name: str, rounds: int) -> tuple[Archive, dict[str, str]]:
    """Return the points to store, in farthest-first order, and what is known of them."""
    problem = pm.problem(name)
    assert isinstance(problem, AnalyticProblem)
    m = problem.n_objectives
    if name == "re36":
        archive = enumerated(problem)
        stored, other = archive, archive
        method, gain = "all 49^4 integer points were evaluated; exact", 0.0
    else:
        rounds *= 2 if m == 4 else 1  # the two largest searches converge slowest
        archive = search(problem, 1, rounds)
        other = search(problem, 2, rounds)
        span = (archive.f.amax(0) - archive.f.amin(0)).clamp(min=1e-300)
        chosen = farthest_first(normalised(archive.f), POINTS)
        stored = polish(problem, Archive(archive.x[chosen], archive.f[chosen]), span, 3, 8)
        nothing = Archive(stored.x[:0], stored.f[:0])
        stored = nothing.merged(stored.x, stored.f, POINTS)
        gain = gain_beyond(stored.f, polish(problem, stored, span, 4, 4).f, span)
        method = f"seeded search of 2^18 points and {rounds} rounds, thinned and polished"
    both = archive.merged(other.x, other.f, 10**9).merged(stored.x, stored.f, 10**9)
    ideal, nadir = stored.f.amin(0), stored.f.amax(0)
    span = nadir - ideal
    order = stored.f[:, 0].argsort() if m == 2 else farthest_first(normalised(stored.f), POINTS)
    stored = Archive(stored.x[order], stored.f[order])
    reference = (nadir + 0.1 * span).numpy()
    volume = moocore.hypervolume if m <= 4 else moocore.hv_approx
    scaled = ((both.f - ideal) / span).numpy()
    hypervolume = float(span.prod()) * float(volume(scaled, ref=np.full(m, 1.1)))
    facts = {
        "method": method,
        "accuracy_by_polish": f"{gain:.1e}",
        "accuracy_by_second_search": f"{max(gain_beyond(stored.f, other.f, span), 0.0):.1e}",
        "hypervolume_gap_of_second_search": hypervolume_gap(archive, other, reference, m),
        "ideal": ",".join(map(repr, ideal.tolist())),
        "nadir": ",".join(map(repr, nadir.tolist())),
        "hypervolume_of": f"{len(both.f)} points, {'exact' if m <= 4 else 'within about 1e-3'}",
        "hypervolume": repr(hypervolume),
    }
    return stored, facts


def hypervolume_gap(one: Archive, other: Archive, reference: np.ndarray, m: int) -> str:
    """Return the relative difference of two searches' hypervolumes (not computed for m > 4)."""
    if m > 4:
        return "not computed"
    a, b = (moocore.hypervolume(s.f.numpy(), ref=reference) for s in (one, other))
    return f"{abs(a - b) / max(a, b):.1e}"


def main() -> None:
    """Compute the fronts named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.names:
        stored, facts = compute(name, options.rounds)
        lines = [
            f"# Pareto set of {name} (variables of its front's points), made by benchmarks/re_fronts.py"
        ]
        lines += [f"# {key}: {value}" for key, value in facts.items()]
        lines += [",".join(map(repr, row)) for row in stored.x.tolist()]
        (options.out / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(name, len(stored.f), facts, flush=True)


if __name__ == "__main__":
    main()
