"""Values and derivatives of an emitted loss in its framework, as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import torch
from worlds import Array

jax.config.update("jax_enable_x64", True)
Arrays = dict[str, Array]


@dataclass(frozen=True)
class Asked:
    """What a loss is called with.

    Attributes:
        inputs: tensors of the call, in order; labels among them.
        weights: tensors of the constructor.
        learnt: parameters, which have derivatives where the framework differentiates.
        reduction: how to reduce.
        upstream: the gradient that arrives from above, in the shape of the result.
        directions: one tangent for each differentiable argument, by name.
    """

    inputs: Mapping[str, Array]
    weights: Mapping[str, Array]
    learnt: Mapping[str, float]
    reduction: str
    upstream: Array
    directions: Mapping[str, Array]


@dataclass(frozen=True)
class Results:
    """What came out; second derivatives are along the directions, or diagonals.

    The value is there twice where it is also found together with the gradients, in other products.
    """

    value: Array
    gradients: Arrays
    seconds: Arrays
    alone: Array | None = None


def by_numpy(module: Any, asked: Asked) -> Results:
    """Value, gradients and diagonals by the class: its upstream is 1, its parameters numbers."""
    loss = module.DrawnLoss(**asked.weights, **asked.learnt, reduction=asked.reduction)
    inputs = asked.inputs.values()
    names = [name for name in asked.directions if name in asked.inputs]
    value, gradients = loss.value_and_grad(*inputs)
    return Results(
        value,
        dict(zip(names, gradients, strict=True)),
        dict(zip(names, loss.hessian_diagonal(*inputs), strict=True)),
        np.asarray(loss(*inputs)),
    )


def _function(module: Any, asked: Asked, tensor: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the loss as a function of what moves."""
    fixed = {name: tensor(array) for name, array in (asked.inputs | asked.weights).items()}

    def loss(*values: Any) -> Any:
        given = fixed | dict(zip(asked.directions, values, strict=True))
        inputs = [given.pop(name) for name in asked.inputs]
        return module.drawn_loss(*inputs, **given, reduction=asked.reduction)

    return loss


def _moving(asked: Asked) -> list[Any]:
    given = {**asked.inputs, **asked.learnt}
    return [np.asarray(given[name], np.float64) for name in asked.directions]


def by_torch(module: Any, asked: Asked) -> Results:
    """Value, gradients and Hessian-vector products by double backward."""
    return torch_results(_function(module, asked, torch.as_tensor), asked)


def torch_results(loss: Callable[..., Any], asked: Asked) -> Results:
    """Differentiate a function of tensors twice."""
    leaves = [torch.tensor(value, requires_grad=True) for value in _moving(asked)]
    value = loss(*leaves)
    more = {"allow_unused": True, "materialize_grads": True}
    upstream = torch.as_tensor(asked.upstream)
    zeros = [torch.zeros_like(leaf) for leaf in leaves]
    first = zeros
    if value.requires_grad:
        first = torch.autograd.grad(value, leaves, upstream, create_graph=True, **more)
    along = map(torch.as_tensor, asked.directions.values())
    moved = [(g * d).sum() for g, d in zip(first, along, strict=True) if g.requires_grad]
    second = torch.autograd.grad(sum(moved), leaves, **more) if moved else zeros
    arrays = [[one.numpy(force=True) for one in group] for group in (first, second)]
    return Results(
        value.detach().numpy(),
        *(dict(zip(asked.directions, group, strict=True)) for group in arrays),
    )


def by_jax(module: Any, asked: Asked) -> Results:
    """Value, gradients by `vjp`, and their `jvp`."""
    loss = _function(module, asked, jax.numpy.asarray)
    values = tuple(map(jax.numpy.asarray, _moving(asked)))
    along = tuple(map(jax.numpy.asarray, asked.directions.values()))
    upstream = jax.numpy.asarray(asked.upstream)
    first, second = jax.jvp(lambda *at: jax.vjp(loss, *at)[1](upstream), values, along)
    arrays = [list(map(np.asarray, group)) for group in (first, second)]
    return Results(
        np.asarray(loss(*values)),
        *(dict(zip(asked.directions, group, strict=True)) for group in arrays),
    )
