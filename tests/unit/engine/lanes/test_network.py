"""What a network may be, and what is refused before anything is spent on it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

import paretomtl as pm
from paretomtl.engine.lanes.network import check_data, shared_parameters
from paretomtl.engine.lanes.neural import NeuralLanes
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


def metric_of(value: Any) -> Callable[..., Any]:
    return lambda self, net, batch: {"accuracy": value}


def loss_by(change: Callable[[Any, nn.Module, Any], Any]) -> dict[str, Any]:
    return {"losses": change}


def drawn_attribute(self: Any) -> nn.Module:
    net = Net()
    net.mask = torch.rand(10)
    return net


class Counting(Net):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.calls = self.calls + 1
        return super().forward(x)


def drawn_buffer(self: Any) -> nn.Module:
    net = Net()
    net.register_buffer("mask", torch.rand(10))
    return net


def lazy(self: Any) -> nn.Module:
    net = Net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.trunk = nn.LazyLinear(16)
    return net


UNFIT = [
    ({"module": lambda s: Counting()}, "changes the buffer 'calls'"),
    ({"module": drawn_buffer}, "keeps the tensor 'mask'.*requires_grad=False"),
    ({"module": lazy}, "'trunk.weight' has no shape before the first batch"),
    (
        loss_by(lambda s, net, b: torch.stack(net(b[0].div_(2)))[:, 0]),
        "change their batch in place",
    ),
    (loss_by(lambda s, net, b: torch.stack(net(b[0]))[0]), r"a tensor \[2\]; found \[3\]"),
    (loss_by(lambda s, net, b: net(b[0])), r"a tensor \[2\]; found tuple"),
    (
        loss_by(lambda s, net, b: torch.stack(net(b[0])).mean(-1).detach()),
        "depend on no parameter that is trained",
    ),
    ({"metrics": metric_of(0.5)}, "metric 'accuracy' must be a scalar tensor.*float"),
    ({"metrics": metric_of(torch.ones(3))}, r"metric 'accuracy'.*shape \[3\]"),
    ({"metrics": lambda s, net, b: None}, "metrics must be a dict; found NoneType"),
    ({"module": drawn_attribute}, "keeps the tensor 'mask'.*requires_grad=False"),
    ({"shared_parameters": lambda s: frozenset({"truck"})}, "share the parameter 'truck'"),
]


@pytest.mark.parametrize(("parts", "message"), UNFIT)
def test_what_does_not_fit_is_refused_before_the_first_step(
    made: Any, parts: dict[str, Any], message: str
) -> None:
    with pytest.raises(Unfit, match=message) as caught:
        traced(made(**parts), [0])
    assert "\n" not in str(caught.value)


def test_the_last_incomplete_minibatch_is_not_looked_at(made: Any) -> None:
    """Training never sees it, and some networks cannot take a single sample."""

    def module(self: Any) -> nn.Module:
        net = Net()
        net.trunk = nn.Sequential(net.trunk, nn.BatchNorm1d(16, track_running_stats=False))
        return net

    def data(self: Any, split: str) -> tuple[Tensor, ...]:
        g = torch.Generator().manual_seed(0)
        labelled = torch.zeros(41)
        return torch.randn(41, 10, generator=g), torch.randn(41, generator=g), labelled

    def losses(self: Any, net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        x, s, labelled = batch
        a, b = net(x)
        return torch.stack((mse_loss(a, s), (labelled * (b - s).square()).mean()))

    problem = made(module=module, data=data, losses=losses)
    _, silent = shared_parameters(problem, problem.data("train"), 20)
    assert silent == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((torch.ones(3), torch.ones(4)), r"equally many.*found \[3, 4\]"),
        ((torch.ones(0, 2), torch.ones(0)), r"at least one; found \[0, 0\]"),
        ((np.ones(3),), "ndarray.*torch.as_tensor"),
        (None, "tuple of tensors.*None"),
    ],
)
def test_data_are_tensors_of_one_length(made: Any, data: Any, message: str) -> None:
    with pytest.raises(Unfit, match=message):
        check_data(made(), "validation", data)


@pytest.mark.parametrize("batch_size", [4, 40])
def test_a_task_with_late_labels_shares_the_trunk_and_one_without_is_refused(
    made: Any, batch_size: int
) -> None:
    def data(first: int) -> Callable[..., tuple[Tensor, ...]]:
        g = torch.Generator().manual_seed(0)
        labelled = (torch.arange(40) >= first).float()
        return lambda *_: (torch.randn(40, 10, generator=g), torch.randn(40, generator=g), labelled)

    def losses(self: Any, net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        x, s, labelled = batch
        a, b = net(x)
        return torch.stack((mse_loss(a, s), (labelled * (b - s).square()).mean()))

    for first in (0, 30, 39):
        problem = made(data=data(first), losses=losses)
        found = shared_parameters(problem, problem.data("train"), batch_size)
        assert found == ({"trunk.weight", "trunk.bias"}, None)
    nothing = made(data=data(40), losses=losses)
    with pytest.raises(Unfit, match=r"loss of task 2 has no gradient.*`shared_parameters`"):
        pm.trace(nothing, "mgda", budget=STEPS, batch_size=batch_size)
    assert pm.trace(nothing, "linear", budget=STEPS, batch_size=batch_size).ok.all()


def test_a_gradient_method_needs_something_that_tasks_share(made: Any) -> None:
    apart = made(shared_parameters=lambda self: frozenset())
    with pytest.raises(BadInput, match="no parameter is shared by its tasks, and mgda"):
        pm.trace(apart, "mgda", budget=STEPS)
    assert pm.trace(apart, "linear", budget=STEPS).ok.all()


class Divided(Net):
    """The trunk is not the only way to the heads, in one way or another."""

    def __init__(self, how: str) -> None:
        super().__init__(16, 16)
        self.how, self.enter, self.after = how, nn.Linear(10, 16), nn.Linear(16, 16)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.enter(x)
        z = torch.tanh(self.trunk(x))
        match self.how:
            case "twice":
                z = z + self.trunk(x.flip(0))
            case "behind":
                z = self.after(z)
            case "around":
                z = z + x
            case "unread":
                z = x
            case _:
                pass
        return self.left(z)[..., 0], self.right(z)[..., 0]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("twice", "called 2 times"),
        ("behind", "not the only way from the shared parameter 'after.weight'"),
        ("around", "not the only way from the shared parameter 'enter.weight'"),
        ("unread", "not what the losses are computed from"),
    ],
)
def test_a_representation_must_be_the_only_way(made: Any, how: str, message: str) -> None:
    def problem(way: str) -> Any:
        return made(module=lambda self: Divided(way), representation="trunk")

    with pytest.raises(Unfit, match=message):
        pm.trace(problem(how), "mgda", budget=STEPS, level="representation")
    assert pm.trace(problem("plain"), "mgda", budget=STEPS, level="representation").ok.all()


CPU = torch.device("cpu")


def test_parameters_of_one_task_alone_are_not_shared(tiny_network: Any) -> None:
    shared, silent = shared_parameters(tiny_network, tiny_network.data("train"), 8)
    assert silent is None
    assert shared == {"trunk.weight", "trunk.bias"}


def test_running_statistics_are_refused_with_advice(tiny_network: Any) -> None:
    class Normalised(type(tiny_network)):
        def module(self) -> nn.Module:
            network = super().module()
            network.trunk = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5))
            return network

    with pytest.raises(BadInput, match=r"buffer 'trunk.1.num_batches_tracked'.*GroupNorm"):
        NeuralLanes(Normalised(), [0, 1], batch_size=4, dtype=torch.float64, device=CPU)


def _stack(problem: Any) -> NeuralLanes:
    return NeuralLanes(problem, [1, 2], batch_size=None, dtype=torch.float32, device=CPU)


def test_losses_of_another_shape_are_refused(tiny_network: Any) -> None:
    class Summed(type(tiny_network)):
        def losses(self, module: nn.Module, batch: Any) -> Any:
            return super().losses(module, batch).sum()

    with pytest.raises(
        BadInput, match=r"one number for each of the 2 tasks, a tensor \[2\]; found \[\]"
    ):
        _stack(Summed())
