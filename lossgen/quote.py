"""Expressions in the words of a spec, for sentences: ``sum_over(input[n,c], 'c')``."""

from __future__ import annotations

import re
from typing import Any

from sympy.core.basic import Basic
from sympy.core.symbol import Str
from sympy.printing.str import StrPrinter

from lossgen.language import Applied, AxisOperation, Norm, Pick, Position, Ratio, Size, SumOver

# Words that are not their class's name in snake case.
WORDS = {"LogSumExp": "logsumexp", "PNorm": "norm", "RaisedTo": "raise_to"}


class _Words(StrPrinter):
    """Prints the operations of lossgen as a spec writes them, and the rest as SymPy does."""

    def _print(self, expr: Any, **settings: Any) -> str:
        if isinstance(expr, Pick):
            return self._pick(expr)
        if isinstance(expr, AxisOperation):
            return self._over(expr)
        if isinstance(expr, Applied):
            return str(super()._print(expr, **settings))
        if isinstance(expr, Size | Position):
            return f"{type(expr).__name__}({expr.axis!r})"
        if str(type(expr).__module__).startswith("lossgen.") and not expr.is_Symbol:
            return self._call(expr)
        return str(super()._print(expr, **settings))

    def _over(self, e: AxisOperation) -> str:
        body, axes = e.body, [e.axis]
        while isinstance(e, SumOver) and isinstance(body, SumOver):
            axes, body = [body.axis, *axes], body.body
        words = [self._print(body), repr(" ".join(axes))]
        option = "floor" if isinstance(e, Norm) else "p"
        words += [f"{option}={self._print(arg)}" for arg in e.args[2:]]
        return f"{_word(e)}({', '.join(words)})"

    def _pick(self, e: Pick) -> str:
        place = e.args[2]
        index = repr(str(place.name)) if isinstance(place, Str) else self._print(place)
        return f"at({self._print(e.body)}, {e.axis}={index})"

    def _call(self, e: Basic) -> str:
        top, *rest = e.args
        if isinstance(e, Ratio) and isinstance(rest[0], Norm) and rest[0].body == top:
            return f"normalize({self._print(top)}, {rest[0].axis!r})"
        return f"{_word(e)}({', '.join(map(self._print, e.args))})"


def _word(e: Basic) -> str:
    name = type(e).__name__
    return WORDS.get(name, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())


def quoted(expression: object) -> str:
    """Return an expression as its author would write it."""
    if not isinstance(expression, Basic):
        return str(expression)
    try:
        return str(_Words({"full_prec": False}).doprint(expression))
    except (ValueError, RecursionError):  # Python prints no integer of thousands of digits
        return f"{type(expression).__name__}(...)"


__all__ = ["quoted"]
