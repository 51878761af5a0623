"""What a network may be, and what is refused before anything is spent on it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, mse_loss

import paretomtl as pm
from paretomtl.engine.lanes.base import Copies
from paretomtl.engine.lanes.network import check_data, seeded_module, shared_parameters
from paretomtl.engine.lanes.stack import Stack
from paretomtl.engine.seeding import origin
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


@pytest.fixture
def made(tiny_network: Any) -> Callable[..., Any]:
    """Return a problem whose parts are replaced."""

    def data(self: Any, split: str) -> tuple[Tensor, ...]:
        g = torch.Generator().manual_seed(len(split))
        return torch.randn(40, 10, generator=g), *torch.randn(2, 40, generator=g)

    def losses(self: Any, net: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        x, s, t = batch
        a, b = net(x)
        return torch.stack((mse_loss(a, s), mse_loss(b, t)))

    def make(**parts: Any) -> Any:
        given = {"module": lambda self: Net(), "losses": losses, "data": data, **parts}
        return type("Made", (type(tiny_network),), given)()

    return make


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


def metric_of(value: Any) -> Callable[..., Any]:
    return lambda self, net, batch: {"accuracy": value}


def loss_by(change: Callable[[Any, nn.Module, Any], Any]) -> dict[str, Any]:
    return {"losses": change}


class WithGRU(Net):
    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.GRU(10, 10, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(self.memory(x.unsqueeze(1))[0][:, 0])


def drawn_attribute(self: Any) -> nn.Module:
    net = Net()
    net.mask = torch.rand(10)
    return net


class WithFunctionalPadding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.randn(11, 16))
        self.left, self.right = nn.Linear(16, 1), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.tanh(embedding(x, self.words, padding_idx=0).mean(-2))
        return self.left(z)[..., 0], self.right(z)[..., 0]


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


def masked(net: nn.Module, batch: Any) -> Tensor:
    x, s, t = batch
    a, b = net(x)
    return torch.stack((mse_loss(a[s > -9], s[s > -9]), mse_loss(b, t)))


UNFIT = [
    (loss_by(lambda s, net, b: masked(net, b)), "boolean mask"),
    (
        {"metrics": lambda s, net, b: {"left": b[1][net(b[0])[0] > -9].mean()}},
        "network, losses or metrics do what copies.*boolean mask",
    ),
    (
        {"module": lambda s: WithFunctionalPadding(), "data": sentences},
        "would not train as one alone does.*gradient of 'words'.*nn.Embedding",
    ),
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
    ({"module": lambda s: WithGRU()}, "'memory' is a GRU.*GRUCell"),
    ({"shared_parameters": lambda s: frozenset({"truck"})}, "share the parameter 'truck'"),
]


@pytest.mark.parametrize(("parts", "message"), UNFIT)
def test_what_does_not_fit_is_refused_before_the_first_step(
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


def test_constant_buffers_may_have_another_type(made: Any) -> None:
    def module(self: Any) -> nn.Module:
        net = Positions()
        net.register_buffer("positions", torch.linspace(-1, 1, 10, dtype=torch.float64))
        return net

    assert pm.trace(made(module=module), "mgda", budget=STEPS).ok.all()


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
