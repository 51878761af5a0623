"""The losses of K copies of one network: the author's module for one copy, under `vmap`."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap  # pyright: ignore[reportPrivateImportUsage]
from torch.nn.attention import SDPBackend, sdpa_kernel

from paretomtl.engine.lanes.base import Copies
from paretomtl.engine.lanes.network import LossModule, drawn_and_frozen
from paretomtl.errors import Unfit
from paretomtl.problems.base import NeuralProblem


class Stack:
    """Losses and metrics of copies of one network, as functions of their parameters.

    Args:
        problem: States the losses.
        module: One network, on the device and in the type of the copies.
        mixed: Whether what autocast allows is computed in bfloat16.
        dtype: Floating-point type of parameters and losses.

    Raises:
        Unfit: The network has nothing to train, or keeps what copies could not share.
    """

    def __init__(
        self, problem: NeuralProblem, module: nn.Module, *, mixed: bool, dtype: torch.dtype
    ) -> None:
        self.problem, self.module, self.mixed, self.dtype = problem, module, mixed, dtype
        parameters = dict(module.named_parameters())
        self.trained = [name for name, p in parameters.items() if p.requires_grad]
        """Names of the parameters that are trained."""
        if not self.trained:
            raise Unfit(f"{problem.name!r}: its network has no parameter to train.")
        self.frozen = drawn_and_frozen(problem, module)
        """Names of those that are not, and differ from seed to seed."""
        self.device = parameters[self.trained[0]].device
        self._scalars = {name for name in self.trained if not parameters[name].ndim}
        self._network = LossModule(problem, module)

    def of(self, networks: Sequence[Mapping[str, Tensor]]) -> Copies:
        """Stack the parameters of some networks: what is trained, and what is frozen, lanes in front."""

        def stacked(name: str) -> Tensor:
            return torch.stack([named[name].detach().to(self.device) for named in networks])

        parameters = [_with_axis(stacked(name)) for name in self.trained]
        return Copies(parameters, [stacked(name) for name in self.frozen])

    def losses(
        self,
        copies: Copies,
        batch: tuple[Tensor, ...],
        batch_dim: int | None,
        *,
        mixed: bool | None = None,
    ) -> Tensor:
        """Return each copy's losses, [lanes, m].

        Args:
            copies: Their parameters.
            batch: Samples, in front of them the lanes where `batch_dim` is 0.
            batch_dim: 0 where each copy has its own samples, None where all see the same.
            mixed: Another arithmetic than the stack's own.
        """

        def one(
            values: tuple[Tensor, ...], frozen: tuple[Tensor, ...], sample: tuple[Tensor, ...]
        ) -> Tensor:
            return functional_call(self._network, self._named(values, frozen), (sample,))

        with self.arithmetic(mixed=mixed):
            losses = vmap(one, in_dims=(0, 0, batch_dim), randomness="error")(
                tuple(copies.trained), tuple(copies.frozen), batch
            )
        return losses.to(self.dtype)

    def losses_with_probe(
        self,
        copies: Copies,
        sample: tuple[Tensor, ...],
        probe: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the losses, and the representation, to which each copy's own part of a probe is added."""

        def one(
            values: tuple[Tensor, ...],
            frozen: tuple[Tensor, ...],
            batch: tuple[Tensor, ...],
            zero: Tensor,
        ) -> tuple[Tensor, Tensor]:
            named = self._named(values, frozen)
            return functional_call(self._network, named, (batch, False, zero))

        with self.arithmetic():
            losses, representation = vmap(one, randomness="error")(
                tuple(copies.trained), tuple(copies.frozen), sample, probe
            )
        return losses.to(self.dtype), representation

    def metrics(self, copies: Copies, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Return each copy's metrics on samples that all see, by name, [lanes]."""

        def one(
            values: tuple[Tensor, ...], frozen: tuple[Tensor, ...], sample: tuple[Tensor, ...]
        ) -> dict[str, Tensor]:
            with self.arithmetic():
                return functional_call(self._network, self._named(values, frozen), (sample, True))

        return vmap(one, in_dims=(0, 0, None))(tuple(copies.trained), tuple(copies.frozen), batch)

    @contextmanager
    def arithmetic(self, *, mixed: bool | None = None) -> Generator[None]:
        """Set torch up for the time of a forward pass."""
        mixed = self.mixed if mixed is None else mixed
        # vmap has no rule for the CPU's fused attention and would loop over the lanes.
        attention: AbstractContextManager[object] = nullcontext()
        if self.device.type == "cpu":
            attention = cast("AbstractContextManager[object]", sdpa_kernel(SDPBackend.MATH))
        with attention, torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            yield

    def _named(self, values: tuple[Tensor, ...], frozen: tuple[Tensor, ...]) -> dict[str, Tensor]:
        named = dict(zip([*self.trained, *self.frozen], [*values, *frozen], strict=True))
        return {f"module.{n}": v.reshape(()) if n in self._scalars else v for n, v in named.items()}


def _with_axis(parameter: Tensor) -> Tensor:
    """Return stacked parameters to be trained, [lanes, ...]; a single number a lane as [lanes, 1]."""
    return (parameter if parameter.ndim > 1 else parameter.unsqueeze(-1)).requires_grad_()
