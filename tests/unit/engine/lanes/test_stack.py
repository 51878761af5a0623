"""A stack of networks trains each as torch trains one alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import paretomtl as pm
from paretomtl.engine.lanes.network import seeded_module
from paretomtl.engine.seeding import origin

STEPS = pm.Budget(steps=12)


class Net(nn.Module):
    def __init__(self, inputs: int = 10, width: int = 16) -> None:
        super().__init__()
        self.trunk = nn.Linear(inputs, width)
        self.left, self.right = nn.Linear(width, 1), nn.Linear(width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.tanh(self.trunk(x))
        return self.left(z)[..., 0], self.right(z)[..., 0]


def alone_by_torch(problem: Any, seed: int) -> Tensor:
    """Train one network by torch's own means on the whole data, as a run of full batches does."""
    module = seeded_module(problem, origin(seed, 0, "weights")).double()
    trained = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, 0.01)
    data = tuple(t.double() if t.is_floating_point() else t for t in problem.data("train"))
    for _ in range(12):
        optimizer.zero_grad()
        problem.losses(module, data).mean().backward()
        optimizer.step()
    test = tuple(t.double() if t.is_floating_point() else t for t in problem.data("test"))
    return problem.losses(module, test).detach()


def traced(problem: Any, seeds: list[int], **options: Any) -> Tensor:
    settings = {"budget": STEPS, "precision": "float64", "batch_size": 40, **options}
    return pm.trace(problem, "linear", seeds=seeds, **settings).objectives


def frozen_trunk(self: Any) -> nn.Module:
    net = Net()
    net.trunk.requires_grad_(requires_grad=False)
    return net


def scalar_parameter(self: Any) -> nn.Module:
    net = Net()
    net.scale = nn.Parameter(torch.tensor(1.5))
    net.forward = lambda x: tuple(net.scale * out for out in Net.forward(net, x))
    return net


class Positions(Net):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("positions", torch.linspace(-1, 1, 10), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(x + self.positions)


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(11, 16, padding_idx=0)
        self.left, self.right = nn.Linear(16, 1), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.tanh(self.words(x).mean(-2))
        return self.left(z)[..., 0], self.right(z)[..., 0]


def sentences(self: Any, split: str) -> tuple[Tensor, ...]:
    g = torch.Generator().manual_seed(len(split))
    return torch.randint(11, (40, 9), generator=g), *torch.randn(2, 40, generator=g)


@pytest.mark.parametrize(
    "parts",
    [
        {"module": frozen_trunk},
        {"module": scalar_parameter},
        {"module": lambda self: Words(), "data": sentences},
        {"module": lambda self: Positions()},
    ],
    ids=["frozen", "a single number", "padding", "a constant buffer"],
)
def test_every_lane_is_trained_as_torch_trains_it(made: Any, parts: dict[str, Any]) -> None:
    problem = made(**parts)
    together = traced(problem, [0, 1, 2])
    for seed in (0, 1, 2):
        torch.testing.assert_close(
            together[seed], alone_by_torch(problem, seed), rtol=1e-9, atol=1e-12
        )
    exact = traced(problem, [0, 1, 2], deterministic=True)
    assert torch.equal(exact[1], traced(problem, [1], deterministic=True)[0])


@pytest.mark.compiler
@pytest.mark.slow
def test_frozen_parameters_of_a_compiled_program_are_each_batchs_own(made: Any) -> None:
    problem = made(module=frozen_trunk)
    together = traced(problem, [0, 1, 2], compile=True)
    other = traced(problem, [3, 1, 4], compile=True)
    torch.testing.assert_close(other[1], together[1], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(together[2], alone_by_torch(problem, 2), rtol=1e-9, atol=1e-12)


@pytest.mark.compiler
@pytest.mark.slow
@pytest.mark.parametrize(("inputs", "precision"), [(10, None), (13, None), (10, "bfloat16")])
def test_ragged_layers_and_mixed_precision_are_compiled(
    made: Any, inputs: int, precision: Any
) -> None:
    g = torch.Generator().manual_seed(0)
    samples = (torch.randn(40, inputs, generator=g), *torch.randn(2, 40, generator=g))
    problem = made(module=lambda self: Net(inputs, 32), data=lambda self, split: samples)
    plain, fast = (traced(problem, [0, 1], precision=precision, compile=c) for c in (False, True))
    torch.testing.assert_close(fast, plain, rtol=2e-2 if precision else 1e-4, atol=1e-5)


def test_constant_buffers_may_have_another_type(made: Any) -> None:
    def module(self: Any) -> nn.Module:
        net = Positions()
        net.register_buffer("positions", torch.linspace(-1, 1, 10, dtype=torch.float64))
        return net

    assert pm.trace(made(module=module), "mgda", budget=STEPS).ok.all()
