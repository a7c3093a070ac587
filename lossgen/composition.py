"""A loss used inside of another: its formulas with their arguments replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Expr, Integer, sympify
from sympy.core.basic import Basic

from lossgen.arguments import ParameterSymbol, Ref
from lossgen.axes import ELLIPSIS
from lossgen.case import Case, Cases
from lossgen.conditions import holds
from lossgen.operations import AxisOperation, SumOver


def applied(name: str, cases: Sequence[Case], given: Mapping[str, Any]) -> Cases | Expr:
    """Return the cases of a loss with arguments replaced; what is not given has its default.

    A single formula that always applies, and has the mean of its entries, is an expression.
    """
    if not cases:
        raise ValueError(f"{name} has named parts: use the losses that it is made of")
    known = {declared for case in cases for declared in _names(case)}
    for word in given:
        if word not in known:
            words = ", ".join(sorted(known))
            raise ValueError(f"{name} has no argument {word!r}, only {words}")
    for case in cases:
        _check_choices(name, case, given)
    found = _those_that_may_apply(name, [case for case in cases if _fits(case, given)], given)
    plain = len(found) == 1 and len(found[0].expressions()) == 1
    return found[0].value if plain else Cases(found)


def _check_choices(name: str, case: Case, given: Mapping[str, Any]) -> None:
    """Refuse functions that are not declared: a formula of formulas has no other."""
    for parameter in {s.parameter for e in case.expressions() for s in _parameters(e)}:
        choice = given.get(parameter.name)
        if parameter.kind == "function" and choice not in (None, *parameter.words):
            words = ", ".join(map(repr, parameter.words))
            raise ValueError(f"{name} has no {parameter.name} {choice!r}; choose one of {words}")


def _those_that_may_apply(name: str, cases: Sequence[Case], given: Mapping[str, Any]) -> list[Case]:
    """Return cases up to the first that is known to apply."""
    found: list[Case] = []
    for case in cases:
        made = _applied(name, case, given)
        found += [] if made is None else [made]
        if made is not None and made.when is None:
            break
    return found


def _names(case: Case) -> set[str]:
    refs = {ref.tensor.name for e in case.expressions() for ref in e.atoms(Ref)}
    return refs | {s.name for e in case.expressions() for s in _parameters(e)}


def _parameters(expression: Basic) -> set[ParameterSymbol]:
    found: set[ParameterSymbol] = expression.atoms(ParameterSymbol)
    return found


def _fits(case: Case, given: Mapping[str, Any]) -> bool:
    """Say whether labels are given where the case has labels, and only there."""
    for ref in {ref for e in case.expressions() for ref in e.atoms(Ref)}:
        value = given.get(ref.tensor.name)
        if value is not None and ref.tensor.kind in ("label", "float"):
            labels = isinstance(value, Ref) and value.tensor.kind == "label"
            if labels != (ref.tensor.kind == "label"):
                return False
    return True


def _applied(name: str, case: Case, given: Mapping[str, Any]) -> Case | None:
    table: dict[Basic, Basic] = {}
    symbols = {s for e in case.expressions() for s in _parameters(e)}
    values = {s.parameter.name: given.get(s.parameter.name, s.parameter.value) for s in symbols}
    when = case.when
    if when is not None and not any(isinstance(values[s.name], Expr) for s in _parameters(when)):
        if not holds(when, values):
            return None
        when = None
    table |= {
        s: sympify(values[s.parameter.name])
        for s in symbols
        if values[s.parameter.name] is not None and s.parameter.kind != "function"
    }
    for ref in {ref for e in case.expressions() for ref in e.atoms(Ref)}:
        table[ref] = _replaced(name, ref, case, given)
    value, when, valid, below = (
        None if e is None else e.xreplace(table)
        for e in (case.value, when, case.valid, case.denominator)
    )
    return Case(value, when=when, valid=valid, denominator=_unless_count(below), name=case.name)


def _replaced(name: str, ref: Ref, case: Case, given: Mapping[str, Any]) -> Basic:
    """Return what stands for a tensor along the axes where it is read."""
    value = given.get(ref.tensor.name)
    if value is None:
        if ref.tensor.kind == "weight" and ref.tensor.optional:
            return Integer(1)
        if ref.tensor.is_option:
            return Integer(0)
        raise ValueError(f"{name} needs {ref.tensor.name}=")
    if isinstance(value, Ref) and value.indices == ref.tensor.axes:
        return Ref(value.tensor, ref.indices)
    anywhere = ref.tensor.axes == (ELLIPSIS,) and not case.value.atoms(AxisOperation)
    if not anywhere and ref.indices != ref.tensor.axes:
        axes = " ".join(ref.tensor.axes)
        raise ValueError(f"{name} reads {ref.tensor.name} at pairs: give a tensor of axes '{axes}'")
    expression: Basic = sympify(value)
    return expression


def _unless_count(below: Expr | None) -> Expr | None:
    """Return a denominator, or None for one that just counts, as without weights."""
    body = below
    while isinstance(body, SumOver):
        body = body.body
    return None if body == 1 else below


__all__ = ["applied"]
