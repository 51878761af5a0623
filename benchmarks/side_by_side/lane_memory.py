"""Whether a batch takes the memory that the planner says, and whether a limit is kept.

    python benchmarks/side_by_side/lane_memory.py [--lanes 4096] [--limit "6 GB"] [--steps 20]

First, chunks of several sizes of the 28k MLP of `networks.py` (batch 64): predicted bytes and
growth of the process's resident memory, each in a fresh process. Then
4096 lanes under a limit of 6 GB to the end of their budget: chunks, peak, seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import torch
from networks import Classification
from timing import timed

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.outcome import Outcome
from paretomtl.engine.planning.chunks import cut, predicted_bytes, run_lanes
from paretomtl.engine.planning.compute import Compute
from paretomtl.engine.run import Run
from paretomtl.executors.memory import PeakMemory
from paretomtl.sweep.settings import Budget, Optimizer, Settings

CPU = torch.device("cpu")


def lanes_of(method: str, count: int) -> list[Lane]:
    return [
        Lane(
            method=pm.method(method),
            preference=(k / max(count - 1, 1), 1 - k / max(count - 1, 1)),
            seed=k,
            key=k,
            lr=1e-3,
        )
        for k in range(count)
    ]


def settings_of(steps: int) -> Settings:
    return Settings(optimizer=Optimizer(lr=1e-3), budget=Budget(steps=steps), snapshots=4)


def one_chunk(method: str, count: int) -> dict[str, float]:
    problem, lanes, settings = Classification(), lanes_of(method, count), settings_of(5)
    predicted = predicted_bytes(problem, lanes, settings, count, device=CPU)
    before = PeakMemory(CPU).peak()
    memory = PeakMemory(CPU)
    Run(Batch(problem, lanes, settings, CPU)).outcomes()
    return {"predicted": predicted, "resident": memory.peak() - before}


def many(count: int, limit: str, steps: int) -> dict[str, float]:
    problem, lanes, settings = Classification(), lanes_of("linear", count), settings_of(steps)
    compute = Compute(device="cpu", memory=limit)
    chunks = cut(problem, lanes, settings, compute)
    memory = PeakMemory(CPU)
    outcomes: list[Outcome] = []
    clock = timed(lambda: outcomes.extend(run_lanes(problem, lanes, settings, compute=compute)))
    return {
        "chunks": len(chunks),
        "largest": max(map(len, chunks)),
        "resident": memory.peak(),
        "seconds": clock.wall,
        "finished": sum(o.status == "ok" and o.steps[-1] == steps for o in outcomes),
    }


def apart(*arguments: object) -> dict[str, float]:
    """Run one measurement in a process of its own: freed memory is not all given back."""
    command = [sys.executable, __file__, "--apart", *map(str, arguments)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lanes", type=int, default=4096)
    parser.add_argument("--limit", default="6 GB")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--apart", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.apart:
        print(json.dumps(one_chunk(options.apart[0], int(options.apart[1]))))
        return
    print(f"{'method':<8}{'lanes':>6}{'predicted MB':>14}{'resident MB':>13}{'ratio':>7}")
    for method in ("linear", "mgda"):
        for count in (64, 128, 512):
            found = apart(method, count)
            print(
                f"{method:<8}{count:>6}{found['predicted'] / 1e6:>14.0f}"
                f"{found['resident'] / 1e6:>13.0f}{found['resident'] / found['predicted']:>7.2f}",
                flush=True,
            )
    found = many(options.lanes, options.limit, options.steps)
    print(
        f"{options.lanes} lanes under {options.limit}: {found['chunks']} chunks of at most "
        f"{found['largest']}, {found['finished']} finished, {found['seconds']:.0f} s, the whole process "
        f"at most {found['resident'] / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    main()
