"""From the declared SymPy expression to nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce

import sympy
from sympy.codegen.cfunctions import expm1, log1p
from sympy.core.basic import Basic
from sympy.core.symbol import Str
from sympy.logic.boolalg import And, BooleanFalse, BooleanTrue, Not, Or

from lossgen import nodes as n
from lossgen.language import (
    LogSumExp,
    MaxOver,
    MinOver,
    Norm,
    ParameterSymbol,
    Pick,
    Ratio,
    Ref,
    Sigmoid,
    Size,
    Softmax,
    SumOver,
)
from lossgen.nodes import Node

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
    Ratio: "unit",
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
LOGIC: dict[type[Basic], str] = {And: "and", Or: "or", Not: "not"}
REDUCTIONS: dict[type[Basic], str] = {
    MaxOver: "amax",
    MinOver: "amin",
    LogSumExp: "lse",
    Norm: "norm",
}


class UnknownError(Exception):
    """An expression that lossgen has no meaning for: the expression, and what to write instead."""

    def __init__(self, expression: Basic, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.expression, self.problem, self.remedy = expression, problem, remedy


@dataclass(slots=True)
class Lowering:
    """Turns expressions into nodes, remembering what it has seen.

    ``valid`` is the condition under which labels may be used as indices.
    """

    valid: Basic | None
    seen: dict[Basic, Node] = field(default_factory=dict)
    labels: list[Node] = field(default_factory=list)

    def node(self, expression: Basic) -> Node:
        """Return the node of an expression."""
        if expression not in self.seen:
            self.seen[expression] = self._lower(expression)
        return self.seen[expression]

    def _lower(self, e: Basic) -> Node:
        if isinstance(e, sympy.Number) or (e.is_Atom and e.is_number):
            return number(e)
        if isinstance(e, Ref):
            return n.leaf(e.tensor.name, e.indices, e.tensor.kind)
        if isinstance(e, ParameterSymbol):
            return n.leaf(e.parameter.name, (), e.parameter.kind)
        if isinstance(e, Size):
            return n.size(e.axis)
        if isinstance(e, sympy.Add):
            terms = sorted(e.args, key=lambda arg: arg.could_extract_minus_sign())
            return n.add(*map(self.node, terms))
        if isinstance(e, sympy.Mul):
            return n.mul(*map(self.node, e.args))
        if isinstance(e, sympy.Pow):
            return n.power(self.node(e.base), self.node(e.exp))
        if isinstance(e, sympy.Piecewise):
            return self._piecewise(e)
        return self._named(e)

    def _named(self, e: Basic) -> Node:
        kind = type(e)
        if kind in FUNCTIONS:
            return n.call(FUNCTIONS[kind], *map(self.node, e.args))
        if kind in COMPARISONS:
            return self._comparison(COMPARISONS[kind], *map(self.node, e.args))
        if kind in LOGIC:
            return self._logic(LOGIC[kind], [self.node(arg) for arg in e.args])
        if isinstance(e, sympy.Max | sympy.Min):
            return self._extremum(e)
        if isinstance(e, SumOver):
            return n.sum_over(self.node(e.body), (e.axis,))
        if isinstance(e, Softmax):
            return n.over("softmax", e.axis, self.node(e.body))
        if kind in REDUCTIONS:
            return n.fold(REDUCTIONS[kind], e.axis, self.node(e.body))
        if isinstance(e, Pick):
            return n.pick(self.node(e.body), e.axis, self.index(e.args[2]))
        raise _unknown(e)

    def _logic(self, op: str, args: list[Node]) -> Node:
        """Operations of logic are spelled with two operands."""
        return n.call(op, *args) if op == "not" else reduce(lambda a, b: n.call(op, a, b), args)

    def _comparison(self, op: str, left: Node, right: Node) -> Node:
        """A tensor is compared with a number, not a number with a tensor."""
        if len(left.axes) < len(right.axes):
            op, left, right = TURNED[op], right, left
        return n.compare(op, left, right)

    def index(self, place: Basic) -> Node:
        """Return the index of a pick; labels that are not valid are read as 0."""
        if isinstance(place, Str):
            return n.position(place.name)
        index = self.node(place)
        if self.valid is None or not place.atoms(Ref) & self.valid.atoms(Ref):
            return index
        safe = n.select(self.node(self.valid), index, n.ZERO)
        self.labels.append(safe)
        return safe

    def _piecewise(self, e: sympy.Piecewise) -> Node:
        *branches, (last, condition) = e.args
        if condition != sympy.true:
            raise UnknownError(
                e,
                "the Piecewise does not cover every input",
                f"end it with a branch that always holds: Piecewise(..., ({last}, True))",
            )
        result = self.node(last)
        for value, condition in reversed(branches):
            result = n.select(self.node(condition), self.node(value), result)
        return result

    def _extremum(self, e: Basic) -> Node:
        args = sorted(e.args, key=lambda arg: (not arg.is_number, sympy.default_sort_key(arg)))
        name = "maximum" if isinstance(e, sympy.Max) else "minimum"
        if name == "maximum" and len(args) == 2 and args[0] == 0:
            return n.call("relu", self.node(args[1]))
        return reduce(lambda left, right: n.call(name, left, right), map(self.node, args))


def number(e: Basic) -> Node:
    """Return a constant: exact where the expression is rational, else the nearest double."""
    if isinstance(e, sympy.Rational):
        return n.const(Fraction(int(e.p), int(e.q)))
    if isinstance(e, BooleanTrue | BooleanFalse) or not e.is_finite or not e.is_real:
        raise UnknownError(e, f"{e} is not a finite real number", "write a finite real constant")
    if isinstance(e, sympy.Float):
        return n.const(float(e))
    return n.const(float(e.evalf(20)))


def _unknown(e: Basic) -> UnknownError:
    if isinstance(e, sympy.Symbol):
        return UnknownError(
            e,
            f"{e} is a plain SymPy symbol",
            f"declare it as {e} = tensor('{e}') or {e} = parameter('{e}', default=1.0)",
        )
    kinds = {*FUNCTIONS, sympy.Max, sympy.Min, sympy.Piecewise} - {Ratio, Sigmoid}
    known = sorted({*(kind.__name__ for kind in kinds), "sigmoid"})  # as specs write them
    return UnknownError(
        e,
        f"{type(e).__name__} is not a function that lossgen can differentiate",
        f"use one of {', '.join(known)}",
    )
