"""Rooms stay rooms: no class over 200 lines, no function over 60, in anything that is installed or run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOTS = ("paretomtl", "problems", "reports", "benchmarks")
FUNCTION, CLASS = 60, 200


@pytest.mark.parametrize("folder", ROOTS)
def test_functions_and_classes_are_short(root: Path, folder: str) -> None:
    files = list((root / folder).rglob("*.py"))
    assert files
    long: list[str] = []
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if lines > (CLASS if isinstance(node, ast.ClassDef) else FUNCTION):
                long.append(f"{path.relative_to(root)}:{node.lineno} {node.name}: {lines} lines")
    assert not long, "\n".join(long)
