"""How much one batched program gains over the same runs one at a time, on one machine in one process.

    python benchmarks/batched_against_looped.py [SUITE] [--share 0.02] [--threads N] [--seed 0]

Runs a suite's whole optimization in batches, without a store, and times it. Then runs a random share
of the same runs one at a time through the same engine, problem by problem, and scales their time up
to the whole. Prints both, their ratio, and whether each run alone gave the same numbers to the last
bit as in its batch.
"""

from __future__ import annotations

import argparse
import platform
import random
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from paretomtl import suites
from paretomtl.engine import plan_batches, run_batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("suite", nargs="?", default="quickstart")
    parser.add_argument("--share", type=float, default=0.02, help="of the runs that is looped over")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0, help="of the choice of looped runs")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    batches = plan_batches(suites.load(options.suite).runs())
    chosen = random.Random(options.seed)
    rows: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for batch in batches:
        row = rows[batch[0].problem.label]
        warm_up = run_batch(batch[:1])  # data loading and first calls are nobody's merit
        del warm_up
        started = time.perf_counter()
        outcomes = dict(zip((s.key for s in batch), run_batch(batch), strict=True))
        row["batched"] += time.perf_counter() - started
        row["runs"] += len(batch)
        sample = chosen.sample(batch, max(1, round(options.share * len(batch))))
        started = time.perf_counter()
        alone = [run_batch([spec])[0] for spec in sample]
        row["looped"] += (time.perf_counter() - started) * len(batch) / len(sample)
        row["sampled"] += len(sample)
        row["equal"] += sum(
            all(
                np.array_equal(one.losses[s], outcomes[spec.key].losses[s], equal_nan=True)
                for s in one.losses
            )
            for spec, one in zip(sample, alone, strict=True)
        )

    print(f"{_cpu()}, {options.threads} thread(s), torch {torch.__version__}")
    print(
        f"{'problem':<24}{'runs':>6}{'batched s':>11}{'one by one s':>14}{'ratio':>8}  equal to the bit"
    )
    total = defaultdict(float)
    for name, row in rows.items():
        _print(name, row)
        for column, value in row.items():
            total[column] += value
    _print("all", total)


def _print(name: str, row: dict[str, float]) -> None:
    print(
        f"{name:<24}{row['runs']:>6.0f}{row['batched']:>11.1f}{row['looped']:>14.1f}"
        f"{row['looped'] / row['batched']:>8.1f}  {row['equal']:.0f} of {row['sampled']:.0f}"
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        return f"{names[0]} ({len(names)} cores)"
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
