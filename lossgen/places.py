"""Lengths of axes and places along them, for specs."""

from __future__ import annotations

from typing import Any

from sympy import Expr
from sympy.core.symbol import Str

from lossgen.axes import one_axis


class Size(Expr):
    """The number of entries along an axis."""

    is_real = True
    is_positive = True
    is_commutative = True

    def __new__(cls, axis: Any) -> Size:
        """Return the length of an axis."""
        return Expr.__new__(cls, axis if isinstance(axis, Str) else Str(one_axis(axis)))

    @property
    def axis(self) -> str:
        """The name of the axis."""
        return str(self.args[0].name)

    def _sympystr(self, printer: Any) -> str:
        return f"size({self.axis})"

    def _latex(self, printer: Any) -> str:
        return f"N_{{{self.axis}}}"


class Position(Expr):
    """The place along an axis, from 0."""

    is_integer = True
    is_commutative = True

    def __new__(cls, axis: Any) -> Position:
        """Return the places along an axis."""
        return Expr.__new__(cls, axis if isinstance(axis, Str) else Str(axis))

    @property
    def axis(self) -> str:
        """The name of the axis."""
        return str(self.args[0].name)

    def _sympystr(self, printer: Any) -> str:
        return f"Position({self.axis})"

    def _latex(self, printer: Any) -> str:
        return self.axis
