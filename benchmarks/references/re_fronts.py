"""Compute the reference fronts of the RE problems and write them to the package's data folder.

    python benchmarks/references/re_fronts.py [NAME ...] [--out DIR]

RE36 is enumerated: its 49^4 integer points are all evaluated. For the others, in normalised
objectives and all seeded:

1. Four searches: each samples the box evenly (2^18 points and its corners), keeps an archive of
   non-dominated points, and improves it round by round with children (differential steps, Gaussian
   steps at scales from 0.3 to 1e-7 of the box, coordinates put on a bound). Their union is the pool.
2. The least value of each objective, by sequential quadratic programming from eight pool points.
3. The pool is thinned, farthest first, the ends of each objective always included.
4. Each point is refined by `re_polish.py`: sequential quadratic programming from the point and from
   six pool points in other places, until no objective can be improved without another one's loss.
5. The same again with starts from other pools, in turn two more searches with other seeds and random
   points, until two turns in a row gain less than 1e-9, at most eight turns. What the last two
   gained is the stated accuracy.
6. The hypervolume is integrated in directions from the reference point; every reach is a program
   solved exactly.

The files hold the variables of the points; `front()` evaluates them, so every point is attained.
Their headers state, as shares of the range from ideal to nadir: by how much the last two turns
bettered a point in all objectives (`accuracy`), by how much a point of the last searches does
(`accuracy_by_search`), ideal, nadir, the hypervolume at nadir + 10 %, and how much two halves of the
directions differ (`hypervolume_accuracy`, relative).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import moocore
import numpy as np
import torch
from paretomtl_problems.analytic.fronts.surface import even_points
from re_polish import Floats, Refiner, Smooth, hypervolume
from torch import Tensor

import paretomtl as pm
from paretomtl.problems import AnalyticProblem

NAMES = tuple(f"re{n}" for n in (21, 22, 23, 24, 25, 31, 32, 33, 34, 35, 36, 37, 41, 42, 61, 91))
POINTS = {2: 400, 3: 200, 4: 200, 6: 200, 9: 200}
"""Points stored, by the number of objectives."""
DIRECTIONS = {2: 1500, 3: 1000, 4: 2000, 6: 1500, 9: 1500}
"""Directions of the hypervolume's integral, by the number of objectives."""
ROUNDS = 200
CHILDREN = 4000
DATA = Path(__file__).parents[2] / "problems" / "paretomtl_problems" / "analytic" / "re" / "data"


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


def pooled(problem: AnalyticProblem, seeds: tuple[int, ...], rounds: int) -> Archive:
    """Return the non-dominated union of several searches."""
    first, *others = (search(problem, seed, rounds) for seed in seeds)
    for other in others:
        first = first.merged(other.x, other.f, 10**9)
    return first


def scattered(problem: AnalyticProblem, seed: int) -> Archive:
    """Return random points, uniform in the box: starts in places where no search ends."""
    lower, upper = problem.bounds
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(4000, problem.n_variables, dtype=torch.float64, generator=generator)
    x = lower + (upper - lower) * u
    f = problem.objectives(x)
    keep = f.isfinite().all(-1)
    return Archive(x[keep], f[keep])


def refiner(problem: AnalyticProblem, pool: Archive, least: Floats, span: Floats) -> Refiner:
    """Return what refines points of a problem with a pool."""
    smooth = Smooth(problem, span)
    return Refiner(smooth, smooth.snapped(pool.x.numpy()), pool.f.numpy(), least)


def refined(by: Refiner, points: Archive, starts: int) -> tuple[Archive, float]:
    """Refine every point; drop what is dominated then; return the greatest gain as well."""
    found = [
        by.refine(x, f, starts=starts)
        for x, f in zip(points.x.numpy(), points.f.numpy(), strict=True)
    ]
    x = torch.from_numpy(np.array([x for x, _, _ in found]))
    f = torch.from_numpy(np.array([f for _, f, _ in found]))
    nothing = Archive(x[:0], f[:0])
    return nothing.merged(x, f, 10**9), max(gain for _, _, gain in found)


