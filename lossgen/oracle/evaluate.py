"""Evaluate a declared expression entry by entry, in jets over `mpmath` numbers.

What is evaluated is the formula as its author wrote it: no rule of lossgen and none of its
derivatives has a part in it. At kinks the declared policy decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy
from mpmath import mp
from sympy.core.basic import Basic
from sympy.core.symbol import Str
from sympy.logic.boolalg import And, BooleanFalse, BooleanTrue, Not, Or

from lossgen import language as words
from lossgen.oracle.jets import Jet, Sums, compose, total
from lossgen.oracle.series import SERIES, powers
from lossgen.oracle.terms import Sized

Array = np.ndarray[Any, Any]
Place = Mapping[str, int]
JUDGING = 400  # digits for conditions: sums and products of doubles are exact there
LEAVES = (words.Ref, words.ParameterSymbol, sympy.Number)
COMPARISONS: dict[type[Basic], Callable[[Any, Any], bool]] = {
    sympy.StrictLessThan: lambda a, b: a < b,
    sympy.LessThan: lambda a, b: a <= b,
    sympy.StrictGreaterThan: lambda a, b: a > b,
    sympy.GreaterThan: lambda a, b: a >= b,
    sympy.Equality: lambda a, b: a == b,
    sympy.Unequality: lambda a, b: a != b,
}


@dataclass(frozen=True)
class Binding:
    """Exact inputs: arrays in declared axes by name, parameters, and where coordinates start.

    A tensor that is absent counts as 1, the bias of a layer as 0. ``starts`` gives the first
    coordinate of every argument that moves, ``entries`` which of its entries is read at each place.
    """

    arrays: Mapping[str, Array]
    entries: Mapping[str, Array]
    parameters: Mapping[str, Any]
    starts: Mapping[str, int]
    sizes: Mapping[str, int]


@cache
def free_axes(e: Basic) -> tuple[str, ...]:
    """Return the axes along which an expression varies."""
    if isinstance(e, words.Ref):
        return tuple(sorted(e.indices))
    if isinstance(e, words.Position):
        return (e.axis,)
    if isinstance(e, words.AxisOperation):
        own = set(free_axes(e.body))
        if not isinstance(e, words.Softmax):
            own -= {e.axis}
        if isinstance(e, words.Pick):
            place = e.args[2]
            own |= {place.name} if isinstance(place, Str) else set(free_axes(place))
        return tuple(sorted(own))
    return tuple(sorted({axis for arg in e.args for axis in free_axes(arg)}))


@dataclass
class Evaluator:
    """Jets of expressions at places along their axes, in the precision that is set."""

    binding: Binding
    moving: bool = True
    seen: dict[tuple[Basic, tuple[int, ...]], Jet] = field(default_factory=dict)
    judge: Evaluator | None = None

    def number(self, value: Any) -> Any:
        """Return a coefficient for an exact number."""
        return mp.mpf(value)

    def chosen(self, value: Any) -> Any:
        """Return a coefficient for a parameter, which the dtype of a call may round."""
        return self.number(value)

    def constant(self, value: Any) -> Jet:
        """Return a jet that nothing moves."""
        return Jet(self.number(value))

    def jet(self, e: Basic, at: Place) -> Jet:
        """Return the jet of an expression at a place."""
        key = (e, tuple(at[axis] for axis in free_axes(e)))
        if key not in self.seen:
            self.seen[key] = self.compute(e, at)
        return self.seen[key]

    def keep(self, e: Basic, at: Place, jet: Jet) -> None:
        """Settle what an expression is at a place."""
        self.seen[e, tuple(at[axis] for axis in free_axes(e))] = jet

    def compute(self, e: Basic, at: Place) -> Jet:
        """Return the jet of an expression that is not known yet."""
        for kind in type(e).__mro__:
            if kind in _EVALUATE:
                return _EVALUATE[kind](self, e, at)
            if kind.__name__.lower() in SERIES:
                inner = self.jet(e.args[0], at)
                series = SERIES[kind.__name__.lower()](inner.value)
                return compose(inner, series, isinstance(e.args[0], LEAVES))
        raise NotImplementedError(f"the oracle has no meaning for {type(e).__name__} in {e}")

    def along(self, e: words.AxisOperation, at: Place) -> Iterator[Jet]:
        """Yield the body of an operation at every place along its axis."""
        for k in range(self.binding.sizes[e.axis]):
            yield self.jet(e.body, {**at, e.axis: k})

    def holds(self, condition: Basic, at: Place) -> bool:
        """Decide a condition on the exact inputs."""
        if isinstance(condition, BooleanTrue | BooleanFalse):
            return bool(condition)
        if isinstance(condition, And | Or | Not):
            parts = [self.holds(arg, at) for arg in condition.args]
            if isinstance(condition, Not):
                return not parts[0]
            return all(parts) if isinstance(condition, And) else any(parts)
        if self.judge is None:
            self.judge = Evaluator(self.binding, moving=False)
        with mp.workdps(JUDGING):
            left, right = (self.judge.jet(arg, at).value for arg in condition.args)
            self.decided(left, right)
            return COMPARISONS[type(condition)](left, right)

    def decided(self, left: Any, right: Any) -> None:
        """Take notice of two numbers on whose order a branch depends."""

    def leaf(self, e: words.Ref, at: Place) -> Jet:
        """Return one entry of a tensor."""
        array = self.binding.arrays.get(e.tensor.name)
        if array is None:
            return self.constant(0 if e.tensor.layer is not None else 1)
        place = tuple(at[axis] for axis in e.indices)
        value = self.number(array[place].item())
        start = self.binding.starts.get(e.tensor.name) if self.moving else None
        if start is None:
            return Jet(value)
        entry = int(self.binding.entries[e.tensor.name][place])
        return Jet(value, {start + entry: self.number(1)})

    def parameter(self, e: words.ParameterSymbol, at: Place) -> Jet:
        """Return a parameter."""
        name = e.parameter.name
        start = self.binding.starts.get(name) if self.moving else None
        first = {} if start is None else {start: self.number(1)}
        return Jet(self.chosen(self.binding.parameters[name]), first)

    def add(self, e: Basic, at: Place) -> Jet:
        """Return a sum."""
        return total((self.jet(arg, at) for arg in e.args), given=_is_given(e))

    def multiply(self, e: Basic, at: Place) -> Jet:
        """Return a product."""
        jets = [self.jet(arg, at) for arg in e.args]
        infinite = any(mp.isinf(_plain(jet.value)) for jet in jets)
        if infinite and any(jet.value == 0 and not jet.first for jet in jets):
            return self.constant(0)  # what is left out counts for nothing
        result, *others = jets
        for other in others:
            result = result * other
        return result

    def power(self, e: sympy.Pow, at: Place) -> Jet:
        """Return a power; a varying exponent goes through the logarithm."""
        base, exponent = self.jet(e.base, at), self.jet(e.exp, at)
        if exponent.first:
            log = compose(base, SERIES["log"](base.value))
            inner = log * exponent
            return compose(inner, SERIES["exp"](inner.value))
        fixed = exponent.value.value if isinstance(exponent.value, Sized) else exponent.value
        series = powers(int(fixed) if fixed == int(fixed) else fixed)(base.value)
        return compose(base, series, isinstance(e.base, LEAVES))

    def quotient(self, top: Jet, bottom: Jet) -> Jet:
        """Return top / bottom."""
        return top * compose(bottom, powers(-1)(bottom.value))

    def logsumexp(self, e: words.LogSumExp, at: Place) -> Jet:
        """Return the logarithm of a sum of exponentials, literally."""
        summed = total(compose(term, SERIES["exp"](term.value)) for term in self.along(e, at))
        return compose(summed, SERIES["log"](summed.value))

    def softmax(self, e: words.Softmax, at: Place) -> Jet:
        """Return an exponential over their sum, literally."""
        terms = [compose(term, SERIES["exp"](term.value)) for term in self.along(e, at)]
        return self.quotient(terms[at[e.axis]], total(terms))

    def norm(self, e: words.Norm, at: Place) -> Jet:
        """Return the Euclidean norm; at the zero vector it is flat."""
        terms = [*self.along(e, at), *(self.jet(floor, at) for floor in e.args[2:])]
        squares = total(term * term for term in terms)
        if squares.value == 0:
            return self.constant(0)
        return compose(squares, powers(mp.mpf("0.5"))(squares.value))

    def p_norm(self, e: words.PNorm, at: Place) -> Jet:
        """Return the norm of an order; at the zero vector it is flat."""
        order = _plain(self.jet(e.args[2], at).value)
        powered = []
        for term in self.along(e, at):
            size = compose(term, SERIES["abs"](term.value))
            if size.value != 0:
                powered.append(compose(size, powers(order)(size.value)))
        if not powered:
            return self.constant(0)
        summed = total(powered)
        return compose(summed, powers(1 / order)(summed.value))

    def hinge(self, e: Basic, at: Place) -> Jet:
        """Return the positive part, whose slope at 0 is 1."""
        jet = self.jet(e.args[0], at)
        self.decided(_plain(jet.value), 0)
        return jet if _plain(jet.value) >= 0 else self.constant(0)

    def raised(self, e: Basic, at: Place) -> Jet:
        """Return the larger number with the derivatives of the first."""
        jet, least = (self.jet(arg, at) for arg in e.args)
        value = jet.value if _plain(jet.value) >= _plain(least.value) else least.value
        return Jet(value, jet.first, jet.second)

    def masked(self, e: Basic, at: Place) -> Jet:
        """Return the body where the condition holds, else minus infinity."""
        return self.jet(e.args[0], at) if self.holds(e.args[1], at) else self.constant("-inf")

    def with_slope(self, e: Basic, at: Place) -> Jet:
        """Return a value that moves along its argument by the declared slope."""
        value, inner, slope = (self.jet(arg, at) for arg in e.args)
        first = {i: slope.value * d for i, d in inner.first.items()}
        second = Sums({ij: slope.value * d for ij, d in inner.second.items()})
        for i, d in inner.first.items():
            for j, turn in slope.first.items():
                # The slope's own matrix need not be symmetric; each pair stands for both orders.
                half = self.constant(mp.mpf(1) / 2).value
                second.include((min(i, j), max(i, j)), d * turn * (half if i != j else half + half))
        doubtful = value.doubtful or slope.doubtful or inner.doubtful or second.vanished
        return Jet(value.value, first, second.table, doubtful)

    def unit(self, e: Basic, at: Place) -> Jet:
        """Return a ratio, which is 0 and flat where the denominator is 0."""
        top, bottom = (self.jet(arg, at) for arg in e.args)
        return self.constant(0) if bottom.value == 0 else self.quotient(top, bottom)

    def pick(self, e: words.Pick, at: Place) -> Jet:
        """Return the body at one place of an axis."""
        place = e.args[2]
        if isinstance(place, Str):
            return self.jet(e.body, {**at, e.axis: at[place.name]})
        index = self.jet(place, at).value
        return self.jet(
            e.body, {**at, e.axis: int(index.value if isinstance(index, Sized) else index)}
        )

    def extremum(self, e: Basic, at: Place) -> Jet:
        """Return the extreme operand; the positive part is flat at 0, other ties share."""
        over = e if isinstance(e, words.AxisOperation) else None
        jets = [self.jet(arg, at) for arg in e.args] if over is None else list(self.along(over, at))
        sign = 1 if isinstance(e, sympy.Max | words.MaxOver) else -1
        values = [sign * _plain(jet.value) for jet in jets]
        best = max(values)
        if any(jet.first for jet in jets):
            leader = values.index(best)
            for value in values[:leader] + values[leader + 1 :]:
                self.decided(best, value)
        if over is None and sign == 1 and len(values) == 2 and 0 in e.args and not any(values):
            return self.constant(0)
        tied = [jet for jet, value in zip(jets, values, strict=True) if value == best]
        return tied[0] if len(tied) == 1 else total(tied) * self.constant(mp.mpf(1) / len(tied))

    def piecewise(self, e: sympy.Piecewise, at: Place) -> Jet:
        """Return the first branch whose condition holds."""
        return next(self.jet(value, at) for value, condition in e.args if self.holds(condition, at))


def _is_given(e: Basic) -> bool:
    """Say whether a sum has just two terms, arguments or numbers: it is exact where it is 0."""
    terms = [-arg if arg.could_extract_minus_sign() else arg for arg in e.args]
    return len(terms) == 2 and all(isinstance(term, LEAVES) for term in terms)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Sized) else value


def places(axes: tuple[str, ...], sizes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Yield every place along some axes, the last one running fastest."""
    for index in product(*(range(sizes[axis]) for axis in axes)):
        yield dict(zip(axes, index, strict=True))


