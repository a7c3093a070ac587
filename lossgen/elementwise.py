"""Elementwise words for specs, beside those of SymPy."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Expr, sympify
from sympy.logic.boolalg import BooleanFunction


class Sigmoid(sympy.Function):
    """The logistic function 1 / (1 + exp(-x))."""

    nargs = 1
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\sigma\left({printer._print(self.args[0])}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"


class Hinge(sympy.Function):
    """The positive part with slope 1 at 0."""

    nargs = 1
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\max\left(0, {printer._print(self.args[0])}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"


class RaisedTo(sympy.Function):
    """The larger of two numbers, with the slope of the first wherever it is."""

    nargs = 2
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        x, least = (printer._print(arg) for arg in self.args)
        text = rf"\max\left({x}, {least}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"


class WithSlope(sympy.Function):
    """A value, what it counts as a function of, and its slope along that."""

    nargs = 3
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = printer._print(self.args[0])
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class StopGradient(sympy.Function):
    """A value that counts as constant."""

    nargs = 1
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\operatorname{{sg}}\left({printer._print(self.args[0])}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"


class Indicator(Expr):
    """1 where a condition holds, else 0 (Iverson, 1962)."""

    is_real = True
    is_commutative = True

    def __new__(cls, condition: Any) -> Indicator:
        """Return the indicator of a condition."""
        return Expr.__new__(cls, sympify(condition))

    def _sympystr(self, printer: Any) -> str:
        return f"indicator({printer._print(self.args[0])})"

    def _latex(self, printer: Any) -> str:
        return rf"\left[{printer._print(self.args[0])}\right]"


class Masked(Expr):
    """A number where a condition holds, minus infinity elsewhere."""

    is_extended_real = True
    is_commutative = True

    def __new__(cls, body: Any, condition: Any) -> Masked:
        """Return the body where the condition holds."""
        return Expr.__new__(cls, sympify(body), sympify(condition))

    def _sympystr(self, printer: Any) -> str:
        return f"masked({', '.join(map(printer._print, self.args))})"

    def _latex(self, printer: Any) -> str:
        body, condition = map(printer._print, self.args)
        return rf"\left. {body} \right|_{{{condition}}}"


class DialectIs(BooleanFunction):
    """Whether the caller asks for a dialect."""

    nargs = 1

    @classmethod
    def eval(cls, *args: Any) -> None:
        """Stay as it is: only a call knows."""

    @property
    def word(self) -> str:
        """The name of the dialect."""
        return str(self.args[0].name)


class Absent(BooleanFunction):
    """Whether a parameter that may be None is."""

    nargs = 1

    @classmethod
    def eval(cls, *args: Any) -> None:
        """Stay as it is: only a call knows."""


class Ratio(sympy.Function):
    """a / b, and 0 where b is 0."""

    nargs = 2
    is_real = True

    def _latex(self, printer: Any, exp: Any = None) -> str:
        top, bottom = (printer._print(arg) for arg in self.args)
        return rf"\frac{{{top}}}{{{bottom}}}"


def ratio(top: Any, bottom: Any) -> Expr:
    """Return top / bottom, and 0 where bottom is 0."""
    return Ratio(sympify(top), sympify(bottom))


def hinge(x: Any) -> Expr:
    """Return max(0, x) with slope 1 at 0, as clamping has it; ``Max(0, x)`` has slope 0 there."""
    return Hinge(sympify(x))


def raise_to(x: Any, least: Any) -> Expr:
    """Return max(x, least); the gradient passes straight through (Bengio et al., 2013)."""
    return RaisedTo(sympify(x), sympify(least))


def with_slope(value: Any, x: Any, slope: Any) -> Expr:
    """Return a value whose derivative along x is declared: where a namesake clamps it, say."""
    return WithSlope(sympify(value), sympify(x), sympify(slope))


def stop_gradient(x: Any) -> Expr:
    """Return x as a constant: nothing flows back through it."""
    return StopGradient(sympify(x))


def indicator(condition: Any) -> Expr:
    """Return 1 where a condition holds, else 0."""
    return Indicator(condition)


def masked(body: Any, condition: Any) -> Expr:
    """Return the body where the condition holds: `logsumexp` and `softmax` leave out the rest."""
    return Masked(body, condition)


def absent(parameter: Any) -> Absent:
    """Say in ``when=`` that a parameter with default None is not given."""
    return Absent(parameter)


def sigmoid(x: Any) -> Expr:
    """Return the logistic function 1 / (1 + exp(-x))."""
    return Sigmoid(sympify(x))
