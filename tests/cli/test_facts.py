"""`list`, `show`, `doctor`, `report`: what there is."""

from types import SimpleNamespace

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


def test_doctor(cli, tmp_path):
    answer = cli("doctor")
    assert answer.code == 0
    rows = {row["what"]: row for row in cli("doctor", "--json").data}
    for what in ("paretomtl", "Python", "torch", "pymoo", "device cpu", "problems", "store"):
        assert rows[what]["verdict"] == "ok"
    assert rows["extra ray"]["verdict"] in ("ok", "absent")
    assert list(tmp_path.iterdir()) == []


def test_doctor_shows_a_broken_provider(cli, monkeypatch):
    monkeypatch.setitem(pm.problems.broken, "theirs = theirs", SyntaxError("no"))
    answer = cli("doctor", "--json")
    assert answer.code == 4
    row = next(row for row in answer.data if row["what"] == "provider theirs = theirs")
    assert row["verdict"] == "broken"
    assert "SyntaxError: no" in row["detail"]


def test_report_takes_the_store_written_to_last(cli, suite, stored, monkeypatch):
    from importlib.metadata import EntryPoint

    built = []

    def build(store, out):
        built.append((str(store), str(out)))
        return out / "index.html"

    cli("run", suite(('"tiny"', '"later"')), "-q", "--only", "seed=0")
    monkeypatch.setattr(EntryPoint, "load", lambda self: SimpleNamespace(build=build))
    answer = cli("report")
    assert answer.code == 0
    assert built.pop() == ("runs/later", "reports/out/later")
    assert "runs/later" in answer.out
    data = cli("report", stored, "--out", "page", "--json").data
    assert built.pop() == (str(stored), "page")
    assert data["report"] == "page/index.html"
    assert data["runs"] == 24
