"""The contract of neural problems: the part of the kit that `check_problem` runs on networks."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.func import (  # pyright: ignore[reportPrivateImportUsage]
    functional_call,
    stack_module_state,
)

from paretomtl.problem import SPLITS, NeuralProblem
from paretomtl.testing.findings import Finding

SAMPLES = 32
"""Samples that losses are tried on."""

LANES = 3

Batch = tuple[Tensor, ...]
State = dict[str, Tensor]


class NeuralKit:
    """Checks every line of the contract of one neural problem.

    Args:
        problem: The problem, constructed.
        seed: Determines networks, samples and directions.
    """

    def __init__(self, problem: NeuralProblem, seed: int) -> None:
        self.problem = problem
        self.seed = seed

    def network(self, seed: int | None = None) -> nn.Module:
        """Return a fresh network under its own random state, as the engine builds it."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed if seed is None else seed)
            return self.problem.module()

    def batch(self, samples: int = SAMPLES) -> Batch:
        """Return the first samples of the train split."""
        return tuple(part[:samples] for part in self.problem.data("train"))

    def splits(self) -> Iterator[Finding]:
        """Look at the three splits: shapes, types, the same every time, no sample in two of them."""
        data = {split: self.problem.data(split) for split in SPLITS}
        counts = {split: [len(part) for part in parts] for split, parts in data.items()}
        even = all(len(set(lengths)) == 1 and lengths[0] > 0 for lengths in counts.values())
        yield Finding("each split's tensors share their first axis", even, str(counts))
        kinds = [[(part.shape[1:], part.dtype) for part in parts] for parts in data.values()]
        yield Finding("splits agree in shape and type", all(kind == kinds[0] for kind in kinds))
        again = all(
            torch.equal(a, b)
            for split in SPLITS
            for a, b in zip(data[split], self.problem.data(split), strict=True)
        )
        yield Finding("data are the same every time", again)
        seen = {split: _samples(parts) for split, parts in data.items()}
        shared = {
            f"{a} and {b}": len(seen[a] & seen[b])
            for k, a in enumerate(SPLITS)
            for b in SPLITS[k + 1 :]
        }
        leaks = ", ".join(f"{count} in {both}" for both, count in shared.items() if count)
        yield Finding("no sample is in two splits", not leaks, leaks)

    def modules(self) -> Iterator[Finding]:
        """Build networks: they depend on the random state alone, and have floating parameters."""
        first, second = (dict(self.network().named_parameters()) for _ in range(2))
        same = first.keys() == second.keys() and all(
            torch.equal(first[k], second[k]) for k in first
        )
        yield Finding("a network depends on the random state alone", same)
        other = dict(self.network(self.seed + 1).named_parameters())
        yield Finding(
            "another seed gives another network",
            any(not torch.equal(first[k], other[k]) for k in first),
        )
        count = sum(p.numel() for p in first.values())
        floating = count > 0 and all(p.is_floating_point() for p in first.values())
        yield Finding("parameters are floating-point numbers", floating, f"{count} of them")

    def losses(self) -> Iterator[Finding]:
        """Evaluate: one finite loss a task, the mean over samples in any order, repeatable."""
        module, batch, m = self.network().double(), _double(self.batch()), self.problem.n_objectives
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
        """Compare with central differences along random directions, in float64."""
        module, batch = self.network().double(), _double(self.batch())
        state = {name: p.detach().requires_grad_() for name, p in module.named_parameters()}
        losses = self._run(module, state, batch)
        slopes = [
            torch.autograd.grad(
                loss, list(state.values()), retain_graph=True, materialize_grads=True
            )
            for loss in losses
        ]
        generator = torch.Generator().manual_seed(self.seed)
        worst, h = 0.0, 1e-6
        for _ in range(4):
            way = [torch.randn(p.shape, dtype=p.dtype, generator=generator) for p in state.values()]
            size = math.sqrt(sum(float(w.square().sum()) for w in way))
            stated = (
                torch.stack(
                    [
                        sum(
                            ((g * w).sum() for g, w in zip(row, way, strict=True)),
                            start=torch.zeros(()),
                        )
                        for row in slopes
                    ]
                )
                / size
            )
            with torch.no_grad():
                ahead, behind = (
                    self._run(
                        module,
                        {
                            name: p + (s * h / size) * w
                            for (name, p), w in zip(state.items(), way, strict=True)
                        },
                        batch,
                    )
                    for s in (1, -1)
                )
            measured = (ahead - behind) / (2 * h)
            worst = max(worst, float(((stated - measured).abs() / (1e-6 + stated.abs())).amax()))
        yield Finding("gradients equal finite differences", worst < 1e-3, f"{worst:.1e}")

    def precision(self) -> Iterator[Finding]:
        """Evaluate in float32 and float64."""
        with torch.no_grad():
            single = self.problem.losses(self.network().float(), self.batch())
            double = self.problem.losses(self.network().double(), _double(self.batch()))
        error = _off(single.double(), double)
        yield Finding("float32 agrees with float64", error < 1e-3, f"{error:.1e}")

    def lanes(self) -> Iterator[Finding]:
        """Stack networks under vmap: each equals itself alone, and NaN in one changes no other."""
        networks = [self.network(self.seed + k).double() for k in range(LANES)]
        batch = _double(self.batch())
        stacked, buffers = stack_module_state(networks)
        module = networks[0]

        def together(state: State) -> Tensor:
            def one(p: State, b: State) -> Tensor:
                return self._run(module, {**p, **b}, batch)

            return torch.vmap(one, randomness="different")(state, buffers)

        with torch.no_grad():
            found = together(stacked)
            alone = torch.stack([self.problem.losses(network, batch) for network in networks])
            error = _off(found, alone)
            yield Finding("networks under vmap equal each alone", error < 1e-9, f"{error:.1e}")
            poisoned = {name: p.clone() for name, p in stacked.items()}
            for p in poisoned.values():
                p[1] = torch.nan
            spoiled = together(poisoned)
        others = [k for k in range(LANES) if k != 1]
        yield Finding(
            "NaN stays in its lane",
            torch.equal(spoiled[others], found[others]) and bool(spoiled[1].isnan().all()),
        )

    def points(self) -> Iterator[Finding]:
        """Look at ideal, nadir, reference point, and the names of the objectives."""
        m = self.problem.n_objectives
        places = (self.problem.ideal, self.problem.nadir, self.problem.reference_point)
        shaped = all(
            p.shape == (m,) and p.dtype == torch.float64 and bool(p.isfinite().all())
            for p in places
        )
        yield Finding("ideal, nadir and reference point are finite float64 vectors", shaped)
        ideal, nadir, reference = places
        ordered = bool(((ideal < nadir) & (nadir <= reference)).all())
        yield Finding("ideal < nadir <= reference point", ordered)
        names = self.problem.objective_names
        yield Finding(
            "every objective has a name of its own", len(set(names)) == m, ", ".join(names)
        )

    def extras(self) -> Iterator[Finding]:
        """Look at the batch size, the shared parameters and the metrics."""
        size = self.problem.batch_size
        yield Finding("the batch size is positive", size > 0, str(size))
        module, batch = self.network(), self.batch()
        shared = self.problem.shared_parameters()
        if shared is not None:
            unknown = sorted(shared - {name for name, _ in module.named_parameters()})
            yield Finding("shared parameters exist", not unknown, ", ".join(unknown))
        with torch.no_grad():
            metrics = self.problem.metrics(module, batch)
        wrong = [name for name, value in metrics.items() if value.ndim or not value.isfinite()]
        yield Finding("metrics are finite numbers", not wrong, ", ".join(wrong))

    def _run(self, module: nn.Module, state: State, batch: Batch) -> Tensor:
        """Return the losses of the network with these parameters, as the engine has them."""
        named = {f"network.{name}": value for name, value in state.items()}
        return functional_call(_Losses(self.problem, module), named, (batch,))


class _Losses(nn.Module):
    """Presents the losses of one network as a forward pass, for `functional_call`."""

    def __init__(self, problem: NeuralProblem, network: nn.Module) -> None:
        super().__init__()
        self.problem = problem
        self.network = network

    def forward(self, batch: Batch) -> Tensor:
        return self.problem.losses(self.network, batch)


def _double(batch: Batch) -> Batch:
    return tuple(part.double() if part.is_floating_point() else part for part in batch)


def _samples(parts: Batch) -> set[bytes]:
    """Return the bytes of every sample's inputs, the first tensor of a split."""
    return {row.tobytes() for row in parts[0].numpy()}


def _off(a: Tensor, b: Tensor) -> float:
    return float(((a - b).abs() / (1 + b.abs())).amax())
