"""A formula of a loss, and when it applies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr, sympify
from sympy.core.basic import Basic

from lossgen.verbatim import verbatim


@dataclass(frozen=True, slots=True)
class After:
    """What becomes of an unreduced loss of any shape before it is reduced.

    Attributes:
        factor: what it is multiplied by.
        fold: ``"mean"`` or ``"sum"`` over one of its axes, or nothing.
        axis: the axis that goes; a loss that does not have it stays as it is.
        weighs: whether a mean divides by the weights of samples, where a call gives them.
        by_sample: whether ``mean`` divides by the length of the first axis.
    """

    factor: float = 1.0
    fold: str = ""
    axis: int = 0
    weighs: bool = True
    by_sample: bool = False


PLAIN = After()


@dataclass(frozen=True, slots=True)
class Case:
    """One formula of a loss, and when it applies.

    Attributes:
        value: the unreduced loss.
        when: a condition on static parameters, such as ``Eq(label_smoothing, 0)``; None holds.
        valid: entries where this fails have value and gradient exactly 0.
        denominator: what ``mean`` divides the sum by; None counts the entries.
        name: what its functions are called in generated code, by default after the condition.
        after: what becomes of the unreduced loss before it is reduced; dialects say so.
    """

    value: Expr
    when: Basic | None = None
    valid: Basic | None = None
    denominator: Expr | None = None
    name: str = ""
    after: After = PLAIN

    def __init__(
        self,
        value: Any,
        *,
        when: Any = None,
        valid: Any = None,
        denominator: Any = None,
        name: str = "",
        after: After = PLAIN,
    ) -> None:
        if isinstance(value, str):
            raise ValueError(f"the formula {value!r} is text; write it without quotes")
        object.__setattr__(self, "value", sympify(value))
        object.__setattr__(self, "when", when)
        object.__setattr__(self, "valid", valid)
        object.__setattr__(
            self, "denominator", None if denominator is None else sympify(denominator)
        )
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "after", after)

    def without_condition(self) -> Case:
        """Return the case as if it always applied."""
        return self.changed(when=None)

    def changed(self, **given: Any) -> Case:
        """Return the case with some attributes replaced."""
        return Case(**{name: getattr(self, name) for name in self.__slots__} | given)

    def replaced(self, table: Mapping[Basic, Basic]) -> Case:
        """Return the case with parts of its expressions replaced."""
        value, when, valid, below = (
            None if e is None else replaced(e, table)
            for e in (self.value, self.when, self.valid, self.denominator)
        )
        return self.changed(value=value, when=when, valid=valid, denominator=below)

    def scaled(self, factor: Any) -> Case:
        """Return the case with its formula multiplied."""
        return self.changed(value=factor * self.value)

    def expressions(self) -> tuple[Basic, ...]:
        """Return every expression that may mention an argument."""
        found = (self.value, self.when, self.valid, self.denominator)
        return tuple(expression for expression in found if expression is not None)


def replaced(expression: Basic, table: Mapping[Basic, Basic]) -> Basic:
    """Return an expression with parts replaced, as an author's own line would have made it."""
    with verbatim():
        result: Basic = expression.xreplace(table)
    return result


class Cases(tuple[Case, ...]):
    """Formulas of which the first that applies is used; a factor scales each of them."""

    __slots__ = ()

    def __mul__(self, factor: Any) -> Cases:
        """Return the cases times a number or parameter."""
        return Cases(case.scaled(factor) for case in self)

    def __rmul__(self, factor: Any) -> Cases:
        """Return the cases times a number or parameter."""
        return Cases(case.scaled(factor) for case in self)


def gather(value: Any, valid: Any, denominator: Any) -> tuple[Case, ...]:
    """Return cases from what an author writes: one formula, a case, or several."""
    cases: Iterable[Any] = value if isinstance(value, tuple) else (value,)
    return tuple(
        case if isinstance(case, Case) else Case(case, valid=valid, denominator=denominator)
        for case in cases
    )
