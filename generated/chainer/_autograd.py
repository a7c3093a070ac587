"""Kernels become differentiable functions: first and second derivatives by their own formulas.

The four kernels of a loss are closed under differentiation: value, gradient (backwards) and
    tangent
(forwards), and curvature, the directional derivative of the gradient. Each is a FunctionNode, and
the derivatives of the first three are nodes of the others.
"""

from itertools import compress

import chainer
import numpy as np

from ._runtime import array_of, as_given


class _Call:
    """One call of a loss: its formulas, with the constant arguments already in place."""

    def __init__(self, formulas, arguments, wrt, given):
        self.value, self.gradient, self.tangent, self.curvature = formulas
        places = [arguments.index(name) for name in wrt]
        live = [isinstance(array_of(given[place]), chainer.get_array_types()) for place in places]
        self.places = list(compress(places, live))
        self.inputs = tuple(given[place] for place in self.places)
        self.count, self.live = len(self.inputs), live
        self.constants = [
            None if place in self.places else array_of(item) for place, item in enumerate(given)
        ]

    def arguments(self, arrays):
        """Return the kernels' arguments, given the differentiable ones."""
        arguments = list(self.constants)
        for place, array in zip(self.places, arrays, strict=True):
            arguments[place] = array
        return arguments

    def tangents(self, arrays):
        """Return one tangent per differentiable name, 0 for those given as numbers."""
        remaining = iter(arrays)
        return [next(remaining) if live else 0.0 for live in self.live]

    def chosen(self, arrays, results):
        """Return the results that belong to Variables, in their shapes."""
        return tuple(map(_filled, arrays, compress(results, self.live)))


def _filled(given, result):
    # A rule may say just 0.0, which stands for zeros in the shape of its argument.
    result = as_given(given, result)
    return result if result.shape == given.shape else np.broadcast_to(result, given.shape).copy()


class _Node(chainer.FunctionNode):
    """A formula as a node of the graph; its derivatives are nodes of the other formulas."""

    def __init__(self, call):
        self.call = call

    def forward(self, inputs):
        self.retain_inputs(tuple(range(len(inputs))))
        with np.errstate(all="ignore"):
            return self.evaluate(inputs)


class _Value(_Node):
    def evaluate(self, inputs):
        return (as_given(inputs[0], self.call.value(*self.call.arguments(inputs))),)

    def backward(self, indexes, grad_outputs):
        gradients = _Gradient(self.call).apply(grad_outputs + self.get_retained_inputs())
        return tuple(gradients[index] for index in indexes)


class _Gradient(_Node):
    def evaluate(self, inputs):
        upstream, *arrays = inputs
        results = self.call.gradient(upstream, *self.call.arguments(arrays))
        return self.call.chosen(arrays, results)

    def backward(self, indexes, grad_outputs):
        upstream, *arrays = self.get_retained_inputs()
        tangents = [_given(*pair) for pair in zip(grad_outputs, arrays, strict=True)]
        results = [None] * (1 + len(arrays))
        if 0 in indexes:
            results[:1] = _Tangent(self.call).apply((*arrays, *tangents))
        if any(index > 0 for index in indexes):
            results[1:] = _Curvature(self.call).apply((upstream, *arrays, *tangents))
        return tuple(results[index] for index in indexes)


class _Tangent(_Node):
    def evaluate(self, inputs):
        call = self.call
        arrays, tangents = inputs[: call.count], inputs[call.count :]
        result = call.tangent(*call.arguments(arrays), *call.tangents(tangents))
        return (as_given(inputs[0], result),)

    def backward(self, indexes, grad_outputs):
        inputs, count = self.get_retained_inputs(), self.call.count
        results = [None] * len(inputs)
        if any(index < count for index in indexes):
            results[:count] = _Curvature(self.call).apply((*grad_outputs, *inputs))
        if any(index >= count for index in indexes):
            results[count:] = _Gradient(self.call).apply((*grad_outputs, *inputs[:count]))
        return tuple(results[index] for index in indexes)


class _Curvature(_Node):
    def evaluate(self, inputs):
        call, (upstream, *arrays) = self.call, inputs[: self.call.count + 1]
        tangents = call.tangents(inputs[call.count + 1 :])
        results = call.curvature(upstream, *call.arguments(arrays), *tangents)
        return call.chosen(arrays, results)

    def backward(self, indexes, grad_outputs):
        raise RuntimeError("this loss has derivatives of first and second order, but no third")


def _given(gradient, like):
    # Chainer says None where nothing flows back: a tangent of zeros.
    return like.xp.zeros_like(like.array) if gradient is None else gradient


def differentiable(value, gradient, tangent, curvature, arguments, wrt):
    """Return a function of arrays and Variables, differentiable by its analytic formulas."""

    def apply(*given):
        call = _Call((value, gradient, tangent, curvature), arguments, wrt, given)
        return _Value(call).apply(call.inputs)[0]

    return apply
