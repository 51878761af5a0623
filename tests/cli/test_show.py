"""`paretomtl show`: all that is known of one problem, method, indicator or suite."""

import pytest

import paretomtl as pm
from paretomtl import suites
from paretomtl.indicators.catalogue import indicators


def test_show_every_method_indicator_and_suite(cli):
    for name in [*pm.methods, *indicators, *suites.names()]:
        answer = cli("show", name)
        assert answer.code == 0, answer.err
        assert name in answer.out


@pytest.mark.slow
def test_show_every_problem(cli):
    answers = {name: cli("show", name) for name in pm.problems}
    assert {name: answer.err for name, answer in answers.items() if answer.code} == {}
    assert all(name in answer.out for name, answer in answers.items())


def test_show_a_problem_with_its_facts(cli):
    answer = cli("show", "zdt1", "--json")
    facts, zdt1 = answer.data, pm.problem("zdt1")
    assert facts["best hypervolume"] == zdt1.best_hypervolume()
    assert facts["reference point"] == zdt1.reference_point.tolist()
    assert facts["variables"] == 30
    assert facts["best hypervolume of so many points"]["20"] == zdt1.best_hypervolume(20)
    text = cli("show", "zdt1").out
    for words in ("Zitzler", "convex", "[0, 1] each", "1.1, 1.1"):
        assert words in text


def test_show_takes_options(cli):
    facts = cli("show", "dtlz2", "--option", "n_objectives=4", "--json").data
    assert facts["problem"] == "dtlz2(n_objectives=4)"
    assert len(facts["nadir"]) == 4


def test_show_a_method_with_its_card(cli):
    card = pm.methods["pcgrad"].card
    facts = cli("show", "pcgrad", "--json").data
    assert facts["formula"] == card.formula
    assert facts["source"] == card.source
    assert facts["reads"] == "Gramian"
    assert facts["random"] is True
    assert facts["options"]["reduction"] == "sum"
    assert "m backward passes" in facts["cost of a step"]
    assert facts["state"] == "none"
    assert cli("show", "uncertainty", "--json").data["state"] != "none"
    assert "1 backward pass" in cli("show", "linear", "--json").data["cost of a step"]
