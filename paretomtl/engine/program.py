"""A whole step as one compiled tensor program.

A step of a batch is a function of tensors: forward pass, backward passes, method, checks, optimizer. It
is recorded once, operation by operation, the matrix products are put into the form that batched kernels
like (`rewrite`), and torch's inductor fuses what lies between them. What a step changes large it changes
in place (parameters, moments); what it changes small (masks, counters, methods' states) it returns.

Batches of one make share a program: whatever differs between them is an input.
"""

from __future__ import annotations

import shutil
import warnings
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch._guards import TracingContext, tracing
from torch._subclasses import FakeTensorMode
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.utils import _pytree as pytree

from paretomtl.aggregation.recording import recording
from paretomtl.engine.rewrite import rewrite
from paretomtl.errors import BadInput

PAD = 16
"""Numbers left free behind each lane's part of a parameter, at least, in a compiled program."""

REMEMBERED = 64
"""Compiled programs that are kept for later batches."""


class Numbers(NamedTuple):
    """What a step is told from outside: the schedule's factor, and the optimizer's corrections."""

    scheduled: float | Tensor
    rate: float | Tensor
    eps: float | Tensor


class Carried(NamedTuple):
    """The tensors that a step reads and changes.

    Args:
        parameters: Lanes in front, changed in place.
        moments: The optimizer's, changed in place.
        samples: Minibatches, only read.
        fixed: Whatever else is only read and belongs to these lanes: preferences, learning rates, options.
        replaced: Whatever else it changes: small tensors, in any nesting of lists and dictionaries.
        seen: What it leaves to look at, and never reads.
    """

    parameters: list[Tensor]
    moments: list[list[Tensor]]
    samples: list[tuple[Tensor, ...]]
    fixed: dict[str, Any]
    replaced: dict[str, Any]
    seen: list[Tensor | None]


class Same:
    """A thing that is equal to itself alone, whatever its own notion of equality."""

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._thing is other._thing

    def __hash__(self) -> int:
        return id(self._thing)


class Steppable(Protocol):
    """A batch: its tensors can be taken out and put back, and it can advance."""

    samples: list[tuple[Tensor, ...]]

    @property
    def make(self) -> Hashable:
        """What a step does, its tensors aside: batches of equal makes and shapes share a program."""
        ...

    @property
    def carried(self) -> Carried:
        """The tensors as they are."""
        ...

    def carry(self, tensors: Carried) -> None:
        """Go on with these tensors."""
        ...

    @property
    def replaced(self) -> dict[str, Any]:
        """The part of `carried` that a step replaces."""
        ...

    def replace(self, replaced: dict[str, Any], seen: Sequence[Tensor | None]) -> None:
        """Go on with what a step has answered."""
        ...

    def advance(self, numbers: Numbers) -> None:
        """Make one step."""
        ...


class Program:
    """One batch's step, compiled; called in place of `batch.advance`.

    Compiling takes from some seconds to about a minute. A later batch of the same make and shapes takes
    the program as it is; torch keeps the result on disk for later processes.

    Raises:
        BadInput: There is no compiler, or the step cannot be recorded because something in it looks at
            numbers.
    """

    def __init__(self, batch: Steppable) -> None:
        _need_compiler(batch.carried.parameters[0].device)
        self._batch = batch
        batch.carry(_rehoused(batch.carried))
        self._step = _compiled_step(batch)
        carried = batch.carried
        in_place = _Form((carried.parameters, carried.moments)).tensors
        self._in_place = [t.detach() for t in in_place]
        self._fixed = _Form(carried.fixed).tensors
        self._layout: list[tuple[int, ...]] | None = None

    def __call__(self, numbers: Numbers) -> None:
        """Make one step of the batch."""
        # In the order of `_inputs`, without taking apart what never changes.
        samples = [t for sample in self._batch.samples for t in sample]
        replaced = [t for t in pytree.tree_leaves(self._batch.replaced) if t is not None]
        told = [torch.tensor(n, dtype=torch.float64) for n in numbers]
        layout = [t.stride() for t in samples] + [t.stride() for t in replaced]
        if self._layout is None:
            self._layout = layout
        if layout != self._layout:  # the program itself does not look
            raise RuntimeError("a compiled step was given tensors of another layout.")
        with torch.no_grad():
            changed = self._step.call(
                *self._in_place,
                *samples,
                *self._fixed,
                *replaced,
                *told,
                *self._step.constants,
            )
        self._batch.replace(*self._step.answer.filled(changed))


_NUMBERS = Numbers(1.0, 1.0, 1e-8)


class _Form:
    """The form of nested tensors, and how to fill it with others."""

    def __init__(self, tree: Any) -> None:
        leaves, self._form = pytree.tree_flatten(tree)
        self.tensors: list[Tensor] = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        self._is_tensor = [isinstance(leaf, Tensor) for leaf in leaves]

    def filled(self, tensors: Sequence[Tensor]) -> Any:
        """Return the nest with these tensors in their order, and None elsewhere."""
        given = iter(tensors)
        leaves = [next(given) if there else None for there in self._is_tensor]
        return pytree.tree_unflatten(leaves, self._form)


class _CompiledStep(NamedTuple):
    """A step as a function of flat tensors: the batch's inputs, then the constants.

    Args:
        call: Changes parameters and moments in place, and returns the rest.
        constants: Tensors that belong to the problem.
        answer: The form of what is returned.
    """

    call: Callable[..., Any]
    constants: list[Tensor]
    answer: _Form


_remembered: OrderedDict[Hashable, _CompiledStep] = OrderedDict()


