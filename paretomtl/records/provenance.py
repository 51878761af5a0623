"""Where and with what a batch of runs was made."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import paretomtl
from paretomtl.records.record import Provenance


def gather(
    device: str, lanes: int, started: datetime, seconds: float, peak_memory: int
) -> Provenance:
    """Describe this process, its package and its machine beside the figures of one batch.

    Args:
        device: Device the lanes ran on, as the record names it.
        lanes: Runs that shared the batch.
        started: When the batch began, with a time zone; kept in UTC.
        seconds: Wall-clock of the whole batch.
        peak_memory: Peak bytes during the batch; 0 when unknown.
    """
    import torch

    return Provenance(
        package=paretomtl.__version__,
        commit=source_commit(),
        torch=str(torch.__version__),
        python=platform.python_version(),
        platform=platform.platform(),
        device=device,
        threads=torch.get_num_threads(),
        started=started.astimezone(UTC).isoformat(timespec="milliseconds"),
        seconds=float(seconds),
        lanes=lanes,
        peak_memory=int(peak_memory),
    )


@functools.cache
def source_commit() -> str:
    """Return the commit of the source tree this package runs from; asked once a process.

    "+dirty" follows when tracked files differ from it or there are untracked Python files. Empty when
    the package was installed without its tree, or git does not answer within seconds.
    """
    here = Path(__file__).resolve().parent
    # An installed package may lie in a virtual environment inside another project's repository: git
    # would answer with the commit of that project, which says nothing about this code.
    if _git(here, "ls-files", "--error-unmatch", Path(__file__).name) is None:
        return ""
    commit = _git(here, "rev-parse", "HEAD")
    if commit is None:
        return ""
    status = _git(here, "status", "--porcelain", "--untracked-files=all")
    changed = status is None or any(
        not line.startswith("??") or line.endswith(".py") for line in status.splitlines()
    )
    return f"{commit.strip()}+dirty" if changed else commit.strip()


def _git(directory: Path, *arguments: str) -> str | None:
    """Return what git prints, or None when it fails, is absent, or takes too long."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout
