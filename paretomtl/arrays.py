"""Tensors from what callers have: a tensor of torch, or an array of NumPy in any layout."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paretomtl.errors import BadInput

ArrayLike: TypeAlias = "Tensor | NDArray[Any]"


def as_tensor(name: str, value: object) -> Tensor:
    """Return a tensor as it is, or a NumPy array of any strides and byte order as a tensor.

    Raises:
        BadInput: It is not an array of numbers.
    """
    if isinstance(value, Tensor):
        return value
    try:
        array = np.asarray(value)
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        # torch takes neither negative strides nor, without a warning, memory it may not write to
        if any(stride < 0 for stride in array.strides) or not array.flags.writeable:
            array = array.copy()
        return torch.as_tensor(array)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"`{name}` must be a tensor or an array of numbers; found {value!r}."
        ) from error
