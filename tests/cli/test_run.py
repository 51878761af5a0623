"""`paretomtl run`: the plan, what is run again and what is not, exit codes."""

import pytest

from paretomtl.records.store import open_store

DIVERGING = (
    'problems = ["vlmop2", { name = "zdt1", options = { n_variables = 5 } }]',
    'problems = ["vlmop2", { name = "planar_pair", optimizer = { name = "sgd", lr = 1e200 } }]',
)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_plan_is_echoed_first_and_the_second_run_does_nothing(cli, suite):
    first = cli("run", suite())
    assert first.code == 0
    assert first.out.splitlines()[0] == "24 runs: 0 done, 24 to run"
    assert "24 runs carried out" in first.out
    store = suite().parent / "runs" / "tiny"
    before = files(store)
    second = cli("run", suite())
    assert second.code == 0
    assert second.out.splitlines()[0] == "24 runs: 24 done, 0 to run"
    assert "0 runs carried out, 24 reused" in second.out
    assert files(store) == before


def test_where_things_are_and_what_comes_next_is_said(cli, suite):
    answer = cli("run", suite(), "--store", "elsewhere")
    assert "Store: elsewhere" in answer.out
    assert "Next: paretomtl report elsewhere" in answer.out
    assert not (suite().parent / "runs").exists()
    assert len(open_store("elsewhere").keys()) == 24


def test_only_selects_and_the_rest_is_done_later(cli, suite):
    path = suite(("linear", "pcgrad"))
    one = cli("run", path, "--only", "method=tchebycheff", "--only", "seed=1", "--json")
    assert one.data["runs"] == 2 * 3
    two = cli("run", path, "--only", "problem=zdt1", "--only", "problem=vlmop2")
    assert two.out.splitlines()[0] == "24 runs: 6 done, 18 to run"


def test_only_reads_options_and_labels(cli, suite):
    methods = ('["linear", "tchebycheff"]', '[{ name = "power_mean", gammas = [1, 2.5] }]')
    path = suite(methods, ("zdt1", "vlmop1"))
    assert cli("run", path, "--only", "gamma=2.5", "--dry-run", "--json").data["runs"] == 12
    label = "method=power_mean(gamma=1)"
    assert cli("run", path, "--only", label, "--dry-run", "--json").data["runs"] == 12
    chosen = cli(
        "run", path, "--only", "gamma=1.0", "--only", "n_variables=5", "--dry-run", "--json"
    )
    assert chosen.data["runs"] == 6


@pytest.mark.parametrize("value", ["problem=zdt9", "seed=7", "method=mgda"])
def test_nothing_selected_is_5_and_writes_nothing(cli, suite, value):
    answer = cli("run", suite(), "--only", value)
    assert answer.code == 5
    assert value in answer.out
    assert not (suite().parent / "runs").exists()


def test_dry_run_writes_nothing(cli, suite):
    answer = cli("run", suite(), "--dry-run")
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "24 runs: 0 done, 24 to run"
    assert not (suite().parent / "runs").exists()
    data = cli("run", suite(), "--dry-run", "--json").data
    assert (data["runs"], data["done"], data["to_run"]) == (24, 0, 24)
    assert sum(cell["to_run"] for cell in data["cells"]) == 24


def test_diverged_runs_are_3_and_the_others_are_kept(cli, suite):
    path = suite(DIVERGING)
    answer = cli("run", path, "--json")
    assert answer.code == 3
    assert answer.data["diverged"] == 12
    assert answer.data["ok"] == 12
    assert {failure["status"] for failure in answer.data["failures"]} == {"diverged"}
    again = cli("run", path)
    assert again.code == 3
    assert again.out.splitlines()[0] == "24 runs: 24 done, 0 to run"
    assert "12 runs diverged, 0 failed" in again.out
    alone = cli("run", path, "--only", "problem=vlmop2")
    assert alone.code == 0


def test_quiet_prints_nothing_and_json_prints_json_alone(cli, suite):
    quiet = cli("run", suite(), "-q")
    assert quiet.out == quiet.err == ""
    answer = cli("run", suite(), "--json")
    assert answer.data["reused"] == 24
    assert "24 runs: 24 done, 0 to run" in answer.err


def test_an_interrupt_keeps_what_is_finished(cli, suite, monkeypatch):
    from paretomtl.cli.progress import RunProgress

    def stop(self, progress):
        if progress.done:
            raise KeyboardInterrupt

    path = suite()
    with monkeypatch.context() as patched:
        patched.setattr(RunProgress, "update", stop)
        answer = cli("run", path)
    assert answer.code == 130
    kept = len(open_store(path.parent / "runs" / "tiny").keys())
    assert 0 < kept < 24
    assert f"{kept} of 24 runs are finished and kept" in answer.out
    again = cli("run", path)
    assert again.code == 0
    assert again.out.splitlines()[0] == f"24 runs: {kept} done, {24 - kept} to run"


@pytest.mark.slow
def test_processes_give_the_same_runs(cli, suite):
    path = suite()
    cli("run", path, "-q", "--store", "here")
    assert cli("run", path, "-q", "--store", "there", "--executor", "processes").code == 0
    here, there = (
        {record.key: record.outcome.final["test"].tolist() for record in open_store(name).records()}
        for name in ("here", "there")
    )
    assert here == there


def test_memory_and_determinism_are_options_of_a_run(cli, suite):
    cut = cli("run", suite(), "--memory", "1MB", "--deterministic")
    assert cut.code == 0
    assert "24 runs carried out" in cut.out
    bad = cli("run", suite(), "--memory", "much")
    assert bad.code == 2
    assert "must be a size such as '6 GB'" in bad.err
    small = cli("run", suite(), "--memory", "10", "--store", "elsewhere")
    assert small.code == 2
    assert "too small for one lane" in small.err
