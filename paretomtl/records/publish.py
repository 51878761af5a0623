"""A file that appears whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

_SUFFIX = ".tmp"
_STALE_AFTER = 24 * 3600
"""Seconds after which a temporary file must belong to a process that was killed."""


def publish(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one visible step, on disk when this returns.

    It is written under a hidden name in the same directory, synchronised, and renamed. On any error
    or interruption the hidden file is removed and `path` is as it was before.

    Raises:
        OSError: The file system refuses; nothing is left behind.
    """
    hidden = path.with_name(f".{path.name}-{os.urandom(4).hex()}{_SUFFIX}")
    try:
        with hidden.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            hidden.unlink()
        raise
    _sync_directory(path.parent)


def remove_stale(directory: Path) -> None:
    """Remove temporary files that a killed process left behind more than a day ago."""
    for file in directory.glob(f".*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > _STALE_AFTER:
                file.unlink()


def _sync_directory(directory: Path) -> None:
    """Make the new name durable, where directories can be synchronised (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
