"""Our aggregation core against TorchJD 0.18, on one thread: time, exactness, memory.

TorchJD takes one Gramian (Nash-MTL: one Jacobian) at a time, so it is looped over the 256 lanes that we
take at once. Times are CPU times of this process, which neighbors on the machine disturb least; a peer
too slow to loop over all lanes within `--limit` seconds is timed on the first of them, and the table
says on how many. Each error is a residual of the conditions that define the method (0 is exact), the
worst over all lanes, by the same code for both.

TorchJD is no dependency of this package. In an environment of its own:

    python -m venv bench-env
    bench-env/bin/pip install -e . "torchjd[full]==0.18.0"
    OMP_NUM_THREADS=1 bench-env/bin/python benchmarks/side_by_side_core.py [--compile] [--out FILE.csv]

`--compile` adds a column with `torch.compile`, which unrolls every round and takes minutes. Exit code 2
where TorchJD is missing, 4 where a requirement printed at the end is not met.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from scipy.optimize import nnls

from paretomtl.methods.base import Signals, method

LANES = 256
EXACT = 1e-12
"""Residuals below this are rounding: neither side is the better one."""


def peers() -> dict[str, Callable[[int], Callable[[torch.Tensor], torch.Tensor]]]:
    """Return, by our method's name, how to construct TorchJD's weighting for m tasks."""
    try:
        from torchjd import aggregation as tj
    except ImportError:
        print(__doc__, file=sys.stderr)
        print("TorchJD is not installed here: see above for how to install it.", file=sys.stderr)
        raise SystemExit(2) from None
    return {
        "mgda": lambda m: tj.MGDAWeighting(),
        "upgrad": lambda m: tj.UPGradWeighting(),
        "dual_proj": lambda m: tj.DualProjWeighting(),
        "cagrad": lambda m: tj.CAGradWeighting(c=0.4),
        "nash_mtl": lambda m: tj.NashMTL(n_tasks=m, max_norm=0.0).weighting,
        "aligned_mtl": lambda m: tj.AlignedMTLWeighting(),
        "pcgrad": lambda m: tj.PCGradWeighting(),
        "imtl_g": lambda m: tj.IMTLGWeighting(),
        "fairgrad": lambda m: tj.FairGradWeighting(alpha=1.0),
    }


OPTIONS: dict[str, dict[str, Any]] = {"cagrad": {"c": 0.4}, "nash_mtl": {"max_norm": 0.0}}


@dataclass
class Row:
    """One line of the table: times in milliseconds for all lanes, errors as worst residuals."""

    method: str
    m: int
    ours_ms: float
    peer_ms: float
    peer_lanes: int
    compiled_ms: float
    ours_error: float
    peer_error: float
    single_ours_us: float
    single_peer_us: float

    @property
    def ratio(self) -> float:
        """How many times faster, eager."""
        return self.peer_ms / self.ours_ms

    @property
    def best(self) -> float:
        """How many times faster, compiled where that was measured and is faster."""
        return self.peer_ms / min(self.ours_ms, self.compiled_ms)

    @property
    def single(self) -> float:
        """Our time for one lane over TorchJD's."""
        return self.single_ours_us / self.single_peer_us


