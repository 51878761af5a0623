"""Rewritten steps compute what the recorded ones do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.functional import max_pool2d

from paretomtl.engine.compiled.rewrite import rewrite

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def recorded(function: Callable[..., Tensor], *given: Tensor) -> GraphModule:
    graph = make_fx(function)(*given)
    rewrite(graph)
    return graph


def operations(graph: GraphModule) -> set[str]:
    return {str(node.target) for node in graph.graph.nodes}


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def pooled_gradient(kernel: int | tuple[int, int], **options: int) -> Callable[..., Tensor]:
    def gradient(x: Tensor, weights: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        (found,) = torch.autograd.grad(max_pool2d(x, kernel, **options), x, weights)
        return found

    return gradient


@pytest.mark.parametrize("kernel", [2, 3, (2, 3), (3, 1)])
@pytest.mark.parametrize("ties", [False, True])
def test_disjoint_windows_pass_their_gradient_to_the_first_largest_number(
    kernel: int | tuple[int, int], ties: bool
) -> None:
    x = numbers(2, 3, 6, 12)
    if ties:
        x = x.round()
    function = pooled_gradient(kernel)
    weights = numbers(*max_pool2d(x, kernel).shape)
    graph = recorded(function, x, weights)
    assert not any("max_pool2d_with_indices_backward" in name for name in operations(graph))
    assert torch.equal(graph(x, weights), function(x, weights))
    constant = torch.ones_like(x)
    assert torch.equal(graph(constant, weights), function(constant, weights))


@pytest.mark.parametrize(
    ("kernel", "options"),
    [(3, {"stride": 2}), (2, {"padding": 1}), (5, {}), (2, {"dilation": 2}), (4, {})],
)
def test_other_windows_are_left_to_torch(kernel: int, options: dict[str, int]) -> None:
    x = numbers(2, 3, 12, 12).round()
    function = pooled_gradient(kernel, **options)
    weights = numbers(*max_pool2d(x, kernel, **options).shape)
    graph = recorded(function, x, weights)
    assert any("max_pool2d_with_indices_backward" in name for name in operations(graph))
    assert torch.equal(graph(x, weights), function(x, weights))


@pytest.mark.parametrize("columns", [10, 16, 33])
@pytest.mark.parametrize("biased", [False, True])
def test_products_stay_what_they_are(columns: int, biased: bool) -> None:
    x, w, b = numbers(3, 32, 20), numbers(3, columns, 20), numbers(3, 1, columns)

    def layer(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        y = torch.bmm(x, w.mT)
        return y + b if biased else y

    graph = recorded(layer, x, w, b)
    torch.testing.assert_close(graph(x, w, b), layer(x, w, b), rtol=1e-14, atol=1e-14)
    if biased:
        assert "aten.baddbmm.default" in operations(graph)


def test_products_with_one_that_convert_are_kept() -> None:
    """Left out, true + true would be true."""

    def count(x: Tensor) -> Tensor:
        return (x > 0) * 1.0 + (x > -1) * 1 * 1.0

    x = numbers(3, 5)
    graph = recorded(count, x)
    assert torch.equal(graph(x), count(x))
    assert count(x).max() == 2


def test_a_row_is_a_bias_only_where_it_does_not_widen_the_product() -> None:
    x, w, row = numbers(3, 32, 20), numbers(3, 20, 1), numbers(3, 1, 7)

    def outer(x: Tensor, w: Tensor, row: Tensor) -> Tensor:
        return torch.bmm(x, w) + row

    graph = recorded(outer, x, w, row)
    torch.testing.assert_close(graph(x, w, row), outer(x, w, row), rtol=1e-14, atol=1e-14)


def test_windows_stated_by_one_number() -> None:
    x = numbers(2, 3, 6, 12)
    function = pooled_gradient([2])  # type: ignore[arg-type]
    weights = numbers(2, 3, 3, 6)
    graph = recorded(function, x, weights)
    assert torch.equal(graph(x, weights), function(x, weights))


def test_rewriting_keeps_the_value_and_leaves_no_transposed_product() -> None:
    def layer(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y = torch.bmm(x, w.transpose(1, 2)) + b.unsqueeze(1)
        return y * 1, torch.bmm(x.transpose(1, 2), y).transpose(1, 2)

    inputs = [torch.randn(shape, dtype=torch.float64) for shape in ((3, 5, 4), (3, 2, 4), (3, 2))]
    graph = make_fx(layer)(*inputs)
    rewrite(graph)
    for got, expected in zip(graph(*inputs), layer(*inputs), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-14, atol=1e-14)
    names = [str(node.target) for node in graph.graph.nodes]
    assert "aten.baddbmm.default" in names
    assert not any("mul" in name for name in names)
    last = next(n for n in graph.graph.nodes if n.op == "output").args[0][1]
    assert str(last.target) == "aten.bmm.default"
