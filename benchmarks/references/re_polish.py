"""Exact local refinement of Pareto points of the RE problems: sequential quadratic programming.

A problem is taken apart into what is smooth: its objectives but the violation, and its constraints
`g >= 0`. The violation `sum max(0, -g)` becomes `sum s` with `s >= 0`, `s >= -g`; discrete variables
stay at the start's values. Two programs improve a point p without trading one objective for another:

- descend: least `t` with `f_i <= p_i + t range_i`, for objectives that are not at their least value;
- Benson's (1978): least `sum_i (f_i - p_i) / range_i` with `f <= p`. Its global optimum is an
  efficient point, whatever p was.

Each is started from the point, from beside it, and from other points of a pool that come nearest to
dominating it, far apart in the variables, so that other basins are tried. A result counts only if the problem's own
evaluation says that it dominates, but for rounding.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import moocore
import numpy as np
import numpy.typing as npt
import torch
from paretomtl_problems.analytic.fronts.simplex_and_sphere import orthant_ball
from paretomtl_problems.analytic.fronts.surface import even_points
from paretomtl_problems.analytic.re.base import nearest_of
from paretomtl_problems.analytic.re.two import STEEL_AREAS, WIRE_DIAMETERS
from scipy.optimize import minimize
from torch import Tensor

from paretomtl.problems import AnalyticProblem

Floats = npt.NDArray[np.float64]

INTEGERS = tuple(map(float, range(101)))
DISCRETE: dict[str, dict[int, tuple[float, ...]]] = {
    "re22": {0: STEEL_AREAS},
    "re23": {0: INTEGERS, 1: INTEGERS},
    "re25": {0: INTEGERS, 2: WIRE_DIAMETERS},
    "re35": {2: INTEGERS},
}
"""Which variables are discrete, and the values they take."""

ROUNDING = 1e-12
"""Share of the range by which a result may be worse in an objective: programs end beside a bound."""

STEP = 1e-6
"""Step of the central differences, in the unit box."""


@dataclass(eq=False)
class Smooth:
    """A problem in the unit box, taken apart into smooth functions."""

    problem: AnalyticProblem
    span: Floats
    """The front's range, [m]."""

    def __post_init__(self) -> None:
        lower, upper = (bound.numpy() for bound in self.problem.bounds)
        self.lower, self.upper = lower, upper
        self.logarithmic = (lower > 0) & (upper > 1e3 * lower)
        n = self.problem.n_variables
        fixed = DISCRETE.get(self.problem.name, {})
        self.moving = np.array([j for j in range(n) if j not in fixed])
        centre = 0.5 * (lower + upper)
        self.constrained = self.parts(centre[None])[1].shape[-1] > 0
        low, high = self.to_unit(lower), self.to_unit(upper)
        sample = low + (high - low) * np.random.default_rng(0).random((512, n))
        g = np.abs(self.parts(self.to_box(sample))[1])
        g = np.where(np.isfinite(g), g, np.nan)
        self.g_scale = np.maximum(np.nanmedian(g, axis=0), 1e-12) if self.constrained else g[0]

    def to_unit(self, x: Floats) -> Floats:
        """Map the box to the unit box; logarithmically where bounds differ by orders of magnitude."""
        low, high = self.lower, self.upper
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(x / low) / np.log(high / low)
        return np.where(self.logarithmic, log, (x - low) / (high - low))

    def to_box(self, y: Floats) -> Floats:
        """Map the unit box to the box; its faces go to the bounds exactly."""
        low, high = self.lower, self.upper
        with np.errstate(divide="ignore", invalid="ignore"):
            log = low * np.exp(y * np.log(high / low))
        return np.where(self.logarithmic, log, low + y * (high - low))

    def snapped(self, x: Floats) -> Floats:
        """Return points [k, n] with every discrete variable at an admissible value."""
        out = x.copy()
        for j, values in DISCRETE.get(self.problem.name, {}).items():
            out[:, j] = nearest_of(torch.from_numpy(out[:, j]), values).numpy()
        return out

    def clipped(self, y: Floats) -> Floats:
        """Map to the box and hold rounding inside it."""
        return np.clip(self.to_box(np.clip(y, 0.0, 1.0)), self.lower, self.upper)

    def parts(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the smooth objectives [k, m'] and the constraints [k, j], j = 0 where there are none."""
        module = sys.modules[type(self.problem).__module__]
        original: Callable[..., Tensor] = module.violation
        found: list[Tensor] = []

        def recorded(*constraints: Tensor) -> Tensor:
            found.extend(constraints)
            return original(*constraints)

        with patch.object(module, "violation", recorded), torch.no_grad():
            f = self.problem.objectives(torch.from_numpy(np.ascontiguousarray(x)))
        if not found:
            return f.numpy(), np.empty((len(x), 0))
        return f[:, :-1].numpy(), torch.stack(torch.broadcast_tensors(*found), -1).numpy()

    def evaluate(self, x: Floats) -> Floats:
        """Return the problem's own values at one point."""
        with torch.no_grad():
            return self.problem.objectives(torch.from_numpy(x)).numpy()

    def local(self, y: Floats, whole: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return smooth objectives over their range, constraints, and the slopes of both.

        Args:
            y: Moving variables, in the unit box.
            whole: All variables, in the unit box, whose others stay.
        """
        steps = STEP * np.eye(len(y))
        around = np.repeat(whole[None], 2 * len(y) + 1, 0)
        around[:, self.moving] = np.concatenate((y[None], y + steps, y - steps))
        f, g = self.parts(self.to_box(around))
        f = f / self.span[: f.shape[1]]
        k = len(y)
        with np.errstate(invalid="ignore"):  # inf - inf: such a start is given up
            f_slope = (f[1 : k + 1] - f[k + 1 :]).T / (2 * STEP)
            g_slope = (g[1 : k + 1] - g[k + 1 :]).T / (2 * STEP)
        return f[0], g[0], f_slope, g_slope


class Program:
    """One program around a start, as SLSQP takes it: functions of `v = (y, s, t)` and their slopes.

    `y` are the moving variables in the unit box, `s` the slacks of the constraints (none where there is
    no violation among the objectives, or where every constraint is kept), `t` what is made least.
    The arguments are those of `solve`.
    """

    def __init__(
        self, smooth: Smooth, x: Floats, target: Floats, weights: Floats, *, benson: bool
    ) -> None:
        self.smooth, self.x, self.benson = smooth, x, benson
        self.whole = smooth.to_unit(x)
        self.k, m = len(smooth.moving), len(target)
        self.p = target / smooth.span
        self.n_smooth = m - 1 if smooth.constrained else m
        self.j = len(smooth.g_scale)
        # nothing may be violated: every constraint is kept, instead of their sum
        self.feasible = bool(smooth.constrained and weights[-1] == 0 and target[-1] <= 0)
        self.slack = self.j if smooth.constrained and not self.feasible else 0
        self.scale = smooth.g_scale if self.feasible else np.full(self.j, smooth.span[-1])
        self.loose = np.zeros(m) if benson else weights
        self.known: dict[bytes, tuple[Floats, Floats, Floats, Floats]] = {}

    def at(self, v: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return objectives, scaled constraints and the slopes of both; the latest place is kept."""
        key = v[: self.k].tobytes()
        if key not in self.known:
            self.known.clear()
            f, g, df, dg = self.smooth.local(v[: self.k], self.whole)
            self.known[key] = f, g / self.scale, df, dg / self.scale[:, None]
        return self.known[key]

    def slacks(self, v: Floats) -> Floats:
        """Return `s`."""
        return v[self.k : self.k + self.slack]

    def constraints(self, v: Floats) -> Floats:
        """Return what must not be negative."""
        f, g, _, _ = self.at(v)
        rows = [self.p[: self.n_smooth] - f + self.loose[: self.n_smooth] * v[-1]]
        if self.slack:
            s = self.slacks(v)
            rows += [[self.p[-1] - s.sum() + self.loose[-1] * v[-1]], s + g]
        elif self.feasible:
            rows += [g]
        return np.concatenate(rows)

    def constraint_slopes(self, v: Floats) -> Floats:
        """Return the slopes of `constraints`, a row each."""
        _, _, df, dg = self.at(v)
        k, end = self.k, self.k + self.slack
        top = np.zeros((self.n_smooth, len(v)))
        top[:, :k], top[:, -1] = -df, self.loose[: self.n_smooth]
        blocks = [top]
        if self.slack:
            total = np.zeros((1, len(v)))
            total[0, k:end], total[0, -1] = -1.0, self.loose[-1]
            each = np.zeros((self.j, len(v)))
            each[:, :k], each[:, k:end] = dg, np.eye(self.j)
            blocks += [total, each]
        elif self.feasible:
            each = np.zeros((self.j, len(v)))
            each[:, :k] = dg
            blocks += [each]
        return np.concatenate(blocks)

    def cost(self, v: Floats) -> float:
        """Return what is made least: `t`, or Benson's sum."""
        if not self.benson:
            return float(v[-1])
        return float((self.at(v)[0] - self.p[: self.n_smooth]).sum() + self.slacks(v).sum())

    def cost_slope(self, v: Floats) -> Floats:
        """Return the slope of `cost`."""
        slope = np.zeros(len(v))
        if self.benson:
            slope[: self.k] = self.at(v)[2].sum(0)
            slope[self.k : self.k + self.slack] = 1.0
        else:
            slope[-1] = 1.0
        return slope

    def start(self) -> Floats | None:
        """Return v at the start, with the least `s` and `t` that fit; None where it is not finite."""
        y = np.clip(self.whole[self.smooth.moving], 0.0, 1.0)
        f, g, _, _ = self.at(np.concatenate((y, [0.0])))
        if not np.isfinite(np.concatenate((f, g))).all():
            return None
        s = np.maximum(-g, 0.0) if self.slack else np.empty(0)
        t = 0.0
        if not self.benson:
            short = [s.sum() - self.p[-1]] if self.slack else []
            gains = np.concatenate((f - self.p[: self.n_smooth], short))
            loose = self.loose[: len(gains)]
            with np.errstate(all="ignore"):
                share = (gains / loose)[loose > 0]
            t = float(share.max()) if share.size else 0.0
        return np.concatenate((y, s, [t]))

    def bounds(self) -> list[tuple[float | None, float | None]]:
        """Return the least and the largest value of each entry of v."""
        last = (0.0, 0.0) if self.benson else (None, None)
        return [(0.0, 1.0)] * self.k + [(0.0, None)] * self.slack + [last]

    def place(self, v: Floats) -> Floats:
        """Return where v is in the box; what does not move stays to the bit."""
        whole = self.whole.copy()
        whole[self.smooth.moving] = v[: self.k]
        out = self.smooth.clipped(whole)
        fixed = np.setdiff1d(np.arange(len(self.x)), self.smooth.moving)
        out[fixed] = self.x[fixed]
        return out


def solve(
    smooth: Smooth, x: Floats, target: Floats, weights: Floats, *, benson: bool = False
) -> Floats:
    """Find the least `t` with `f_i / range_i <= p_i / range_i + t w_i`, and return where, in the box.

    Args:
        smooth: The problem.
        x: Start; returned where nothing is found.
        target: p, [m].
        weights: w, [m], not negative; 0 for an objective that must only be kept.
        benson: Benson's program instead: all are kept and their sum is made least.
    """
    program = Program(smooth, x, target, weights, benson=benson)
    v = program.start()
    if v is None:
        return x
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = minimize(
                program.cost,
                v,
                jac=program.cost_slope,
                bounds=program.bounds(),
                constraints={
                    "type": "ineq",
                    "fun": program.constraints,
                    "jac": program.constraint_slopes,
                },
                method="SLSQP",
                options={"ftol": 1e-14, "maxiter": 150},
            ).x
        except ValueError:  # SLSQP met a number that is not finite
            return x
    return program.place(found) if np.isfinite(found).all() else x


@dataclass(eq=False)
class Refiner:
    """Improves points with the help of a pool of others."""

    smooth: Smooth
    pool_x: Floats
    pool_f: Floats
    least: Floats
    """Least value of each objective: not to be improved further."""

    def nearest(self, target: Floats, weights: Floats, starts: int) -> Floats:
        """Return pool points that come nearest to `p + t w` with least t, far apart from each other."""
        gain = (self.pool_f - target) / self.smooth.span
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(weights > 0, gain / weights, np.where(gain > 0, np.inf, -np.inf))
        score = np.where(weights > 0, share, 3.0 * np.maximum(gain, 0.0)).max(-1)
        order = np.argsort(score)[: 500 * starts]
        unit = self.smooth.to_unit(self.pool_x[order])
        fixed = np.setdiff1d(np.arange(unit.shape[1]), self.smooth.moving)
        chosen: list[int] = []
        apart = np.full(len(order), np.inf)
        while len(chosen) < starts and bool((apart > 0.15).any()):
            first = int(np.argmax(apart > 0.15))
            chosen.append(first)
            away = np.abs(unit - unit[first])
            away[:, fixed] = away[:, fixed] > 1e-6  # another discrete value is another place
            apart = np.minimum(apart, away.max(-1))
        return self.pool_x[order[chosen]]

    def around(self, x: Floats) -> Floats:
        """Return starts beside a point: in a flat, bent valley a program stops at once where it starts."""
        noise = np.random.default_rng(0).standard_normal((8, len(x)))
        reach = np.array([0.001, 0.003, 0.01, 0.02, 0.04, 0.07, 0.1, 0.2])[:, None]
        moved = self.smooth.clipped(self.smooth.to_unit(x) + reach * noise)
        fixed = np.setdiff1d(np.arange(len(x)), self.smooth.moving)
        moved[:, fixed] = x[fixed]
        return moved

    def refine(self, x: Floats, f: Floats, *, starts: int = 6) -> tuple[Floats, Floats, float]:
        """Return a point that dominates or equals the given one, and by which share of the range.

        That share is the least over the objectives, those at their least value left out.
        """
        held = f <= self.least
        weights = np.where(held, 0.0, 1.0)
        best_x, best_f = x, f

        def offer(found: Floats) -> None:
            nonlocal best_x, best_f
            image = self.smooth.evaluate(found)
            gain = (best_f - image) / self.smooth.span
            if np.isfinite(gain).all() and gain.min() >= -ROUNDING and gain.max() > 10 * ROUNDING:
                best_x, best_f = found, image

        for start in (x, *self.around(x), *self.nearest(f, weights, starts)):
            offer(solve(self.smooth, start, best_f, weights))
        for _ in range(2):
            offer(solve(self.smooth, best_x, best_f, weights, benson=True))
        total = ((f - best_f) / self.smooth.span)[~held]
        return best_x, best_f, float(total.min()) if total.size else 0.0

    def minimize(self, objective: int) -> tuple[Floats, Floats]:
        """Return a point at which one objective is least, and its image."""
        m = len(self.smooth.span)
        alone = np.eye(m)[objective]
        everything = self.pool_f.max(0) + 10 * self.smooth.span
        best_x, best_f = None, None
        for start in self.nearest(np.where(alone > 0, self.least, everything), alone, 8):
            for x in (start, solve(self.smooth, start, everything, alone)):
                f = self.smooth.evaluate(x)
                if np.isfinite(f).all() and (best_f is None or f[objective] < best_f[objective]):
                    best_x, best_f = x, f
        assert best_x is not None
        assert best_f is not None
        return best_x, best_f

    def reach(self, reference: Floats, direction: Floats, *, starts: int = 2) -> float:
        """Return how far the dominated region extends from the reference point, in units of the range.

        The greatest t with `f_i / range_i <= r_i / range_i - t d_i`; 0 where nothing is found.
        """
        best = 0.0
        with np.errstate(divide="ignore"):
            for start in self.nearest(reference, direction, starts):
                for x in (start, solve(self.smooth, start, reference, direction)):
                    free = (reference - self.smooth.evaluate(x)) / self.smooth.span
                    far = float(np.where(direction > 0, free / direction, np.inf).min())
                    if np.isfinite(far):
                        best = max(best, far)
        return best


CONTROL = {2: 10**6, 3: 10**6, 4: 10**6, 6: 500}
"""Points whose hypervolume moocore computes exactly in seconds, by the number of objectives."""


def hypervolume(refiner: Refiner, reference: Floats, directions: int) -> tuple[float, float]:
    """Return the volume that the front dominates, in units of the range, and how far it may be off.

    Around the reference point the region is star-shaped: its volume is that of the unit ball's
    orthant times the mean of `reach^m` over even directions. Integrated is only what the front has
    more than points of the pool, whose volume is known exactly; beyond six objectives, all of it.
    The error is what two halves of the directions differ by.
    """
    m = len(reference)
    known = refiner.pool_f[: CONTROL.get(m, 0)]
    scaled, r = known / refiner.smooth.span, reference / refiner.smooth.span
    start = float(moocore.hypervolume(scaled, ref=r)) if len(known) else 0.0
    if m == 2:
        angle = (np.arange(directions) + 0.5) * (0.5 * np.pi / directions)
        lines = np.stack((np.cos(angle), np.sin(angle)), -1)
    else:
        normal = even_points(directions, m).clamp(1e-9, 1 - 1e-9)
        lines = (math.sqrt(2) * torch.erfinv(normal)).numpy()
        lines = lines / np.linalg.norm(lines, axis=-1, keepdims=True)
    more: list[float] = []
    for line in lines:
        far = max(float(((r - scaled) / line).min(-1).max()), 0.0) if len(known) else 0.0
        more.append(refiner.reach(reference, line) ** m - far**m)
    gain = orthant_ball(m) * np.array(more)
    return start + float(gain.mean()), abs(float(gain[::2].mean() - gain[1::2].mean())) / 2
