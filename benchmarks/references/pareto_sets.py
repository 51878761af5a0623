"""Points of Pareto sets in closed form, from the papers that define the families.

`front()` knows objectives only; an attack that starts beside the Pareto set and a test that every
stated front is attained need the variables.
"""

from __future__ import annotations

import math

import torch
from paretomtl_problems.analytic.dtlz.arcs import DTLZ6
from paretomtl_problems.analytic.dtlz.dtlz import DTLZ
from paretomtl_problems.analytic.dtlz.dtlz7 import DTLZ7
from paretomtl_problems.analytic.re.base import EngineeringProblem
from paretomtl_problems.analytic.uf.three import ThreeObjectiveUF
from paretomtl_problems.analytic.uf.two import UF, UF2, UF3, UF5
from paretomtl_problems.analytic.wfg.transforms import head_means
from paretomtl_problems.analytic.wfg.wfg import WFG, WFG1, WFG8, WFG9
from paretomtl_problems.analytic.zdt.zdt import ZDT
from torch import Tensor

from paretomtl.problems import AnalyticProblem

OPTIMUM = 0.35
"""Where WFG's distance variables are best, after every bias."""


def pareto_points(problem: AnalyticProblem, n: int, generator: torch.Generator) -> Tensor | None:
    """Return `n` random points whose images hold the front, [n, n_variables]; None where unknown here.

    Where a front has gaps (ZDT3, DTLZ7, WFG2, UF6, UF9), images of some lie in the gaps.
    """
    u = torch.rand(n, problem.n_variables, dtype=torch.float64, generator=generator)
    match problem:
        case ZDT():
            u[:, 1:] = 0.0
            return u
        case DTLZ():
            u[:, problem.n_objectives - 1 :] = 0.0 if isinstance(problem, DTLZ6 | DTLZ7) else 0.5
            return u
        case WFG():
            return _wfg(problem, u) * problem.bounds[1]
        case UF():
            return _uf(problem, u)
        case ThreeObjectiveUF():
            j = torch.arange(3, problem.n_variables + 1, dtype=torch.float64)
            phase = 2 * math.pi * u[:, :1] + j * (math.pi / problem.n_variables)
            u[:, 2:] = 2 * u[:, 1:2] * phase.sin()
            return u
        case EngineeringProblem():
            stored = problem.pareto_set(10**6)
            return stored[(u[:, 0] * len(stored)).long()]
        case _:
            return None


def _wfg(problem: WFG, u: Tensor) -> Tensor:
    """Return normalised variables; those of WFG8 follow from the ones before, WFG9's from those after."""
    k, last, groups = problem.k, problem.n_variables - 1, problem.n_objectives - 1
    # Every other point has equal variables in a group: means spread more evenly then.
    u[::2, :k] = u[::2, :groups].repeat_interleave(k // groups, -1)
    if isinstance(problem, WFG1):
        u[:, :k] = u[:, :k].pow(50.0)  # evens out the bias y^0.02
    u[:, k:] = OPTIMUM
    if isinstance(problem, WFG8):
        for i in range(k, problem.n_variables):
            u[:, i] = _unbiased(head_means(u[:, : i + 1])[:, -1])
    if isinstance(problem, WFG9):
        for i in range(last - 1, k - 1, -1):
            u[:, i] = _unbiased(u[:, i + 1 :].mean(-1))
    return u


def _unbiased(by: Tensor) -> Tensor:
    """Return what the bias takes to 0.35: its exponent is 1 + 1.96 (u - 1/2), or 98 above 1/2."""
    exponent = 1.0 + (by - 0.5) * torch.where(by > 0.5, 98.0, 1.96)
    return OPTIMUM ** (1.0 / exponent)


def _uf(problem: UF, u: Tensor) -> Tensor:
    if isinstance(problem, UF5):
        u[:, 0] = (20 * u[:, 0]).round() / 20  # the front is 21 points
    n, x1 = problem.n_variables, u[:, :1]
    j = torch.arange(2, n + 1, dtype=torch.float64)
    phase = j * (math.pi / n)
    wave = 6 * math.pi * x1 + phase
    match problem:
        case UF2():
            amplitude = 0.3 * x1**2 * (24 * math.pi * x1 + 4 * phase).cos() + 0.6 * x1
            u[:, 1:] = amplitude * torch.where(j % 2 == 1, wave.cos(), wave.sin())
        case UF3():
            u[:, 1:] = x1 ** (0.5 + 1.5 * (j - 2) / (n - 2))
        case _:
            u[:, 1:] = wave.sin()
    return u
