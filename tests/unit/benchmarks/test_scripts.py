"""What holds of every script: it runs from its own folder, and takes only public names from others."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOMS = ("side_by_side", "references", "same_numbers")


def test_scripts_stand_in_a_room(root: Path) -> None:
    assert not list((root / "benchmarks").glob("*.*"))


@pytest.mark.parametrize("room", ROOMS)
def test_scripts_import_public_names_of_their_own_folder(root: Path, room: str) -> None:
    folder = root / "benchmarks" / room
    stems = {
        room: {file.stem for file in (root / "benchmarks" / room).glob("*.py")} for room in ROOMS
    }
    elsewhere = set().union(*(names for other, names in stems.items() if other != room))
    for script in folder.glob("*.py"):
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert node.module not in elsewhere, f"{script}: {node.module} lies elsewhere"
                if node.module in stems[room]:
                    names = [alias.name for alias in node.names]
                    assert not [n for n in names if n.startswith("_")], f"{script}: {names}"


def test_every_path_of_a_script_that_is_written_somewhere_exists(root: Path) -> None:
    texts = [root / name for name in ("Makefile", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    for room in ("benchmarks", "paretomtl", "problems", "docs"):
        texts += [f for f in (root / room).rglob("*.*") if f.suffix in (".py", ".md", ".toml")]
    for text in texts:
        for path in re.findall(
            r"\bbenchmarks/[\w/-]+\.(?:py|md|csv|toml)\b", text.read_text("utf-8")
        ):
            assert (root / path).exists(), f"{text} names {path}"


def test_sides_take_turns_and_medians_are_taken(
    load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    timing = load("side_by_side/timing.py")
    now, order = [0.0], []
    lengths = {"a": iter([9.0, 1.0, 5.0, 2.0]), "b": iter([9.0, 0.5, 0.25, 0.125])}
    monkeypatch.setattr(timing.time, "process_time", lambda: now[0])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: 2 * now[0])

    def side(name: str) -> Callable[[], None]:
        def call() -> None:
            order.append(name)
            now[0] += next(lengths[name])

        return call

    found = timing.medians({"a": side("a"), "b": side("b")}, 3, warm_up=1)
    assert "".join(order) == "abababab"
    assert found == {"a": timing.Clock(4.0, 2.0), "b": timing.Clock(0.5, 0.25)}
    assert found["a"].over(found["b"]) == timing.Clock(8.0, 8.0)
    assert found["b"].times(4) == timing.Clock(2.0, 1.0)


def test_a_fast_side_is_called_several_times_in_its_turn(
    load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    timing = load("side_by_side/timing.py")
    now, calls = [0.0], [0]
    monkeypatch.setattr(timing.time, "process_time", lambda: now[0])

    def call() -> None:
        calls[0] += 1
        now[0] += 0.25

    found = timing.medians({"fast": call}, 2, warm_up=1, least=1.0)
    assert found["fast"].cpu == 0.25  # of one call
    assert calls[0] == 1 + 1 + 2 * 4


def test_scripts_that_write_into_the_source_find_it(
    load: Callable[[str], ModuleType], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(root / "benchmarks" / "references")  # as when run by its path
    assert load("references/method_properties.py").FILE.exists()
    assert (load("references/re_fronts.py").DATA / "re21.csv").exists()
