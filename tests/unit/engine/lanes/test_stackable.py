"""What copies in one program cannot do is found out before anything is spent on them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, mse_loss

import paretomtl as pm
from paretomtl.engine.lanes.base import Copies
from paretomtl.engine.lanes.neural import NeuralLanes
from paretomtl.engine.lanes.stack import Stack
from paretomtl.errors import BadInput, Unfit

STEPS = pm.Budget(steps=12)


class Net(nn.Module):
    def __init__(self, inputs: int = 10, width: int = 16) -> None:
        super().__init__()
        self.trunk = nn.Linear(inputs, width)
        self.left, self.right = nn.Linear(width, 1), nn.Linear(width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.tanh(self.trunk(x))
        return self.left(z)[..., 0], self.right(z)[..., 0]


def traced(problem: Any, seeds: list[int], **options: Any) -> Tensor:
    settings = {"budget": STEPS, "precision": "float64", "batch_size": 40, **options}
    return pm.trace(problem, "linear", seeds=seeds, **settings).objectives


def sentences(self: Any, split: str) -> tuple[Tensor, ...]:
    g = torch.Generator().manual_seed(len(split))
    return torch.randint(11, (40, 9), generator=g), *torch.randn(2, 40, generator=g)


def loss_by(change: Callable[[Any, nn.Module, Any], Any]) -> dict[str, Any]:
    return {"losses": change}


class WithGRU(Net):
    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.GRU(10, 10, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(self.memory(x.unsqueeze(1))[0][:, 0])


class WithFunctionalPadding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.randn(11, 16))
        self.left, self.right = nn.Linear(16, 1), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.tanh(embedding(x, self.words, padding_idx=0).mean(-2))
        return self.left(z)[..., 0], self.right(z)[..., 0]


def masked(net: nn.Module, batch: Any) -> Tensor:
    x, s, t = batch
    a, b = net(x)
    return torch.stack((mse_loss(a[s > -9], s[s > -9]), mse_loss(b, t)))


UNSTACKABLE = [
    (loss_by(lambda s, net, b: masked(net, b)), "boolean mask"),
    (
        {"metrics": lambda s, net, b: {"left": b[1][net(b[0])[0] > -9].mean()}},
        "network, losses or metrics do what copies.*boolean mask",
    ),
    (
        {"module": lambda s: WithFunctionalPadding(), "data": sentences},
        "would not train as one alone does.*gradient of 'words'.*nn.Embedding",
    ),
    ({"module": lambda s: WithGRU()}, "'memory' is a GRU.*GRUCell"),
]


@pytest.mark.parametrize(("parts", "message"), UNSTACKABLE)
def test_what_copies_in_one_program_cannot_do_is_refused_before_the_first_step(
    made: Any, parts: dict[str, Any], message: str
) -> None:
    with pytest.raises(Unfit, match=message) as caught:
        traced(made(**parts), [0])
    assert "\n" not in str(caught.value)


class Deep(nn.Module):
    """Many ReLU layers: in bfloat16 their gradients are several per cent off."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [10, *[64] * 6]
        layers = [(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(sizes)]
        self.trunk = nn.Sequential(*(layer for both in layers for layer in both))
        self.left, self.right = nn.Linear(64, 1), nn.Linear(64, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.trunk(x)
        return self.left(z)[..., 0], self.right(z)[..., 0]


def test_rounding_in_mixed_precision_is_no_reason_to_refuse_a_network(made: Any) -> None:
    problem = made(module=lambda self: Deep())
    front = pm.trace(problem, "linear", seeds=8, budget=STEPS, precision="bfloat16")
    assert front.ok.all()


def test_running_out_of_memory_is_no_unfit_network(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look at copies goes through a whole minibatch; a chunk that is too large is halved."""
    problem = made()
    expected = traced(problem, range(6))
    whole = Stack.losses

    def small(self: Stack, copies: Copies, *rest: Any, **options: Any) -> Tensor:
        if copies.n_lanes > 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(self, copies, *rest, **options)

    monkeypatch.setattr(Stack, "losses", small)
    torch.testing.assert_close(traced(problem, range(6)), expected, rtol=0, atol=0)


def test_metrics_that_raise_do_so_before_the_first_step(made: Any) -> None:
    def broken(self: Any, net: nn.Module, batch: Any) -> Any:
        raise ValueError("metrics broke")

    steps: list[int] = []
    with pytest.raises(ValueError, match="metrics broke"):
        pm.trace(
            made(metrics=broken),
            "linear",
            budget=STEPS,
            progress=lambda p: steps.append(p.steps_done),
        )
    assert not steps


CPU = torch.device("cpu")


def _stack(problem: Any) -> NeuralLanes:
    return NeuralLanes(problem, [1, 2], batch_size=None, dtype=torch.float32, device=CPU)


def test_dropout_is_refused_by_the_layers_name(tiny_network: Any) -> None:
    class Dropping(type(tiny_network)):
        def module(self) -> nn.Module:
            module = super().module()
            module.trunk = nn.Sequential(module.trunk, nn.Dropout(0.5))
            return module

    with pytest.raises(BadInput, match=r"draws random numbers .*'trunk.1' \(Dropout\)"):
        _stack(Dropping())


def test_a_branch_on_values_is_refused_with_advice(tiny_network: Any) -> None:
    class Branching(type(tiny_network)):
        def losses(self, module: nn.Module, batch: Any) -> Any:
            losses = super().losses(module, batch)
            return losses * 2 if losses.sum().item() > 0 else losses

    with pytest.raises(BadInput, match=r"look at numbers while they compute .*torch\.where"):
        _stack(Branching())
