"""A declared formula evaluated as it is written, in PyTorch's float64, for its autograd.

It shares the words of the formula with lossgen and nothing else: no graphs, rules or kernels. Every
number has all axes of the formula, of length 1 where it does not vary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce

import sympy
import torch
from sympy import Basic
from torch import Tensor

from lossgen import language as words


def _loggamma(z: Tensor) -> Tensor:
    """Stirling's series; the second derivative of `torch.lgamma` has ten digits."""
    large = z + 16
    steps = sum((z + k).log() for k in range(16))
    terms = zip((12, -360, 1260, -1680, 1188), range(1, 10, 2), strict=True)
    series = sum(1 / (below * large**power) for below, power in terms)
    return (large - 0.5) * large.log() - large + 0.5 * math.log(2 * math.pi) + series - steps


SIMPLE: dict[type, Callable[..., Tensor]] = {
    sympy.exp: torch.exp,
    sympy.log: torch.log,
    sympy.Abs: torch.abs,
    sympy.sign: torch.sign,
    sympy.tanh: torch.tanh,
    sympy.sinh: torch.sinh,
    sympy.cosh: torch.cosh,
    sympy.sin: torch.sin,
    sympy.cos: torch.cos,
    sympy.atan: torch.atan,
    sympy.erf: torch.erf,
    sympy.loggamma: _loggamma,
    sympy.StrictLessThan: torch.lt,
    sympy.LessThan: torch.le,
    sympy.StrictGreaterThan: torch.gt,
    sympy.GreaterThan: torch.ge,
    sympy.Equality: torch.eq,
    sympy.Unequality: torch.ne,
    sympy.Not: torch.logical_not,
    words.Sigmoid: lambda z: 1 / (1 + torch.exp(-z)),  # its slope is no difference of near numbers
    words.StopGradient: Tensor.detach,
    words.Hinge: lambda z: z.clamp(min=0),
    words.RaisedTo: lambda z, least: z + (torch.maximum(z, least) - z).detach(),
}
FOLDED: dict[type, Callable[[Tensor, Tensor], Tensor]] = {
    sympy.Add: torch.add,
    sympy.Mul: torch.mul,
    sympy.Max: torch.maximum,
    sympy.Min: torch.minimum,
    sympy.And: torch.logical_and,
    sympy.Or: torch.logical_or,
}


def _ratio(top: Tensor, bottom: Tensor) -> Tensor:
    zero = bottom == 0
    return torch.where(zero, 0.0, top / torch.where(zero, 1.0, bottom))


def _norm(body: Tensor, axis: int, *floor: Tensor) -> Tensor:
    squares = (body * body).sum(axis, keepdim=True) + sum(f * f for f in floor)
    zero = squares == 0
    return torch.where(zero, 0.0, torch.where(zero, 1.0, squares).sqrt())


def _p_norm(body: Tensor, axis: int, order: Tensor) -> Tensor:
    powers = (body.abs() ** order).sum(axis, keepdim=True)
    zero = powers == 0
    return torch.where(zero, 0.0, torch.where(zero, 1.0, powers) ** (1 / order))


ALONG: dict[type, Callable[..., Tensor]] = {
    words.SumOver: lambda body, axis: body.sum(axis, keepdim=True),
    words.MaxOver: lambda body, axis: body.amax(axis, keepdim=True),
    words.MinOver: lambda body, axis: body.amin(axis, keepdim=True),
    words.LogSumExp: lambda body, axis: body.logsumexp(axis, keepdim=True),
    words.Softmax: lambda body, axis: body.softmax(axis),
    words.Norm: _norm,
    words.PNorm: _p_norm,
}


class Literal:
    """Evaluates expressions.

    Args:
        sizes: the lengths of all axes.
        tensors: every argument by name, its axes flattened to one for each that is declared.
    """

    def __init__(self, sizes: Mapping[str, int], tensors: Mapping[str, Tensor]) -> None:
        self._sizes, self._tensors, self._order = sizes, tensors, tuple(sizes)

    def value(self, e: Basic) -> Tensor:
        """Return the number that an expression is, along its axes."""
        if e.is_number:
            return torch.tensor(float(e), dtype=torch.float64)
        if isinstance(e, words.Ref):
            return self._placed(self._tensors[e.tensor.name], e.indices)
        if isinstance(e, words.ParameterSymbol):
            return self._tensors[e.parameter.name]
        if isinstance(e, words.Size):
            return torch.tensor(float(self._sizes[e.axis]), dtype=torch.float64)
        if isinstance(e, words.Position):
            return self._placed(torch.arange(self._sizes[e.axis]), (e.axis,))
        if isinstance(e, words.AxisOperation):
            return self._along(e)
        return self._elementwise(e)

    def _elementwise(self, e: Basic) -> Tensor:
        if e == sympy.true or e == sympy.false:
            return torch.tensor(bool(e))
        if isinstance(e, sympy.Piecewise):
            *branches, (last, _) = e.args
            result = self.value(last)
            for yes, condition in reversed(branches):
                result = torch.where(self.value(condition), self.value(yes), result)
            return result
        if isinstance(e, sympy.Max) and 0 in e.args and len(e.args) == 2:
            return next(self.value(arg).relu() for arg in e.args if arg != 0)
        args = [self.value(arg) for arg in e.args]
        if isinstance(e, sympy.Pow):
            return self._power(e, *args)
        if isinstance(e, words.Indicator):
            return args[0].to(torch.float64)
        if isinstance(e, words.Masked):
            return torch.where(args[1], args[0], -math.inf)
        if isinstance(e, words.Ratio):
            return _ratio(*args)
        kind = type(e)
        return SIMPLE[kind](*args) if kind in SIMPLE else reduce(FOLDED[kind], args)

    def _power(self, e: sympy.Pow, base: Tensor, exponent: Tensor) -> Tensor:
        whole = e.exp.is_Integer
        return base ** int(e.exp) if whole else base**exponent

    def _along(self, e: words.AxisOperation) -> Tensor:
        body, axis = self._full(self.value(e.body), e.axis), self._order.index(e.axis)
        if isinstance(e, words.Pick):
            return self._picked(body, e.axis, e.args[2])
        return ALONG[type(e)](body, axis, *(self.value(arg) for arg in e.args[2:]))

    def _picked(self, body: Tensor, axis: str, place: Basic) -> Tensor:
        if isinstance(place, sympy.core.symbol.Str):
            index = self._placed(torch.arange(self._sizes[place.name]), (place.name,))
        else:
            index = self.value(place).clamp(min=0)
        shape = list(torch.broadcast_shapes(body.shape, index.shape))
        body = body.expand(shape)
        dim = self._order.index(axis)
        shape[dim] = 1
        return body.gather(dim, index.expand(shape).long())

    def _full(self, body: Tensor, axis: str) -> Tensor:
        """Return the body with all entries along an axis, also where they are equal."""
        shape = [1] * len(self._order) if body.dim() == 0 else list(body.shape)
        shape[self._order.index(axis)] = self._sizes[axis]
        return body.expand(shape)

    def _placed(self, array: Tensor, axes: tuple[str, ...]) -> Tensor:
        order = [axes.index(axis) for axis in self._order if axis in axes]
        shape = [self._sizes[axis] if axis in axes else 1 for axis in self._order]
        return array.permute(order).reshape(shape)
