"""What an expression is made of; many questions about a loss begin with it."""

from __future__ import annotations

from typing import TypeVar

from sympy.core.basic import Basic

from lossgen.memory import remembered

T = TypeVar("T", bound=Basic)


@remembered
def atoms(expression: Basic, kind: type[T]) -> frozenset[T]:
    """Return the sub-expressions of one kind."""
    return frozenset(expression.atoms(kind))


__all__ = ["atoms"]
