"""Whatever is wrong with the input: exit code 2, one message that names it and what would be right."""

import sys

import pytest

from paretomtl.records.store import open_store

ZDT1 = '{ name = "zdt1", options = { n_variables = 5 } }'

FAULTS = {
    "unknown problem": (("vlmop2", "vlmop9"), ["problem 'vlmop9'", "'vlmop2'"]),
    "unknown method": (("tchebycheff", "tchebychef"), ["method 'tchebychef'", "'tchebycheff'"]),
    "unknown option": (
        ("n_variables", "n_variable"),
        ["option of problem 'zdt1'", "'n_variable'", "'n_variables'"],
    ),
    "unknown option of a method": (
        ('"linear"', '{ name = "power_mean", options = { gama = 2 } }'),
        ["option of method 'power_mean'", "'gama'", "'gamma'"],
    ),
    "option out of range": (("n_variables = 5", "n_variables = 1"), ["n_variables", "2", "1"]),
    "option of the wrong type": (
        ("n_variables = 5", 'n_variables = "5"'),
        ["'n_variables' of problem 'zdt1'", "whole number", "'5'"],
    ),
    "misspelt key": (("seeds =", "seed ="), ["tiny.toml", "seed", "unknown key", "'seeds'"]),
    "wrong type": (("seeds = 2", 'seeds = "two"'), ["tiny.toml", "seeds", "'two'", "whole number"]),
    "fractional seed": (("seeds = 2", "seeds = 1.5"), ["seeds", "whole number", "1.5"]),
    "negative preference": (
        ("preferences = 3", "preferences = [[1.5, -0.5]]"),
        ["preference 0", "-0.5", ">= 0"],
    ),
    "preference off the simplex": (
        ("preferences = 3", "preferences = [[0.5, 0.5], [0.6, 0.6]]"),
        ["preference 1", "1.2", "not to 1"],
    ),
    "preference of the wrong length": (
        ("preferences = 3", "preferences = [[0.2, 0.3, 0.5]]"),
        ["preference 0", "3 entries", "2 objectives"],
    ),
    "gamma with losses that can be negative": (
        (
            f'methods = ["linear", "tchebycheff"]\nproblems = ["vlmop2", {ZDT1}]',
            'methods = [{ name = "power_mean", gammas = [2] }]\nproblems = ["zdt3"]',
        ),
        ["power_mean(gamma=2) on zdt3", "positive losses", "-0.77"],
    ),
    "an option for another number of tasks": (
        ('"linear"', '{ name = "uncertainty", options = { dimension = [1.0, 2.0, 3.0] } }'),
        ["uncertainty", "on vlmop2", "`dimension` has 3 numbers", "2 tasks"],
    ),
    "a method for more tasks": (('"linear"', '"krum"'), ["krum on vlmop2", "at least 3 tasks"]),
    "a problem without gradients": (("vlmop2", "zdt5"), ["zdt5", "not differentiable"]),
    "budget": (("steps = 20", "steps = 0"), ["budget", "positive", "0"]),
    "two budgets": (("steps = 20", "steps = 20, seconds = 1"), ["budget", "exactly one"]),
    "unknown optimizer": (("adam", "adan"), ["optimizer.name", "'adan'", "'adam'"]),
    "learning rate": (("lr = 0.05", "lr = 0"), ["lr", "> 0"]),
    "no TOML": (("budget = {", "budget = ["), ["not valid TOML", "line"]),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", ["run", "status"])
def test_a_suite_with_a_fault_is_refused(cli, suite, command, fault):
    change, words = FAULTS[fault]
    answer = cli(command, suite(change))
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("paretomtl: ")
    for word in words:
        assert word in answer.err, answer.err
    assert not (suite().parent / "runs").exists()


def test_nothing_stored_is_lost_by_a_refused_command(cli, suite, stored):
    before = {path.name: path.read_bytes() for path in stored.iterdir()}
    assert cli("run", suite(("vlmop2", "vlmop9"))).code == 2
    assert cli("run", suite(), "--device", "abacus").code == 2
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == before
    assert cli("run", suite()).out.startswith("24 runs: 24 done, 0 to run")


def test_several_faults_of_a_suite_are_named_together(cli, suite):
    answer = cli("run", suite(("seeds =", "seed ="), ("lr = 0.05", 'lr = "x"')))
    assert answer.code == 2
    assert "seed: unknown key" in answer.err
    assert "optimizer.lr: expected a number" in answer.err


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["run", "quikstart"], ["suite 'quikstart'", "'quickstart'"]),
        (["run", "nope.toml"], ["no suite file 'nope.toml'"]),
        (["run", "."], ["cannot read"]),
        (["run"], ["suite"]),
        (["rnu", "smoke"], ['"rnu"', '"run"']),
        (["run", "smoke", "--devise", "cpu"], ["--devise", "--device"]),
        (["run", "smoke", "--device", "abacus"], ["'abacus'", "'cpu'"]),
        (["run", "smoke", "--executor", "locl"], ["'locl'", "'local'"]),
        (["run", "smoke", "--only", "zdt1"], ["KEY=VALUE", "'zdt1'"]),
        (["run", "smoke", "--only", "problm=zdt1"], ["'problm'", "'problem'"]),
        (["list", "problem"], ["problem", '"problems"']),
        (["list", "problems", "--family", "ZDTT"], ["'ZDTT'", "'ZDT'"]),
        (["list", "problems", "--shape", "convexx"], ["'convexx'", "'convex'"]),
        (["list", "methods", "--family", "ZDT"], ["--family", "list methods"]),
        (["show", "zdt11"], ["'zdt11'", "'zdt1'"]),
        (["show", "zdt1", "--option", "n_variable=3"], ["'n_variable'", "'n_variables'"]),
        (["show", "zdt1", "--option", "n_variables"], ["KEY=VALUE", "'n_variables'"]),
        (["score", "nope.csv", "--reference", "1,1"], ["no file 'nope.csv'"]),
        (["report"], ["no store", "paretomtl run"]),
        (["report", "nowhere"], ["no store", "'nowhere'"]),
        (["verify", "nowhere"], ["no store", "nowhere"]),
        (["verify", "nowhere", "--tolerance=-1"], ["--tolerance", "-1"]),
    ],
)
def test_a_command_line_with_a_fault_is_refused(cli, tokens, words):
    answer = cli(*tokens)
    assert answer.code == 2
    assert answer.out == ""
    for word in words:
        assert word in answer.err, answer.err


