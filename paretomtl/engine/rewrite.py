"""Rewriting a recorded step, so that its matrix products run as the batched kernels like them.

`vmap` turns a linear layer into a batched product followed by an addition, and its weight gradient into
the transpose of a product: right, but the addition is one more trip through memory, and the optimizer
then walks through a transposed gradient. The results are the same numbers up to rounding.
"""

from __future__ import annotations

from typing import Any

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
    graph.eliminate_dead_code()
    module.recompile()


def _drop_idle(graph: Graph) -> None:
    """Remove products with one, and changes of shape to the same shape."""
    for node in list(graph.nodes):
        idle = (node.target in _PRODUCTS and _is_one(node.args[1])) or (
            node.target in _SHAPINGS and _shape(node.args[0]) == _shape(node)
        )
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
            if _is_bmm(product) and len(product.users) == 1 and _is_row(bias):
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


VECTOR = 16
"""Numbers that a processor multiplies at once, at the most."""

_PRODUCTS = (aten.mul.Scalar, aten.mul.Tensor)
_SHAPINGS = (aten.expand.default, aten.view.default, aten._unsafe_view.default)
_SWAPS = ((1, 2), (2, 1), (-1, -2), (-2, -1))


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
    value = node.meta.get("val") if isinstance(node, Node) else None
    return tuple(value.shape) if isinstance(value, Tensor) else ()
