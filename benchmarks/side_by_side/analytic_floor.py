"""One step of 1000 analytic runs against a hand-fused loop in C++: ZDT1, n = 30, m = 2, float32.

    python benchmarks/side_by_side/analytic_floor.py [--lanes 1000] [--repetitions 9] [--no-compile]

A row is one way to make the same step of K runs (objectives, gradients, weighted sum by each run's
preference, Adam, clamp into the box): CPU microseconds a step on one thread, medians of interleaved
repetitions, and the time over the floor's.

- floor: a C++ loop over runs that does all of it for one run before it goes on to the next; compiled
  when the script starts by the C++ compiler found in $CXX or as c++, with -O3 -march=native -ffast-math,
- eager, compiled: our engine's whole step, its checks for lanes that are not finite included.

The script stops unless all are at the same points after ten steps. Required: the compiled step takes at
most 6 times the floor's time; exit code 4 otherwise. Without a C++ compiler there is no floor: it says so
and exits with 2.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from preference_loop import spread_preferences
from timing import conditions, medians
from torch import Tensor

import paretomtl as pm
from paretomtl.engine.batch import Batch
from paretomtl.engine.lane import Lane
from paretomtl.problems import AnalyticProblem
from paretomtl.sweep.settings import Budget, Optimizer, Settings

REQUIRED = 6
RATE, EPS, BETAS = 0.01, 1e-8, (0.9, 0.999)

SOURCE = r"""
#include <cmath>
#include <cstdint>

// One step of Adam on `<p, ZDT1(x)>` for every run: x, m, v are [runs, n], p is [runs, 2].
extern "C" void step(float* x, float* m, float* v, const float* p, int64_t runs, int64_t n,
                     float rate, float b1, float b2, float eps, int64_t t) {
    const float correction = std::sqrt(1 - std::pow(b2, (float)t));
    const float size = rate * correction / (1 - std::pow(b1, (float)t));
    const float small = eps * correction;
    const float slope = 9.0f / (n - 1);
    for (int64_t k = 0; k < runs; ++k) {
        float *xk = x + k * n, *mk = m + k * n, *vk = v + k * n;
        float sum = 0;
        for (int64_t i = 1; i < n; ++i) sum += xk[i];
        const float g = 1 + slope * sum;
        // f1 = x1, f2 = g - sqrt(x1 g)
        const float ratio = std::sqrt(std::fmax(xk[0] / g, 1e-16f));
        const float first = p[2 * k] - p[2 * k + 1] * 0.5f / ratio;
        const float rest = p[2 * k + 1] * (1 - 0.5f * ratio) * slope;
        for (int64_t i = 0; i < n; ++i) {
            const float d = i ? rest : first;
            mk[i] += (1 - b1) * (d - mk[i]);
            vk[i] = b2 * vk[i] + (1 - b2) * d * d;
            const float moved = xk[i] - size * mk[i] / (std::sqrt(vk[i]) + small);
            xk[i] = std::fmin(std::fmax(moved, 0.0f), 1.0f);
        }
    }
}
"""


def compiler() -> str | None:
    """Return the C++ compiler's path, None where there is none."""
    return shutil.which(os.environ.get("CXX", "c++")) or shutil.which("g++")


def fused(path: Path) -> ctypes.CDLL:
    """Compile the loop into a library in `path` and load it."""
    found = compiler()
    if found is None:
        print("No C++ compiler (set CXX): there is no floor to measure.", file=sys.stderr)
        raise SystemExit(2)
    source, library = path / "floor.cpp", path / "floor.so"
    source.write_text(SOURCE)
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run([found, *flags, str(source), "-o", str(library)], check=True)
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    print(f"floor: {version.stdout.splitlines()[0]}, {' '.join(flags[:3])}")
    return ctypes.CDLL(str(library))


class Floor:
    """The same runs in the C++ loop."""

    def __init__(self, library: ctypes.CDLL, start: Tensor, preferences: Tensor) -> None:
        self.x = start.clone().contiguous()
        self.m, self.v = torch.zeros_like(self.x), torch.zeros_like(self.x)
        self.p = preferences.float().contiguous()
        self.done = 0
        self._call = library.step
        self._call.restype = None
        self._call.argtypes = [
            *[ctypes.c_void_p] * 4,
            *[ctypes.c_int64] * 2,
            *[ctypes.c_float] * 4,
            ctypes.c_int64,
        ]
        self._pointers = [t.data_ptr() for t in (self.x, self.m, self.v, self.p)]

    def step(self) -> None:
        """Make one step of all runs."""
        self.done += 1
        self._call(*self._pointers, *self.x.shape, RATE, *BETAS, EPS, self.done)


def batch(problem: AnalyticProblem, preferences: Tensor, *, compiled: bool) -> Batch:
    """Return our batch: every run has a start of its own."""
    lanes = [
        Lane(method=pm.method("linear"), preference=tuple(p), seed=i, key=i, lr=RATE)
        for i, p in enumerate(preferences.tolist())
    ]
    settings = Settings(
        optimizer=Optimizer(lr=RATE, betas=BETAS, eps=EPS),
        budget=Budget(steps=10**6),
        precision="float32",
    )
    return Batch(problem, lanes, settings, torch.device("cpu"), compiled=compiled)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lanes", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    options = parser.parse_args()
    torch.set_num_threads(1)
    problem = pm.problem("zdt1")
    assert isinstance(problem, AnalyticProblem)
    print(conditions())
    with tempfile.TemporaryDirectory() as folder:
        library = fused(Path(folder))
    preferences = spread_preferences(2, options.lanes)
    ours = {"eager": batch(problem, preferences, compiled=False)}
    floor = Floor(library, ours["eager"].state.parameters[0].detach(), preferences)
    if options.compile:
        ours["compiled"] = batch(problem, preferences, compiled=True)
    for _ in range(10):
        floor.step()
        for own in ours.values():
            own.step()
    for name, own in ours.items():
        apart = float((own.state.parameters[0].detach() - floor.x).abs().max())
        print(f"{name}: after ten steps at most {apart:.1e} from the floor's points")
        if not apart < 1e-3 * RATE:
            raise SystemExit(f"{name} and the floor do different work: the times mean nothing.")
    steps: dict[str, Callable[[], object]] = {"floor": floor.step}
    steps |= {name: own.step for name, own in ours.items()}
    clocks = medians(steps, options.repetitions, least=0.02)
    t = {name: clock.cpu for name, clock in clocks.items()}
    print(
        f"\nZDT1, n = 30, K = {options.lanes}, float32\n{'':10s}{'us a step':>12s}{'of floor':>10s}"
    )
    for name, seconds in t.items():
        print(f"{name:10s}{1e6 * seconds:>12.1f}{seconds / t['floor']:>10.2f}")
    if not options.compile:
        return 0
    ratio = t["compiled"] / t["floor"]
    met = ratio <= REQUIRED
    print(f"{'met    ' if met else 'NOT MET'} compiled over floor {ratio:.2f}: <= {REQUIRED}")
    return 0 if met else 4


if __name__ == "__main__":
    sys.exit(main())
