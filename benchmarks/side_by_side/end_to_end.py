"""64 training runs of 300 steps, from nothing to the last losses: ours against one run at a time.

    OMP_NUM_THREADS=2 python benchmarks/side_by_side/end_to_end.py [--runs 64] [--steps 300] [--share 0.1] [--threads 2]

Each run is the two-task MLP of `networks.py` (28 000 parameters, batch 64) from its own seed, with
its own minibatches and Adam. A row is one method:

- linear: ours against plain autograd and torch.optim.Adam, one run after the other,
- mgda, upgrad: ours against TorchJD 0.18 (`mtl_backward`, `jac_to_grad`), one run after the other,
- mixed: one batch in which the lanes take turns through eight Gramian methods, against TorchJD with the
  aggregator of the same name for each run. Compared like this, the peers' slowest methods weigh most, so
  a second figure leaves out Nash-MTL, which TorchJD solves by cvxpy at every step.

Ours is everything from the call to the outcomes: networks made and stacked, all steps, losses on three
splits at three snapshots; eager, and compiled (the program is on torch's disk cache by then: the first
time takes up to a minute more). The peers' loops make only a share of the steps (`--share`; their cost a
step is constant) and are scaled up; models and optimizers of all runs are made outside their clock.
All are given in seconds on the wall and of CPU time, medians of interleaved repetitions; the ratio is the
loop's over the faster of ours, on the wall, which on a busy machine is best read beside the CPU's. There
set OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 as well: threads that spin while they wait for a neighbor's
turn to end make both sides ten times slower.

TorchJD is no dependency of this package (see aggregation_core.py for how to install it beside); without
it the script says so and compares linear only. Exit code 4 where a requirement is not met.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")

import torch
from networks import Classification, TwoHeads
from timing import Clock, conditions, medians

import paretomtl as pm
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.chunks import run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.sweep.settings import Budget, Optimizer, Settings

REQUIRED = 9.0
RATE = 1e-3
SLOW_PEER = "nash_mtl"


def torchjd_aggregators() -> dict[str, Callable[[], Any]]:
    """Return TorchJD's aggregators by our names; nothing where it is not installed."""
    try:
        from torchjd import aggregation as tj
    except ImportError:
        return {}
    return {
        "mgda": tj.MGDA,
        "upgrad": tj.UPGrad,
        "dual_proj": tj.DualProj,
        "cagrad": lambda: tj.CAGrad(c=0.4),
        "nash_mtl": lambda: tj.NashMTL(n_tasks=2),
        "pcgrad": tj.PCGrad,
        "imtl_g": tj.IMTLG,
        "aligned_mtl": tj.AlignedMTL,
    }


def ours(
    problem: Classification, names: list[str], steps: int, *, compiled: bool
) -> Callable[[], object]:
    """Return all runs of ours, one method's name a run."""
    lanes = [
        Lane(method=pm.method(name), preference=(0.5, 0.5), seed=i, key=i, lr=RATE)
        for i, name in enumerate(names)
    ]
    settings = Settings(optimizer=Optimizer(lr=RATE), budget=Budget(steps=steps), snapshots=3)
    compute = Compute(device="cpu", compile=compiled)

    def run() -> None:
        outcomes = run_lanes(problem, lanes, settings, compute=compute)
        if any(outcome.status != "ok" for outcome in outcomes):
            raise SystemExit("a run diverged")

    return run


class Looped:
    """The same runs one after the other.

    Args:
        problem: What is trained.
        aggregators: One a run; None for the mean loss in plain autograd.
        steps: Steps of each run that are made at a call.
    """

    def __init__(self, problem: Classification, aggregators: list[Any], steps: int) -> None:
        self.problem, self.steps = problem, steps
        self.data = problem.data("train")
        self.runs: list[tuple[TwoHeads, Any, torch.optim.Optimizer]] = []
        for seed, aggregator in enumerate(aggregators):
            torch.manual_seed(seed)
            module = TwoHeads(problem.sizes)
            self.runs.append((module, aggregator, torch.optim.Adam(module.parameters(), RATE)))

    def __call__(self) -> None:
        """Go on with every run for `steps` steps."""
        for module, aggregator, optimizer in self.runs:
            for _ in range(self.steps):
                index = torch.randint(len(self.data[0]), (self.problem.batch,))
                batch = tuple(t[index] for t in self.data)
                optimizer.zero_grad()
                if aggregator is None:
                    self.problem.losses(module, batch).mean().backward()
                else:
                    _backward(module, batch, aggregator)
                optimizer.step()


