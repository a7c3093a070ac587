"""From the declared SymPy expression to nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import reduce

import sympy
from sympy.core.basic import Basic
from sympy.core.symbol import Str

from lossgen import nodes as n
from lossgen.language import (
    AxisOperation,
    Indicator,
    Masked,
    Norm,
    ParameterSymbol,
    Pick,
    PNorm,
    Position,
    Ref,
    Size,
    Softmax,
    SumOver,
)
from lossgen.meanings import (
    COMPARISONS,
    FUNCTIONS,
    LOGIC,
    OPPOSITE,
    REDUCTIONS,
    TURNED,
    UnknownError,
    number,
    unknown,
)
from lossgen.nodes import Node


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
        found = self.seen.get(expression)
        if found is None:
            found = self.seen[expression] = self._lower(expression)
        return found

    def _lower(self, e: Basic) -> Node:
        if isinstance(e, sympy.Number) or (e.is_Atom and e.is_number):
            return number(e)
        if isinstance(e, Ref):
            return n.leaf(e.tensor.name, e.indices, e.tensor.kind)
        if isinstance(e, ParameterSymbol):
            given = e.parameter
            return n.leaf(given.name, (), given.kind, positive=given.positive)
        if isinstance(e, Size):
            return n.size(e.axis)
        if isinstance(e, Indicator):
            return n.select(self.node(e.args[0]), n.ONE, n.ZERO)
        if isinstance(e, Masked):
            return n.select(self.node(e.args[1]), self.node(e.args[0]), n.const(-math.inf))
        if isinstance(e, Position):
            return n.position(e.axis)
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
        if isinstance(e, Norm | PNorm):
            return self._norm(e)
        if isinstance(e, AxisOperation) and kind in REDUCTIONS:
            return n.fold(REDUCTIONS[kind], e.axis, self.node(e.body))
        if isinstance(e, Pick):
            return n.pick(self.node(e.body), e.axis, self.index(e.args[2]))
        raise unknown(e)

    def _norm(self, e: Norm | PNorm) -> Node:
        name = "p_norm" if isinstance(e, PNorm) else "floored_norm" if e.args[2:] else "norm"
        args = [self.node(arg) for arg in (e.body, *e.args[2:])]
        if any(not n.is_const(arg) and arg.attrs[2:3] != ("static",) for arg in args[1:]):
            raise UnknownError(
                e.args[2],
                f"{e.args[2]} is no fixed number",
                f"write a number, or declare {e.args[2]} with static=True",
            )
        return n.fold(name, e.axis, *args)

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
            result = self._choice(condition, self.node(value), result)
        return result

    def _choice(self, condition: Basic, yes: Node, no: Node) -> Node:
        """Return a selection; NaN, of which no comparison holds, takes the branch that keeps it."""
        kept = _leaves(yes)
        if type(condition) in OPPOSITE and kept and kept.isdisjoint(_leaves(no)):
            op = OPPOSITE[type(condition)]
            return n.select(self._comparison(op, *map(self.node, condition.args)), no, yes)
        return n.select(self.node(condition), yes, no)

    def _extremum(self, e: Basic) -> Node:
        args = sorted(e.args, key=lambda arg: (not arg.is_number, sympy.default_sort_key(arg)))
        name = "maximum" if isinstance(e, sympy.Max) else "minimum"
        if name == "maximum" and len(args) == 2 and args[0] == 0:
            return n.call("relu", self.node(args[1]))
        return reduce(lambda left, right: n.call(name, left, right), map(self.node, args))


def _leaves(node: Node) -> set[Node]:
    """Return the tensors that a node depends on: parameters are checked, and never NaN."""
    return {inner for inner in n.walk(node) if inner.op == "leaf" and inner.view}


__all__ = ["Lowering", "UnknownError", "number"]
