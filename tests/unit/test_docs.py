"""What the documents say works: their Python runs, their commands and files exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

DOCUMENTS = ("README.md", "CONTRIBUTING.md")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_blocks_run(root: Path, document: str, tmp_path: Path) -> None:
    """All blocks of a document, one after the other, in a process of their own, warnings as errors."""
    found = blocks((root / document).read_text(encoding="utf-8"), "python")
    assert found, f"{document} shows no Python"
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(found), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", script],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "the blocks print nothing a reader could compare with"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["TwoWells", "InverseNorm"])
def test_the_worked_example_keeps_its_contract(root: Path, name: str, tmp_path: Path) -> None:
    """What CONTRIBUTING.md tells to imitate passes `paretomtl check`."""
    found = blocks((root / "CONTRIBUTING.md").read_text(encoding="utf-8"), "python")
    (tmp_path / "worked_example.py").write_text("\n".join(found), encoding="utf-8")
    program = "import sys; from paretomtl.cli import call; sys.exit(call(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "check", f"worked_example.py:{name}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout


@pytest.mark.parametrize("file", [*DOCUMENTS, ".ci/run", ".github/workflows/checks.yml"])
def test_make_targets_exist(root: Path, file: str) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    text = (root / file).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^ {4}|step |run: )make ([a-z-]+)", text, flags=re.MULTILINE))
    assert named
    for target in named:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bit")
def test_ci_can_be_run(root: Path) -> None:
    assert os.access(root / ".ci/run", os.X_OK)


@pytest.mark.parametrize("document", [*DOCUMENTS, "CHANGELOG.md"])
def test_links_inside_the_repository_lead_somewhere(root: Path, document: str) -> None:
    text = (root / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        if not target.startswith(("http://", "https://")):
            assert (root / target).exists(), target


def test_commands_of_paretomtl_exist(root: Path) -> None:
    """Every `paretomtl VERB` that a document shows is a command."""
    from paretomtl.cli import COMMANDS

    for document in DOCUMENTS:
        text = (root / document).read_text(encoding="utf-8")
        for verb in re.findall(
            r"^(?:    |.*`|.*\\Scripts\\)paretomtl ([a-z]+)", text, re.MULTILINE
        ):
            assert verb in COMMANDS, f"{document}: paretomtl {verb}"


def test_citation_names_the_license_and_title(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    citation = (root / "CITATION.cff").read_text()
    assert f"license: {project['license']}" in citation
    assert citation.startswith("cff-version: 1.2.0\n")
