"""Where and with what a run was made, with and without git."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import paretomtl
from paretomtl.records import provenance


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    provenance.source_commit.cache_clear()
    yield
    provenance.source_commit.cache_clear()


def git(tree: Path, *arguments: str) -> str:
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(tree), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which the module believes itself to lie."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    module = tmp_path / "package" / "provenance.py"
    module.parent.mkdir()
    module.write_text("")
    git(tmp_path, "init", "-q")
    monkeypatch.setattr(provenance, "__file__", str(module))
    return tmp_path


def test_gather_says_where_and_with_what() -> None:
    import torch

    berlin = timezone(timedelta(hours=2))
    found = provenance.gather("cpu", 3, datetime(2026, 7, 1, 12, tzinfo=berlin), 1.5, 1000)
    assert found.package == paretomtl.__version__
    assert found.torch == torch.__version__
    assert found.threads == torch.get_num_threads()
    assert found.started == "2026-07-01T10:00:00.000+00:00"
    assert (found.device, found.lanes, found.seconds, found.peak_memory) == ("cpu", 3, 1.5, 1000)


def test_the_commit_of_a_clean_tree(tree: Path) -> None:
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "all")
    (tree / "notes.txt").write_text("not a change of the source")
    assert provenance.source_commit() == git(tree, "rev-parse", "HEAD")


@pytest.mark.parametrize("change", ["package/provenance.py", "package/new.py"])
def test_a_changed_tree_is_dirty(tree: Path, change: str) -> None:
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "all")
    (tree / change).write_text("x = 1")
    assert provenance.source_commit() == git(tree, "rev-parse", "HEAD") + "+dirty"


def test_the_commit_of_a_repository_that_does_not_own_the_package_is_not_borrowed(
    tree: Path,
) -> None:
    (tree / "other.txt").write_text("")
    git(tree, "add", "other.txt")
    git(tree, "commit", "-qm", "without the package")
    assert provenance.source_commit() == ""


def test_without_git_there_is_no_commit_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert provenance.source_commit() == ""
    assert provenance.gather("cpu", 1, datetime.now(UTC), 0.0, 0).commit == ""


def test_a_git_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("git", float(str(options["timeout"])))

    monkeypatch.setattr(subprocess, "run", hang)
    assert provenance.source_commit() == ""


def test_git_is_asked_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    first = provenance.source_commit()
    monkeypatch.setattr(subprocess, "run", None)
    assert provenance.source_commit() == first
