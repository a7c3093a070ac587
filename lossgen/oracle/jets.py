"""Second-order jets: a number with its gradient and Hessian by every coordinate that moves it.

The arithmetic is that of truncated Taylor series, entry by entry, over any coefficients that add
and multiply: `mpmath` numbers for the exact result, `terms.Sized` for the size of what was added.
Derivatives that are zero whatever the inputs are absent, so a zero that is present was computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mpmath import mp

Coefficient = Any
Pair = tuple[int, int]
Series = tuple[Coefficient, Coefficient, Coefficient]


class Jet:
    """A value, its first derivatives by coordinate and its second by pairs, the lower one first."""

    __slots__ = ("first", "second", "value")

    def __init__(
        self,
        value: Coefficient,
        first: dict[int, Coefficient] | None = None,
        second: dict[Pair, Coefficient] | None = None,
    ) -> None:
        self.value = value
        self.first = first or {}
        self.second = second or {}

    def __add__(self, other: Jet) -> Jet:
        return total((self, other))

    def __neg__(self) -> Jet:
        return Jet(
            -self.value,
            {i: -d for i, d in self.first.items()},
            {ij: -d for ij, d in self.second.items()},
        )

    def __sub__(self, other: Jet) -> Jet:
        return self + -other

    def __mul__(self, other: Jet) -> Jet:
        a, b = self.value, other.value
        first = {i: d * b for i, d in self.first.items()}
        second = {ij: d * b for ij, d in self.second.items()}
        for i, d in other.first.items():
            _include(first, i, a * d)
        for ij, d in other.second.items():
            _include(second, ij, a * d)
        for i, left in self.first.items():
            for j, right in other.first.items():
                product = left * right
                _include(
                    second, (i, j) if i <= j else (j, i), product + product if i == j else product
                )
        return Jet(a * b, first, second)

    def coefficients(self) -> list[Coefficient]:
        """Return the value and all derivatives, in one order for equal shapes."""
        first = [self.first[i] for i in sorted(self.first)]
        return [self.value, *first, *(self.second[ij] for ij in sorted(self.second))]

    def same_shape(self, other: Jet) -> bool:
        """Say whether the other depends on the same coordinates."""
        return self.first.keys() == other.first.keys() and self.second.keys() == other.second.keys()


def _include(table: dict[Any, Coefficient], key: Any, value: Coefficient) -> None:
    table[key] = table[key] + value if key in table else value


def total(jets: Iterable[Jet]) -> Jet:
    """Return the sum of jets; there must be one."""
    first_jet, *others = jets
    value, first, second = first_jet.value, dict(first_jet.first), dict(first_jet.second)
    for jet in others:
        value = value + jet.value
        for i, d in jet.first.items():
            _include(first, i, d)
        for ij, d in jet.second.items():
            _include(second, ij, d)
    return Jet(value, first, second)


def compose(inner: Jet, series: Series) -> Jet:
    """Return f(inner), given f and its two derivatives there; a derivative of None is none at all."""
    value, slope, bend = series
    if slope is None:
        return Jet(value)
    first = {i: slope * d for i, d in inner.first.items()}
    second = {ij: slope * d for ij, d in inner.second.items()}
    if bend is not None:
        places = sorted(inner.first)
        for k, i in enumerate(places):
            bent = bend * inner.first[i]
            for j in places[k:]:
                _include(second, (i, j), bent * inner.first[j])
    return Jet(value, first, second)


def apply(function: Callable[[Any], Any], at: Coefficient) -> Coefficient:
    """Return an mpmath function of a coefficient; what is more than a number says how."""
    lift = getattr(at, "through", None)
    return function(at) if lift is None else lift(function)


def _reciprocal(a: Coefficient) -> Coefficient:
    return apply(lambda x: 1 / x, a)


def _exp(a: Coefficient) -> Series:
    e = apply(mp.exp, a)
    return e, e, e


def _log(a: Coefficient) -> Series:
    r = _reciprocal(a)
    return apply(mp.log, a), r, -(r * r)


def _log1p(a: Coefficient) -> Series:
    r = apply(lambda x: 1 / (1 + x), a)
    return apply(mp.log1p, a), r, -(r * r)


def _expm1(a: Coefficient) -> Series:
    e = apply(mp.exp, a)
    return apply(mp.expm1, a), e, e


def _sigmoid(a: Coefficient) -> Series:
    s, rest = apply(lambda x: 1 / (1 + mp.exp(-x)), a), apply(lambda x: 1 / (1 + mp.exp(x)), a)
    slope = s * rest
    return s, slope, slope * (rest - s)


def _tanh(a: Coefficient) -> Series:
    t, slope = apply(mp.tanh, a), apply(lambda x: mp.sech(x) ** 2, a)
    return t, slope, -(t * slope + t * slope)


def _sinh(a: Coefficient) -> Series:
    s = apply(mp.sinh, a)
    return s, apply(mp.cosh, a), s


def _cosh(a: Coefficient) -> Series:
    c = apply(mp.cosh, a)
    return c, apply(mp.sinh, a), c


def _sin(a: Coefficient) -> Series:
    s = apply(mp.sin, a)
    return s, apply(mp.cos, a), -s


def _cos(a: Coefficient) -> Series:
    c = apply(mp.cos, a)
    return c, -apply(mp.sin, a), -c


def _atan(a: Coefficient) -> Series:
    slope = apply(lambda x: 1 / (1 + x * x), a)
    twice = a + a
    return apply(mp.atan, a), slope, -(twice * slope * slope)


def _abs(a: Coefficient) -> Series:
    return apply(abs, a), apply(mp.sign, a) if a != 0 else None, None


def _sign(a: Coefficient) -> Series:
    return apply(mp.sign, a), None, None


def powers(exponent: Any) -> Callable[[Coefficient], Series]:
    """Return the function a**exponent for a fixed exponent, with its derivatives."""

    def series(a: Coefficient) -> Series:
        value = apply(lambda x: x**exponent, a)
        if exponent == 0:
            return value, None, None
        slope = apply(lambda x: exponent * x ** (exponent - 1), a)
        if exponent == 1:
            return value, slope, None
        return value, slope, apply(lambda x: exponent * (exponent - 1) * x ** (exponent - 2), a)

    return series


SERIES: dict[str, Callable[[Coefficient], Series]] = {
    "Abs": _abs,
    "atan": _atan,
    "cos": _cos,
    "cosh": _cosh,
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "sigmoid": _sigmoid,
    "sign": _sign,
    "sin": _sin,
    "sinh": _sinh,
    "tanh": _tanh,
}