def test_a_store_that_is_a_file(cli, suite):
    path = suite()
    for tokens in (
        ["run", path, "--store", path],
        ["status", path, path],
        ["report", path],
        ["verify", path],
    ):
        answer = cli(*tokens)
        assert answer.code == 2
        assert "is a file" in answer.err
        assert "directory" in answer.err
    assert "tiny" in path.read_text(encoding="utf-8")


def test_a_folder_of_other_things_is_no_store(cli, suite, tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "dear.txt").write_text("hello")
    answer = cli("run", suite(), "--store", folder)
    assert answer.code == 2
    assert "dear.txt" in answer.err
    assert [path.name for path in folder.iterdir()] == ["dear.txt"]


def test_a_truncated_record_is_named_and_set_aside_and_the_rest_is_used(cli, suite, stored):
    victim = min(stored.glob("*.parquet"))
    held = open_store(stored).runs()
    victim.write_bytes(victim.read_bytes()[:200])
    rest = open_store(stored)
    lost = 24 - len(rest.keys())
    assert 0 < lost < 24
    (stored / "_set_aside" / victim.name).rename(victim)  # as it was before anybody looked
    answer = cli("run", suite())
    assert answer.code == 0
    assert victim.name in answer.err
    assert answer.out.startswith(f"24 runs: {24 - lost} done, {lost} to run")
    now = open_store(stored).runs()
    assert sorted(now.key) == sorted(held.key)


def test_a_report_on_a_damaged_store_is_made_from_the_rest_and_says_so(cli, stored):
    pytest.importorskip("jinja2")
    victim = min(stored.glob("*.parquet"))
    victim.write_bytes(victim.read_bytes()[:200])
    answer = cli("report", stored, "--out", "page")
    assert answer.code == 2
    assert victim.name in answer.err
    assert "run the suite again" in answer.err.lower()
    assert (stored / "_set_aside" / victim.name).exists()
    page = stored.parent.parent / "page" / "index.html"
    assert page.exists()
    assert cli("report", stored, "--out", "page").code == 0


def test_a_gpu_that_is_not_there(cli, suite):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    for command in (["run", suite(), "--device", "cuda"], ["verify", "x", "--device", "cuda"]):
        answer = cli(*command)
        assert answer.code == 2
        assert "'cuda'" in answer.err
        assert "no CUDA device" in answer.err
        assert "'cpu'" in answer.err
    assert not (suite().parent / "runs").exists()


def test_a_missing_extra_is_named_before_anything_runs(cli, suite, monkeypatch):
    from paretomtl_problems.neural import multi_digits

    for name in ("sklearn", "sklearn.datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    for cached in vars(multi_digits).values():
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()
    answer = cli("run", suite(("zdt1", "multi_digits"), ("n_variables = 5", "width = 4")))
    assert answer.code == 2
    assert "scikit-learn" in answer.err
    assert "pip install 'paretomtl[data]'" in answer.err
    assert not (suite().parent / "runs").exists()


def test_a_report_whose_extra_is_missing(cli, stored, monkeypatch):
    from importlib.metadata import EntryPoint

    def load(self):
        raise ModuleNotFoundError("No module named 'jinja2'", name="jinja2")

    monkeypatch.setattr(EntryPoint, "load", load)
    answer = cli("report", stored)
    assert answer.code == 2
    assert "jinja2" in answer.err
    assert "paretomtl[report]" in answer.err


def test_debug_shows_the_traceback(cli, capsys):
    from paretomtl.cli import call

    assert call(["show", "zdt11", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_error_of_ours_is_1_and_says_so(cli, monkeypatch):
    def burst(self):
        raise RuntimeError("a bug")

    monkeypatch.setattr("paretomtl.suites.names", burst)
    answer = cli("list", "suites")
    assert answer.code == 1
    assert "internal error" in answer.err
    assert "--debug" in answer.err
