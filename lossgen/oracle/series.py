"""Elementary functions with their first two derivatives, as series about a coefficient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp

from lossgen.oracle.jets import Coefficient, Series


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


def _erf(a: Coefficient) -> Series:
    slope = apply(lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), a)
    return apply(mp.erf, a), slope, -(slope * a + slope * a)


def _loggamma(a: Coefficient) -> Series:
    return (
        apply(mp.loggamma, a),
        apply(lambda x: mp.psi(0, x), a),
        apply(lambda x: mp.psi(1, x), a),
    )


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
    "abs": _abs,
    "atan": _atan,
    "cos": _cos,
    "cosh": _cosh,
    "erf": _erf,
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "loggamma": _loggamma,
    "log1p": _log1p,
    "sigmoid": _sigmoid,
    "sign": _sign,
    "sin": _sin,
    "sinh": _sinh,
    "tanh": _tanh,
}