def cpu_time(call: Callable[[], object], repetitions: int) -> float:
    """Return the median CPU seconds of a call, after one to warm up."""
    call()
    times: list[float] = []
    for _ in range(repetitions):
        begin = time.process_time()
        call()
        times.append(time.process_time() - begin)
    return sorted(times)[len(times) // 2]


def residual(name: str, w: torch.Tensor, J: torch.Tensor) -> float:
    """Return by how much weights miss what defines the method, relative to the rows' lengths."""
    G, d = J @ J.T, w @ J
    gain, lengths = J @ d, J.norm(dim=1)
    size = float(lengths.max())
    m = len(J)
    u = torch.full((m,), 1 / m, dtype=J.dtype)
    match name:
        case "mgda":
            return float((w @ gain - gain.min()).clamp(min=0)) / size**2 + float((w < 0).sum())
        case "upgrad":
            rows = [torch.as_tensor(nnls(J.T.numpy(), -g.numpy())[0]) @ J + g for g in J]
            return float((d - torch.stack(rows).mean(0)).norm()) / size
        case "dual_proj":
            mean = u @ J
            exact = torch.as_tensor(nnls(J.T.numpy(), -mean.numpy())[0]) @ J + mean
            return float((d - exact).norm()) / size
        case "cagrad":
            return _cagrad_gap(w, J, u, size)
        case "nash_mtl" | "fairgrad":
            return float((gain * w - 1).abs().max())
        case "aligned_mtl":
            U, S, _ = torch.linalg.svd(J, full_matrices=False)
            exact = S.min() * (U @ ((U.T @ u) / S))
            return float(((w - exact) @ J).norm()) / size
        case "imtl_g":
            projections = gain / lengths
            return float(projections.max() - projections.min()) / float((w.abs() * lengths).sum())
        case "pcgrad":
            return float((d - _pcgrad(J)).norm()) / size
        case _:
            raise ValueError(f"no residual for {name!r}: {G.shape}")


def _cagrad_gap(w: torch.Tensor, J: torch.Tensor, u: torch.Tensor, size: float) -> float:
    """Return the duality gap of CAGrad's worst gain, plus how far d leaves the ball."""
    g0, v = u @ J, w - u
    radius = 0.4 * g0.norm()
    mix = method("cagrad", c=0.4).step({}, Signals(gramian=J @ J.T))[0] - u
    mix = (mix / mix.sum()) @ J if float(mix.sum()) > 0 else J[(J @ g0).argmin()]
    bound = mix @ g0 + radius * mix.norm()
    outside = ((v @ J).norm() - radius).clamp(min=0)
    return float((bound - (J @ (w @ J)).min()).clamp(min=0)) / size**2 + float(outside) / size


def _pcgrad(J: torch.Tensor) -> torch.Tensor:
    """Project full gradients in ascending order, as the paper's loop does."""
    total = torch.zeros_like(J[0])
    for i, row in enumerate(J):
        v = row.clone()
        for j, other in enumerate(J):
            if j != i and v @ other < 0:
                v = v - (v @ other) / (other @ other) * other
        total += v
    return total


def compare(name: str, make: Callable[[int], Any], m: int, arguments: argparse.Namespace) -> Row:
    """Time and check one method for m tasks."""
    g = torch.Generator().manual_seed(m)
    J = torch.randn(LANES, m, 20, dtype=torch.float64, generator=g)
    G, keys = J @ J.mT, torch.arange(LANES)
    ours = method(name, **OPTIONS.get(name, {}))
    every = Signals(gramian=G, keys=keys)
    one = Signals(gramian=G[:1], keys=keys[:1])
    repetitions = 15
    ours_s = cpu_time(lambda: ours.step({}, every), repetitions)
    single_s = cpu_time(lambda: ours.step({}, one), 40)
    compiled_s = math.inf
    if arguments.compile:
        step = torch.compile(lambda s: ours.step({}, s)[0], fullgraph=True, dynamic=False)
        compiled_s = cpu_time(lambda: step(every), repetitions)
    peer = make(m)
    given = J if name == "nash_mtl" else G
    peer_w, peer_s = [], []
    peer(given[0])
    begun = time.perf_counter()
    for lane in range(LANES):
        start = time.process_time()
        peer_w.append(peer(given[lane]))
        peer_s.append(time.process_time() - start)
        if time.perf_counter() - begun > arguments.limit and lane >= 7:
            break
    checked = ours
    if name == "pcgrad":
        # the same orders on both sides
        checked = method(name, mode="ascending")
        draw, torch.randperm = torch.randperm, torch.arange  # type: ignore[assignment]
        peer_w = [peer(given[lane]) for lane in range(len(peer_w))]
        torch.randperm = draw
    w = checked.step({}, every)[0]
    n = len(peer_w)
    return Row(
        method=name,
        m=m,
        ours_ms=1e3 * ours_s,
        peer_ms=1e3 * sum(peer_s) / n * LANES,
        peer_lanes=n,
        compiled_ms=1e3 * compiled_s,
        ours_error=max(residual(name, w[k], J[k]) for k in range(n)),
        peer_error=max(residual(name, peer_w[k].double(), J[k]) for k in range(n)),
        single_ours_us=1e6 * single_s,
        single_peer_us=1e6 * sorted(peer_s)[n // 2],
    )


_MEMORY = """
import resource, sys, torch
from paretomtl.methods.base import Signals, method
J = torch.randn(4096, 8, 20, dtype=torch.float64)
G, keys = J @ J.mT, torch.arange(4096)
chosen = method(sys.argv[1])
chosen.step({}, Signals(gramian=G[:2], keys=keys[:2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
chosen.step({}, Signals(gramian=G, keys=keys))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def peak_memory(name: str) -> float:
    """Return by how many MB the peak memory of a process rises for one step of 4096 lanes, m = 8."""
    found = subprocess.run(
        [sys.executable, "-c", _MEMORY, name], capture_output=True, text=True, check=True
    )
    return float(found.stdout)


def show(rows: list[Row], memory: dict[str, float]) -> int:
    """Print the table and the requirements; return the exit code."""
    say = print
    say(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, one thread,")
    say(f"{LANES} lanes, CPU time; peak memory of this process {_own_peak():.0f} MB\n")
    say(
        "method        m | ours ms   TorchJD ms (lanes) | times  compiled | error ours  TorchJD | one lane: ours / TorchJD us"
    )
    for r in rows:
        compiled = (
            f"{r.peer_ms / r.compiled_ms:8.0f}" if math.isfinite(r.compiled_ms) else "       -"
        )
        say(
            f"{r.method:12s} {r.m:2d} | {r.ours_ms:7.3f} {r.peer_ms:12.1f} ({r.peer_lanes:3d})  | {r.ratio:6.0f} {compiled}  "
            f"| {r.ours_error:9.1e} {r.peer_error:9.1e} | {r.single_ours_us:7.0f} / {r.single_peer_us:7.0f} = {r.single:.2f}"
        )
    mean = math.exp(sum(math.log(r.ratio) for r in rows) / len(rows))
    best = math.exp(sum(math.log(r.best) for r in rows) / len(rows))
    slowest = min(rows, key=lambda r: r.best)
    worst_single = max(rows, key=lambda r: r.single)
    better = [r for r in rows if r.ours_error > max(r.peer_error, EXACT)]
    checks = [
        (f"geometric mean {mean:.0f} times eager, {best:.0f} with compiled: >= 300", best >= 300),
        (
            f"slowest {slowest.method} m={slowest.m}: {slowest.best:.0f} times: >= 30",
            slowest.best >= 30,
        ),
        (
            f"one lane, worst {worst_single.method} m={worst_single.m}: {worst_single.single:.2f} of TorchJD's time: <= 1.5",
            worst_single.single <= 1.5,
        ),
        (
            f"error never above TorchJD's: {[(r.method, r.m) for r in better] or 'so'}",
            not better,
        ),
        (
            f"peak memory, 4096 lanes, m = 8: at most {max(memory.values()):.0f} MB ({max(memory, key=lambda k: memory[k])}): < 200",
            max(memory.values()) < 200,
        ),
    ]
    say("")
    for text, met in checks:
        say(f"{'met    ' if met else 'NOT MET'} {text}")
    return 0 if all(met for _, met in checks) else 4


def _own_peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, nargs="+", default=[2, 3, 8])
    parser.add_argument("--methods", nargs="+", default=None)
    parser.add_argument("--compile", action="store_true", help="measure torch.compile as well")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds a peer may loop")
    parser.add_argument("--out", type=Path, help="write the table as CSV as well")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    makers = peers()
    names = arguments.methods or list(makers)
    with torch.no_grad():
        rows = [compare(n, makers[n], m, arguments) for n in names for m in arguments.tasks]
    memory = {name: peak_memory(name) for name in names}
    if arguments.out:
        with arguments.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(asdict(rows[0])))
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
    return show(rows, memory)


if __name__ == "__main__":
    raise SystemExit(main())