def forget() -> None:
    """Drop all compiled programs."""
    _remembered.clear()


def compiled(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], *, make: Hashable
) -> Callable[..., Tensor]:
    """Return a function of tensors as a compiled program, without gradients.

    Args:
        function: Tensors to a tensor.
        inputs: Tensors like those it will be called with.
        make: What the function does: equal makes, and inputs of equal shapes, share a program.

    Raises:
        BadInput: The function cannot be recorded because something in it looks at numbers.
    """
    inputs = [t.detach() for t in inputs]

    def record() -> tuple[GraphModule, list[Tensor], _Form]:
        with recording(), torch.no_grad(), warnings.catch_warnings(), _readable_refusals():
            warnings.simplefilter("ignore", FutureWarning)  # of torch about its own pytree
            graph = make_fx(lambda *t: [function(*t)])(*inputs)
        return graph, _lift_constants(graph), _Form(None)

    step = _remember(make, inputs, record)

    def call(*given: Tensor) -> Tensor:
        with torch.no_grad():
            return step.call(*(t.detach() for t in given), *step.constants)[0]

    return call


def _compiled_step(batch: Steppable) -> _CompiledStep:
    """Return the step of a batch of this make: remembered, or compiled now."""
    return _remember(batch.make, _inputs(batch.carried, _NUMBERS), lambda: _record(batch))


def _remember(
    make: Hashable,
    inputs: Sequence[Tensor],
    record: Callable[[], tuple[GraphModule, list[Tensor], _Form]],
) -> _CompiledStep:
    shapes = tuple((tuple(t.shape), t.stride(), t.dtype, t.device) for t in inputs)
    key: Hashable = (make, shapes, torch.get_num_threads())
    try:
        step = _remembered.pop(key, None)
    except TypeError:  # an option that cannot be hashed: not told from others, so not remembered
        key, step = None, None
    if step is None:
        graph, constants, answer = record()
        rewrite(graph)
        step = _CompiledStep(_compile(graph, [*inputs, *constants]), constants, answer)
    if key is not None:
        _remembered[key] = step
        while len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    return step


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


def _inputs(carried: Carried, numbers: Numbers) -> list[Tensor]:
    return [t.detach() for t in _form_of(carried, numbers).tensors]


def _form_of(carried: Carried, numbers: Numbers) -> _Form:
    told = Numbers(*(torch.as_tensor(n, dtype=torch.float64) for n in numbers))
    return _Form((carried._replace(seen=[]), told))


def _record(batch: Steppable) -> tuple[GraphModule, list[Tensor], _Form]:
    """Record one step on copies; return its graph, the constants it needs, and the answer's form."""
    before = batch.carried
    form = _form_of(before, _NUMBERS)
    answer: list[_Form] = []

    def step(*flat: Tensor) -> list[Tensor]:
        carried, numbers = form.filled(flat)
        batch.carry(carried)
        batch.advance(numbers)
        after = batch.carried
        answer[:] = [_Form((after.replaced, after.seen))]
        # A view of an input would have to be made anew, outside of the program, at each call. What is
        # replaced is the next call's input, and has to lie in memory as the first one's did, which a
        # compiler does not know: it may prefer another order for what it computes.
        given = {t.untyped_storage().data_ptr() for t in flat}
        return [
            t.clone(memory_format=torch.contiguous_format)
            if t.ndim > 1 or t.untyped_storage().data_ptr() in given
            else t
            for t in answer[0].tensors
        ]

    # Copies with the gaps of the originals: what can be viewed depends on them.
    copies = [
        torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device=t.device).copy_(t)
        for t in _inputs(before, _NUMBERS)
    ]
    try:
        with recording(), warnings.catch_warnings(), _readable_refusals():
            warnings.simplefilter("ignore", FutureWarning)  # of torch about its own pytree
            graph = make_fx(step)(*copies)
    finally:
        batch.carry(before)
    return graph, _lift_constants(graph), answer[0]


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
        # are what they are, and no example of shapes, must be said of every input
        mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
        shapes: list[Any] = [mode.from_tensor(t, static_shapes=True) for t in inputs]
        # the program of a make is looked up by the shapes of its inputs: they need no second look
        options: dict[str, Any] = {"size_asserts": False}
        with tracing(TracingContext(mode)):
            return inductor_compile(graph, shapes, options)  # pyright: ignore[reportReturnType]


def _rehoused(carried: Carried) -> Carried:
    """Return the tensors with a gap behind each lane, and what is replaced in plain order.

    Inductor writes an update in place only where its loops have the same shape as the tensor; without
    the gap it merges lanes and numbers into one long loop, and copies everything once more.
    """
    return carried._replace(
        parameters=[_with_gap(p) for p in carried.parameters],
        moments=[[_with_gap(p) for p in kind] for kind in carried.moments],
        replaced=pytree.tree_map(_contiguous, carried.replaced),
    )


def _contiguous(leaf: Any) -> Any:
    return leaf.contiguous() if isinstance(leaf, Tensor) else leaf


def _with_gap(tensor: Tensor) -> Tensor:
    size = tensor[0].numel()
    room = tensor.new_zeros(len(tensor), -(-(size + PAD) // PAD) * PAD)
    home = room[:, :size].view(tensor.shape)
    home.copy_(tensor.detach())
    return home


def _need_compiler(device: torch.device) -> None:
    if device.type == "cpu" and not any(shutil.which(c) for c in ("g++", "clang++", "cl")):
        raise BadInput(
            "`compile` on the CPU needs a C++ compiler (g++, clang++ or cl), and none is on the path; "
            "install one or run without it."
        )
