"""`paretomtl check`: contracts that hold, contracts that are broken, and what is neither."""

import pytest

MINE = """
from dataclasses import dataclass

import torch

from paretomtl.problems.base import AnalyticProblem, ProblemCard


@dataclass(frozen=True, kw_only=True, eq=False)
class Mine(AnalyticProblem):
    name = "mine"
    card = ProblemCard(summary="Mine.", source="here", family="mine")
    n: int = 2
    wrong: bool = False

    n_objectives = property(lambda self: 2)
    n_variables = property(lambda self: self.n)
    ideal = property(lambda self: torch.zeros(2, dtype=torch.float64))
    nadir = property(lambda self: torch.ones(2, dtype=torch.float64))
    bounds = property(lambda self: (torch.zeros(self.n).double(), torch.ones(self.n).double()))

    def _objectives(self, x):
        f = torch.stack((x.square().mean(-1), (x - 1).square().mean(-1)), -1)
        return f.detach() + 0 * f if self.wrong else f


right = Mine()
wrong = Mine(wrong=True)
number = 3
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "my_problem_for_check.py"
    path.write_text(MINE)
    return path


def test_a_registered_problem_keeps_its_contract(cli):
    answer = cli("check", "zdt1", "--option", "n_variables=4")
    assert answer.code == 0
    assert "FAIL" not in answer.out
    assert "keeps all" in answer.out


@pytest.mark.parametrize("place", ["my_problem_for_check", "my_problem_for_check.py"])
def test_a_problem_of_ones_own(cli, mine, place):
    assert cli("check", f"{place}:Mine", "--option", "n=3").code == 0
    assert cli("check", f"{place}:right").code == 0


def test_a_broken_contract_is_4_and_names_the_line(cli, mine):
    answer = cli("check", "my_problem_for_check.py:wrong")
    assert answer.code == 4
    assert "FAIL gradients equal finite differences" in answer.out
    data = cli("check", "my_problem_for_check.py:wrong", "--json").data
    assert data["ok"] is False
    assert "gradients equal finite differences" in [
        f["check"] for f in data["findings"] if not f["ok"]
    ]
    quiet = cli("check", "my_problem_for_check.py:wrong", "-q")
    assert quiet.out.count("\n") == sum(not f["ok"] for f in data["findings"])


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["zdt11"], ["'zdt11'", "'zdt1'", "module:attribute"]),
        (["nowhere_at_all:Mine"], ["cannot import", "nowhere_at_all"]),
        (["nowhere.py:Mine"], ["no file 'nowhere.py'"]),
        (["my_problem_for_check.py:Mein"], ["no 'Mein'", "'Mine'"]),
        (["my_problem_for_check.py:number"], ["a problem or a method", "int"]),
        (["my_problem_for_check.py:Mine", "--option", "q=1"], ["cannot be constructed", "'q'"]),
        (["my_problem_for_check.py:right", "--option", "n=1"], ["an instance"]),
        ([":x"], ["module:attribute"]),
    ],
)
def test_what_cannot_be_checked_is_refused(cli, mine, tokens, words):
    answer = cli("check", *tokens)
    assert answer.code == 2
    for word in words:
        assert word in answer.err, answer.err


OWN_METHOD = """
from dataclasses import dataclass

import torch

from paretomtl.methods.base import Card, Weighting


@dataclass(frozen=True, kw_only=True, eq=False)
class Even(Weighting):
    card = Card(title="Even", formula="1", source="here")
    leak: float = 0.0

    def weigh(self, state, signals):
        if signals.gramian is None:
            from paretomtl.errors import BadInput
            raise BadInput("pass gramian=")
        ones = torch.ones_like(signals.gramian[..., 0])
        return ones + (self.leak * signals.gramian.mean() if self.leak else 0), state


leaky = Even(leak=1.0)
"""


@pytest.fixture
def own_method(tmp_path):
    path = tmp_path / "my_method_for_check.py"
    path.write_text(OWN_METHOD)
    return path


def test_a_method_prints_its_contract_and_its_properties(cli):
    answer = cli("check", "linear")
    assert answer.code == 0
    assert "ok   weights are the gradient of the value" in answer.out
    assert "no   reaches concave fronts" in answer.out
    assert "yes  deterministic" in answer.out
    assert "keeps all" in answer.out


def test_a_method_of_ones_own(cli, own_method):
    data = cli("check", "my_method_for_check.py:Even", "--json").data
    assert data["ok"] is True
    assert data["properties"]["linear under scaling"] is True
    assert data["properties"]["non-conflicting"] is False
    broken = cli("check", "my_method_for_check.py:leaky")
    assert broken.code == 4
    assert "FAIL a batch equals its lanes one by one, bitwise: lane 0 alone" in broken.out
    assert "m = 1, n = 1, 2 lanes" in broken.out


def test_show_prints_the_measured_properties(cli):
    data = cli("show", "mgda", "--json").data
    assert data["measured properties"]["descends on every task"] is True
    assert "reaches concave fronts = yes" in cli("show", "mgda").out
    assert "measured properties" not in cli("show", "mgda", "--option", "normalization=l2").out


def test_a_neural_problem_has_a_contract_too(cli):
    answer = cli("check", "multi_digits", "--option", "width=4")
    assert answer.code == 0
    assert "ok   no sample is in two splits" in answer.out
    assert "ok   networks under vmap equal each alone" in answer.out
