"""What one batched step costs, and how much memory many lanes take."""

from statistics import median
from time import perf_counter

import torch

import paretomtl as pm

METHODS = ("linear", "smooth_tchebycheff", "mgda")
FEW, MANY = 20, 220


def run(method: str, lanes: int, steps: int) -> None:
    """Advance `lanes` runs of ZDT1 together, on one thread, keeping only both ends."""
    torch.set_num_threads(1)
    pm.trace(
        "zdt1",
        method,
        preferences=lanes,
        budget=pm.Budget(steps=steps),
        optimizer="adam",
        lr=0.01,
        snapshots=2,
        device="cpu",
    )


class HundredSteps:
    """A hundred steps from Python: set-up, steps and scoring together."""

    params = (METHODS, (1, 256))
    param_names = ("method", "lanes")
    version = "1"
    timeout = 120

    def setup(self, method: str, lanes: int) -> None:
        run(method, lanes, 1)  # the first call imports every problem and method

    def time_hundred_steps(self, method: str, lanes: int) -> None:
        run(method, lanes, 100)


class OneStep:
    """One batched step alone: the difference of a long and a short run, over their difference in steps.

    Long and short runs alternate, so that a machine that slows down slows both.
    """

    params = (METHODS, (1, 256))
    param_names = ("method", "lanes")
    unit = "seconds"
    version = "1"
    timeout = 300

    def setup(self, method: str, lanes: int) -> None:
        run(method, lanes, FEW)

    def track_one_step(self, method: str, lanes: int) -> float:
        def seconds(steps: int) -> float:
            start = perf_counter()
            run(method, lanes, steps)
            return perf_counter() - start

        return median((seconds(MANY) - seconds(FEW)) / (MANY - FEW) for _ in range(7))


class Memory:
    """Peak memory of the process; most of it is torch itself, which `peakmem_nothing` shows."""

    version = "1"

    def peakmem_nothing(self) -> None:
        pass

    def peakmem_4096_lanes(self) -> None:
        run("mgda", 4096, 10)
