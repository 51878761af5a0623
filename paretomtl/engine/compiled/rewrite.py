"""Rewriting a recorded step, so that its matrix products run as the batched kernels like them.

`vmap` turns a linear layer into a batched product followed by an addition, and its weight gradient into
the transpose of a product: right, but the addition is one more trip through memory, and the optimizer
then walks through a transposed gradient. The results are the same numbers up to rounding.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node

aten = torch.ops.aten


def rewrite(module: GraphModule) -> None:
    """Rewrite in place: no idle operations, products written where they are read, biases inside them."""
    graph = module.graph
    _drop_idle(graph)
    _write_untransposed(graph)
    _put_biases_inside(graph)
    _turn_ragged(graph)
    _spread_pooled(graph)
    _let_views_copy(graph)
    graph.eliminate_dead_code()
    module.recompile()


def _drop_idle(graph: Graph) -> None:
    """Remove products with one that are no conversions, and changes of shape to the same shape."""
    for node in list(graph.nodes):
        idle = (
            node.target in _PRODUCTS
            and _is_one(node.args[1])
            and _dtype(node.args[0]) == _dtype(node)
        ) or (node.target in _SHAPINGS and _shape(node.args[0]) == _shape(node))
        if idle or node.target is aten.detach.default:
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)


def _write_untransposed(graph: Graph) -> None:
    """`(A B)^T` becomes `B^T A^T`."""
    for node in list(graph.nodes):
        if not _is_transpose(node):
            continue
        product = node.args[0]
        if not _is_bmm(product) or len(product.users) > 1:
            continue
        with graph.inserting_before(product):
            left, right = (_transposed(graph, factor) for factor in product.args)
            new = graph.call_function(aten.bmm.default, (right, left))
        new.meta = dict(node.meta)
        node.replace_all_uses_with(new)


def _put_biases_inside(graph: Graph) -> None:
    """`bias + A B` becomes one operation where the bias is one row a lane."""
    for node in list(graph.nodes):
        if node.target is not aten.add.Tensor or len(node.args) != 2 or node.kwargs:
            continue
        for bias, product in (node.args, node.args[::-1]):
            alike = _is_bmm(product) and _dtype(bias) == _dtype(product)
            alike = alike and _shape(node) == _shape(product)
            if alike and len(product.users) == 1 and _is_row(bias):
                with graph.inserting_before(node):
                    new = graph.call_function(aten.baddbmm.default, (bias, *product.args))
                new.meta = dict(node.meta)
                node.replace_all_uses_with(new)
                break


def _turn_ragged(graph: Graph) -> None:
    """`A B` becomes `(B^T A^T)^T` where B has a ragged number of columns, and A an even one of rows.

    A head of ten classes is an example: turned, its product runs through full vectors.
    """
    for node in list(graph.nodes):
        biased = node.target is aten.baddbmm.default and not node.kwargs
        if not (biased or _is_bmm(node)):
            continue
        _, rows, columns = _shape(node)
        if rows % VECTOR or not columns % VECTOR:
            continue
        *bias, left, right = node.args
        with graph.inserting_before(node):
            turned = [_transposed(graph, factor) for factor in (*bias, right, left)]
            product = graph.call_function(node.target, tuple(turned))
            new = _transposed(graph, product)
        new.meta = dict(node.meta)
        node.replace_all_uses_with(new)


def _let_views_copy(graph: Graph) -> None:
    """Let a view copy where it must: what it looks at may lie in another order than was recorded."""
    for node in graph.nodes:
        if node.target is aten.view.default:
            node.target = aten.reshape.default


def _spread_pooled(graph: Graph) -> None:
    """Spread the gradient of a maximum over disjoint windows by comparing numbers, not by places.

    A number gets its window's gradient if it is the window's maximum and none before it in the window is.
    The place of the maximum, as recorded, would be sought once more for every number.
    """
    for node in list(graph.nodes):
        if node.target is aten.max_pool2d_with_indices_backward.default:
            pool = _Pool.of(node)
            if pool is not None:
                with graph.inserting_before(node):
                    new = pool.spread_gradient(graph)
                new.meta = dict(node.meta)
                node.replace_all_uses_with(new)


class _Pool(NamedTuple):
    """The gradient of a maximum over windows that lie side by side without a rest.

    A window that holds a NaN passes no gradient on; its loss is NaN all the same, and ends the lane.
    """

    gradient: Node
    given: Node
    largest: Node
    kernel: tuple[int, int]
    shape: tuple[int, ...]
    device: torch.device

    @classmethod
    def of(cls, node: Node) -> _Pool | None:
        """Read a recorded gradient; None where windows overlap or leave a rest."""
        gradient, given, kernel, stride, padding, dilation, _, chosen = cast("Any", node.args)
        shape, (high, wide) = _shape(given), _pair(kernel)
        aside = _pair(stride or kernel) == (high, wide) and not any(padding)
        whole = not shape[-2] % high and not shape[-1] % wide
        if not (aside and whole) or any(d != 1 for d in dilation) or high * wide > 9:
            return None
        largest = next(n for n in chosen.args[0].users if n.args[1] == 0)
        return cls(gradient, given, largest, (high, wide), shape, node.meta["val"].device)

    def spread_gradient(self, graph: Graph) -> Node:
        """Return the gradient by what was pooled."""
        call = graph.call_function
        high, wide = self.kernel
        *_, height, width = self.shape
        integers: dict[str, Any] = {"dtype": torch.int64, "device": self.device}
        down = call(aten.remainder.Scalar, (call(aten.arange.default, (height,), integers), high))
        across = call(aten.remainder.Scalar, (call(aten.arange.default, (width,), integers), wide))
        down = call(aten.mul.Tensor, (call(aten.unsqueeze.default, (down, -1)), wide))
        place = call(aten.add.Tensor, (down, across))  # of a number in its window
        largest = self._spread(graph, self.largest)
        chosen = call(aten.eq.Tensor, (self.given, largest))
        for i in range(high * wide - 1):
            column = call(aten.slice.Tensor, (self.given, -2, i // wide, height, high))
            corner = call(aten.slice.Tensor, (column, -1, i % wide, width, wide))
            hit = call(aten.eq.Tensor, (self._spread(graph, corner), largest))
            later = call(aten.gt.Scalar, (place, i))
            before = call(aten.logical_and.default, (hit, later))
            chosen = call(
                aten.logical_and.default, (chosen, call(aten.logical_not.default, (before,)))
            )
        number: dict[str, Any] = {"dtype": self.gradient.meta["val"].dtype, "device": self.device}
        nothing = call(aten.full.default, ([], 0.0), number)
        return call(aten.where.self, (chosen, self._spread(graph, self.gradient), nothing))

    def _spread(self, graph: Graph, pooled: Node) -> Node:
        """Repeat each pooled number over its window."""
        (high, wide), (*lead, height, width) = self.kernel, self.shape
        apart = graph.call_function(aten.unsqueeze.default, (pooled, -2))
        apart = graph.call_function(aten.unsqueeze.default, (apart, -1))
        size = [*lead, height // high, high, width // wide, wide]
        repeated = graph.call_function(aten.expand.default, (apart, size))
        return graph.call_function(aten.reshape.default, (repeated, list(self.shape)))


VECTOR = 16
"""Numbers that a processor multiplies at once, at the most."""

_PRODUCTS = (aten.mul.Scalar, aten.mul.Tensor)
_SHAPINGS = (aten.expand.default, aten.view.default, aten._unsafe_view.default)
_SWAPS = ((1, 2), (2, 1), (-1, -2), (-2, -1))


def _pair(size: Any) -> tuple[int, int]:
    """Return a window's height and width, which may be stated as one number."""
    high, wide = size if len(size) == 2 else (*size, *size)
    return high, wide


