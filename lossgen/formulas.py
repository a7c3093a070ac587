"""What is wrong with a formula whose axes are right: words, constants, conditions, labels."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain

import sympy
from sympy import Expr, default_sort_key
from sympy.core.basic import Basic
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.core.symbol import Str
from sympy.logic.boolalg import Boolean, BooleanAtom

from lossgen.errors import SpecError
from lossgen.faults import fault
from lossgen.language import ParameterSymbol, Pick, Ref
from lossgen.loss import Case, Loss
from lossgen.lower import Lowering, UnknownError

LARGEST = sympy.Float(sys.float_info.max)
SMALLEST = sympy.Float(sys.float_info.min)


def formula_faults(case: Case) -> Iterator[SpecError]:
    """Yield what is wrong with the expressions of a case."""
    seen: set[Basic] = set()
    lowering = Lowering(case.valid)
    for expression in case.expressions():
        if expression is not case.when:
            yield from _unknown(expression, lowering, seen)
            yield from _numbers(expression)
            yield from _conditions(expression)
    yield from _labels(case.value, case.value)
    yield from _denominator(case)


def constant_parts(loss: Loss) -> Iterator[SpecError]:
    """A loss, and each part of it, depends on a prediction."""
    if not any(tensor.kind == "float" for tensor in loss.tensors()):
        remedy = "declare one, x = tensor('input'), and use it"
        value = loss.cases[0].value if loss.cases else None
        yield fault("the loss has no prediction", remedy, value)
        return
    for name, cases in loss.parts:
        for case in cases:
            if isinstance(case.value, Expr) and not _predictions(case.value):
                yield fault(f"part {name!r} has no prediction", "write it with one", case.value)


def _predictions(expression: Basic) -> set[Ref]:
    return {ref for ref in expression.atoms(Ref) if ref.tensor.kind == "float"}


def _unknown(e: Basic, lowering: Lowering, seen: set[Basic]) -> Iterator[SpecError]:
    """Find every expression that has no meaning, where lowering stops at the first."""
    if e in seen or not isinstance(e, Expr | Boolean) or isinstance(e, Str | BooleanAtom):
        return
    seen.add(e)
    inner: Basic | None = None
    try:
        lowering.node(e)
    except UnknownError as unknown:
        inner = unknown.expression
        if inner == e:
            yield fault(unknown.problem, unknown.remedy, e)
    if inner is None or (inner == e and not _takes_numbers(e)):
        return  # what stands in a sum over integers, say, is not the author's own
    for part in chain.from_iterable(_parts(arg) for arg in e.args):
        yield from _unknown(part, lowering, seen)


def _takes_numbers(e: Basic) -> bool:
    return isinstance(e, sympy.Function | sympy.Piecewise | AppliedUndef)


def _parts(e: Basic) -> tuple[Basic, ...]:
    return e.args if isinstance(e, sympy.Tuple) else (e,)


def _numbers(expression: Basic) -> Iterator[SpecError]:
    """Every constant must be a double, and every power a real number."""
    for number in sorted(n for n in expression.atoms(sympy.Number) if n.is_finite):
        if number != 0 and not SMALLEST <= abs(number) <= LARGEST:
            size = "large" if abs(number) > 1 else "small"
            yield fault(f"a number is too {size} for floating point", "rescale it", number)
    for power in sorted(expression.atoms(sympy.Pow), key=default_sort_key):
        if power.base.is_number and power.base.is_negative and not power.exp.is_integer:
            remedy = "take a positive base, as in Abs(a)**b"
            yield fault("a power of a negative number is no real number", remedy, power)


def _conditions(expression: Basic) -> Iterator[SpecError]:
    """SymPy takes a symbol for a condition; only a flag is one."""
    pairs = (pair for choice in expression.atoms(sympy.Piecewise) for pair in choice.args)
    for condition in sorted({pair[1] for pair in pairs}, key=default_sort_key):
        for part in _symbols_as_conditions(condition):
            remedy = "compare it, as in Piecewise((a, x > 0), (b, True))"
            yield fault("a number stands where a condition should", remedy, part)


def _symbols_as_conditions(condition: Basic) -> Iterator[Basic]:
    if isinstance(condition, sympy.Symbol):
        flag = isinstance(condition, ParameterSymbol) and condition.parameter.kind == "flag"
        if not flag:
            yield condition
    elif isinstance(condition, Boolean) and not isinstance(condition, Relational):
        for part in condition.args:
            yield from _symbols_as_conditions(part)


def _labels(e: Basic, whole: Basic) -> Iterator[SpecError]:
    """Labels are names of classes: they index and are compared, and are no numbers."""
    if isinstance(e, Ref) and e.tensor.kind == "label":
        name, axis = e.tensor.name, e.tensor.classes
        pick = f"pick with it, as in at(x, {axis}={name})"
        use = f"compare it, as in Eq({name}, 1)" if axis is None else pick
        remedy = f"{use}, or declare a tensor"
        yield fault(f"{name} is a label, and stands for no number", remedy, whole)
        return
    if isinstance(e, Relational):
        return
    for arg in e.args[:1] if isinstance(e, Pick) else e.args:
        yield from _labels(arg, whole if isinstance(e, sympy.Tuple | Boolean) else e)


def _denominator(case: Case) -> Iterator[SpecError]:
    if not isinstance(case.denominator, Expr):
        return
    symbols = case.denominator.free_symbols
    if not all(isinstance(symbol, ParameterSymbol) for symbol in symbols):
        return
    defaults = {s: s.parameter.default for s in symbols if isinstance(s, ParameterSymbol)}
    if None not in defaults.values() and case.denominator.subs(defaults).is_nonpositive:
        remedy = "divide by a positive number, or by weights and sizes"
        yield fault("the denominator is not positive", remedy, case.denominator)


__all__ = ["constant_parts", "formula_faults"]
