"""A store's directory: its record files, read one by one; a file that cannot be used is set aside."""

# pyarrow ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from paretomtl.errors import StoreError
from paretomtl.records.files import Unusable, format_of, read_table, record_files, visible_names

log = logging.getLogger(__name__)

MARKER = "_store.json"
ASIDE = "_set_aside"


class SetAside(NamedTuple):
    """A file that could not be used: its name, why, and where it lies now (None: left in place)."""

    name: str
    reason: str
    moved_to: Path | None


class Directory:
    """The record files below one path.

    Args:
        path: The directory; it need not exist.

    Attributes:
        set_aside: Files found unusable so far: truncated, damaged, or not ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set_aside: list[SetAside] = []
        self._skipped: set[str] = set()

    def check(self) -> None:
        """Refuse a path that cannot be a store.

        Raises:
            StoreError: It is a file, it holds other things and no records, or it cannot be read.
        """
        try:
            unfit = _unfit(self.path)
        except OSError as error:
            raise self._unreadable(error) from error
        if unfit:
            raise StoreError(unfit)

    def names(self) -> list[str]:
        """Return the names of the usable files, in the order of writing."""
        try:
            return [f.name for f in record_files(self.path) if f.name not in self._skipped]
        except OSError as error:
            raise self._unreadable(error) from error

    def read(self, name: str, columns: Sequence[str] | None = None) -> Any:
        """Return a file's table in the current format, or None after setting the file aside."""
        try:
            return read_table(self.path / name, columns)
        except FileNotFoundError:  # another process has set it aside in the meantime
            return None
        except Unusable as error:
            return self._put_aside(name, str(error), move=error.permanent)

    def _put_aside(self, name: str, reason: str, *, move: bool = True) -> None:
        """Leave out a file that cannot be used, with a warning; move it aside where possible."""
        self._skipped.add(name)
        target = self.path / ASIDE / name
        moved: Path | None = None
        if move:
            try:
                target.parent.mkdir(exist_ok=True)
                if target.exists():  # what was set aside before is not ours to overwrite
                    target = target.with_stem(f"{target.stem}-{os.urandom(4).hex()}")
                moved = (self.path / name).rename(target)
            except FileNotFoundError:
                return
            except OSError as error:
                log.debug("could not move %s: %s", name, error)
        where = f"moved to {moved}" if moved else "left in place and ignored"
        log.warning("%s is not usable (%s); %s.", self.path / name, reason, where)
        self.set_aside.append(SetAside(name, reason, moved))

    def _unreadable(self, error: OSError) -> StoreError:
        return StoreError(f"the store {str(self.path)!r} cannot be read: {error}.")


def _unfit(path: Path) -> str:
    """Return why a path cannot be a store; nothing when it can."""
    if not path.exists():
        return ""
    if not path.is_dir():
        return (
            f"a store is a directory; {str(path)!r} is a file. "
            "Name a directory, new or with records."
        )
    others = visible_names(path)
    if not others or (path / MARKER).exists():
        return ""
    if any(format_of(file) is not None for file in record_files(path)):
        return ""
    return (
        f"{str(path)!r} holds other files ({others[0]!r}, ...) and no records. "
        "Name an empty or new directory, or a store."
    )