def _is_one(value: Any) -> bool:
    return isinstance(value, (int, float)) and value == 1


def _is_bmm(node: Any) -> bool:
    return isinstance(node, Node) and node.target is aten.bmm.default


def _is_transpose(node: Any) -> bool:
    """Whether a node swaps the last two of three axes."""
    if not isinstance(node, Node) or len(_shape(node)) != 3:
        return False
    if node.target is aten.transpose.int:
        return tuple(node.args[1:]) in _SWAPS
    return node.target is aten.permute.default and list(node.args[1]) == [0, 2, 1]  # pyright: ignore[reportArgumentType]


def _transposed(graph: Graph, factor: Any) -> Node:
    if _is_transpose(factor):
        return factor.args[0]
    return graph.call_function(aten.permute.default, (factor, [0, 2, 1]))


def _is_row(node: Any) -> bool:
    shape = _shape(node)
    return len(shape) == 3 and shape[1] == 1


def _shape(node: Any) -> tuple[int, ...]:
    """Return the shape of what a node computes; empty for what is no tensor."""
    value = _value(node)
    return () if value is None else tuple(value.shape)


def _dtype(node: Any) -> torch.dtype | None:
    value = _value(node)
    return None if value is None else value.dtype


def _value(node: Any) -> Tensor | None:
    value = node.meta.get("val") if isinstance(node, Node) else None
    return value if isinstance(value, Tensor) else None