def approximated(problem: AnalyticProblem, rounds: int) -> tuple[Archive, dict[str, str]]:
    """Return the points to store and what is known of them."""
    m = problem.n_objectives
    pool = pooled(problem, (1, 2, 3, 4), rounds)
    span = (pool.f.amax(0) - pool.f.amin(0)).clamp(min=1e-300).numpy()
    by = refiner(problem, pool, pool.f.amin(0).numpy(), span)
    corners = [by.minimize(objective) for objective in range(m)]
    x, f = (torch.from_numpy(np.array(column)) for column in zip(*corners, strict=True))
    pool = pool.merged(x, f, 10**9)
    by = refiner(problem, pool, pool.f.amin(0).numpy(), span)
    chosen = farthest_first(normalised(pool.f), POINTS[m])
    stored, _ = refined(by, Archive(pool.x[chosen], pool.f[chosen]), 6)
    gains = [1.0]
    beyond = 0.0
    for turn in range(8):
        if turn % 2 == 0:
            fresh = pooled(problem, (10 + turn, 11 + turn), rounds)
            beyond = max(gain_beyond(stored.f, fresh.f, torch.from_numpy(span)), 0.0)
            pool = pool.merged(fresh.x, fresh.f, 10**9).merged(stored.x, stored.f, 10**9)
        else:
            fresh = scattered(problem, 10 + turn)
        by = refiner(problem, fresh, stored.f.amin(0).numpy(), span)
        stored, gain = refined(by, stored, 6)
        gains.append(gain)
        print("  turn", turn, len(stored.f), f"{gain:.1e} {beyond:.1e}", flush=True)
        if max(gains[-2:]) < 1e-9:
            break
    ideal, nadir = stored.f.amin(0), stored.f.amax(0)
    span = (nadir - ideal).numpy()
    by = refiner(problem, pool.merged(stored.x, stored.f, 10**9), ideal.numpy(), span)
    volume, off = hypervolume(by, nadir.numpy() + 0.1 * span, DIRECTIONS[m])
    return stored, {
        "method": f"searches of 2^18 points and {rounds} rounds, refined by quadratic programs",
        "accuracy": f"{max(gains[-2:]):.1e}",
        "accuracy_by_search": f"{beyond:.1e}",
        "hypervolume": repr(volume * float(span.prod())),
        "hypervolume_accuracy": f"{off / volume:.1e}",
    }


def compute(name: str, rounds: int) -> tuple[Archive, dict[str, str]]:
    """Return the points to store, in order, and what is known of them."""
    problem = pm.problem(name)
    assert isinstance(problem, AnalyticProblem)
    m = problem.n_objectives
    if name == "re36":
        stored = enumerated(problem)
        ideal, nadir = stored.f.amin(0), stored.f.amax(0)
        reference = (nadir + 0.1 * (nadir - ideal)).numpy()
        facts = {
            "method": "all 49^4 integer points were evaluated; exact",
            "accuracy": "0",
            "hypervolume": repr(float(moocore.hypervolume(stored.f.numpy(), ref=reference))),
            "hypervolume_accuracy": "1e-15",
        }
    else:
        stored, facts = approximated(problem, rounds)
    ideal, nadir = stored.f.amin(0), stored.f.amax(0)
    facts["ideal"] = ",".join(map(repr, ideal.tolist()))
    facts["nadir"] = ",".join(map(repr, nadir.tolist()))
    order = (
        stored.f[:, 0].argsort() if m == 2 else farthest_first(normalised(stored.f), len(stored.f))
    )
    return Archive(stored.x[order], stored.f[order]), facts


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
            f"# Pareto set of {name} (variables of its front's points), made by benchmarks/references/re_fronts.py"
        ]
        lines += [f"# {key}: {value}" for key, value in facts.items()]
        lines += [",".join(map(repr, row)) for row in stored.x.tolist()]
        (options.out / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(name, len(stored.f), facts, flush=True)


if __name__ == "__main__":
    main()
