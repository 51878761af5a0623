"""Which record counts for a key when several do, and where it lies."""

# pyarrow ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from paretomtl.records.directory import Directory


class Location(NamedTuple):
    """Where the record of a key lies, and its status."""

    file: str
    row: int
    status: str


class Index:
    """The records of a directory by key. Files never change, so each is read once for its keys.

    Of several records of one key the first written that was carried out ("ok" or "diverged") counts;
    a "failed" one counts only while there is no other.

    Args:
        directory: Where the files are.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._heads: dict[str, list[tuple[str, str]]] = {}
        """File -> key and status of its rows."""

    def locations(self) -> dict[str, Location]:
        """Return for every key where the record lies that counts for it."""
        locations: dict[str, Location] = {}
        for name in self._directory.names():
            for row, (key, status) in enumerate(self._head(name)):
                other = locations.get(key)
                if other is None or (other.status == "failed" and status != "failed"):
                    locations[key] = Location(name, row, status)
        return locations

    def tables(self, keys: Iterable[str] | None = None) -> Iterator[Any]:
        """Yield, file by file, tables of the records that count for the keys; None is every key."""
        locations = self.locations()
        wanted = set(locations if keys is None else keys)
        rows: dict[str, list[int]] = {}
        for key, location in locations.items():
            if key in wanted:
                rows.setdefault(location.file, []).append(location.row)
        for name in sorted(rows):
            table = self._directory.read(name)
            if table is None:  # set aside just now; another file may hold some of its runs
                yield from self.tables(wanted)
                return
            table = table.take(sorted(rows[name]))
            wanted.difference_update(table.column("key").to_pylist())
            yield table

    def _head(self, name: str) -> list[tuple[str, str]]:
        if name not in self._heads:
            table = self._directory.read(name, ["key", "status"])
            if table is None:
                return []
            columns = (table.column(c).to_pylist() for c in ("key", "status"))
            self._heads[name] = list(zip(*columns, strict=True))
        return self._heads[name]
