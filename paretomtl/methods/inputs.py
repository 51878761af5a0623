"""What a caller passed, checked once and made into the signals of one step."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from paretomtl.aggregation.random import keys_from
from paretomtl.arrays import ArrayLike, as_tensor
from paretomtl.errors import BadInput
from paretomtl.methods.base import (
    Aggregator,
    LaneShapes,
    Method,
    Scalarization,
    SetMethod,
    Signals,
    Weighting,
)
from paretomtl.methods.option_values import check_lanes
from paretomtl.preference import check_simplex

_SHAPES = {
    "losses": ("m",),
    "gramian": ("m", "m"),
    "cross_gramian": ("m", "m"),
    "jacobian": ("m", "n"),
    "representation": ("samples", "features"),
    "preference": ("m",),
    "ideal": ("m",),
}
"""The trailing axes of each input."""

_MAY_LACK_LANES = ("preference", "ideal")


def answers_direction(chosen: Method) -> bool:
    """Tell whether a method's step returns a direction instead of weights."""
    return isinstance(chosen, Aggregator) or (
        isinstance(chosen, SetMethod) and chosen.reads_jacobian
    )


class Inputs:
    """Checked inputs of one call: tensors of one type that share their lanes and tasks.

    Args:
        chosen: The method that will read them.
        given: losses, gramian, cross_gramian, jacobian, representation, preference, ideal; None where
            not given.

    Raises:
        BadInput: A signal that the method reads is missing, or an input is not what it must be.
    """

    def __init__(self, chosen: Method, **given: ArrayLike | None) -> None:
        self.method = chosen
        arrays = {name: given[name] for name in _SHAPES if given.get(name) is not None}
        self._to_numpy = any(isinstance(value, np.ndarray) for value in arrays.values())
        self.tensors: dict[str, Tensor] = {n: _tensor(n, value) for n, value in arrays.items()}
        self._check_presence()
        self._check_shapes()
        self._unify()
        check_lanes(chosen, self.batch, self.n_tasks)
        with _readable_under_vmap():
            self._check_numbers()

    def _check_numbers(self) -> None:
        chosen = self.method
        if "preference" in self.tensors:
            rows = self.tensors["preference"].detach().double().cpu()
            bool(rows.isfinite().all())  # under vmap, which forbids it, this says so
            check_simplex(rows.reshape(-1, rows.shape[-1]).numpy())
        if "gramian" in self.tensors:
            _check_gramian(self.tensors["gramian"].detach())
        if "losses" in self.tensors:
            losses = self.tensors["losses"].detach()
            if chosen.needs_positive_losses:
                _check_positive(chosen, losses, self.tensors.get("ideal"))
            chosen.check_losses(losses)

    def signals(self, generator: torch.Generator | None) -> Signals:
        """Return what the method reads; a Gramian is made where only the Jacobian was given."""
        tensors = dict(self.tensors)
        if "jacobian" in tensors and not isinstance(self.method, Scalarization):
            rows = tensors["jacobian"]
            tensors.setdefault("gramian", rows @ rows.mT)
        if self.method.minibatches > 1 and "gramian" in tensors:
            tensors.setdefault("cross_gramian", tensors["gramian"])
        device = self.tensor_kind["device"]
        if generator is not None and not isinstance(generator, torch.Generator):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(f"`generator` must be a torch.Generator or None; found {generator!r}.")
        if generator is None:
            keys = torch.zeros(self.batch, dtype=torch.int64, device=device)
        else:
            keys = keys_from(generator, self.batch).to(device)
        return Signals(**tensors, keys=keys, steps=torch.zeros_like(keys))

    def shapes(self, n_parameters: int | None = None) -> LaneShapes:
        """Return the shapes that the method's first state is made for."""
        return LaneShapes(self.batch, self.n_tasks, n_parameters=n_parameters, **self.tensor_kind)

    def first_step(self, generator: torch.Generator | None) -> Tensor:
        """Return the method's answer at its initial state."""
        jacobian = self.tensors.get("jacobian")
        n = None if jacobian is None else jacobian.shape[-1]
        state = self.method.init(self.shapes(n))
        answer, _ = self.method.step(state, self.signals(generator))
        return answer

    def in_kind(self, answer: Tensor) -> Any:
        """Return the answer as a NumPy array if one came in."""
        return answer.detach().cpu().numpy() if self._to_numpy else answer

    def _check_presence(self) -> None:
        chosen, given = self.method, self.tensors
        if chosen.reads_losses and "losses" not in given:
            raise BadInput(f"{chosen.name} reads the losses: pass losses=.")
        if answers_direction(chosen):
            if "jacobian" not in given:
                raise BadInput(f"{chosen.name} reads the Jacobian: pass jacobian=.")
        elif isinstance(chosen, (Weighting, SetMethod)) and not {"gramian", "jacobian"} & set(
            given
        ):
            raise BadInput(f"{chosen.name} reads the Gramian: pass gramian= or jacobian=.")

    def _check_shapes(self) -> None:
        for name, tensor in self.tensors.items():
            tail = tensor.shape[tensor.ndim - len(_SHAPES[name]) :]
            square = _SHAPES[name] != ("m", "m") or len(set(tail)) == 1
            if tensor.ndim < len(_SHAPES[name]) or 0 in tail or not square:
                raise BadInput(
                    f"`{name}` must have shape {_expected(name)}; found {list(tensor.shape)}."
                )
        main, first = next(iter(self.tensors.items()))
        depth = len(_SHAPES[main])
        self.n_tasks = first.shape[first.ndim - depth]
        self.batch = tuple(first.shape[: first.ndim - depth])
        if isinstance(self.method, SetMethod) and not self.batch:
            raise BadInput(
                f"{self.method.name} moves a whole set: `{main}` needs an axis of members before its "
                f"last {depth}; found shape {list(first.shape)}."
            )
        for name, tensor in self.tensors.items():
            axes = _SHAPES[name]
            own = tensor.shape[tensor.ndim - len(axes) :]
            tail = [self.n_tasks if a == "m" else size for a, size in zip(axes, own, strict=True)]
            found = list(tensor.shape)
            if found != [*self.batch, *tail] and not (name in _MAY_LACK_LANES and found == tail):
                raise BadInput(
                    f"`{name}` must have shape {_expected(name)}, here {[*self.batch, *tail]} to fit "
                    f"`{main}` of shape {list(first.shape)}; found {found}."
                )

        if "representation" in self.tensors:
            samples, features = self.tensors["representation"].shape[-2:]
            n = self.tensors["jacobian"].shape[-1]
            if samples * features != n:
                raise BadInput(
                    "`jacobian` must hold the gradients by the representation, sample after sample: "
                    f"{samples} x {features} = {samples * features} numbers a task; found {n}."
                )

    def _unify(self) -> None:
        """Give all inputs one dtype and device: those of the data, not of the preference."""
        data = [t for n, t in self.tensors.items() if n not in _MAY_LACK_LANES]
        devices = {n: str(t.device) for n, t in self.tensors.items() if n not in _MAY_LACK_LANES}
        if len(set(devices.values())) > 1:
            listed = ", ".join(f"`{name}` on {device}" for name, device in devices.items())
            raise BadInput(f"all inputs must be on one device; found {listed}.")
        dtype = torch.float64 if any(t.dtype == torch.float64 for t in data) else torch.float32
        self.tensor_kind: dict[str, Any] = {"dtype": dtype, "device": data[0].device}
        self.tensors = {name: t.to(**self.tensor_kind) for name, t in self.tensors.items()}
        if "preference" in self.tensors:
            preference = self.tensors["preference"]
            self.tensors["preference"] = preference.expand(*self.batch, self.n_tasks)
        # sums over another layout round in another order
        self.tensors = {name: t.contiguous() for name, t in self.tensors.items()}


