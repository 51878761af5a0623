"""`paretomtl status`: what is done, what would run, and why."""


def test_status_says_what_would_run_and_why(cli, suite):
    fresh = cli("status", suite(), "--json").data
    assert (fresh["runs"], fresh["to_run"]) == (24, 24)
    assert {cell["why"] for cell in fresh["cells"]} == {"not run yet"}
    cli("run", suite(), "-q")
    done = cli("status", suite())
    assert done.code == 0
    assert done.out.splitlines()[0] == "24 runs: 24 done, 0 to run"
    changed = suite(
        ("steps = 20", "steps = 30"),
        ("n_variables = 5", "n_variables = 6"),
        ("seeds = 2", "seeds = [0, 5]"),
    )
    rows = {(c["problem"], c["method"]): c for c in cli("status", changed, "--json").data["cells"]}
    why = rows["zdt1(n_variables=6)", "linear"]["why"]
    assert "3 changed: problem.options.n_variables 5 -> 6, budget.amount 20 -> 30" in why
    assert "3 not run yet" in why
    assert rows["vlmop2", "linear"]["to_run"] == 6
    assert "budget.amount 20 -> 30" in rows["vlmop2", "linear"]["why"]
