"""Kernels become differentiable functions: first and second derivatives by their own formulas.

The four kernels of a loss are closed under differentiation: value, gradient (backwards) and
    tangent
(forwards), and curvature, the directional derivative of the gradient. So each of the first three
    is
an autograd.Function here, and its derivatives are written in terms of the others.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ._kernels import Formula, Kernels, motion, owned


def differentiable(
    value: Formula,
    gradient: Formula,
    tangent: Formula,
    curvature: Formula,
    arguments: Sequence[str],
    wrt: Sequence[str],
) -> Callable[..., Tensor]:
    """Return ``value`` as a function that PyTorch differentiates by the other formulas.

    Args:
        value: ``(*arguments)`` to the unreduced loss.
        gradient: ``(upstream, *arguments)`` to one gradient for each of ``wrt``.
        tangent: ``(*arguments, *tangents)`` to the change of the value along the tangents.
        curvature: ``(upstream, *arguments, *tangents)`` to the change of each gradient.
        arguments: the names of the kernels' arguments.
        wrt: those to differentiate by. One that is given as a number is a constant.
    """
    places = tuple(arguments.index(name) for name in wrt)
    kernels = Kernels(value, gradient, tangent, curvature, places)

    # Dynamo refuses a jvp, and under torch.func it looks through a Function at the operations of
    # `value`. Told not to look, it leaves the call to AOTAutograd, which runs the rules below.
    @torch.compiler.allow_in_graph
    def call(*args: Any) -> Tensor:
        return _Value.apply(kernels, *args)

    return call


class _Rule(torch.autograd.Function):
    """A kernel as a node of the graph, which remembers what it was given."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.kernels, *args = inputs
        ctx.numbers = [None if isinstance(arg, Tensor) else (arg,) for arg in args]
        tensors = [arg for arg in args if isinstance(arg, Tensor)]
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)


def _remembered(ctx: Any) -> tuple[Kernels, list[Any]]:
    tensors = iter(ctx.saved_tensors)
    return ctx.kernels, [next(tensors) if number is None else number[0] for number in ctx.numbers]


class _Value(_Rule):
    @staticmethod
    def forward(kernels: Kernels, *args: Any) -> Tensor:
        return owned([kernels.run_value(args)], args)[0]

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Any, ...]:
        kernels, args = _remembered(ctx)
        gradients = _Gradient.apply(kernels, upstream, *args)
        return None, *kernels.spread(args, gradients, ctx.needs_input_grad[1:])

    @staticmethod
    def jvp(ctx: Any, _: None, *changes: Tensor | None) -> Tensor:
        kernels, args = _remembered(ctx)
        return _Tangent.apply(kernels, len(args), *args, *kernels.motions(args, changes))


class _Gradient(_Rule):
    @staticmethod
    def forward(kernels: Kernels, upstream: Tensor, *args: Any) -> tuple[Tensor, ...]:
        return owned(kernels.run_gradient(upstream, args), [upstream, *args])

    @staticmethod
    def backward(ctx: Any, *along: Tensor) -> tuple[Any, ...]:
        kernels, (upstream, *args) = _remembered(ctx)
        _, linear, *needed = ctx.needs_input_grad
        change = _Tangent.apply(kernels, len(args), *args, *along) if linear else None
        results = kernels.run_curvature(upstream, args, along) if any(needed) else along
        return None, change, *kernels.spread(args, results, needed)

    @staticmethod
    def jvp(ctx: Any, _: None, change: Tensor | None, *changes: Tensor | None) -> tuple[Any, ...]:
        kernels, (upstream, *args) = _remembered(ctx)
        results = kernels.run_curvature(upstream, args, kernels.motions(args, changes))
        if change is None:
            return results
        return tuple(map(torch.add, results, _Gradient.apply(kernels, change, *args)))


class _Tangent(_Rule):
    @staticmethod
    def forward(kernels: Kernels, count: int, *inputs: Any) -> Tensor:
        return owned([kernels.run_tangent(inputs[:count], inputs[count:])], inputs)[0]

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Any, ...]:
        kernels, (count, *inputs) = _remembered(ctx)
        args, along = inputs[:count], inputs[count:]
        results = kernels.run_curvature(upstream, args, along)
        slopes = _Gradient.apply(kernels, upstream, *args)
        return None, None, *kernels.spread(args, results, [True] * count), *slopes

    @staticmethod
    def jvp(ctx: Any, _: None, __: None, *changes: Tensor | None) -> Tensor:
        kernels, (count, *inputs) = _remembered(ctx)
        args, along = inputs[:count], inputs[count:]
        turn = map(motion, along, changes[count:])
        first = _Tangent.apply(kernels, count, *args, *turn)
        # The curvature is linear in its upstream: transposed, it is the second derivative.
        _, transpose = torch.func.vjp(
            lambda upstream: kernels.run_curvature(upstream, args, along), torch.zeros_like(first)
        )
        (second,) = transpose(tuple(kernels.motions(args, changes)))
        return first + second


# PyTorch asks for these signatures at every call, which costs a tenth of a small loss's time.
for _rule in (_Value, _Gradient, _Tangent):
    _forward: Any = _rule.forward
    _forward.__signature__ = inspect.signature(_forward)
