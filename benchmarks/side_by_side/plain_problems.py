"""Families that pymoo lacks, written as its user would: a `Problem` of plain NumPy, for autograd.

The yardstick of `problem_speed.py` where pymoo has no version of its own, and a second writing of
each formula, from the papers, that ours is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pymoo.gradient.toolbox as anp  # pyright: ignore[reportMissingTypeStubs]
from pymoo.core.problem import Problem

from paretomtl.problems import AnalyticProblem

Columns = tuple[Any, ...]
Formula = Callable[[Any], Columns]


class Plain(Problem):
    """A formula, points [k, n] to columns [k], as a vectorized problem of pymoo."""

    def __init__(self, like: AnalyticProblem, formula: Formula) -> None:
        lower, upper = (bound.numpy() for bound in like.start_box)
        super().__init__(n_var=like.n_variables, n_obj=like.n_objectives, xl=lower, xu=upper)
        self.formula = formula

    def _evaluate(self, x: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        out["F"] = anp.column_stack(self.formula(x))


def _vlmop1(x: Any) -> Columns:
    c = 1 / math.sqrt(x.shape[1])
    return 0.25 * anp.sum((x - c) ** 2, axis=1), 0.25 * anp.sum((x + c) ** 2, axis=1)


def _vlmop2(x: Any) -> Columns:
    c = 1 / math.sqrt(x.shape[1])
    first, second = anp.sum((x - c) ** 2, axis=1), anp.sum((x + c) ** 2, axis=1)
    return 1 - anp.exp(-first), 1 - anp.exp(-second)


def _viennet(x: Any) -> Columns:
    a, b = x[:, 0], x[:, 1]
    s = a**2 + b**2
    second = (3 * a - 2 * b + 4) ** 2 / 8 + (a - b + 1) ** 2 / 27 + 15
    return 0.5 * s + anp.sin(s), second, 1 / (s + 1) - 1.1 * anp.exp(-s)


def _poloni(x: Any) -> Columns:
    a, b = x[:, 0], x[:, 1]
    a1 = 0.5 * math.sin(1) - 2 * math.cos(1) + math.sin(2) - 1.5 * math.cos(2)
    a2 = 1.5 * math.sin(1) - math.cos(1) + 2 * math.sin(2) - 0.5 * math.cos(2)
    b1 = 0.5 * anp.sin(a) - 2 * anp.cos(a) + anp.sin(b) - 1.5 * anp.cos(b)
    b2 = 1.5 * anp.sin(a) - anp.cos(a) + 2 * anp.sin(b) - 0.5 * anp.cos(b)
    return 1 + (a1 - b1) ** 2 + (a2 - b2) ** 2, (a + 3) ** 2 + (b + 1) ** 2


def _schaffer(x: Any) -> Columns:
    return x[:, 0] ** 2, (x[:, 0] - 2) ** 2


def _uf1(x: Any) -> Columns:
    n = x.shape[1]
    j = np.arange(2, n + 1)
    y = (x[:, 1:] - anp.sin(6 * np.pi * x[:, :1] + j * np.pi / n)) ** 2
    first, second = anp.mean(y[:, 1::2], axis=1), anp.mean(y[:, ::2], axis=1)
    return x[:, 0] + 2 * first, 1 - anp.sqrt(x[:, 0]) + 2 * second


def _uf4(x: Any) -> Columns:
    n = x.shape[1]
    j = np.arange(2, n + 1)
    y = anp.abs(x[:, 1:] - anp.sin(6 * np.pi * x[:, :1] + j * np.pi / n))
    h = y / (1 + anp.exp(2 * y))
    first, second = anp.mean(h[:, 1::2], axis=1), anp.mean(h[:, ::2], axis=1)
    return x[:, 0] + 2 * first, 1 - x[:, 0] ** 2 + 2 * second


def _uf8(x: Any) -> Columns:
    n = x.shape[1]
    j = np.arange(3, n + 1)
    y = (x[:, 2:] - 2 * x[:, 1:2] * anp.sin(2 * np.pi * x[:, :1] + j * np.pi / n)) ** 2
    mean = [2 * anp.mean(y[:, start::3], axis=1) for start in (1, 2, 0)]
    a, b = 0.5 * np.pi * x[:, 0], 0.5 * np.pi * x[:, 1]
    return (
        anp.cos(a) * anp.cos(b) + mean[0],
        anp.cos(a) * anp.sin(b) + mean[1],
        anp.sin(a) + mean[2],
    )


def _maf1(x: Any) -> Columns:
    g = 1 + anp.sum((x[:, 2:] - 0.5) ** 2, axis=1)
    a, b = x[:, 0], x[:, 1]
    return g * (1 - a * b), g * (1 - a * (1 - b)), g * a


def _maf4(x: Any) -> Columns:
    d = x[:, 2:] - 0.5
    g = 1 + 100 * (d.shape[1] + anp.sum(d**2 - anp.cos(20 * np.pi * d), axis=1))
    a, b = 0.5 * np.pi * x[:, 0], 0.5 * np.pi * x[:, 1]
    return (
        2 * g * (1 - anp.cos(a) * anp.cos(b)),
        4 * g * (1 - anp.cos(a) * anp.sin(b)),
        8 * g * (1 - anp.sin(a)),
    )


def _re21(x: Any) -> Columns:
    a, b, c, d = (x[:, i] for i in range(4))
    root = math.sqrt(2)
    volume = 200 * (2 * a + root * b + anp.sqrt(c) + d)
    return volume, 10 * 200 / 2e5 * (2 / a + 2 * root / b - 2 * root / c + 2 / d)


def _re24(x: Any) -> Columns:
    a, b = x[:, 0], x[:, 1]
    stress, tau, delta = 4500 / (a * b), 1800 / b, 56.2e4 / (7e5 * a * b**2)
    buckling = 7e5 * a**2 / 100
    g = (1 - stress / 700, 1 - tau / 450, 1 - delta / 1.5, 1 - stress / buckling)
    return a + 120 * b, sum(anp.maximum(-c, 0.0) for c in g)


def _re31(x: Any) -> Columns:
    a, b, c = (x[:, i] for i in range(3))
    weight = a * anp.sqrt(16 + c**2) + b * anp.sqrt(1 + c**2)
    displacement = 20 * anp.sqrt(16 + c**2) / (a * c)
    stress = 80 * anp.sqrt(1 + c**2) / (c * b)
    g = (0.1 - weight, 1e5 - displacement, 1e5 - stress)
    return weight, displacement, sum(anp.maximum(-v, 0.0) for v in g)


def _planar_pair(x: Any) -> Columns:
    return anp.sum((x - 1) ** 2, axis=1), anp.sum((x + 1) ** 2, axis=1)


def _cagrad_toy(x: Any) -> Columns:
    a, b = x[:, 0], x[:, 1]
    up, down = anp.maximum(anp.tanh(b / 2), 0), anp.maximum(anp.tanh(-b / 2), 0)
    first = anp.log(anp.maximum(anp.abs(0.5 * (-a - 7) + anp.tanh(b)), 5e-6)) + 6
    second = anp.log(anp.maximum(anp.abs(0.5 * (-a + 3) - anp.tanh(b) + 2), 5e-6)) + 6
    bowls = [((a + s * 7) ** 2 + 0.1 * (b + 8) ** 2) / 10 - 20 for s in (-1, 1)]
    return up * first + down * bowls[0], up * second + down * bowls[1]


def _ewq(x: Any) -> Columns:
    return x[:, 0] ** 2, x[:, 1] ** 2


def _cqf(x: Any) -> Columns:
    a, b = x[:, 0] - 1, x[:, 0] + 1
    y = x[:, 1]
    return a**2 + 0.4 * a * y + 0.05 * y**2, 3 * b**2 - 1.2 * b * y + 0.2 * y**2


PLAIN: dict[str, tuple[Formula, dict[str, Any]]] = {
    "vlmop1": (_vlmop1, {}),
    "vlmop2": (_vlmop2, {}),
    "vlmop3": (_viennet, {}),
    "fonseca_fleming": (_vlmop2, {}),
    "viennet": (_viennet, {}),
    "poloni": (_poloni, {}),
    "schaffer": (_schaffer, {}),
    "uf1": (_uf1, {}),
    "uf4": (_uf4, {}),
    "uf8": (_uf8, {}),
    "maf1": (_maf1, {}),
    "maf4": (_maf4, {}),
    "re21": (_re21, {}),
    "re24": (_re24, {}),
    "re31": (_re31, {}),
    "planar_pair": (_planar_pair, {}),
    "cagrad_toy": (_cagrad_toy, {"setting": "cagrad"}),
    "ewq": (_ewq, {}),
    "cqf": (_cqf, {}),
}
"""Our name -> the formula and our options."""
