"""The command line called in this process, in an empty folder, with small suites."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from paretomtl.cli import call

SUITE = """
name = "tiny"
preferences = 3
seeds = 2
budget = { steps = 20 }
optimizer = { name = "adam", lr = 0.05 }
snapshots = 4
methods = ["linear", "tchebycheff"]
problems = ["vlmop2", { name = "zdt1", options = { n_variables = 5 } }]
"""


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The standard output as JSON, nothing else on it."""
        return json.loads(self.out)


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    """Call the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def ask(*tokens: object) -> Answer:
        capsys.readouterr()
        code = call([str(token) for token in tokens])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Answer(code, printed.out, printed.err)

    return ask


@pytest.fixture
def suite(tmp_path):
    """Write a suite file: the tiny suite, with `old` texts replaced by new ones."""

    def write(*changes: tuple[str, str], text: str = SUITE):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "tiny.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def stored(cli, suite):
    """The store of the tiny suite after it has run."""
    path = suite()
    assert cli("run", path, "-q").code == 0
    return path.parent / "runs" / "tiny"
