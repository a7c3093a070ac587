"""Nodes: the mathematics of a loss as a graph over named axes, after SymPy and before any backend.

This is the one place from which the other rooms take them, usually as ``n``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from lossgen.arithmetic import (
    add,
    divide,
    is_below_zero,
    mul,
    mul_factors,
    negate,
    power,
    split_coefficient,
    subtract,
)
from lossgen.graph import (
    AT_LABEL,
    AXIS_OPERATIONS,
    BOOLEAN,
    COMPARISONS,
    KEEPS_AXIS,
    LOGIC,
    MINUS_ONE,
    ONE,
    ZERO,
    Attribute,
    Node,
    const,
    is_const,
    leaf,
    make,
    walk,
)
from lossgen.reductions import (
    deviation,
    fold,
    fold_at,
    over,
    pick,
    position,
    put,
    reduce_axes,
    size,
    sum_over,
)

FOLDED: dict[str, Callable[[float], float]] = {"log": math.log, "exp": math.exp, "tanh": math.tanh}


def select(condition: Node, yes: Node, no: Node) -> Node:
    """Return ``yes`` where the condition holds and ``no`` elsewhere."""
    if yes.op == "select" and yes.args[0] is condition:
        yes = yes.args[1]
    if no.op == "select" and no.args[0] is condition:
        no = no.args[2]
    return yes if yes is no else make("select", (condition, yes, no))


def compare(op: str, left: Node, right: Node) -> Node:
    """Return a comparison, one of COMPARISONS."""
    return make(op, (left, right))


def call(op: str, *args: Node) -> Node:
    """Return an elementwise function of the arguments; |-z| is |z|, and of a number a number."""
    if op in FOLDED and is_const(args[0]):
        return const(FOLDED[op](float(args[0].value)))
    if op == "unit" and is_const(args[1], 0):
        return ZERO
    if op == "abs" and split_coefficient(args[0])[0] == -1:
        args = (negate(args[0]),)
    return make(op, args)


def one_hot(axis: str, index: Node, value: Node) -> Node:
    """Return ``value`` at one place along the axis and 0 elsewhere."""
    return select(compare("eq", position(axis), index), value, ZERO)


def is_one_hot(node: Node) -> bool:
    """Say whether a node is that, and neither the value nor the index runs along the axis."""
    if node.op != "select" or not is_const(node.args[2], 0):
        return False
    here, value, _ = node.args
    if here.op != "eq" or here.args[0].op != "position":
        return False
    place, index = here.args
    return place.axes.isdisjoint(value.axes | index.axes)


def spread(node: Node, axes: tuple[str, ...], name: str) -> Node:
    """Return the node along all axes on which an argument is read."""
    view = leaf(name, axes)
    return node if node.axes == view.axes else make("like", (node, view), (), axes)


__all__ = [
    "AT_LABEL",
    "AXIS_OPERATIONS",
    "BOOLEAN",
    "COMPARISONS",
    "KEEPS_AXIS",
    "LOGIC",
    "MINUS_ONE",
    "ONE",
    "ZERO",
    "Attribute",
    "Node",
    "add",
    "call",
    "compare",
    "const",
    "deviation",
    "divide",
    "fold",
    "fold_at",
    "is_below_zero",
    "is_const",
    "is_one_hot",
    "leaf",
    "make",
    "mul",
    "mul_factors",
    "negate",
    "one_hot",
    "over",
    "pick",
    "position",
    "power",
    "put",
    "reduce_axes",
    "select",
    "size",
    "split_coefficient",
    "spread",
    "subtract",
    "sum_over",
    "walk",
]
