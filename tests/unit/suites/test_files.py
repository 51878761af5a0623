"""Suite files: what they may say, and how what they may not say is reported."""

import pytest

from paretomtl import suites
from paretomtl.errors import BadInput, UnknownName
from paretomtl.sweep.cells import Grid
from paretomtl.sweep.settings import Budget
from paretomtl.sweep.suite import MethodEntry, OptimizerSettings, ProblemEntry

GOOD = """
name = "mine"
description = "A test."
preferences = { n = 8, kind = "riesz" }
seeds = [0, 7]
budget = { steps = 100 }
optimizer = { name = "sgd", lr = 1 }
snapshots = 6
methods = ["linear", { name = "power_mean", gammas = [1, 2.5, -inf], budget = { passes = 5 } }]

[[problems]]
name = "zdt1"
options = { n_variables = 5 }
optimizer = { lr = 0.1 }
preferences = [[0.5, 0.5]]
seeds = 3

[[problems]]
name = "vlmop2"
"""


def test_every_key_arrives_with_its_type():
    suite = suites.parse(GOOD)
    assert suite.name == "mine"
    assert suite.preferences == Grid(n=8, kind="riesz")
    assert suite.seeds == (0, 7)
    assert suite.budget == Budget(steps=100)
    assert suite.optimizer == OptimizerSettings(name="sgd", lr=1.0)
    assert isinstance(suite.optimizer.lr, float)
    assert suite.methods == (
        "linear",
        MethodEntry(name="power_mean", gammas=(1.0, 2.5, float("-inf")), budget=Budget(passes=5)),
    )
    assert suite.problems == (
        ProblemEntry(
            name="zdt1",
            options={"n_variables": 5},
            optimizer=OptimizerSettings(lr=0.1),
            preferences=((0.5, 0.5),),
            seeds=3,
        ),
        ProblemEntry(name="vlmop2"),
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("snapshots =", "snapshot =", ["snapshot", "unknown key", "'snapshots'"]),
        ("lr = 0.1", "lrr = 0.1", ["problems[0].optimizer", "lrr", "'lr'"]),
        ("n = 8,", "n = 8.0,", ["preferences.n", "whole number", "8.0"]),
        ("seeds = 3", "seeds = 1.5", ["problems[0].seeds", "whole number", "1.5"]),
        ("seeds = [0, 7]", "seeds = [0, true]", ["seeds", "whole number", "true"]),
        ("lr = 1 ", 'lr = "1" ', ["optimizer.lr", "number", "'1'"]),
        ('"riesz"', '"rietz"', ["preferences.kind", "rietz", "'riesz'"]),
        ('"sgd"', '"sdg"', ["optimizer.name", "sdg", "'sgd'"]),
        ("steps = 100", "step = 100", ["budget", "step", "'steps'"]),
        ("steps = 100", "steps = 100, passes = 3", ["budget", "exactly one"]),
        ("steps = 100", "steps = -1", ["budget", "positive"]),
        ("steps = 100", "steps = 0.5", ["budget.steps", "whole number", "0.5"]),
        ("steps = 100", "", ["budget", "exactly one"]),
        ("lr = 0.1", "lr = -0.1", ["problems[0].optimizer", "lr", "> 0"]),
        ('name = "vlmop2"', "", ["problems[1].name", "missing"]),
        ("[[0.5, 0.5]]", '[["a", 0.5]]', ["problems[0].preferences[0][0]", "number", "'a'"]),
        ("snapshots = 6", 'precision = "float16"', ["precision", "float16", "'float32'"]),
        ("gammas = [1,", 'gammas = ["1",', ["gammas[0]", "number", "'1'"]),
        ('name = "mine"', "", ["name", "missing"]),
    ],
)
def test_a_fault_is_named_with_its_path_and_what_would_be_right(old, new, words):
    assert old in GOOD
    with pytest.raises(BadInput) as caught:
        suites.parse(GOOD.replace(old, new, 1), document="mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml: ")
    for word in words:
        assert word in message, message


def test_all_faults_are_named_at_once():
    text = GOOD.replace("snapshots", "snapshot").replace("lr = 0.1", "lrr = 0.1")
    text = text.replace("n = 8", 'n = "8"')
    with pytest.raises(BadInput) as caught:
        suites.parse(text)
    for word in ("snapshot", "lrr", "preferences.n"):
        assert word in str(caught.value)


def test_broken_toml_is_refused_with_the_line():
    with pytest.raises(BadInput, match=r"not valid TOML.*line 2"):
        suites.parse('name = "x"\nseeds = = 3\n')


def test_an_unknown_suite_names_the_closest():
    with pytest.raises(UnknownName, match="'quickstart'"):
        suites.load("quikstart")


def test_a_file_that_is_not_there_or_cannot_be_read(tmp_path):
    with pytest.raises(BadInput, match=r"no suite file .*nope\.toml"):
        suites.load("nope.toml")
    with pytest.raises(BadInput, match="cannot read"):
        suites.load(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot read"):
        suites.load(binary)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert suites.load(path) == suites.load(str(path)) == suites.parse(GOOD)


def test_the_built_in_suites_are_suites():
    assert {"quickstart", "smoke", "concave-law"} <= set(suites.names())
    for name in suites.names():
        assert suites.load(name).name == name
        assert suites.load(name).description
