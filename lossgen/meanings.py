"""What the words of SymPy and of specs mean, as operations of graphs."""

from __future__ import annotations

from fractions import Fraction

import sympy
from sympy.codegen.cfunctions import expm1, log1p
from sympy.core.basic import Basic
from sympy.logic.boolalg import And, BooleanFalse, BooleanTrue, Not, Or

from lossgen import nodes as n
from lossgen.language import (
    Hinge,
    LogSumExp,
    MaxOver,
    MinOver,
    RaisedTo,
    Ratio,
    Sigmoid,
    StopGradient,
    WithSlope,
)
from lossgen.nodes import Node
from lossgen.unknown import plain_symbol, unknown_function

FUNCTIONS: dict[type[Basic], str] = {
    sympy.exp: "exp",
    sympy.Abs: "abs",
    sympy.sign: "sign",
    sympy.tanh: "tanh",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.log: "log",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.atan: "atan",
    log1p: "log1p",
    expm1: "expm1",
    Sigmoid: "sigmoid",
    sympy.erf: "erf",
    sympy.loggamma: "loggamma",
    StopGradient: "stop_gradient",
    WithSlope: "with_slope",
    Ratio: "unit",
    Hinge: "hinge",
    RaisedTo: "raise_to",
}
COMPARISONS: dict[type[Basic], str] = {
    sympy.StrictLessThan: "lt",
    sympy.LessThan: "le",
    sympy.StrictGreaterThan: "gt",
    sympy.GreaterThan: "ge",
    sympy.Equality: "eq",
    sympy.Unequality: "ne",
}
TURNED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
OPPOSITE: dict[type[Basic], str] = {
    sympy.StrictLessThan: "ge",
    sympy.LessThan: "gt",
    sympy.StrictGreaterThan: "le",
    sympy.GreaterThan: "lt",
}
LOGIC: dict[type[Basic], str] = {And: "and", Or: "or", Not: "not"}
REDUCTIONS: dict[type[Basic], str] = {
    MaxOver: "amax",
    MinOver: "amin",
    LogSumExp: "lse",
}


class UnknownError(Exception):
    """An expression that lossgen has no meaning for: the expression, and what to write instead."""

    def __init__(self, expression: Basic, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.expression, self.problem, self.remedy = expression, problem, remedy


def number(e: Basic) -> Node:
    """Return a constant: exact where the expression is rational, else the nearest double."""
    if isinstance(e, sympy.Rational):
        return n.const(Fraction(int(e.p), int(e.q)))
    if isinstance(e, BooleanTrue | BooleanFalse) or not e.is_finite or not e.is_real:
        raise UnknownError(e, f"{e} is not a finite real number", "write a finite real constant")
    if isinstance(e, sympy.Float):
        return n.const(float(e))
    return n.const(float(e.evalf(20)))


def unknown(e: Basic) -> UnknownError:
    """Return what is wrong with an expression that has no meaning."""
    if isinstance(e, sympy.Symbol):
        return UnknownError(e, *plain_symbol(e))
    known = {kind.__name__ for kind in (*FUNCTIONS, sympy.Max, sympy.Min, sympy.Piecewise)}
    return UnknownError(e, *unknown_function(e, known))
