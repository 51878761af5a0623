"""Names of the arrays that travel through the package, with their shapes.

Every array carries leading batch axes (`*batch`, usually the lanes of one sweep); the trailing axes
mean the same thing everywhere: `m` objectives (tasks), `n` parameters (variables).
"""

from __future__ import annotations

from typing import TypeAlias

from jaxtyping import Bool, Float, Int
from torch import Tensor

Variables: TypeAlias = Float[Tensor, "*batch n"]
"""A point of an analytic problem."""

Losses: TypeAlias = Float[Tensor, "*batch m"]
"""Objective values, to be minimised."""

Jacobian: TypeAlias = Float[Tensor, "*batch m n"]
"""Row i is the gradient of objective i."""

Gramian: TypeAlias = Float[Tensor, "*batch m m"]
"""`J J^T`: inner products of the objectives' gradients."""

Preference: TypeAlias = Float[Tensor, "*batch m"]
"""How much each objective matters to the user: non-negative, sums to one."""

Weights: TypeAlias = Float[Tensor, "*batch m"]
"""What a weighting puts on each task at this step."""

Direction: TypeAlias = Float[Tensor, "*batch n"]
"""What the optimizer descends along: `w^T J`, or an aggregator's own answer."""

Keys: TypeAlias = Int[Tensor, "*batch"]
"""One 64-bit random key a lane (see `aggregation.random`)."""

Mask: TypeAlias = Bool[Tensor, "*batch"]
"""True for the lanes meant."""
