"""Point sets from files: one point a row, one objective a column."""

# pandas' own annotations leave much unknown, and JSON is unknown by nature.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from paretomtl.errors import BadInput, unknown_name

if TYPE_CHECKING:
    import pandas as pd

Points: TypeAlias = NDArray[np.float64]


def read_points(path: Path) -> Points:
    """Return the points of a CSV, NPY, Parquet or JSON file, [n, m].

    A CSV file may begin with a line of names; a JSON file holds a list of lists or of objects; a table
    has number columns alone.

    Raises:
        BadInput: The file is not there, is of another kind, or does not hold a table of numbers.
    """
    if not path.is_file():
        raise BadInput(f"there is no file {str(path)!r}.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise unknown_name("file type", path.suffix or path.name, _READERS)
    try:
        points = np.asarray(reader(path), dtype=np.float64)
    except BadInput as error:
        raise BadInput(f"{str(path)!r}: {error}") from error
    except (OSError, ValueError, TypeError, ArithmeticError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInput(
            f"{str(path)!r} does not hold a table of numbers, one point a row: {reason}."
        ) from error
    if points.ndim != 2 or not points.size:
        raise BadInput(
            f"{str(path)!r} must hold a table [points, objectives]; found {list(points.shape)}."
        )
    return points


def _csv(path: Path) -> Any:
    import pandas as pd

    table = pd.read_csv(path, header=None, skipinitialspace=True, comment="#")
    numbers = pd.to_numeric(table.iloc[0], errors="coerce")
    if numbers.isna().all():  # a line of names
        table = table.iloc[1:]
    return _checked(table.map(_number))


def _number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        raise BadInput(f"expected a number; found {value!r}.") from None


def _parquet(path: Path) -> Any:
    import pandas as pd

    table = pd.read_parquet(path)
    return _checked(table)


def _checked(table: pd.DataFrame) -> Any:
    from pandas.api.types import is_numeric_dtype

    bad = [str(name) for name, kind in table.dtypes.items() if not is_numeric_dtype(kind)]
    if bad:
        raise BadInput(f"expected columns of numbers alone; found also {', '.join(bad)}.")
    return table.to_numpy()


def _json(path: Path) -> Any:
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        keys = list(dict.fromkeys(key for row in data for key in row))
        missing = next((key for key in keys for row in data if key not in row), None)
        if missing is not None:
            raise BadInput(f"every object needs the same keys; {missing!r} is missing from one.")
        return [[row[key] for key in keys] for row in data]
    return data


def _npy(path: Path) -> Any:
    return np.load(path, allow_pickle=False)


_READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _csv,
    ".json": _json,
    ".npy": _npy,
    ".parquet": _parquet,
}
