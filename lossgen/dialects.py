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
from lossgen.case import After, Case
from lossgen.elementwise import DialectIs
from lossgen.operations import mean_over as named_mean
from lossgen.operations import sum_over as named_sum


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a framework's own loss of a name differs.

    Attributes:
        defaults: the parameters whose defaults differ.
        instead: sub-expressions of the formula, and what stands in their place.
        factor: what the formula is multiplied by.
        sum_over, mean_over: axes over which the loss is folded before it is reduced: names, or a
            number where the loss has any shape.
        by_sample: whether ``mean`` divides by the length of the first axis.
        valid: entries where this fails count for nothing.
        denominator: what ``mean`` divides by.
        weighs: whether it divides by the weights of samples, too.
    """

    defaults: tuple[tuple[str, Any], ...] = ()
    instead: tuple[tuple[Basic, Basic], ...] = ()
    factor: Expr | None = None
    sum_over: str | int = ""
    mean_over: str | int = ""
    by_sample: bool = False
    valid: Basic | None = None
    denominator: Basic | None = None
    weighs: bool = True

    def changed(self, case: Case, name: str) -> Case:
        """Return a case as the dialect has it."""
        value = self._replaced(case.value)
        if self.factor is not None and not self.factor.is_number:
            value = self.factor * value
        for fold, axes in ((named_sum, self.sum_over), (named_mean, self.mean_over)):
            value = fold(value, axes) if axes and isinstance(axes, str) else value
        here = DialectIs(Str(name))
        return Case(
            value,
            when=here if case.when is None else And(here, case.when),
            valid=_fitting(self.valid, self._replaced(case.valid), case),
            denominator=_fitting(self.denominator, self._replaced(case.denominator), case),
            name=f"{case.name}_{name}" if case.name else name,
            after=self._after(),
        )

    def _replaced(self, expression: Any) -> Any:
        return None if expression is None else expression.xreplace(dict(self.instead))

    def _after(self) -> After:
        plain = self.factor is not None and self.factor.is_number
        factor = float(self.factor) if self.factor is not None and plain else 1.0
        for fold, axis in (("sum", self.sum_over), ("mean", self.mean_over)):
            if isinstance(axis, int):
                return After(factor, fold, axis, self.weighs, self.by_sample)
        return After(factor, weighs=self.weighs, by_sample=self.by_sample)

    @property
    def formal(self) -> bool:
        """Whether more differs than defaults."""
        return self != Dialect(self.defaults)

    def missing(self, cases: Sequence[Case]) -> Basic | None:
        """Return the first expression to be replaced that no case has."""
        own = [e for case in cases for e in case.expressions()]
        idle = (o for o, n in self.instead if all(e.xreplace({o: n}) == e for e in own))
        return next(idle, None)


def _fitting(declared: Basic | None, own: Basic | None, case: Case) -> Basic | None:
    """Return what a dialect declares, or the case's own where that lacks an input spoken of."""
    if declared is None:
        return own
    refs = {ref.tensor for e in case.expressions() for ref in e.atoms(Ref)}
    return declared if {ref.tensor for ref in declared.atoms(Ref)} <= refs else own


def dialect(
    *,
    instead: Mapping[Any, Any] | None = None,
    factor: Any = None,
    sum_over: str | int = "",
    mean_over: str | int = "",
    by_sample: bool = False,
    valid: Any = None,
    denominator: Any = None,
    weighs: bool = True,
    **defaults: Any,
) -> Dialect:
    """Declare how a framework's own loss of this name differs; keywords are its defaults."""
    pairs = tuple((sympify(old), sympify(new)) for old, new in (instead or {}).items())
    below = None if denominator is None else sympify(denominator)
    changed = tuple(sorted(defaults.items()))
    by = None if factor is None else sympify(factor)
    return Dialect(changed, pairs, by, sum_over, mean_over, by_sample, valid, below, weighs)


def expanded(cases: Sequence[Case], dialects: Mapping[str, Dialect]) -> Iterator[Case]:
    """Yield the cases of all dialects, each before those that always apply."""
    for name, each in dialects.items():
        if not isinstance(each, Dialect):
            raise ValueError(f"the dialect {name!r} is {each!r}; write dialect(...)")
        if each.formal:
            yield from (each.changed(case, name) for case in cases)
    yield from cases


__all__ = ["Dialect", "DialectIs", "dialect", "expanded"]
