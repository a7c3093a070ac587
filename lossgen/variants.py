"""The cases of a loss whose formula calls functions that callers choose: one for each choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sympy.core.basic import Basic
from sympy.logic.boolalg import And

from lossgen.arguments import Parameter, ParameterSymbol
from lossgen.atoms import atoms
from lossgen.callables import Applied, Called, chosen
from lossgen.case import Case, replaced
from lossgen.conditions import word

Names = tuple[tuple[str, Basic], ...]


def by_choice(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Return the cases for every choice of a function, each with the formula that it makes."""
    found = tuple(cases)
    called = {applied for case in found for applied in _applied(case)}
    for symbol in sorted({a.args[0] for a in called}, key=lambda s: s.parameter.order):
        found = tuple(variant for case in found for variant in _variants(case, symbol))
    return found


def _variants(case: Case, symbol: ParameterSymbol) -> Iterator[Case]:
    """Yield a caller's own function first, the default last: that is what else remains."""
    if not any(applied.args[0] == symbol for applied in _applied(case)):
        yield case
        return
    words = symbol.parameter.words
    yield _variant(case, "called", Called(symbol), {})
    for place, choice in reversed(tuple(enumerate(words))):
        table: dict[Basic, Basic] = {
            a: a.meaning(place) for a in _applied(case) if a.args[0] == symbol
        }
        yield _variant(case, choice, chosen(symbol, choice) if place else None, table)


def _variant(case: Case, name: str, here: Basic | None, table: dict[Basic, Basic]) -> Case:
    own = case.name or word(case.when).removeprefix("_")
    both = [condition for condition in (here, case.when) if condition is not None]
    when = And(*both) if both else None
    return case.replaced(table).changed(when=when, name=f"{own}_{name}" if own else name)


def _applied(case: Case) -> set[Applied]:
    expressions = (case.value, case.valid, case.denominator)
    return {a for e in expressions if isinstance(e, Basic) for a in atoms(e, Applied)}


def names_by_choice(names: Names) -> Names:
    """Return an author's words for parts of formulas, also for what functions in them mean."""
    found = list(names)
    for name, expression in names:
        found += [(name, each) for each in spelled_out(expression) if not atoms(each, Applied)]
    return tuple(dict.fromkeys(found))


def spelled_out(expression: Basic) -> set[Basic]:
    """Return an expression with some of the functions in it spelled out, or all."""
    found: set[Basic] = {expression}
    for parameter in {applied.parameter for applied in atoms(expression, Applied)}:
        found |= {
            replaced(each, _meanings(each, parameter, place))
            for each in found
            for place in range(len(parameter.words))
        }
    return found - {expression}


def _meanings(expression: Basic, parameter: Parameter, place: int) -> dict[Basic, Basic]:
    called = atoms(expression, Applied)
    return {a: a.meaning(place) for a in called if a.parameter == parameter}


__all__ = ["by_choice", "names_by_choice", "spelled_out"]
