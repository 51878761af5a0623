"""`paretomtl report`: which store, and where to."""

from types import SimpleNamespace


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
