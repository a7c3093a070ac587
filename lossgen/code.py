"""Printed code, and questions about it that decide on parentheses."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from lossgen import nodes as n
from lossgen.nodes import Node

ATOM, UNARY, PRODUCT, SUM, COMPARE = range(5)


@dataclass(frozen=True, slots=True)
class Text:
    """Printed code and how tightly it binds."""

    code: str
    level: int = ATOM

    def within(self, level: int) -> str:
        """Return the code, in parentheses where it binds less tightly than its surroundings."""
        return f"({self.code})" if self.level > level else self.code


def is_primary(code: str) -> bool:
    """Say whether a method may follow the code as it stands: a name, its calls and its indices."""
    bare = re.sub(r"\([^()\[\]]*\)|\[[^()\[\]]*\]", "", code)
    return is_primary(bare) if bare != code else re.fullmatch(r"[\w.]+", code) is not None


def is_short(value: Fraction | float) -> bool:
    """Say whether every floating-point format holds the number."""
    if isinstance(value, float) and math.isinf(value):
        return True
    ratio = Fraction(value)
    return ratio.denominator in {2**k for k in range(11)} and abs(ratio.numerator) < 2**11


def of_numbers(node: Node) -> bool:
    """Say whether a node is computed of parameters and constants alone, which may be numbers."""
    return not any(inner.axes for inner in n.walk(node))
