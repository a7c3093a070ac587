"""SymPy's own hand kept off formulas: they stay as their author wrote them.

Constants are not distributed over differences, which would cost digits.

Comparisons in a Piecewise are not brought to another form. SymPy solves ``3*x < t`` for x, which
rounds elsewhere, and turns ``x - t < w - x`` into ``x - w < t - x`` and that back, without end.

Abs takes no sign out of a sum. Out of ``(a - b) - (c - d)`` SymPy takes one, then another out of
what is left, and so on without end.

Max and Min do not hang: to find out which argument is larger SymPy factors their difference, which
builds every extremum in it anew, which again factors, a time that doubles with each level. Here it
factors none that has extrema inside; it then compares less of them, and keeps an argument that it
might have dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sympy import Max, Min
from sympy.core.parameters import distribute

EXTREMA = import_module("sympy.functions.elementary.miscellaneous")
CHOICES = import_module("sympy.functions.elementary.piecewise")
SIGNS = import_module("sympy.simplify.simplify")
factor_terms = EXTREMA.factor_terms


def _factored(difference: Any) -> Any:
    return difference if difference.has(Max, Min) else factor_terms(difference)


def _as_it_stands(e: Any, **_: Any) -> Any:
    return e


# Functions of SymPy's by the module that calls them, and what is called instead.
INSTEAD = (
    (EXTREMA, "factor_terms", _factored),
    (SIGNS, "signsimp", _as_it_stands),
    (CHOICES, "_canonical_coeff", _as_it_stands),
)


@contextmanager
def verbatim() -> Iterator[None]:
    """Let SymPy leave formulas as they are written, until the end of the context."""
    before = [getattr(module, name) for module, name, _ in INSTEAD]
    for module, name, ours in INSTEAD:
        setattr(module, name, ours)
    try:
        with distribute(False):
            yield
    finally:
        for (module, name, _), theirs in zip(INSTEAD, before, strict=True):
            setattr(module, name, theirs)


__all__ = ["verbatim"]
