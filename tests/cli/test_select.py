"""`paretomtl select`: the search over gamma, from the store to the choice."""

import pytest

SUITE = """
name = "search"
preferences = 2
seeds = 2
budget = { steps = 20 }
optimizer = { name = "adam", lr = 0.05 }
methods = ["linear", { name = "power_mean", gammas = [0.5, 1, 2] }]
problems = ["vlmop2"]
"""


@pytest.fixture
def store(cli, tmp_path):
    (tmp_path / "search.toml").write_text(SUITE)
    assert cli("run", tmp_path / "search.toml", "--store", tmp_path / "store").code == 0
    return tmp_path / "store"


def test_a_gamma_is_chosen_and_every_one_is_shown(cli, store):
    answer = cli("select", store, "--json")
    assert answer.code == 0
    found = answer.data["candidates"]
    assert [c["value"] for c in found] == [0.5, 1.0, 2.0]
    assert [c["seeds"] for c in found] == [2, 2, 2]
    best = min(found, key=lambda c: c["validation"])
    assert [c["chosen"] for c in found] == [c is best for c in found]
    assert f"gamma = {best['value']:g}, chosen on validation" in cli("select", store).out


def test_bad_input_is_named(cli, store):
    for options, words in (
        (("--by", "gama"), "'gama'"),
        (("--score", "hv"), "'hv'"),
        (("--method", "linear"), "'gamma'"),
    ):
        answer = cli("select", store, *options)
        assert answer.code == 2
        assert words in answer.err
