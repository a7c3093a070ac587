"""SymPy's Max and Min, kept from hanging: nested ones take it a time that doubles with each level.

To find out which argument is larger SymPy factors their difference, which builds every extremum in
it anew, which again factors. Within this context it factors none that has extrema inside; it then
compares less of them, and keeps an argument that it might have dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sympy import Max, Min

PLACE = import_module("sympy.functions.elementary.miscellaneous")
NAME = "factor_terms"


@contextmanager
def quick_extrema() -> Iterator[None]:
    """Let SymPy factor differences without extrema only, until the end of the context."""
    before = getattr(PLACE, NAME)

    def factored(difference: Any) -> Any:
        return difference if difference.has(Max, Min) else before(difference)

    setattr(PLACE, NAME, factored)
    try:
        yield
    finally:
        setattr(PLACE, NAME, before)


__all__ = ["quick_extrema"]
