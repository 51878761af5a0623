"""A neural problem evaluated: networks, losses, gradients, precision, stacked lanes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.func import (  # pyright: ignore[reportPrivateImportUsage]
    functional_call,
    stack_module_state,
)

from paretomtl.problems.base import NeuralProblem
from paretomtl.testing.findings import Finding
from paretomtl.testing.problems.inputs import Samples, first_samples, fresh_network, in_double

LANES = 3

Parameters = dict[str, Tensor]


class NeuralEvaluationChecks:
    """Checks networks and what comes out of `losses`.

    Args:
        problem: The problem, constructed.
        seed: Determines networks and directions.
    """

    def __init__(self, problem: NeuralProblem, seed: int) -> None:
        self.problem = problem
        self.seed = seed

    def networks(self) -> Iterator[Finding]:
        """Networks depend on the random state alone, and have floating-point parameters."""
        first, second = (
            dict(fresh_network(self.problem, self.seed).named_parameters()) for _ in range(2)
        )
        same = first.keys() == second.keys() and all(
            torch.equal(first[k], second[k]) for k in first
        )
        yield Finding("a network depends on the random state alone", same)
        other = dict(fresh_network(self.problem, self.seed + 1).named_parameters())
        yield Finding(
            "another seed gives another network",
            any(not torch.equal(first[k], other[k]) for k in first),
        )
        count = sum(p.numel() for p in first.values())
        floating = count > 0 and all(p.is_floating_point() for p in first.values())
        yield Finding("parameters are floating-point numbers", floating, f"{count} of them")

    def losses(self) -> Iterator[Finding]:
        """Losses are finite, one a task, repeatable, and means over the samples in any order."""
        module, batch, m = (
            fresh_network(self.problem, self.seed).double(),
            in_double(first_samples(self.problem)),
            self.problem.n_objectives,
        )
        with torch.no_grad():
            found, again = (self.problem.losses(module, batch) for _ in range(2))
            order = torch.randperm(
                len(batch[0]), generator=torch.Generator().manual_seed(self.seed)
            )
            mixed = self.problem.losses(module, tuple(part[order] for part in batch))
            half = len(batch[0]) // 2
            halves = [
                self.problem.losses(module, tuple(part[place] for part in batch))
                for place in (slice(half), slice(half, 2 * half))
            ]
        right = (
            found.shape == (m,) and found.dtype == torch.float64 and bool(found.isfinite().all())
        )
        yield Finding(
            "losses are finite, one for each task, in the network's type",
            right,
            f"{list(found.shape)} of {found.dtype}",
        )
        yield Finding(
            "the same network and samples give the same losses", torch.equal(found, again)
        )
        error = _off(mixed, found)
        yield Finding("losses do not depend on the order of samples", error < 1e-9, f"{error:.1e}")
        error = _off((halves[0] + halves[1]) / 2, found)
        yield Finding("losses are means over the samples", error < 1e-9, f"{error:.1e}")
        low = bool((found >= self.problem.lower_bound).all())
        yield Finding("no loss falls below `lower_bound`", low)
        stated = self.problem.initial_losses
        if stated is not None:
            fits = stated.shape == (m,) and bool(stated.isfinite().all())
            yield Finding("`initial_losses` are m finite numbers", fits, f"{list(stated.shape)}")

    def gradients(self) -> Iterator[Finding]:
        """Gradients equal central differences along random directions, in float64."""
        module = fresh_network(self.problem, self.seed).double()
        batch = in_double(first_samples(self.problem))
        state = {name: p.detach().requires_grad_() for name, p in module.named_parameters()}
        slopes = [
            torch.autograd.grad(
                loss, list(state.values()), retain_graph=True, materialize_grads=True
            )
            for loss in self._run(module, state, batch)
        ]
        generator = torch.Generator().manual_seed(self.seed)
        worst, h = 0.0, 1e-6
        for _ in range(4):
            way = [torch.randn(p.shape, dtype=p.dtype, generator=generator) for p in state.values()]
            size = math.sqrt(sum(float(w.square().sum()) for w in way))
            stated = torch.stack([_inner(row, way) for row in slopes]) / size
            with torch.no_grad():
                ahead, behind = (
                    self._run(module, _moved(state, way, s * h / size), batch) for s in (1, -1)
                )
            measured = (ahead - behind) / (2 * h)
            worst = max(worst, float(((stated - measured).abs() / (1e-6 + stated.abs())).amax()))
        yield Finding("gradients equal finite differences", worst < 1e-3, f"{worst:.1e}")

    def precision(self) -> Iterator[Finding]:
        """Losses in float32 and float64 agree."""
        with torch.no_grad():
            single = self.problem.losses(
                fresh_network(self.problem, self.seed).float(), first_samples(self.problem)
            )
            double = self.problem.losses(
                fresh_network(self.problem, self.seed).double(),
                in_double(first_samples(self.problem)),
            )
        error = _off(single.double(), double)
        yield Finding("float32 agrees with float64", error < 1e-3, f"{error:.1e}")

    def lanes(self) -> Iterator[Finding]:
        """Networks under vmap equal each alone, and NaN in one changes no other."""
        networks = [fresh_network(self.problem, self.seed + k).double() for k in range(LANES)]
        batch = in_double(first_samples(self.problem))
        stacked, buffers = stack_module_state(networks)
        module = networks[0]

        def together(state: Parameters) -> Tensor:
            def one(p: Parameters, b: Parameters) -> Tensor:
                return self._run(module, {**p, **b}, batch)

            return torch.vmap(one, randomness="different")(state, buffers)

        with torch.no_grad():
            found = together(stacked)
            alone = torch.stack([self.problem.losses(network, batch) for network in networks])
            error = _off(found, alone)
            yield Finding("networks under vmap equal each alone", error < 1e-9, f"{error:.1e}")
            with_nan = {name: p.clone() for name, p in stacked.items()}
            for p in with_nan.values():
                p[1] = torch.nan
            spoiled = together(with_nan)
        others = [k for k in range(LANES) if k != 1]
        yield Finding(
            "NaN stays in its lane",
            torch.equal(spoiled[others], found[others]) and bool(spoiled[1].isnan().all()),
        )

    def _run(self, module: nn.Module, state: Parameters, batch: Samples) -> Tensor:
        """Return the losses of the network with these parameters, as the engine has them."""
        named = {f"network.{name}": value for name, value in state.items()}
        return functional_call(_Losses(self.problem, module), named, (batch,))


class _Losses(nn.Module):
    """Presents the losses of one network as a forward pass, for `functional_call`."""

    def __init__(self, problem: NeuralProblem, network: nn.Module) -> None:
        super().__init__()
        self.problem = problem
        self.network = network

    def forward(self, batch: Samples) -> Tensor:
        return self.problem.losses(self.network, batch)


def _inner(gradient: Sequence[Tensor], way: Sequence[Tensor]) -> Tensor:
    products = ((g * w).sum() for g, w in zip(gradient, way, strict=True))
    return sum(products, start=torch.zeros(()))


def _moved(state: Parameters, way: Sequence[Tensor], by: float) -> Parameters:
    """Return the parameters after a step of length `by` along the direction."""
    return {name: p + by * w for (name, p), w in zip(state.items(), way, strict=True)}


def _off(a: Tensor, b: Tensor) -> float:
    return float(((a - b).abs() / (1 + b.abs())).amax())