@contextmanager
def _readable_under_vmap() -> Generator[None]:
    try:
        yield
    except RuntimeError as error:
        if "vmap" not in str(error):
            raise
        raise BadInput(
            "inputs are checked by looking at their numbers, which torch.func.vmap forbids; pass all "
            "lanes at once, in leading axes, or call the method's own `step` inside vmap."
        ) from error


def _tensor(name: str, value: object) -> Tensor:
    tensor = as_tensor(name, value)
    if tensor.layout != torch.strided:
        raise BadInput(
            f"`{name}` must be a dense tensor; found {tensor.layout}: pass {name}.to_dense()."
        )
    if not tensor.is_floating_point() and not tensor.is_complex() and tensor.dtype != torch.bool:
        tensor = tensor.to(torch.float64)
    if tensor.dtype not in (torch.float32, torch.float64):
        raise BadInput(
            f"`{name}` must be float32 or float64; found {str(tensor.dtype).removeprefix('torch.')}."
        )
    return tensor


def _check_gramian(gramian: Tensor) -> None:
    # one that was computed in float32 may come as float64
    tolerance = 1e-4 if gramian.dtype == torch.float32 else 1e-5
    size = gramian.abs().amax((-2, -1), keepdim=True)
    # a comparison with NaN is false: such a lane is allowed, and is not reported here
    skew = (gramian - gramian.mT).abs() > tolerance * size
    if bool(skew.any()):
        *lane, i, j = _first_place(skew)
        raise BadInput(
            f"a Gramian must be symmetric; found G[{i}, {j}] = {gramian[(*lane, i, j)].item():g} and "
            f"G[{j}, {i}] = {gramian[(*lane, j, i)].item():g}{f' in lane {lane}' if lane else ''}."
        )
    diagonal = gramian.diagonal(dim1=-2, dim2=-1)
    negative = (diagonal < 0) & diagonal.isfinite()
    if bool(negative.any()):
        raise BadInput(
            "a Gramian has squared lengths on its diagonal, which cannot be negative; "
            f"found {diagonal[negative][0].item():g}."
        )
    lengths = diagonal.sqrt()
    bound = lengths.unsqueeze(-1) * lengths.unsqueeze(-2)
    # where a length has underflowed the inner product need not have
    beyond = (gramian.abs() > bound * (1 + tolerance)) & (bound > 0)
    if bool(beyond.any()):
        *lane, i, j = _first_place(beyond)
        raise BadInput(
            "a Gramian's inner products cannot exceed the lengths of their gradients; found "
            f"G[{i}, {j}] = {gramian[(*lane, i, j)].item():g} where the lengths allow "
            f"{bound[(*lane, i, j)].item():g}{f' in lane {lane}' if lane else ''}."
        )


def _check_positive(chosen: Method, losses: Tensor, ideal: Tensor | None) -> None:
    above = ""
    if chosen.from_ideal and ideal is not None:
        losses, above = losses - ideal, " above the ideal point"
    shift = chosen.loss_shift
    shifted = losses if shift is None else losses + torch.as_tensor(shift).to(losses)
    bad = (shifted <= 0) & losses.isfinite()
    if bool(bad.any()):
        *lane, task = _first_place(bad)
        advice = ""
        if shift is not None:
            advice = (
                " Declare `shift`, a number added to every loss, if their lower bound is known."
            )
        raise BadInput(
            f"{chosen.name} needs losses > 0{above}; found {losses[bad][0].item():g} for task {task + 1}"
            f"{f' in lane {lane}' if lane else ''}.{advice}"
        )


def _first_place(mask: Tensor) -> list[int]:
    return mask.nonzero()[0].tolist()  # pyright: ignore[reportUnknownVariableType]


def _expected(name: str) -> str:
    tail = ", ".join(_SHAPES[name])
    return f"[{tail}]" if name == "ideal" else f"[*batch, {tail}]"
