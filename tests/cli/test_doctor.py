"""`paretomtl doctor`: versions, devices, extras and what is broken."""

import paretomtl as pm


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
