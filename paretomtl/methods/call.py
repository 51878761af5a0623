"""Call a method on tensors or arrays directly: one step from its initial state, inputs checked.

Leading axes are lanes. A lane with NaN or infinity is allowed and touches no other. NumPy arrays in,
NumPy arrays out; the answer has the floating-point type of the inputs.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from paretomtl.arrays import ArrayLike
from paretomtl.errors import BadInput
from paretomtl.methods.base import Method, Scalarization, method
from paretomtl.methods.inputs import Inputs, answers_direction

Answer = TypeVar("Answer", Tensor, "NDArray[Any]")


def scalarize(
    name: str | Method,
    /,
    losses: Answer,
    preference: ArrayLike | None = None,
    *,
    ideal: ArrayLike | None = None,
    generator: torch.Generator | None = None,
    **options: Any,
) -> Answer:
    """Return the scalar that a scalarization minimises, at its initial state; differentiable.

    Args:
        name: A scalarization or its name.
        losses: [*batch, m].
        preference: On the simplex, [m] or [*batch, m]; None is uniform.
        ideal: The point that losses are measured from, [m]; None is the origin.
        generator: Where the lanes' random keys are drawn from; None gives every lane the key 0.
        options: The method's options, when it is given by name.

    Returns:
        [*batch], a torch scalar that carries gradients when the losses do.

    Raises:
        BadInput: The method reads gradients and has no scalar value; a shape, preference, loss or
            option is not what it must be.
        UnknownName: No such method or option; the closest names are given.

    >>> scalarize("power_mean", torch.tensor([3.0, 4.0]), gamma=2.0)
    tensor(3.5355)
    """
    chosen = method(name, **options)
    if not isinstance(chosen, Scalarization):
        raise BadInput(
            f"{chosen.name!r} reads gradients and has no scalar value: use weights() or aggregate()."
        )
    inputs = Inputs(chosen, losses=losses, preference=preference, ideal=ideal)
    signals = inputs.signals(generator)
    state = chosen.init(inputs.shapes())
    return inputs.in_kind(chosen.value(state, signals))


def weights(
    name: str | Method,
    /,
    *,
    losses: ArrayLike | None = None,
    gramian: ArrayLike | None = None,
    jacobian: ArrayLike | None = None,
    cross_gramian: ArrayLike | None = None,
    preference: ArrayLike | None = None,
    ideal: ArrayLike | None = None,
    generator: torch.Generator | None = None,
    **options: Any,
) -> Any:
    """Return the weights of a method's first step, [*batch, m]; the direction is their sum over rows.

    Args:
        name: A scalarization, weighting or set method, or its name.
        losses: [*batch, m].
        gramian: `J J^T`, [*batch, m, m]; made from `jacobian` where that is given instead.
        jacobian: [*batch, m, n].
        cross_gramian: `J1 J2^T` of two independent minibatches, for methods that read two; None takes
            them to be the same minibatch.
        preference: On the simplex, [m] or [*batch, m]; None is uniform.
        ideal: The point that losses are measured from, [m]; None is the origin.
        generator: Where the lanes' random keys are drawn from; None gives every lane the key 0.
        options: The method's options, when it is given by name.

    Returns:
        Weights on the rows as given, in kind with the inputs, without gradients.

    Raises:
        BadInput: A signal that the method reads is missing; a shape, Gramian, preference, loss or option
            is not what it must be; the method answers with a direction that has no weights.
        UnknownName: No such method or option; the closest names are given.

    >>> weights("mgda", gramian=torch.eye(2))
    tensor([0.5000, 0.5000])
    """
    chosen = method(name, **options)
    if answers_direction(chosen):
        raise BadInput(
            f"{chosen.name!r} answers with a direction that has no weights: use aggregate()."
        )
    inputs = Inputs(
        chosen,
        losses=losses,
        gramian=gramian,
        jacobian=jacobian,
        cross_gramian=cross_gramian,
        preference=preference,
        ideal=ideal,
    )
    with torch.no_grad():
        return inputs.in_kind(inputs.first_step(generator))


def aggregate(
    name: str | Method,
    /,
    jacobian: Answer,
    *,
    losses: ArrayLike | None = None,
    cross_gramian: ArrayLike | None = None,
    representation: ArrayLike | None = None,
    preference: ArrayLike | None = None,
    ideal: ArrayLike | None = None,
    generator: torch.Generator | None = None,
    **options: Any,
) -> Answer:
    """Return the direction of a method's first step, [*batch, n]: what the optimizer descends along.

    Args:
        name: Any method, or its name.
        jacobian: [*batch, m, n]; row i is the gradient of loss i.
        losses: [*batch, m], for methods that read them.
        cross_gramian: `J1 J2^T` of two independent minibatches, for methods that read two; None takes
            them to be the same minibatch.
        representation: [*batch, samples, features], for GradDrop where `jacobian` holds the gradients by
            it, n = samples * features; other methods do not read it.
        preference: On the simplex, [m] or [*batch, m]; None is uniform.
        ideal: The point that losses are measured from, [m]; None is the origin.
        generator: Where the lanes' random keys are drawn from; None gives every lane the key 0.
        options: The method's options, when it is given by name.

    Raises:
        BadInput: A signal that the method reads is missing; a shape, preference, loss or option is not
            what it must be.
        UnknownName: No such method or option; the closest names are given.

    >>> aggregate("mean", torch.tensor([[1.0, 0.0], [0.0, 3.0]]))
    tensor([0.5000, 1.5000])
    """
    chosen = method(name, **options)
    inputs = Inputs(
        chosen,
        losses=losses,
        jacobian=jacobian,
        cross_gramian=cross_gramian,
        representation=representation,
        preference=preference,
        ideal=ideal,
    )
    with torch.no_grad():
        answer = inputs.first_step(generator)
        if not answers_direction(chosen):
            rows = inputs.tensors["jacobian"]
            answer = (answer.unsqueeze(-1) * rows).sum(-2)
        return inputs.in_kind(answer)
