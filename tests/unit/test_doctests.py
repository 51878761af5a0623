"""Every example in a docstring of the three packages runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT, ROOT / "problems", ROOT / "reports")


def modules() -> list[str]:
    found: list[str] = []
    for folder, package in zip(
        FOLDERS, ("paretomtl", "paretomtl_problems", "paretomtl_reports"), strict=True
    ):
        for path in sorted((folder / package).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(folder).with_suffix("").parts
                found.append(".".join(p for p in parts if p != "__init__"))
    return found


def test_there_are_examples() -> None:
    assert "paretomtl.errors" in modules()


@pytest.mark.parametrize("name", modules())
def test_examples(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert results.attempted > 0, f"{name} has >>> outside any docstring that Python sees"
    assert results.failed == 0, capsys.readouterr().out
