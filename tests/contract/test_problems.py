"""Every registered analytic problem keeps the contract, and the kit notices when one does not."""

from dataclasses import dataclass

import pytest
import torch

import paretomtl as pm
from paretomtl.errors import BadInput
from paretomtl.problems.base import AnalyticProblem, ProblemCard
from paretomtl.testing.findings import Finding
from paretomtl.testing.problems import check_problem

VARIANTS = {
    "cagrad_toy": [{"setting": "cagrad"}, {"setting": "famo"}],
    "dtlz1": [{"n_objectives": 2}, {"n_objectives": 5}],
    "dtlz2": [{"n_objectives": 2}, {"n_objectives": 5}],
    "dtlz5": [{"n_objectives": 2}, {"n_objectives": 4}],
    "dtlz6": [{"n_objectives": 2}],
    "dtlz7": [{"n_objectives": 2}, {"n_objectives": 4}],
    "convex_dtlz2": [{"n_objectives": 2}],
    "inverted_dtlz1": [{"n_objectives": 2}],
    "inverted_dtlz2": [{"n_objectives": 2}],
    "scaled_dtlz1": [{"n_objectives": 2}],
    "scaled_dtlz2": [{"n_objectives": 2}],
    "fonseca_fleming": [{"n_objectives": 3, "n_variables": 4}],
    "quadratic": [
        {"conflict": 0.0},
        {"conflict": 0.3, "condition": 100.0},
        {"curvature": 10.0, "scale": 100.0},
        {"n_objectives": 3, "curvature": 10.0},
        {"n_objectives": 5, "n_variables": 5},
    ],
    "rank_one": [
        {"n_objectives": 2},
        {"correlation": 0.3},
        {"correlation": -0.4},
        {"n_objectives": 4, "correlation": 0.0},
    ],
    "planar_pair": [{"n_variables": 1}],
    "kursawe": [{"n_variables": 5}],
    "vlmop2": [{"n_variables": 1}, {"n_variables": 2}],
    "zdt1": [{"n_variables": 2}],
}

CASES = [
    (name, options)
    for name in pm.problems
    if issubclass(pm.problems[name], AnalyticProblem)
    for options in [{}, *VARIANTS.get(name, [])]
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=lambda v: str(v) if v else "")
def test_the_contract(name, options):
    """A reduced budget of the attack; `benchmarks/references/front_attack.py` runs the full one."""
    findings = check_problem(pm.problem(name, **options), lanes=24, steps=100)
    assert len(findings) >= 10
    assert not [str(finding) for finding in findings if not finding.ok]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sound(AnalyticProblem):
    """`(x1^2 + x2^2, (x1 - 1)^2 + x2^2)` on [-1, 2]^2: what the broken ones below start from."""

    name = "sound"
    card = ProblemCard(summary="", source="", family="")

    n_objectives = 2
    n_variables = 2
    bounds = (torch.tensor([-1.0, -1.0]).double(), torch.tensor([2.0, 2.0]).double())
    ideal = torch.zeros(2, dtype=torch.float64)
    nadir = torch.ones(2, dtype=torch.float64)

    def front(self, n):
        t = torch.linspace(0, 1, n, dtype=torch.float64)
        return torch.stack((t**2, (1 - t) ** 2), -1)

    def _objectives(self, x):
        return torch.stack((x[..., 0] ** 2, (x[..., 0] - 1) ** 2), -1) + x[..., 1:] ** 2


class WrongGradient(Sound):
    def _objectives(self, x):
        return super()._objectives(x.detach() + 0.5 * (x - x.detach()))


class WorseFront(Sound):
    def front(self, n):
        return super().front(n) * 0.9 + 0.05


class BetterFront(Sound):
    def front(self, n):
        return super().front(n) - 0.1


class DominatedPart(Sound):
    def front(self, n):
        t = torch.linspace(-0.2, 1, n, dtype=torch.float64)
        return torch.stack((t**2, (1 - t) ** 2), -1)


class LeakyBatch(Sound):
    def _objectives(self, x):
        return super()._objectives(x) + 1e-6 * x.mean()


class SingularEdge(Sound):
    def _objectives(self, x):
        return super()._objectives(x) + (x[..., :1] + 1).sqrt()


class WrongType(Sound):
    def _objectives(self, x):
        return super()._objectives(x).double()


class AcceptsAnything(Sound):
    def objectives(self, x):
        return self._objectives(torch.as_tensor(x).double().reshape(*x.shape[:-1], -1)[..., :2])


class WildStart(Sound):
    def start(self, generator):
        return torch.rand(2, dtype=torch.float64)


class CrossedPoints(Sound):
    nadir = torch.tensor([1.0, -1.0], dtype=torch.float64)


class CoarseSingle(Sound):
    def _objectives(self, x):
        f = super()._objectives(x)
        return f if x.dtype == torch.float64 else f.half().float() * 1.01


class Crashes(Sound):
    def front(self, n):
        raise RuntimeError("disk on fire")


def test_a_sound_problem_passes():
    findings = check_problem(Sound())
    assert all(finding.ok for finding in findings), [str(f) for f in findings if not f.ok]


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (WrongGradient, "gradients equal finite differences"),
        (WorseFront, "no optimized cloud dominates the stated front"),
        (BetterFront, "the front lies between ideal and nadir"),
        (DominatedPart, "the front lies between ideal and nadir"),
        (LeakyBatch, "a batch equals its points one by one"),
        (LeakyBatch, "NaN stays in its lane"),
        (SingularEdge, "gradients are finite on the edges of the box"),
        (WrongType, "objectives keep shape, type and device"),
        (AcceptsAnything, "bad input is refused"),
        (WildStart, "a start depends on its generator alone"),
        (CrossedPoints, "ideal <= nadir <= reference point"),
        (CoarseSingle, "float32 agrees with float64"),
        (Crashes, "the stated front"),
    ],
)
def test_a_broken_problem_is_noticed(broken, line):
    failed = [finding.check for finding in check_problem(broken(), steps=200) if not finding.ok]
    assert line in failed


def test_a_finding_reads_as_one_line():
    assert str(Finding("starts", ok=False, detail="two differ")) == "FAIL starts: two differ"
    assert str(Finding("starts", ok=True)) == "ok   starts"


def test_what_is_no_problem_is_refused():
    with pytest.raises(BadInput, match=r"AnalyticProblem or a NeuralProblem; found object"):
        check_problem(object())
