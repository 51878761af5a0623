"""How much one batched program gains over the same runs one at a time, on one machine in one process.

    python benchmarks/side_by_side/batched_against_looped.py [SUITE] [--share 0.02] [--threads N] [--seed 0]

Runs a suite's whole optimization in batches, without a store, and times it. Then runs a random share
of the same runs one at a time through the same engine, problem by problem, and scales their time up
to the whole. Prints both, their ratio, and whether each run alone gave the same numbers to the last
bit as in its batch.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from dataclasses import astuple, dataclass

import numpy as np
import torch
from timing import conditions, timed

from paretomtl import suites
from paretomtl.engine import plan_batches, run_batch
from paretomtl.engine.outcome import Outcome
from paretomtl.sweep.spec import RunSpec


@dataclass(frozen=True)
class Row:
    """What is known of some runs: seconds in batches and, scaled up, one by one; how many agree."""

    batched: float = 0.0
    looped: float = 0.0
    runs: int = 0
    sampled: int = 0
    equal: int = 0

    def __add__(self, other: Row) -> Row:
        return Row(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def measured(batch: list[RunSpec], share: float, chosen: random.Random) -> Row:
    """Run a batch whole, then a share of its runs one at a time, and return the row's figures."""
    run_batch(batch[:1])  # data loading and first calls are nobody's merit
    together: list[Outcome] = []
    batched = timed(lambda: together.extend(run_batch(batch)))
    outcomes = dict(zip((spec.key for spec in batch), together, strict=True))
    sample = chosen.sample(batch, max(1, round(share * len(batch))))
    alone: list[Outcome] = []
    looped = timed(lambda: alone.extend(run_batch([spec])[0] for spec in sample))
    equal = sum(
        all(
            np.array_equal(one.losses[s], outcomes[spec.key].losses[s], equal_nan=True)
            for s in one.losses
        )
        for spec, one in zip(sample, alone, strict=True)
    )
    looped_all = looped.wall * len(batch) / len(sample)
    return Row(batched.wall, looped_all, len(batch), len(sample), equal)


def show(name: str, row: Row) -> None:
    """Print a row of the table."""
    print(
        f"{name:<24}{row.runs:>6}{row.batched:>11.1f}{row.looped:>14.1f}"
        f"{row.looped / row.batched:>8.1f}  {row.equal} of {row.sampled}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("suite", nargs="?", default="quickstart")
    parser.add_argument("--share", type=float, default=0.02, help="of the runs that is looped over")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0, help="of the choice of looped runs")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    chosen = random.Random(options.seed)
    rows: dict[str, Row] = defaultdict(Row)
    for batch in plan_batches(suites.load(options.suite).runs()):
        rows[batch[0].problem.label] += measured(batch, options.share, chosen)
    print(conditions())
    print(
        f"{'problem':<24}{'runs':>6}{'batched s':>11}{'one by one s':>14}{'ratio':>8}  equal to the bit"
    )
    for name, row in rows.items():
        show(name, row)
    show("all", sum(rows.values(), Row()))


if __name__ == "__main__":
    main()
