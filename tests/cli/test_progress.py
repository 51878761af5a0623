"""How far a run is: lines where there is no terminal."""


def test_lines_stand_in_for_the_bar_where_there_is_no_terminal(cli, suite, monkeypatch):
    monkeypatch.setattr("paretomtl.cli.progress.LINE_EVERY", 0.0)
    answer = cli("run", suite())
    lines = [line for line in answer.out.splitlines() if "steps/s" in line]
    assert lines
    assert lines[-1].startswith("24/24 runs done")
    assert "left" in lines[-1]
