"""When a case of a loss applies: conditions on parameters that are known at the call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sympy
from sympy.core.basic import Basic
from sympy.logic.boolalg import And, BooleanTrue, Not, Or

from lossgen.callables import Called, Chosen
from lossgen.elementwise import DialectIs
from lossgen.language import Absent, ParameterSymbol

REMEDY = (
    "compare a parameter with a number, as in when=Eq(parameter, 0), or write when=flag, "
    "when=~flag or when=absent(parameter)"
)


class ConditionError(Exception):
    """A condition that cannot be decided at the call."""


def as_python(when: Basic) -> str:
    """Return a condition as Python, over the arguments of a call."""
    if isinstance(when, And | Or):
        word = " and " if isinstance(when, And) else " or "
        parts = sorted(when.args, key=str)
        joined = ((as_python(part), isinstance(part, And | Or)) for part in parts)
        return word.join(f"({code})" if deep else code for code, deep in joined)
    if isinstance(when, Not):
        inner = as_python(when.args[0])
        if isinstance(when.args[0], Absent):
            return inner.replace(" is None", " is not None")
        return f"not ({inner})" if isinstance(when.args[0], And | Or | Called) else f"not {inner}"
    if isinstance(when, DialectIs):
        return f'dialect == "{when.word}"'
    if isinstance(when, Absent):
        return f"{_parameter(when.args[0]).parameter.name} is None"
    if isinstance(when, Chosen | Called):
        name = _parameter(when.args[0]).parameter.name
        own = f"{name} is not None and not isinstance({name}, str)"
        return f'{name} == "{when.word}"' if isinstance(when, Chosen) else own
    if isinstance(when, sympy.Equality):
        symbol, value = _compared(when)
        name, kind = symbol.parameter.name, symbol.parameter.kind
        if kind == "float":
            return f"is_number({name}, {_literal(float(value))})"
        return f"{name} == {int(value) if kind == 'integer' else float(value)!r}"
    return str(_flag(when).parameter.name)


def in_words(when: Basic) -> str:
    """Return a condition as a reader of documentation needs it."""
    if isinstance(when, And | Or):
        joint = " and " if isinstance(when, And) else " or "
        parts = sorted(when.args, key=str)
        joined = ((in_words(part), isinstance(part, And | Or)) for part in parts)
        return joint.join(f"({words})" if deep else words for words, deep in joined)
    if isinstance(when, Not):
        inner = in_words(when.args[0])
        if isinstance(when.args[0], Absent):
            return inner.replace(" is None", " is given")
        if isinstance(when.args[0], ParameterSymbol):
            return inner.replace(" is True", " is False")
        return f"not ({inner})"
    if isinstance(when, DialectIs):
        return f"``dialect`` is {when.word!r}"
    if isinstance(when, sympy.Equality):
        symbol, value = _compared(when)
        return f"``{symbol.parameter.name}`` is {float(value):g}"
    if isinstance(when, Absent | Chosen | Called):
        choice = repr(when.word) if isinstance(when, Chosen) else "callable"
        said = "None" if isinstance(when, Absent) else choice
        return f"``{_parameter(when.args[0]).parameter.name}`` is {said}"
    return f"``{_flag(when).parameter.name}`` is True"


def word(when: Basic | None) -> str:
    """Return a condition as part of a name, empty where it always holds."""
    if when is None:
        return ""
    if isinstance(when, And | Or):
        return "".join(word(part) for part in sorted(when.args, key=str))
    if isinstance(when, Not):
        return f"_no{word(when.args[0])}"
    if isinstance(when, DialectIs):
        return f"_{when.word}"
    if isinstance(when, Absent):
        return f"_no_{_parameter(when.args[0]).parameter.name}"
    if isinstance(when, Chosen | Called):
        return f"_{when.word}" if isinstance(when, Chosen) else "_called"
    if isinstance(when, sympy.Equality):
        symbol, value = _compared(when)
        number = f"{float(value):g}".replace("-", "minus_").replace(".", "_")
        return f"_{symbol.parameter.name}_{number}"
    return f"_{_flag(when).parameter.name}"


def holds(when: Basic | None, values: Mapping[str, Any]) -> bool:
    """Decide a condition for the values of parameters; what is not a number equals none."""
    if when is None or isinstance(when, BooleanTrue):
        return True
    if isinstance(when, And | Or):
        parts = [holds(part, values) for part in when.args]
        return all(parts) if isinstance(when, And) else any(parts)
    if isinstance(when, Not):
        return not holds(when.args[0], values)
    if isinstance(when, DialectIs):
        return bool(values.get("dialect") == when.word)
    if isinstance(when, Absent):
        return values[_parameter(when.args[0]).parameter.name] is None
    if isinstance(when, Chosen | Called):
        given = values[_parameter(when.args[0]).parameter.name]
        return bool(given == when.word) if isinstance(when, Chosen) else callable(given)
    if isinstance(when, sympy.Equality):
        symbol, value = _compared(when)
        given = values[symbol.parameter.name]
        return isinstance(given, int | float) and float(given) == float(value)
    return bool(values[_flag(when).parameter.name])


def dialect_of(when: Basic | None) -> str:
    """Return the dialect that a condition asks for, or nothing."""
    found = set() if when is None else when.atoms(DialectIs)
    return next((each.word for each in found), "")


def _literal(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'float("{value}")'


def _parameter(e: Basic) -> ParameterSymbol:
    if not isinstance(e, ParameterSymbol):
        raise ConditionError(f"{e} is no parameter")
    return e


def _flag(e: Basic) -> ParameterSymbol:
    symbol = _parameter(e)
    if symbol.parameter.kind != "flag":
        raise ConditionError(f"{e} is no flag, a parameter that is True or False")
    return symbol


def _compared(when: sympy.Equality) -> tuple[ParameterSymbol, sympy.Expr]:
    left, right = when.args
    if isinstance(right, ParameterSymbol):
        left, right = right, left
    if not right.is_number:
        raise ConditionError(f"{right} is no number")
    return _parameter(left), right


__all__ = ["REMEDY", "ConditionError", "as_python", "dialect_of", "holds", "in_words", "word"]
