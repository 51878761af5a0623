"""Preferences: points of the simplex that say how much each objective matters.

Three kinds of grids are drawn (`preferences`), and lists given by hand are checked (`checked`).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from paretomtl.errors import BadInput, unknown_name
from paretomtl.preference import check_simplex

PreferenceKind: TypeAlias = Literal["das-dennis", "riesz", "dirichlet"]

logger = logging.getLogger(__name__)


def preferences(
    m: int, n: int, kind: PreferenceKind = "das-dennis", seed: int = 0
) -> Float[Tensor, "n m"]:
    """Return `n` preferences over `m` objectives, one a row, in float64.

    - "das-dennis": the lattice of points whose entries are multiples of 1/p (Das and Dennis 1998). It
      has C(p + m - 1, m - 1) points: every `n` is one for m = 2, but not for m > 2. There the smallest
      lattice with at least `n` points is returned whole, and a warning is logged: leaving points out
      would favour some objectives over others.
    - "riesz": exactly `n` points of minimal Riesz s-energy (Blank, Deb et al. 2021), corners included,
      evenly spread for any `n >= m`. It takes about a second.
    - "dirichlet": exactly `n` draws, independent and uniform over the simplex.

    A single preference is the uniform one for "das-dennis" and "riesz".

    Args:
        m: Number of objectives, at least 1.
        n: Number of preferences, at least 1.
        kind: How they are placed.
        seed: Of the draws of "dirichlet" and of the start of "riesz"; the lattice has no randomness.

    Returns:
        Non-negative rows that sum to one (to rounding). Sorted by the first entry, ascending, then by
        the second and so on, except for "dirichlet", whose first k of n rows are the k rows of n = k.

    Raises:
        UnknownName: No such kind.
        BadInput: `m` or `n` is not a whole number >= 1, `seed` not one >= 0, or no such set exists (m = 1 has one
            preference; "riesz" needs n >= m).

    >>> preferences(2, 3)
    tensor([[0.0000, 1.0000],
            [0.5000, 0.5000],
            [1.0000, 0.0000]], dtype=torch.float64)
    """
    for label, value, least in (("m", m, 1), ("n", n, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(f"`{label}` must be a whole number >= {least}; found {value!r}.")
    if kind not in get_args(PreferenceKind):
        raise unknown_name("kind of preferences", str(kind), get_args(PreferenceKind))
    if kind == "dirichlet":
        return _dirichlet(m, n, seed)
    if m == 1 and n > 1:
        raise BadInput(f"with one objective there is one preference, (1,); found n = {n}.")
    if n == 1:
        return torch.full((1, m), 1 / m, dtype=torch.float64)
    return _das_dennis(m, n) if kind == "das-dennis" else _riesz(m, n, seed)


def lattice_size(m: int, n: int) -> int:
    """Return how many points `preferences(m, n, "das-dennis")` has: the least attainable count >= n.

    >>> lattice_size(3, 100)
    105
    """
    return 1 if n == 1 else math.comb(_partitions(m, n) + m - 1, m - 1)


def checked(rows: Iterable[Sequence[Any]], m: int) -> tuple[tuple[float, ...], ...]:
    """Return preferences given by hand as tuples of floats, after checking each.

    Raises:
        BadInput: One has not `m` entries, holds something that is no finite number or is negative, or
            does not sum to one (`paretomtl.preference`); or there is none. The message names which.
    """
    result = tuple(_numbers(i, row, m) for i, row in enumerate(rows))
    if not result:
        raise BadInput("no preference is given; at least one is needed.")
    check_simplex(np.array(result))
    return result


def _numbers(i: int, row: Sequence[Any], m: int) -> tuple[float, ...]:
    if not isinstance(row, (list, tuple)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadInput(
            f"preferences are given as a list of preferences, such as [[0.5, 0.5]]; found {row!r} "
            f"where preference {i} should be."
        )
    name = f"preference {i} ({', '.join(_shown(v) for v in row)})"
    if len(row) != m:
        raise BadInput(f"{name} has {len(row)} entries; {m} objectives need {m}.")
    for j, value in enumerate(row):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadInput(f"{name}: entry {j} must be a number; found {value!r}.")
    return tuple(float(value) for value in row)


def _partitions(m: int, n: int) -> int:
    """Return the least p whose lattice has at least `n` points; m >= 2."""
    p = 1
    while math.comb(p + m - 1, m - 1) < n:
        p += 1
    return p


def _das_dennis(m: int, n: int) -> Tensor:
    size = lattice_size(m, n)
    if size != n:
        logger.warning(
            "a Das-Dennis lattice over %d objectives cannot have %d points; it has %d "
            '(kind "riesz" takes any number)',
            m,
            n,
            size,
        )
    # pymoo is slow to import
    from pymoo.util.reference_direction import (  # pyright: ignore[reportMissingTypeStubs]
        UniformReferenceDirectionFactory,
    )

    lattice = UniformReferenceDirectionFactory(m, n_partitions=_partitions(m, n))
    return _sorted(lattice.do())


def _riesz(m: int, n: int, seed: int) -> Tensor:
    if n < m:
        raise BadInput(
            f'kind "riesz" needs at least as many preferences as objectives ({m}), '
            f'because it includes the corners; found n = {n}. Use "dirichlet".'
        )
    if n == m:
        return _sorted(np.eye(m))
    # pymoo is slow to import; its `get_reference_directions` would ignore the seed in silence
    from pymoo.util.ref_dirs.energy import (  # pyright: ignore[reportMissingTypeStubs]
        RieszEnergyReferenceDirectionFactory,
    )

    return _sorted(RieszEnergyReferenceDirectionFactory(m, n).do(seed=seed))


def _dirichlet(m: int, n: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    draws = torch.empty(n, m, dtype=torch.float64).exponential_(generator=generator)
    return draws / draws.sum(-1, keepdim=True)


def _sorted(points: NDArray[np.float64]) -> Tensor:
    return torch.tensor(sorted(points.tolist()), dtype=torch.float64)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else repr(value)
