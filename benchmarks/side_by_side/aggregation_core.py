"""Our aggregation core against TorchJD 0.18, on one thread: time, exactness, memory.

TorchJD takes one Gramian (Nash-MTL: one Jacobian) at a time, so it is looped over the 256 lanes that we
take at once. Times are CPU times of this process, which neighbors on the machine disturb least, and the
two sides take turns. Every timing is the faster of two calls in a row; ours is the median of its timings,
TorchJD's loop the sum over its lanes. A peer too slow to loop over all lanes within `--limit` seconds is timed on the
first of them, and the table says on how many. Each error is a residual of the conditions that define the
method (0 is exact), the worst over all lanes, by the same code for both.

TorchJD is no dependency of this package. In an environment of its own:

    python -m venv bench-env
    bench-env/bin/pip install -e . "torchjd[full]==0.18.0"
    OMP_NUM_THREADS=1 bench-env/bin/python benchmarks/side_by_side/aggregation_core.py [--compile] [--out FILE.md]

`--compile` adds a column with `torch.compile`, which unrolls every round and takes minutes. Exit code 2
where TorchJD is missing, 4 where a requirement printed at the end is not met.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from scipy.optimize import nnls
from timing import conditions, fastest

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


@dataclass
class Times:
    """CPU seconds of one comparison: of all lanes at once, one lane, and the peer's lanes one by one."""

    ours: list[float]
    compiled: list[float]
    single: list[float]
    peer: list[float]
    peer_weights: list[torch.Tensor]