_EVALUATE: dict[type, Callable[[Any, Any, Place], Jet]] = {
    words.Ref: Evaluator.leaf,
    words.ParameterSymbol: Evaluator.parameter,
    words.Size: lambda self, e, at: self.constant(self.binding.sizes[e.axis]),
    words.SumOver: lambda self, e, at: total(self.along(e, at)),
    words.LogSumExp: lambda self, e, at: self.logsumexp(e, at),
    words.Softmax: lambda self, e, at: self.softmax(e, at),
    words.Norm: Evaluator.norm,
    words.PNorm: Evaluator.p_norm,
    words.Hinge: Evaluator.hinge,
    words.RaisedTo: Evaluator.raised,
    words.Position: lambda self, e, at: self.constant(at[e.axis]),
    words.Indicator: lambda self, e, at: self.constant(int(self.holds(e.args[0], at))),
    words.Masked: Evaluator.masked,
    words.StopGradient: lambda self, e, at: Jet(self.jet(e.args[0], at).value),
    words.WithSlope: Evaluator.with_slope,
    words.Pick: Evaluator.pick,
    words.MaxOver: Evaluator.extremum,
    words.MinOver: Evaluator.extremum,
    words.Ratio: Evaluator.unit,
    sympy.Rational: lambda self, e, at: self.constant(mp.mpf(int(e.p)) / int(e.q)),
    sympy.Float: lambda self, e, at: self.constant(mp.mpf(float(e))),
    sympy.NumberSymbol: lambda self, e, at: self.constant(str(e.evalf(mp.dps + 5))),
    sympy.Add: lambda self, e, at: self.add(e, at),
    sympy.Mul: Evaluator.multiply,
    sympy.Pow: Evaluator.power,
    sympy.Max: Evaluator.extremum,
    sympy.Min: Evaluator.extremum,
    sympy.Piecewise: Evaluator.piecewise,
}
