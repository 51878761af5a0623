"""`paretomtl list`: what there is."""

import pytest

import paretomtl as pm
from paretomtl import suites
from paretomtl.errors import BadInput
from paretomtl.indicators.catalogue import indicators


def can_have(name, m):
    """Whether the problem has m objectives, as it is or by its option."""
    try:
        problem = pm.problem(name, n_objectives=m)
    except BadInput:
        problem = pm.problem(name)
    return problem.n_objectives == m


def test_list_names_everything(cli):
    for kind, names in (
        ("problems", list(pm.problems)),
        ("methods", list(pm.methods)),
        ("indicators", list(indicators)),
        ("suites", suites.names()),
    ):
        answer = cli("list", kind)
        assert answer.code == 0
        rows = cli("list", kind, "--json").data
        assert [row["name"] for row in rows] == names
        for name in names:
            assert name in answer.out


@pytest.mark.parametrize(
    ("flags", "fits"),
    [
        (["--family", "zdt"], lambda p: p.card.family == "ZDT"),
        (["--objectives", "2"], lambda p: can_have(p.name, 2)),
        (["--shape", "concave"], lambda p: p.card.front_shape == "concave"),
        (["--no-differentiable"], lambda p: not p.card.differentiable),
        (
            ["--family", "ZDT", "--differentiable"],
            lambda p: p.card.family == "ZDT" and p.card.differentiable,
        ),
    ],
)
def test_list_problems_filters(cli, flags, fits):
    found = [row["name"] for row in cli("list", "problems", "--json", *flags).data]
    expected = [name for name in pm.problems if fits(pm.problem(name))]
    assert found == expected
    assert 0 < len(found) < len(pm.problems)


def test_list_problems_counts_those_whose_number_of_objectives_can_be_chosen(cli):
    rows = cli("list", "problems", "--objectives", "5", "--json").data
    assert "dtlz2" in [row["name"] for row in rows]
    assert {row["objectives"] for row in rows} == {5}


def test_list_without_a_match_is_5(cli):
    assert cli("list", "problems", "--objectives", "2", "--family", "neural").code == 0
    answer = cli("list", "problems", "--objectives", "77", "--family", "ZDT")
    assert answer.code == 5
    assert cli("list", "problems", "--objectives", "77", "--family", "ZDT", "--json").data == []
