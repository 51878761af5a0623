"""What a step spends on anything but the network: the method, and the bookkeeping.

    python benchmarks/side_by_side/step_overhead.py [--steps 20]

The MLP of `networks.py` (batch 64) with 2 and 8 heads, K = 128, eager, one thread, profiled part by
part: the method, bookkeeping (minibatch indices and gathering, checks for NaN, whatever is in no part), and
what the evaluations of a run of 1000 steps cost against those steps (at the snapshots that the engine
takes by default).
Targets: method and bookkeeping at most 10 % of a step, snapshots at most 3 %.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import torch
from networks import Classification
from timing import conditions
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.engine.planning.compute import Compute
from paretomtl.engine.profile import profile_step
from paretomtl.engine.run import Run
from paretomtl.problems import Split
from paretomtl.sweep.settings import Budget, Optimizer, Settings


class Heads(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(144, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(64, 10) for _ in range(count))

    def forward(self, x: Tensor) -> list[Tensor]:
        z = self.trunk(x)
        return [head(z) for head in self.heads]


@dataclass(frozen=True, kw_only=True, eq=False)
class ManyHeads(Classification):
    tasks: int = 2

    @property
    def n_objectives(self) -> int:  # type: ignore[override]
        return self.tasks

    @property
    def ideal(self) -> Tensor:  # type: ignore[override]
        return torch.zeros(self.tasks, dtype=torch.float64)

    @property
    def nadir(self) -> Tensor:  # type: ignore[override]
        return torch.ones(self.tasks, dtype=torch.float64)

    def module(self) -> nn.Module:
        return Heads(self.tasks)

    def losses(self, module: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        x, label, _ = batch
        return torch.stack([cross_entropy(logits, label) for logits in module(x)])

    def data(self, split: Split) -> tuple[Tensor, ...]:
        return super().data(split)


def snapshots_of(problem: ManyHeads, lanes: list[Lane], settings: Settings) -> int:
    """Return how many snapshots a run takes, the first and the last one included."""
    (one, *_) = Run(Batch(problem, lanes[:2], settings, torch.device("cpu"))).outcomes()
    return len(one.steps)


BOOKKEEPING = ("minibatch", "checks", "rest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{conditions()}, K = 128")
    print(f"{'m':>2} {'method':<12}{'step ms':>9}{'method':>9}{'bookkeeping':>13}{'snapshots':>11}")
    for m in (2, 8):
        for name in ("linear", "mgda", "upgrad", "cagrad", "nash_mtl", "pcgrad"):
            lanes = [
                Lane(method=pm.method(name), preference=(1 / m,) * m, seed=k, key=k, lr=1e-3)
                for k in range(128)
            ]
            settings = Settings(optimizer=Optimizer(lr=1e-3), budget=Budget(steps=1000))
            parts = {
                part.name: part
                for part in profile_step(
                    ManyHeads(tasks=m),
                    lanes,
                    settings,
                    compute=Compute(device="cpu"),
                    steps=options.steps,
                )
            }
            step = parts["whole step"].seconds
            evaluation = parts["evaluation (once a snapshot)"].seconds
            snapshots = (
                snapshots_of(ManyHeads(tasks=m), lanes, settings) * evaluation / (1000 * step)
            )
            kept = sum(parts[name].share for name in BOOKKEEPING)
            print(
                f"{m:>2} {name:<12}{1e3 * step:>9.1f}{parts['method'].share:>9.1%}{kept:>13.1%}"
                f"{snapshots:>11.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
