"""Where lanes live, and in which floating-point type."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch

from paretomtl.errors import BadInput
from paretomtl.problems.base import NeuralProblem, Problem
from paretomtl.sweep.settings import Precision


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
        # torch keeps the index in a signed byte, and takes 999 for another number
        if str(resolved) != str(device) or not 0 <= (resolved.index or 0) < count:
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
    """Return the type of parameters and losses: float64 for formulas and float32 for networks unless stated."""
    if precision is None:
        return torch.float32 if isinstance(problem, NeuralProblem) else torch.float64
    return torch.float64 if precision == "float64" else torch.float32


def check_device(precision: Precision | None, device: torch.device) -> None:
    """Check that a device knows a precision.

    Raises:
        BadInput: TF32 on a device that has none.
    """
    if precision == "tf32" and device.type != "cuda":
        raise BadInput("precision 'tf32' is a mode of NVIDIA GPUs; on the CPU use 'float32'.")


@contextmanager
def reduced(precision: Precision | None, device: torch.device) -> Generator[None]:
    """Let matrix products run in TF32 where that is the precision, and only there.

    Raises:
        BadInput: TF32 on a device that has none.
    """
    check_device(precision, device)
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = precision == "tf32"  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before  # pyright: ignore[reportAttributeAccessIssue]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that an allocation failed."""
    text = str(error)
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        "can't allocate memory" in text or "not enough memory" in text
    )
