"""How far points get past fronts of three and more objectives, without sampling the front.

A point y is on or behind a front when some front point is no worse in every objective. Every
function here decides that exactly, from the equation of a front; `exact_margins` finds how far a
point must step back along the diagonal of the front's range until it is: positive past the front.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import torch
from paretomtl_problems.analytic.classic.fonseca_fleming import FonsecaFleming
from paretomtl_problems.analytic.dtlz.arcs import CurveFront
from paretomtl_problems.analytic.dtlz.dtlz import DTLZ1, SphereFront
from paretomtl_problems.analytic.dtlz.dtlz7 import DTLZ7, gain_curve
from paretomtl_problems.analytic.dtlz.maf import MaF1, MaF2, MaF4, MaF8
from paretomtl_problems.analytic.dtlz.variants import (
    ConvexFront,
    InvertedDTLZ1,
    InvertedDTLZ2,
    ScaledDTLZ1,
    ScaledDTLZ2,
)
from paretomtl_problems.analytic.toys.gradient_triple import GradientTriple
from paretomtl_problems.analytic.toys.quadratic import Quadratic
from paretomtl_problems.analytic.toys.rank_one import RankOne, least_form
from paretomtl_problems.analytic.uf.three import UF9, SphericalUF
from paretomtl_problems.analytic.wfg import transforms as wfg
from paretomtl_problems.analytic.wfg.fronts import disconnected_pieces
from paretomtl_problems.analytic.wfg.wfg import WFG1, WFG2, WFG4, WFG5, WFG6, WFG7, WFG8, WFG9
from torch import Tensor

from paretomtl.problems import AnalyticProblem
from paretomtl.testing.problems.front_attack import spans

Behind = Callable[[Tensor], Tensor]


def behind(problem: AnalyticProblem) -> Behind | None:
    """Return what decides whether points [k, m] are on or behind the front; None where unknown here."""
    m = problem.n_objectives
    match problem:
        case SphericalUF():
            return _sphere
        case UF9():
            return _triangles
        case MaF1():
            return lambda y: (y >= 0).all(-1) & ((1 - y).clamp_min(0).sum(-1) <= 1)
        case MaF2():
            return _behind_patch
        case MaF8() if m == 3:
            return _corner_discs(problem)
        case WFG1() | WFG2() if m == 3:
            return _behind_convex_wfg(problem)
        case MaF4():
            nadir = problem.nadir
            return lambda y: (y >= 0).all(-1) & ((1 - y / nadir).clamp_min(0).square().sum(-1) <= 1)
        case WFG4() | WFG5() | WFG6() | WFG7() | WFG8() | WFG9():
            sizes = problem.nadir
            return lambda y: _sphere(y / sizes)
        case InvertedDTLZ1():
            return lambda y: (y >= 0).all(-1) & ((1 - 2 * y).clamp_min(0).sum(-1) <= 1)
        case InvertedDTLZ2():
            return lambda y: (y >= 0).all(-1) & ((1 - y).clamp_min(0).square().sum(-1) <= 1)
        case ScaledDTLZ1() | ScaledDTLZ2():
            factors = problem.scale_factor ** torch.arange(m, dtype=torch.float64)
            flat = isinstance(problem, ScaledDTLZ1)
            return lambda y: _plane(y / factors) if flat else _sphere(y / factors)
        case DTLZ1():
            return _plane
        case ConvexFront():
            return lambda y: (
                (y >= 0).all(-1) & (y[:, :-1].clamp_min(0).sqrt().sum(-1) + y[:, -1] >= 1)
            )
        case SphereFront():
            return _sphere
        case CurveFront():
            return lambda y: (
                (y >= 0).all(-1) & (2 * y[:, :2].amin(-1).square() + y[:, 2].square() >= 1)
            )
        case DTLZ7():
            return lambda y: (
                (y[:, :-1] >= 0).all(-1) & (y[:, -1] >= 2 * m - _most(y[:, :-1]).sum(-1))
            )
        case RankOne():
            c = problem.correlation if problem.opposed else abs(problem.correlation)
            return lambda y: (
                (y >= 0).all(-1)
                & (least_form((1 - y).clamp_min(0).sqrt(), c, faces=True)[:, 0] <= 1)
            )
        case GradientTriple():
            return _behind_triple
        case Quadratic() | FonsecaFleming():
            return _ball_intersection(problem)
        case _:
            return None


def exact_margins(problem: AnalyticProblem, cloud: Tensor) -> Tensor | None:
    """Return by which share of the range points [k, m] lie past the front, [k]; None if unknown here.

    Negative behind the front, down to -1; -inf for points that are not finite.
    """
    decide = behind(problem)
    if decide is None:
        return None
    span = spans(problem)
    finite = cloud.isfinite().all(-1)
    points = torch.where(finite.unsqueeze(-1), cloud, 0.0)
    low, high = torch.full_like(points[:, 0], -1.0), torch.full_like(points[:, 0], 1.0)
    for _ in range(50):
        middle = 0.5 * (low + high)
        yes = decide(points + middle.unsqueeze(-1) * span)
        low, high = torch.where(yes, low, middle), torch.where(yes, middle, high)
    return torch.where(finite, high, -torch.inf)


def _plane(y: Tensor) -> Tensor:
    return (y >= 0).all(-1) & (y.sum(-1) >= 0.5)


def _sphere(y: Tensor) -> Tensor:
    return (y >= 0).all(-1) & (y.square().sum(-1) >= 1)


def _triangles(y: Tensor) -> Tensor:
    """UF9: on the level f3 the front is f1 + f2 = 1 - f3 with f1 outside the middle half."""
    rest = (1 - y[:, 2]).clamp_min(0)
    first, second = y[:, 0], y[:, 1]
    line = torch.minimum(first, rest) + torch.minimum(second, rest) >= rest
    gap = (first > 0.25 * rest) & (first < 0.75 * rest) & (second < 0.75 * rest)
    return (y >= 0).all(-1) & line & ~gap


def _behind_patch(y: Tensor) -> Tensor:
    """MaF2: angles from the last objective's down; each as large as its objective allows."""
    low, high = math.pi / 8, 3 * math.pi / 8
    radius, right = torch.ones_like(y[:, 0]), torch.ones_like(y[:, 0], dtype=torch.bool)
    for k in range(y.shape[-1] - 1, 0, -1):
        angle = (y[:, k] / radius).clamp(0.0, 1.0).asin().clamp_max(high)
        right &= (angle >= low) & (y[:, k] >= 0)
        radius = radius * angle.clamp_min(low).cos()
    return right & (y[:, 0] >= radius)