def _backward(module: TwoHeads, batch: tuple[torch.Tensor, ...], aggregator: Any) -> None:
    """Leave TorchJD's aggregated gradient in the trunk, each task's own in its head."""
    from torch.nn.functional import cross_entropy
    from torchjd.autojac import jac_to_grad, mtl_backward

    x, first, second = batch
    features = module.trunk(x)
    losses = [
        cross_entropy(module.first(features), first),
        cross_entropy(module.second(features), second),
    ]
    mtl_backward(losses, features=features)
    jac_to_grad(module.trunk.parameters(), aggregator)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--share", type=float, default=0.1, help="of the steps, for the loops")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    parser.add_argument("--methods", nargs="+", default=["linear", "mgda", "upgrad", "mixed"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore", message=".*not DPP.*")
    problem = Classification()
    peers = torchjd_aggregators()
    part = max(1, round(options.share * options.steps))
    factor = options.steps / part
    if not peers:
        print("TorchJD is not installed here: only linear is compared (see --help).")
    print(
        f"{conditions()}; {options.runs} runs x "
        f"{options.steps} steps; loops make {part} steps, times {factor:g}; seconds, wall (CPU)"
    )
    columns = ("eager", "compiled", "loop") if options.compile else ("eager", "loop")
    head = "".join(f"{name:>18}" for name in columns)
    print(f"{'':<22}{head}{'wall':>8}{'CPU':>8}")
    unmet = 0
    for name, members, required in cases(options.methods, list(peers), options.runs):
        aggregators = [None if n == "linear" else peers[n]() for n in members]
        sides: dict[str, Callable[[], object]] = {}
        for kind in columns[:-1]:
            compiled = kind == "compiled"
            ours(problem, members, 2, compiled=compiled)()
            sides[kind] = ours(problem, members, options.steps, compiled=compiled)
        Looped(problem, aggregators, 1)()
        sides["loop"] = Looped(problem, aggregators, part)
        t = medians(sides, options.repetitions, warm_up=0)
        t["loop"] = t["loop"].times(factor)
        faster = Clock(*(min(getattr(t[k], c) for k in columns[:-1]) for c in ("wall", "cpu")))
        gain = t["loop"].over(faster)
        met = gain.wall >= REQUIRED
        verdict = f"{'met' if met else 'NOT MET'}: >= {REQUIRED:g}" if required else ""
        unmet += required and not met
        cells = "".join(f"{t[c].wall:>10.2f} ({t[c].cpu:5.1f})" for c in columns)
        print(f"{name:<22}{cells}{gain.wall:>8.1f}{gain.cpu:>8.1f}  {verdict}", flush=True)
    return 4 if unmet else 0


def cases(wanted: list[str], peers: list[str], runs: int) -> list[tuple[str, list[str], bool]]:
    """Return each row's name, its runs' methods, and whether the requirement is judged by it."""
    rows: list[tuple[str, list[str], bool]] = []
    for name in wanted:
        if name == "linear" or name in peers:
            rows.append((name, [name] * runs, True))
        elif name == "mixed" and peers:
            quick = [peer for peer in peers if peer != SLOW_PEER]
            rows.append(("mixed, 7 methods", list(islice(cycle(quick), runs)), True))
            rows.append(("mixed, with Nash-MTL", list(islice(cycle(peers), runs)), False))
    return rows


if __name__ == "__main__":
    sys.exit(main())