def median(values: list[float]) -> float:
    """Return the median; infinity where there are none."""
    return sorted(values)[len(values) // 2] if values else math.inf


def take_turns(
    ours: Any, peer: Any, given: torch.Tensor, every: Signals, compiled: Any, limit: float
) -> Times:
    """Time both sides lane by lane in turns, and all our lanes at once in between."""
    times = Times([], [], [], [], [])
    lanes = [
        Signals(gramian=every.gramian[k : k + 1], keys=every.keys[k : k + 1]) for k in range(LANES)
    ]  # type: ignore[index]
    for _ in range(3):
        ours.step({}, every), ours.step({}, lanes[0]), peer(given[0])
        if compiled:
            compiled(every)
    begun = time.perf_counter()
    for lane in range(LANES):
        times.peer_weights.append(peer(given[lane]))
        times.peer.append(fastest(lambda lane=lane: peer(given[lane])))
        times.single.append(fastest(lambda lane=lane: ours.step({}, lanes[lane])))
        if lane % 16 == 0 or times.peer[-1] > 2e-3:
            times.ours.append(fastest(lambda: ours.step({}, every)))
            if compiled:
                times.compiled.append(fastest(lambda: compiled(every)))
        if time.perf_counter() - begun > limit and lane >= 15:
            break
    return times


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


def compare(
    name: str, construct: Callable[[int], Any], m: int, arguments: argparse.Namespace
) -> Row:
    """Time and check one method for m tasks."""
    g = torch.Generator().manual_seed(m)
    J = torch.randn(LANES, m, 20, dtype=torch.float64, generator=g)
    G, keys = J @ J.mT, torch.arange(LANES)
    ours = method(name, **OPTIONS.get(name, {}))
    every = Signals(gramian=G, keys=keys)
    compiled = None
    if arguments.compile:
        compiled = torch.compile(lambda s: ours.step({}, s)[0], fullgraph=True, dynamic=False)
    peer = construct(m)
    given = J if name == "nash_mtl" else G
    times = take_turns(ours, peer, given, every, compiled, arguments.limit)
    peer_w = times.peer_weights
    checked = ours
    if name == "pcgrad":
        # the same orders on both sides
        checked = method(name, mode="ascending")
        draw, torch.randperm = torch.randperm, torch.arange  # type: ignore[assignment]
        peer_w = [peer(given[lane]) for lane in range(len(peer_w))]
        torch.randperm = draw  # type: ignore[assignment]
    w = checked.step({}, every)[0]
    n = len(peer_w)
    return Row(
        method=name,
        m=m,
        ours_ms=1e3 * median(times.ours),
        peer_ms=1e3 * sum(times.peer) / n * LANES,
        peer_lanes=n,
        compiled_ms=1e3 * median(times.compiled),
        ours_error=max(residual(name, w[k], J[k]) for k in range(n)),
        peer_error=max(residual(name, peer_w[k].double(), J[k]) for k in range(n)),
        single_ours_us=1e6 * median(times.single),
        single_peer_us=1e6 * median(times.peer),
    )


_MEMORY = """
import sys, torch
from pathlib import Path
from paretomtl.methods.base import Signals, method
def kilobytes(what):
    status = Path("/proc/self/status").read_text()
    return int(status.split(what + ":")[1].split()[0])
J = torch.randn(4096, 8, 20, dtype=torch.float64)
G, keys = J @ J.mT, torch.arange(4096)
del J
chosen = method(sys.argv[1])
with torch.no_grad():
    chosen.step({}, Signals(gramian=G[:64], keys=keys[:64]))
    Path("/proc/self/clear_refs").write_text("5")
    before = kilobytes("VmRSS")
    chosen.step({}, Signals(gramian=G, keys=keys))
    print((kilobytes("VmHWM") - before) / 1024)
"""


def peak_memory(name: str) -> float:
    """Return by how many MB one step of 4096 lanes, m = 8, raises a process's memory at its peak.

    By Linux's high-water mark, set back just before the step; NaN elsewhere.
    """
    if not Path("/proc/self/clear_refs").exists():
        return math.nan
    found = subprocess.run(
        [sys.executable, "-c", _MEMORY, name], capture_output=True, text=True, check=True
    )
    return float(found.stdout)


def table(rows: list[Row]) -> list[str]:
    """Return the table as lines of Markdown."""
    lines = [
        "| method | m | ours, ms | TorchJD, ms (lanes timed) | times faster | compiled | error, ours | error, TorchJD | one lane, us: ours / TorchJD |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        compiled = f"{r.peer_ms / r.compiled_ms:.0f}" if math.isfinite(r.compiled_ms) else "-"
        lines.append(
            f"| {r.method} | {r.m} | {r.ours_ms:.3f} | {r.peer_ms:.1f} ({r.peer_lanes}) | {r.ratio:.0f} | {compiled} "
            f"| {r.ours_error:.1e} | {r.peer_error:.1e} | {r.single_ours_us:.0f} / {r.single_peer_us:.0f} = {r.single:.2f} |"
        )
    return lines


def requirements(rows: list[Row], memory: dict[str, float]) -> list[tuple[str, bool]]:
    """Return what is required, with the figure found, and whether it is met."""
    mean = math.exp(sum(math.log(r.ratio) for r in rows) / len(rows))
    best = math.exp(sum(math.log(r.best) for r in rows) / len(rows))
    slowest = min(rows, key=lambda r: r.best)
    worst_single = max(rows, key=lambda r: r.single)
    better = [(r.method, r.m) for r in rows if r.ours_error > max(r.peer_error, EXACT)]
    most = max(memory, key=lambda k: memory[k])
    return [
        (
            f"geometric mean {mean:.0f} times eager ({best:.0f} with the better of eager and compiled): >= 300",
            mean >= 300,
        ),
        (
            f"slowest {slowest.method} m = {slowest.m}: {slowest.best:.1f} times: >= 30",
            slowest.best >= 30,
        ),
        (
            f"one lane, worst {worst_single.method} m = {worst_single.m}: {worst_single.single:.2f} of TorchJD's time: <= 1.5",
            worst_single.single <= 1.5,
        ),
        (f"error above TorchJD's: {better or 'nowhere'}", not better),
        (
            f"peak memory of a step, 4096 lanes, m = 8: {memory[most]:.0f} MB ({most}): < 200",
            memory[most] < 200,
        ),
    ]


def show(rows: list[Row], memory: dict[str, float], out: Path | None) -> int:
    """Print the table and the requirements, write them too; return the exit code."""
    checks = requirements(rows, memory)
    lines = [
        f"{conditions()}, {LANES} lanes, float64, CPU time.",
        "",
        *table(rows),
        "",
        *(f"- {'met' if met else 'NOT MET'}: {text}" for text, met in checks),
        "- peak memory in MB: " + ", ".join(f"{name} {mb:.0f}" for name, mb in memory.items()),
    ]
    print("\n".join(lines))
    if out:
        title = "# The aggregation core beside TorchJD 0.18\n\nWritten by `benchmarks/side_by_side/aggregation_core.py`.\n\n"
        out.write_text(title + "\n".join(lines) + "\n")
    return 0 if all(met for _, met in checks) else 4


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, nargs="+", default=[2, 3, 8])
    parser.add_argument("--methods", nargs="+", default=None)
    parser.add_argument("--compile", action="store_true", help="measure torch.compile as well")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds a peer may loop")
    parser.add_argument("--out", type=Path, help="write what is printed to a Markdown file as well")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    constructors = peers()
    names = arguments.methods or list(constructors)
    with torch.no_grad():
        rows = [compare(n, constructors[n], m, arguments) for n in names for m in arguments.tasks]
    memory = {name: peak_memory(name) for name in names}
    return show(rows, memory, arguments.out)


if __name__ == "__main__":
    raise SystemExit(main())
