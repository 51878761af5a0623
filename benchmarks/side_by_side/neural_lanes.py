"""What a step of K stacked networks costs: against one network at a time, and against the bare products.

    python benchmarks/side_by_side/neural_lanes.py [--repetitions 15] [--only mlp lenet] [--markdown FILE]

Every row is one step of K networks on their own minibatches with Adam, in CPU milliseconds of one
thread, medians of interleaved repetitions:

- loop: the same networks one after the other in plain autograd with torch.optim.Adam,
- floor: nothing but the batched matrix products that forward and backward pass cannot do without (the
  gradient by the data is none of them),
- linear, mgda: our engine's whole step (minibatch, forward, backward, method, checks, optimizer) as it
  runs by default, any module under vmap; compiled: the same with `compile=True`,
- linear reads losses, mgda the Gramian (two backward passes).

Ours is cut into chunks as `run_lanes` cuts it, each of which makes eight steps before the next one's turn
(in a run: all its steps); "lanes" is the size of the compiled chunks. K = 1 is carried out beside an idle
copy, so it is a step of two networks.

Compared are loop / ours (larger is better) and ours / floor (1 is the floor; m = 2 floors for mgda).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from networks import Classification, Pictures
from timing import conditions, medians

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.chunks import batch_of, cut
from paretomtl.engine.planning.compute import Compute
from paretomtl.sweep.settings import Budget, Optimizer, Settings


def loop_step(problem: Classification, k: int) -> Callable[[], None]:
    modules = [problem.module() for _ in range(k)]
    optimizers = [torch.optim.Adam(module.parameters(), 1e-3) for module in modules]
    data = problem.data("train")

    def step() -> None:
        for module, optimizer in zip(modules, optimizers, strict=True):
            index = torch.randint(len(data[0]), (problem.batch,))
            losses = problem.losses(module, tuple(t[index] for t in data))
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()

    return step


def floor_step(problem: Classification, k: int) -> Callable[[], None]:
    sizes = problem.sizes
    shapes = [*pairwise(sizes), (sizes[-1], 10), (sizes[-1], 10)]
    weights = [torch.randn(k, b, a) for a, b in shapes]
    inputs = [torch.randn(k, problem.batch, a) for a, _ in shapes]
    outputs = [torch.randn(k, problem.batch, b) for _, b in shapes]

    @torch.no_grad()
    def step() -> None:
        for i, (w, x, y) in enumerate(zip(weights, inputs, outputs, strict=True)):
            torch.bmm(x, w.mT)
            torch.bmm(y.mT, x)
            if i:  # the data need no gradient
                torch.bmm(y, w)

    return step


STEPS = 8
"""Steps of a chunk before the next one's turn."""


def engine_batches(
    problem: Classification, k: int, method: str, *, compiled: bool = False
) -> list[Batch]:
    lanes = [
        Lane(
            method=pm.method(method),
            preference=(i / max(k - 1, 1), 1 - i / max(k - 1, 1)),
            seed=i,
            key=i,
            lr=1e-3,
        )
        for i in range(k)
    ]
    settings = Settings(optimizer=Optimizer(lr=1e-3), budget=Budget(steps=1000))
    compute = Compute(device="cpu", compile=compiled)
    return [
        batch_of(problem, [lanes[i] for i in chunk], settings, compute)[0]
        for chunk in cut(problem, lanes, settings, compute)
    ]


def engine_steps(batches: list[Batch]) -> Callable[[], None]:
    def steps() -> None:
        for batch in batches:
            for _ in range(STEPS):
                batch.step()

    return steps


CASES = [
    ("mlp", "28k MLP, batch 64", Classification(), (1, 8, 32, 128)),
    ("mlp", "28k MLP, batch 16", Classification(batch=16), (128,)),
    ("mlp", "144-32-16 MLP, batch 32", Classification(sizes=(144, 32, 16), batch=32), (1, 512)),
    ("lenet", "LeNet 16x16, batch 32", Pictures(side=16, batch=32), (32,)),
    ("lenet", "LeNet 36x36, batch 32", Pictures(side=36, batch=32), (16,)),
]

COLUMNS = ("loop", "floor", "linear", "linear compiled", "mgda", "mgda compiled")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--only", nargs="*", choices=("mlp", "lenet"), default=("mlp", "lenet"))
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines = [
        f"{conditions()}; CPU ms of a step, then ratios.",
        "",
        "| case | K | lanes | " + " | ".join(COLUMNS) + " | loop / linear | loop / linear compiled "
        "| linear compiled / floor | mgda compiled / 2 floors |",
        "|---|" + "---:|" * (len(COLUMNS) + 6),
    ]
    print("\n".join(lines), flush=True)
    for kind, name, problem, counts in CASES:
        for k in counts if kind in options.only else ():
            batches = {
                method + ending: engine_batches(problem, k, method, compiled=compiled)
                for method in ("linear", "mgda")
                for ending, compiled in (("", False), (" compiled", True))
            }
            steps = {side: engine_steps(own) for side, own in batches.items()}
            steps["loop"] = loop_step(problem, k)
            if kind == "mlp":
                steps["floor"] = floor_step(problem, k)
            clocks = medians(steps, options.repetitions, warm_up=2)
            t = {side: clock.cpu for side, clock in clocks.items()}
            for kept in batches:
                t[kept] /= STEPS
            sizes = [str(len(own[0].members)) for side, own in batches.items() if "comp" in side]
            floor = t.get("floor", float("nan"))
            figures = [" / ".join(sizes)]
            figures += [f"{1e3 * t[c]:.2f}" if c in t else "" for c in COLUMNS]
            ratios = [t["loop"] / t["linear"], t["loop"] / t["linear compiled"]]
            ratios += [t["linear compiled"] / floor, t["mgda compiled"] / (2 * floor)]
            figures += [f"{r:.2f}" if r == r else "" for r in ratios]
            lines.append(f"| {name} | {k} | " + " | ".join(figures) + " |")
            print(lines[-1], flush=True)
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
