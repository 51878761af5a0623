"""Where lanes live, and in which floating-point type."""

from __future__ import annotations

import torch

from paretomtl.errors import BadInput
from paretomtl.problem import NeuralProblem, Problem
from paretomtl.sweep.spec import Precision


def resolve_device(device: str | torch.device = "auto") -> torch.device:
    """Return the device of that name; "auto" is the first CUDA GPU where there is one, else the CPU.

    Raises:
        BadInput: No such device on this machine.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise BadInput(
            f"unknown device {str(device)!r}; use 'auto', 'cpu', 'cuda' or 'cuda:1'."
        ) from error
    if resolved.type not in ("cpu", "cuda"):
        raise BadInput(f"device {str(device)!r} is not supported; use 'auto', 'cpu' or 'cuda'.")
    if resolved.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (resolved.index or 0) >= count:
            found = f"{count} CUDA device{'s' * (count != 1)}" if count else "no CUDA device"
            raise BadInput(
                f"device {str(device)!r} was asked for, but this machine has {found}; "
                "use 'auto' or 'cpu'."
            )
    return resolved


def describe_device(device: torch.device) -> str:
    """Return the name a reader of a record needs: "cpu", or the GPU's model."""
    if device.type == "cuda":
        return f"{device} {torch.cuda.get_device_name(device)}"
    return str(device)


def resolve_dtype(precision: Precision | None, problem: Problem) -> torch.dtype:
    """Return the floating-point type: float64 for formulas and float32 for networks unless stated."""
    if precision is None:
        return torch.float32 if isinstance(problem, NeuralProblem) else torch.float64
    known = {"float32": torch.float32, "float64": torch.float64}
    if precision not in known:
        raise BadInput(f"`precision` must be 'float32' or 'float64'; found {precision!r}.")
    return known[precision]
