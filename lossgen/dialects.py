"""Dialects: what other frameworks mean by the name of a loss, as a handful of differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr, sympify
from sympy.core.basic import Basic
from sympy.core.symbol import Str
from sympy.logic.boolalg import And

from lossgen.arguments import Ref
from lossgen.case import Case
from lossgen.elementwise import DialectIs
from lossgen.operations import sum_over


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a framework's own loss of a name differs.

    Attributes:
        defaults: the parameters whose defaults differ.
        factor: what the formula is multiplied by.
        sum_over: axes over which the loss is summed before it is reduced.
        valid: entries where this fails count for nothing.
        denominator: what ``mean`` divides by.
    """

    defaults: tuple[tuple[str, Any], ...] = ()
    factor: Expr | None = None
    sum_over: str = ""
    valid: Basic | None = None
    denominator: Basic | None = None

    def changed(self, case: Case, name: str) -> Case:
        """Return a case as the dialect has it."""
        value = case.value if self.factor is None else self.factor * case.value
        if self.sum_over:
            value = sum_over(value, self.sum_over)
        here = DialectIs(Str(name))
        return Case(
            value,
            when=here if case.when is None else And(here, case.when),
            valid=_fitting(self.valid, case) or case.valid,
            denominator=_fitting(self.denominator, case) or case.denominator,
            name=f"{case.name}_{name}" if case.name else name,
        )

    @property
    def formal(self) -> bool:
        """Whether more differs than defaults."""
        given = (self.factor, self.valid, self.denominator)
        return bool(self.sum_over) or any(item is not None for item in given)


def _fitting(declared: Basic | None, case: Case) -> Basic | None:
    """Return what a dialect declares, unless it speaks of inputs that the case does not have."""
    if declared is None:
        return None
    refs = {ref.tensor for e in case.expressions() for ref in e.atoms(Ref)}
    return declared if {ref.tensor for ref in declared.atoms(Ref)} <= refs else None


def dialect(
    *,
    factor: Any = None,
    sum_over: str = "",
    valid: Any = None,
    denominator: Any = None,
    **defaults: Any,
) -> Dialect:
    """Declare how a framework's own loss of this name differs; keywords are its defaults."""
    given = None if denominator is None else sympify(denominator)
    by = None if factor is None else sympify(factor)
    return Dialect(tuple(sorted(defaults.items())), by, sum_over, valid, given)


def expanded(cases: Sequence[Case], dialects: Mapping[str, Dialect]) -> Iterator[Case]:
    """Yield the cases of all dialects, each before those that always apply."""
    for name, each in dialects.items():
        if each.formal:
            yield from (each.changed(case, name) for case in cases)
    yield from cases


__all__ = ["Dialect", "DialectIs", "dialect", "expanded"]
