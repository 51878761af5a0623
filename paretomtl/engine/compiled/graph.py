"""Functions of tensors, recorded and compiled once, and remembered for all who do the same.

A function is recorded operation by operation, the matrix products are put into the form that batched
kernels like (`rewrite`), and torch's inductor fuses what lies between them.
"""

from __future__ import annotations

import shutil
import warnings
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._guards import TracingContext, tracing
from torch._subclasses import FakeTensorMode
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from paretomtl.aggregation.recording import recording
from paretomtl.engine.compiled.rewrite import rewrite
from paretomtl.errors import BadInput

REMEMBERED = 64
"""Compiled functions that are kept for later batches."""


class Same:
    """A thing that is equal to itself alone, whatever its own notion of equality."""

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._thing is other._thing

    def __hash__(self) -> int:
        return id(self._thing)


class Recorded(NamedTuple):
    """A function as a graph.

    Args:
        graph: Takes the function's inputs, then the constants.
        constants: Tensors that the function reads beside its inputs.
        answer: Whatever else the recorder wants to remember of what is returned.
    """

    graph: GraphModule
    constants: list[Tensor]
    answer: Any


class Compiled(NamedTuple):
    """A function as a compiled program: its inputs, then the constants."""

    call: Callable[..., Any]
    constants: list[Tensor]
    answer: Any


_remembered: OrderedDict[Hashable, Compiled] = OrderedDict()


def forget() -> None:
    """Drop all compiled functions."""
    _remembered.clear()


def compiled(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], *, what: Hashable
) -> Callable[..., Tensor]:
    """Return a function of tensors as a compiled program, without gradients.

    Args:
        function: Tensors to a tensor.
        inputs: Tensors like those it will be called with.
        what: What the function does: where it is equal, and inputs have equal shapes, a program is shared.

    Raises:
        BadInput: The function cannot be recorded because something in it looks at numbers.
    """
    inputs = [t.detach() for t in inputs]

    def record() -> Recorded:
        with torch.no_grad():
            return recorded_graph(lambda *t: [function(*t)], inputs)

    program = remember(what, inputs, record)

    def call(*given: Tensor) -> Tensor:
        with torch.no_grad():
            return program.call(*(t.detach() for t in given), *program.constants)[0]

    return call


def remember(what: Hashable, inputs: Sequence[Tensor], record: Callable[[], Recorded]) -> Compiled:
    """Return the compiled program of a function: an earlier one that did the same, or a new one.

    Args:
        what: What the function does, its tensors aside.
        inputs: Their shapes and layouts tell programs apart, too.
        record: Records the function where no program is remembered.
    """
    shapes = tuple((tuple(t.shape), t.stride(), t.dtype, t.device) for t in inputs)
    key: Hashable = (what, shapes, torch.get_num_threads())
    try:
        program = _remembered.pop(key, None)
    except (
        TypeError
    ):  # an option that cannot be hashed tells nothing apart, so nothing is remembered
        key, program = None, None
    if program is None:
        found = record()
        rewrite(found.graph)
        call = _compile(found.graph, [*inputs, *found.constants])
        program = Compiled(call, found.constants, found.answer)
    if key is not None:
        _remembered[key] = program
        while len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    return program


def recorded_graph(
    function: Callable[..., list[Tensor]], inputs: Sequence[Tensor], answer: Any = None
) -> Recorded:
    """Record a function of tensors.

    Raises:
        BadInput: Something in it looks at numbers.
    """
    with recording(), warnings.catch_warnings(), _readable_refusals():
        warnings.simplefilter("ignore", FutureWarning)  # of torch about its own pytree
        graph = make_fx(function)(*inputs)
    return Recorded(graph, _lift_constants(graph), answer)


def need_compiler(device: torch.device) -> None:
    """Check that programs can be compiled for a device.

    Raises:
        BadInput: There is no C++ compiler on the path.
    """
    if device.type == "cpu" and not any(shutil.which(c) for c in ("g++", "clang++", "cl")):
        raise BadInput(
            "`compile` on the CPU needs a C++ compiler (g++, clang++ or cl), and none is on the path; "
            "install one or run without it."
        )


@contextmanager
def _readable_refusals() -> Generator[None]:
    try:
        yield
    except RuntimeError as error:
        if "data-dependent" not in str(error) and "tracing tensor" not in str(error):
            raise
        raise BadInput(
            "this step cannot be compiled, because its problem or method looks at numbers while it "
            "computes (a branch, `.item()`); run it without `compile`."
        ) from error


def _lift_constants(graph: GraphModule) -> list[Tensor]:
    """Make the constants inputs, so that torch's cache knows the program whatever their numbers."""
    last = [node for node in graph.graph.nodes if node.op == "placeholder"][-1]
    inputs: dict[str, Node] = {}
    constants: list[Tensor] = []
    for node in list(graph.graph.nodes):
        if node.op != "get_attr":
            continue
        name = str(node.target)
        if name not in inputs:
            constants.append(getattr(graph, name))
            with graph.graph.inserting_after(last):
                inputs[name] = last = graph.graph.placeholder(f"constant_{len(constants)}")
            last.meta = dict(node.meta)
        node.replace_all_uses_with(inputs[name])
        graph.graph.erase_node(node)
    for name in inputs:
        delattr(graph, name)
    return constants


def _compile(graph: GraphModule, inputs: Sequence[Tensor]) -> Callable[..., Any]:
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, FutureWarning):  # torch uses what it deprecates
            warnings.simplefilter("ignore", kind)
        from torch._inductor import compile as inductor_compile

        # torch's cache on disk only takes programs that are compiled in such a context; that the shapes
        # are what they are, and no example of shapes, must be stated for every input
        mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
        shapes: list[Any] = [mode.from_tensor(t, static_shapes=True) for t in inputs]
        # a program is looked up by the shapes of its inputs: they need no second look
        options: dict[str, Any] = {"size_asserts": False}
        with tracing(TracingContext(mode)):
            return inductor_compile(graph, shapes, options)  # pyright: ignore[reportReturnType]
