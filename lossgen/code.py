"""Printed code, and questions about it that decide on parentheses."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import NamedTuple

from lossgen import nodes as n
from lossgen.memory import remembered
from lossgen.nodes import Node

TOTAL = "total"  # the kind of a leaf that is a sum computed before: an array of any rank
FOUND = "found"  # the kind of a leaf that was computed before from an argument of its shape
INTEGER_KINDS = ("label", "integer")
ATOM, UNARY, PRODUCT, SUM, COMPARE = range(5)


class Text(NamedTuple):  # quicker to make than a frozen dataclass, and made for every node
    """Printed code and how tightly it binds."""

    code: str
    level: int = ATOM

    def within(self, level: int) -> str:
        """Return the code, in parentheses where it binds less tightly than its surroundings."""
        return f"({self.code})" if self.level > level else self.code


@remembered
def is_primary(code: str) -> bool:
    """Say whether a method may follow the code as it stands: a name, its calls and its indices."""
    bare = re.sub(r"\([^()\[\]]*\)|\[[^()\[\]]*\]", "", code)
    return is_primary(bare) if bare != code else re.fullmatch(r"[\w.]+", code) is not None


@remembered
def is_short(value: Fraction | float) -> bool:
    """Say whether every floating-point format holds the number."""
    if isinstance(value, float) and math.isinf(value):
        return True
    ratio = Fraction(value)
    return ratio.denominator in {2**k for k in range(11)} and abs(ratio.numerator) < 2**11


def is_negative_leaf(node: Node) -> bool:
    """Say whether a node is an argument with the other sign."""
    negative = node.op == "mul" and len(node.args) == 2 and n.is_const(node.args[0], -1)
    return negative and node.args[1].op == "leaf"


@remembered
def of_numbers(node: Node) -> bool:
    """Say whether a node is computed of parameters and constants alone, which may be numbers."""
    return not any(inner.axes or _is_total(inner) for inner in n.walk(node))


def _is_total(node: Node) -> bool:
    return node.op == "leaf" and node.attrs[2] == TOTAL


@remembered
def called(form: str, helpers: frozenset[str]) -> frozenset[str]:
    """Return which of the runtime's functions a format calls."""
    return helpers.intersection(re.findall(r"\b(\w+)\(", form))


@remembered
def sorted_axes(axes: frozenset[str], order: tuple[str, ...]) -> tuple[str, ...]:
    """Return axes in the order of arrays; a renamed axis stands beside its own."""
    return tuple(sorted(axes, key=lambda axis: (order.index(axis.rstrip("_'")), axis)))


@remembered
def is_integer(node: Node) -> bool:
    """Say whether a node is a whole number: a label, an index, or chosen among such."""
    if node.op == "leaf":
        return node.attrs[2] in INTEGER_KINDS
    if node.op == "select":
        return any(map(is_integer, node.args[1:]))
    return node.op in ("position", "argmax")