def _corner_discs(problem: MaF8) -> Behind:
    """A point is behind the front when discs of radius y_i around the corners meet."""
    corners = problem.corners
    meets = _balls_meet(corners @ corners.T)
    return lambda y: (y >= 0).all(-1) & meets(y.clamp_min(0).square())


def _behind_convex_wfg(problem: WFG1 | WFG2) -> Behind:
    """The last objective decides the least x1; it scales a circle in the two others."""
    pieces = disconnected_pieces() if isinstance(problem, WFG2) else ((0.0, 1.0),)
    starts, stops = torch.tensor(pieces, dtype=torch.float64).unbind(-1)
    height = wfg.disconnected if isinstance(problem, WFG2) else wfg.mixed

    def least(x: Tensor) -> Tensor:
        """The last objective's best value up to x: in a gap that of the piece before."""
        before = (x[:, None] >= starts).sum(-1) - 1
        return height(torch.minimum(x, stops[before]))

    def decide(y: Tensor) -> Tensor:
        y = y / problem.nadir
        low, high = torch.zeros_like(y[:, 0]), torch.ones_like(y[:, 0])
        reachable = least(high) <= y[:, 2]
        for _ in range(60):
            middle = 0.5 * (low + high)
            enough = least(middle) <= y[:, 2]
            low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
        size = 1 - (0.5 * math.pi * high).cos()
        missing = (1 - y[:, :2] / size[:, None]).clamp_min(0)
        inside = (missing.square().sum(-1) <= 1) | (size == 0)
        return (y >= 0).all(-1) & reachable & inside

    return decide


def _most(f: Tensor) -> Tensor:
    """Return the greatest gain of DTLZ7 up to f."""
    (_, first), (second, last) = gain_curve().pieces
    level = math.fsum([first, first * math.sin(3 * math.pi * first)])
    f = f.clamp_max(last)
    own = f * (1 + (3 * math.pi * f).sin())
    return torch.where((f > first) & (f < second), level, own)


def _behind_triple(y: Tensor) -> Tensor:
    low, high = (-y[:, 2]).clamp_min(-2), y[:, 1].clamp_max(2)
    nearest = torch.maximum(torch.minimum(torch.zeros_like(low), high), low)
    return (low <= high) & (nearest.abs() - 2 <= y[:, 0])


def _ball_intersection(problem: Quadratic | FonsecaFleming) -> Behind:
    """A point is behind the front when balls around the minimizers meet.

    Their squared radii R follow from y. They meet when no convex combination of the conditions
    `|z - ci|^2 <= Ri` fails: `max over the simplex of sum(li |ci|^2) - |sum(li ci)|^2 - sum(li Ri)`
    is at most 0. The maximum of that concave function is found face by face.
    """
    m = problem.n_objectives
    if isinstance(problem, Quadratic):
        scales = problem.scale ** torch.linspace(0, 1, m, dtype=torch.float64)
        bend = problem.curvature
        gramian = torch.full((m, m), problem.cosine, dtype=torch.float64).fill_diagonal_(1)

        def radii(y: Tensor) -> Tensor:
            return y / scales if bend == 0 else (bend * y / scales).expm1() / bend
    else:
        gramian = torch.tensor([[1.0, -1, 0], [-1, 1, 0], [0, 0, 1]], dtype=torch.float64)[:m, :m]

        def radii(y: Tensor) -> Tensor:
            return -(-y.clamp_max(1 - 1e-15)).log1p()

    meets = _balls_meet(gramian)
    return lambda y: (y >= 0).all(-1) & meets(radii(y))


def _balls_meet(gramian: Tensor) -> Behind:
    """Return what decides whether balls with these centers' Gramian and squared radii [k, m] meet."""
    m = len(gramian)

    def decide(squares: Tensor) -> Tensor:
        linear = gramian.diagonal() - squares
        worst = torch.full_like(squares[:, 0], -torch.inf)
        for size in range(1, m + 1):
            for face in combinations(range(m), size):
                # stationarity on the face: linear - 2 G l = nu, sum(l) = 1
                system = torch.zeros(size + 1, size + 1, dtype=torch.float64)
                system[:size, :size] = 2 * gramian[list(face)][:, list(face)]
                system[:size, size] = system[size, :size] = 1
                right = torch.cat((linear[:, face], torch.ones_like(squares[:, :1])), -1)
                weights = (right @ torch.linalg.pinv(system).T)[:, :size]
                inside = (weights >= -1e-12).all(-1)
                square = ((weights @ gramian[list(face)][:, list(face)]) * weights).sum(-1)
                value = (linear[:, face] * weights).sum(-1) - square
                worst = torch.where(inside, torch.maximum(worst, value), worst)
        return worst <= 0

    return decide
